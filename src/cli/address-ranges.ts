import { isIP, isIPv4 } from "node:net";

/** More would be a scan that somebody else's monitoring takes for an attack. */
export const DISCOVERED_ADDRESSES_MAX = 1_024;

/**
 * The addresses of `192.0.2.0/24`, `192.0.2.10-192.0.2.50`, `192.0.2.10-50` or one address; of a network without its first
 * and last. Throws RangeError in words for what is none of these, or too many.
 */
export function addressesOf(range: string): string[] {
  if (isIP(range) !== 0) return [range];
  const network = /^([\d.]+)\/(\d{1,2})$/.exec(range);
  if (network !== null && isIPv4(network[1] ?? "") && Number(network[2]) <= 32) {
    const bits = Number(network[2]);
    const size = 2 ** (32 - bits);
    const first = Math.floor(toNumber(network[1] ?? "") / size) * size;
    // RFC 3021: networks of one or two addresses have no broadcast.
    return size <= 2 ? spanOf(first, first + size - 1, range) : spanOf(first + 1, first + size - 2, range);
  }
  const span = /^([\d.]+)-([\d.]+)$/.exec(range);
  const from = span?.[1] ?? "";
  const end = span?.[2] ?? "";
  const to = /^\d+$/.test(end) ? from.replace(/\d+$/, end) : end;
  if (isIPv4(from) && isIPv4(to) && toNumber(from) <= toNumber(to)) return spanOf(toNumber(from), toNumber(to), range);
  throw new RangeError(`${range}: expected an address, 192.0.2.0/24, or 192.0.2.10-50`);
}

function spanOf(from: number, to: number, range: string): string[] {
  const count = to - from + 1;
  if (count > DISCOVERED_ADDRESSES_MAX) {
    throw new RangeError(
      `${range}: ${count} addresses are more than ${DISCOVERED_ADDRESSES_MAX}: take a smaller range`,
    );
  }
  return Array.from({ length: count }, (_, index) => toAddress(from + index));
}

function toNumber(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
