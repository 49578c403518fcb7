import { BlockList, isIPv4, isIPv6, SocketAddress } from "node:net";
import type { Family } from "./evidence.ts";

/** The family of an address as text; undefined for a name. */
export function familyOf(address: string): Family | undefined {
  const plain = bareAddress(address);
  if (isIPv4(plain)) return "ipv4";
  return isIPv6(plain) ? "ipv6" : undefined;
}

/** Without a zone, in lower case, and an IPv4 address out of the `::ffff:` that a dual-stack socket puts before it. */
export function bareAddress(address: string): string {
  const bare = (address.split("%", 1)[0] ?? "").toLowerCase();
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(bare) ? bare.slice("::ffff:".length) : bare;
}

export function isLoopback(address: string): boolean {
  const bare = bareAddress(address);
  return bare === "::1" || bare.startsWith("127.");
}

/** Whether two texts are the same address, however IPv6 is written. */
export function isSameAddress(a: string, b: string): boolean {
  return canonical(a) === canonical(b);
}

/** Whether an address belongs to the computer with these addresses: one of them, or the loopback, which every one has. */
export function isOneOf(address: string, own: readonly string[]): boolean {
  return isLoopback(address) || own.some((each) => isSameAddress(each, address));
}

/** In the one form that the system writes (RFC 5952); a name as it is. */
function canonical(address: string): string {
  const bare = bareAddress(address);
  return isIPv6(bare) ? new SocketAddress({ family: "ipv6", address: bare }).address : bare;
}

/** Whether an address is the one that is named, or lies in the network that is. */
export function isNamedBy(address: string, named: string): boolean {
  const [network = "", prefix] = named.split("/");
  const family = familyOf(network);
  if (prefix === undefined) return isSameAddress(address, network);
  if (family === undefined || family !== familyOf(address)) return false;
  const list = new BlockList();
  const bits = Number(prefix);
  if (bits > (family === "ipv4" ? 32 : 128)) return false;
  list.addSubnet(bareAddress(network), bits, family);
  return list.check(bareAddress(address), family);
}
