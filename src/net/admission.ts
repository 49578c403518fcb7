// Who may begin a handshake: counts what is under way and what is open, in all and by address, before any byte of an
// unknown peer is read. Memory is bounded by the limits themselves: an address is remembered only while it has something open.

import { isIPv6 } from "node:net";
import type { ListenerLimits } from "./limits.ts";
import type { Refusal } from "./refusal-log.ts";

export class Admission {
  readonly #limits: ListenerLimits;
  readonly #handshakesByAddress = new Map<string, number>();
  readonly #anonymousByAddress = new Map<string, number>();
  #handshakes = 0;
  #open = 0;

  constructor(limits: ListenerLimits) {
    this.#limits = limits;
  }

  /** A connection has come in: undefined when its handshake may begin, or why not. Counts only what it admits. */
  enter(address: string): Refusal | undefined {
    const key = addressKey(address);
    if (this.#open >= this.#limits.connectionsMax) return "tooManyConnections";
    if ((this.#handshakesByAddress.get(key) ?? 0) >= this.#limits.handshakesPerAddressMax) return "tooManyFromAddress";
    if (this.#handshakes >= this.#limits.handshakesMax) return "tooManyHandshakes";
    this.#open += 1;
    this.#handshakes += 1;
    change(this.#handshakesByAddress, key, 1);
    return undefined;
  }

  /** The handshake of an admitted connection has ended, well or badly. */
  endHandshake(address: string): void {
    this.#handshakes -= 1;
    change(this.#handshakesByAddress, addressKey(address), -1);
  }

  /** An admitted connection turned out to have no certificate: undefined when it may stay; `leaveAnonymous` gives its place back. */
  enterAnonymous(address: string): Refusal | undefined {
    const key = addressKey(address);
    if ((this.#anonymousByAddress.get(key) ?? 0) >= this.#limits.anonymousPerAddressMax) return "tooManyFromAddress";
    change(this.#anonymousByAddress, key, 1);
    return undefined;
  }

  leaveAnonymous(address: string): void {
    change(this.#anonymousByAddress, addressKey(address), -1);
  }

  /** An admitted connection has closed. */
  leave(): void {
    this.#open -= 1;
  }

  get handshakes(): number {
    return this.#handshakes;
  }

  get open(): number {
    return this.#open;
  }

  /** Addresses that are remembered now. */
  get addresses(): number {
    return this.#handshakesByAddress.size + this.#anonymousByAddress.size;
  }
}

function change(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

/** What counts as one address: IPv4 as it is, also where it comes as ::ffff:a.b.c.d; of IPv6 the /64 that one machine owns. */
export function addressKey(address: string): string {
  const plain = plainAddress(address);
  if (!isIPv6(plain)) return plain;
  const [left = "", right] = plain.split("%", 1)[0]?.split("::") ?? [];
  const head = left === "" ? [] : left.split(":");
  const tail = right === undefined || right === "" ? [] : right.split(":");
  // "::" stands for as many zero groups as are missing (RFC 4291 §2.2); an IPv4 tail counts as two, and is beyond the /64.
  const tailGroups = tail.length + (tail.at(-1)?.includes(".") ? 1 : 0);
  const groups = [...head, ...Array(Math.max(0, 8 - head.length - tailGroups)).fill("0"), ...tail];
  return `${groups.slice(0, 4).join(":")}::/64`;
}

/** An IPv4 address that a dual-stack socket gives as ::ffff:192.0.2.1, as people write it. */
export function plainAddress(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice("::ffff:".length) : address;
}
