// How an address is reached from here, after the kernel's own tables: whether there is a route, and whether the address
// answers where it is on the same segment.

import { isIPv6, SocketAddress } from "node:net";
import { bareAddress } from "../address-text.ts";
import type { Way } from "../helper.ts";

type ReadText = (path: string) => Promise<string>;
const REJECT = 0x0200; // RTF_REJECT, linux/route.h

/** `unknown` where the system has no such tables. Only the main table is read: rules for others may still find a way. */
export async function findWay(address: string, readText: ReadText, directory = "/proc/net"): Promise<Way> {
  const bare = bareAddress(address);
  try {
    if (!isIPv6(bare)) {
      const routes = parseRoutes4(await readText(`${directory}/route`));
      const best = bestOf(routes, toBits(bare));
      if (best === undefined) return { route: isOwnLoopback(bare) ? "present" : "missing", neighbour: "unknown" };
      if (!best.isOnLink) return { route: "present", neighbour: "far" };
      return { route: "present", neighbour: neighbourIn(await readText(`${directory}/arp`), bare) };
    }
    const best = bestOf(parseRoutes6(await readText(`${directory}/ipv6_route`)), toBits(bare));
    if (best === undefined) return { route: "missing", neighbour: "unknown" };
    return { route: "present", neighbour: best.isOnLink ? "unknown" : "far" };
  } catch {
    return { route: "unknown", neighbour: "unknown" };
  }
}

interface Route {
  readonly bits: string;
  readonly isOnLink: boolean;
}

function bestOf(routes: readonly Route[], wanted: string): Route | undefined {
  return routes.filter(({ bits }) => wanted.startsWith(bits)).sort((a, b) => b.bits.length - a.bits.length)[0];
}

function isOwnLoopback(address: string): boolean {
  return address.startsWith("127."); // Stands in the local table only.
}

/** `eth0 00014D0A 00000000 0001 0 0 0 00FFFFFF …`: destination, gateway, flags, …, mask, as words of this machine. */
function parseRoutes4(text: string): Route[] {
  return text
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const [, destination, gateway, flags, , , , mask] = line.trim().split(/\s+/);
      if (destination === undefined || mask === undefined || gateway === undefined) return [];
      if ((Number.parseInt(flags ?? "0", 16) & REJECT) !== 0) return [];
      const length = bitsOfWord(mask).replace(/0+$/, "").length;
      return [{ bits: bitsOfWord(destination).slice(0, length), isOnLink: gateway === "00000000" }];
    });
}

function bitsOfWord(hex: string): string {
  const bytes = (hex.match(/../g) ?? []).reverse();
  return bytes.map((byte) => Number.parseInt(byte, 16).toString(2).padStart(8, "0")).join("");
}

/** Destination, prefix length, source, its length, next hop, metric, …, flags, device: all in hexadecimal. */
function parseRoutes6(text: string): Route[] {
  return text.split("\n").flatMap((line) => {
    const [destination, prefix, , , nextHop, , , , flags] = line.trim().split(/\s+/);
    if (destination === undefined || prefix === undefined || nextHop === undefined) return [];
    if ((Number.parseInt(flags ?? "0", 16) & REJECT) !== 0) return [];
    const bits = [...destination].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
    return [{ bits: bits.slice(0, Number.parseInt(prefix, 16)), isOnLink: /^0+$/.test(nextHop) }];
  });
}

function toBits(address: string): string {
  if (!isIPv6(address)) {
    return address
      .split(".")
      .map((part) => Number(part).toString(2).padStart(8, "0"))
      .join("");
  }
  const short = new SocketAddress({ family: "ipv6", address }).address;
  const plain = short.includes(".") ? `${short.slice(0, short.lastIndexOf(":") + 1)}0:0` : short;
  const [left = "", right] = plain.split("::");
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  const groups = right === undefined ? head : [...head, ...zeros, ...tail];
  return groups.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, "0")).join("");
}

/** `10.77.1.20 0x1 0x0 00:00:00:00:00:00 * eth0`: flags 0 means that it was asked and has not answered. */
function neighbourIn(text: string, address: string): Way["neighbour"] {
  const row = text
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .find(([own]) => own === address);
  if (row === undefined) return "unknown";
  return Number.parseInt(row[2] ?? "", 16) === 0 ? "silent" : "answers";
}
