import { isIP, SocketAddress } from "node:net";
import { SettingsError } from "../runtime/errors.ts";

/** An address or a network. `address` is in its shortest form (RFC 5952 for IPv6), with nothing behind the prefix. */
export interface Address {
  readonly family: 4 | 6;
  readonly address: string;
  /** Bits: 32 or 128 for one host. */
  readonly prefix: number;
  /** Whose it is, as people call the host: somebody else's text. */
  readonly host: string;
}

const BITS = { 4: 32, 6: 128 } as const;

/** `10.77.1.10`, `10.77.1.0/24`. */
export function formatAddress({ address, prefix, family }: Omit<Address, "host">): string {
  return prefix === BITS[family] ? address : `${address}/${prefix}`;
}

/** `10.77.1.10/32`: for targets that want the prefix always. */
export function formatCidr({ address, prefix }: Omit<Address, "host">): string {
  return `${address}/${prefix}`;
}

/** Whether it stands for one host only. */
export function isSingle({ family, prefix }: Omit<Address, "host">): boolean {
  return prefix === BITS[family];
}

/**
 * Reads `10.77.1.10`, `fd77:1::10` or either with a prefix. An IPv4 address inside IPv6 (::ffff:10.77.1.10, as sockets
 * show it) is the IPv4 address. Throws SettingsError, naming `key`, for what is no address, and for what can be no peer
 * across a firewall: loopback, multicast, the unspecified address.
 */
export function parseAddress(text: string, { key, host }: { readonly key: string; readonly host: string }): Address {
  const refuse = (problem: string): never => {
    throw new SettingsError(key, `${JSON.stringify(text)} ${problem}`);
  };
  const [, name = "", length] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const kind = isIP(name);
  if (kind !== 4 && kind !== 6) {
    return refuse(
      "is not an IP address: give one such as 192.0.2.10, 2001:db8::10 or 192.0.2.0/24 (names can change, so firewalls take none)",
    );
  }
  if (name.includes("%")) return refuse("belongs to one network card: leave out what follows the % sign");
  const mapped = kind === 6 ? mappedIpv4(name) : null;
  if (mapped !== null && length === undefined) return parseAddress(mapped, { key, host });
  const prefix = length === undefined ? BITS[kind] : Number(length);
  if (prefix > BITS[kind]) return refuse(`has a prefix beyond ${BITS[kind]} bits`);
  if (prefix === 0) return refuse("is every address: say any if you mean that");
  const value = toNumber(name, kind);
  const rest = value & ((1n << BigInt(BITS[kind] - prefix)) - 1n);
  if (rest !== 0n)
    return refuse(
      `is a host inside a network: did you mean ${toText(value - rest, kind)}/${prefix} or ${toText(value, kind)}?`,
    );
  const address = toText(value, kind);
  const odd = oddity(address, kind);
  if (odd !== null) return refuse(`is ${odd}: no firewall between two hosts ever sees it; give the host's own address`);
  return { family: kind, address, prefix, host };
}

function oddity(address: string, family: 4 | 6): string | null {
  if (family === 4) {
    const first = Number(address.split(".")[0]);
    if (first === 0) return "unspecified";
    if (first === 127) return "loopback";
    return first >= 224 ? "multicast or reserved" : null;
  }
  if (address === "::") return "unspecified";
  if (address === "::1") return "loopback";
  return address.startsWith("ff") ? "multicast" : null;
}

function mappedIpv4(address: string): string | null {
  const value = toNumber(address, 6);
  return value >> 32n === 0xffffn ? toText(value & 0xffff_ffffn, 4) : null;
}

/** Without duplicates and without what lies in another's network; IPv4 before IPv6, then by number. */
export function normalizeAddresses(addresses: readonly Address[]): Address[] {
  if (addresses.length < 2) return [...addresses];
  const sorted = addresses
    .map((address) => ({ address, value: numberOf(address) }))
    .sort(
      (a, b) => a.address.family - b.address.family || compare(a.value, b.value) || a.address.prefix - b.address.prefix,
    );
  const kept: Address[] = [];
  let last: { readonly family: number; readonly end: bigint } | null = null;
  for (const { address, value } of sorted) {
    // In this order a network comes before everything inside it.
    if (last !== null && last.family === address.family && value <= last.end) continue;
    last = { family: address.family, end: value + (1n << BigInt(BITS[address.family] - address.prefix)) - 1n };
    kept.push(address);
  }
  return kept;
}

/** Every rule sorts the same addresses again: a thousand hosts in twenty flows. */
const numbers = new WeakMap<Address, bigint>();

function numberOf(address: Address): bigint {
  const known = numbers.get(address);
  if (known !== undefined) return known;
  const value = toNumber(address.address, address.family);
  numbers.set(address, value);
  return value;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function toNumber(address: string, family: 4 | 6): bigint {
  if (family === 4) return address.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
  // An IPv4 ending (::ffff:192.0.2.1) is two groups more.
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) => `${group(a, b)}:${group(c, d)}`);
  const [head = "", tail] = plain.split("::");
  const groups = (text: string) => (text === "" ? [] : text.split(":"));
  const [first, second] = [groups(head), groups(tail ?? "")];
  const all = [...first, ...Array.from({ length: 8 - first.length - second.length }, () => "0"), ...second];
  return all.reduce((value, part) => (value << 16n) | BigInt(`0x${part}`), 0n);
}

function group(high: string, low: string): string {
  return (Number(high) * 256 + Number(low)).toString(16);
}

function toText(value: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new SocketAddress({ family: "ipv6", address: groups.join(":") }).address;
}
