// Ports and addresses as spans of numbers, so that what a firewall lists back (`5986-5987`, `10.0.0.0/31`) and what was
// asked for (5986, 5987; two addresses) become the same text.

import { isIP, SocketAddress } from "node:net";
import type { PortRange } from "../../ports/flow.ts";

interface Span {
  readonly from: bigint;
  readonly to: bigint;
}

/** Sorted; what overlaps or touches is one. */
function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0))) {
    const last = merged.at(-1);
    if (last === undefined || span.from > last.to + 1n) merged.push(span);
    else if (span.to > last.to) merged[merged.length - 1] = { from: last.from, to: span.to };
  }
  return merged;
}

export function mergePorts(ports: readonly PortRange[]): PortRange[] {
  return mergeSpans(ports.map(({ from, to }) => ({ from: BigInt(from), to: BigInt(to) }))).map(({ from, to }) => ({
    from: Number(from),
    to: Number(to),
  }));
}

/** From `a`, `a/len` and `a-b` of one family the fewest `a` and `a/len`, sorted. Throws RangeError for other texts. */
export function mergeAddresses(addresses: readonly string[]): string[] {
  const [first] = addresses;
  if (first === undefined) return [];
  const family = isIP(first.split(/[/-]/)[0] ?? "");
  if (family !== 4 && family !== 6) throw new RangeError(`${JSON.stringify(first)} is no address`);
  return mergeSpans(addresses.map((address) => spanOf(address, family))).flatMap((span) => networksOf(span, family));
}

function spanOf(text: string, family: 4 | 6): Span {
  const bits = family === 4 ? 32 : 128;
  const [, head = "", prefix, end] = /^([^/-]+)(?:\/(\d{1,3})|-([^/-]+))?$/.exec(text) ?? [];
  if (isIP(head) !== family || (end !== undefined && isIP(end) !== family) || Number(prefix ?? 0) > bits) {
    throw new RangeError(`${JSON.stringify(text)} is no address of IPv${family}`);
  }
  const from = numberOf(head, family);
  if (end !== undefined) return { from, to: numberOf(end, family) };
  const size = 1n << BigInt(bits - Number(prefix ?? bits));
  const start = from - (from % size);
  return { from: start, to: start + size - 1n };
}

/** The fewest networks that are exactly this span: what every program takes. */
function networksOf({ from, to }: Span, family: 4 | 6): string[] {
  const bits = family === 4 ? 32 : 128;
  const networks: string[] = [];
  for (let start = from; start <= to; ) {
    let length = bits;
    const fits = (size: bigint) => start % size === 0n && start + size - 1n <= to;
    while (length > 0 && fits(1n << BigInt(bits - length + 1))) length -= 1;
    networks.push(length === bits ? addressOf(start, family) : `${addressOf(start, family)}/${length}`);
    start += 1n << BigInt(bits - length);
  }
  return networks;
}

function numberOf(text: string, family: 4 | 6): bigint {
  if (family === 4) return text.split(".").reduce((value, part) => (value << 8n) | BigInt(part), 0n);
  const { address } = new SocketAddress({ family: "ipv6", address: text });
  // An IPv4 ending (::ffff:192.0.2.1) is two groups.
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, a, b, c, d) =>
    [Number(a) * 256 + Number(b), Number(c) * 256 + Number(d)].map((group) => group.toString(16)).join(":"),
  );
  const [head = "", tail = ""] = plain.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const zeros = 8 - groups(head).length - groups(tail).length;
  const all = [...groups(head), ...Array.from({ length: Math.max(0, zeros) }, () => "0"), ...groups(tail)];
  return all.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}

function addressOf(value: bigint, family: 4 | 6): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 0xffn).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 0xffffn).toString(16));
  return new SocketAddress({ family: "ipv6", address: groups.join(":") }).address;
}

/** Whether a network holds all of another; false for what is no address (an ipset, a MAC address). */
export function contains(outer: string, inner: string): boolean {
  const family = isIP(outer.split("/")[0] ?? "");
  if ((family !== 4 && family !== 6) || isIP(inner.split("/")[0] ?? "") !== family) return false;
  const [a, b] = [spanOf(outer, family), spanOf(inner, family)];
  return a.from <= b.from && b.to <= a.to;
}
