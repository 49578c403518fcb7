// What one end of a connection can do for an examination: look at itself, dial the other end, open listeners for a few
// seconds. Both ends do the same; the far one is asked over whatever flow works (src/protocols/doctor).

import type { FlowKey } from "../ports/port-map.ts";
import type { Attempt, Family, ListeningSocket, TemporaryPort } from "./evidence.ts";

export interface PortSpan {
  readonly transport: "tcp" | "udp";
  readonly from: number;
  readonly to: number;
}

/** Since the host's start; see Linux' /proc/net/snmp and snmp6. */
export interface FamilyCounters {
  readonly received: number;
  readonly delivered: number;
  readonly asked: number;
  /** Null where the kernel does not count what really left. */
  readonly left: number | null;
  readonly unreachables: number;
  readonly echos: number;
  readonly echoReplies: number;
}

export interface Counters {
  readonly ipv4: FamilyCounters;
  readonly ipv6: FamilyCounters;
  readonly resets: number;
  readonly accepted: number;
}

/** A flow on which this end listens. */
export interface OwnFlow extends PortSpan {
  readonly flow: FlowKey;
  /** True for a pool of ports on which nobody listens until a job does. */
  readonly isPool: boolean;
  /** Why it is not open; empty where it is. */
  readonly problem: string;
}

/** Half-open connections (SYN_RECV) on one port. */
export interface HalfOpen {
  readonly family: Family;
  readonly port: number;
  readonly count: number;
}

/** What this end sees of itself. */
export interface Sight {
  /** Its clock; null where that was read at another time than now. */
  readonly atMs: number | null;
  readonly platform: string;
  /** Own addresses, without loopback and link-local ones. */
  readonly addresses: readonly string[];
  readonly flows: readonly OwnFlow[];
  /** Who listens on the ports asked for; null where this system does not show it. */
  readonly sockets: readonly ListeningSocket[] | null;
  readonly halfOpen: readonly HalfOpen[];
  readonly counters: Counters | null;
  /** Addresses by which it knows the other end. */
  readonly peerAddresses: readonly string[];
  /** Addresses from which it sees the other end come, on connections that are proven. */
  readonly sawPeerFrom: readonly string[];
  /** The addresses that stand in the rules of its own firewall; null where they cannot be read. */
  readonly ruleAddresses: readonly string[] | null;
  /** Where its firewall takes an accept: `nftables inet filter input, out ufw` (read-firewall.ts); empty where not known. */
  readonly firewall: string;
}

/** How an address can be reached from here. */
export interface Way {
  readonly route: "present" | "missing" | "unknown";
  readonly neighbour: "answers" | "silent" | "far" | "unknown";
}

export const DIAL_KINDS = ["tls", "challenge", "connect", "datagrams", "ping"] as const;
/**
 * `tls`: a handshake with our certificates; `challenge`: a listener opened for the test, which must know the secret;
 * `connect`: begins connections and gives them up, for counting; `datagrams`: numbered, to such a listener; `ping`.
 */
export type DialKind = (typeof DIAL_KINDS)[number];

export interface DialOrder {
  readonly kind: DialKind;
  readonly flow: FlowKey;
  readonly address: string;
  /** None for ping. */
  readonly ports: readonly number[];
  /** Tries of each port, all at once. */
  readonly times: number;
  readonly timeoutMs: number;
  /** Of `challenge` and `datagrams`; empty otherwise. */
  readonly secret: Buffer;
  /** Bytes that follow a challenge in each direction; 0 for none. */
  readonly bulkBytes: number;
}

export interface Dialled {
  /** Each port's tries, in the order in which they were begun. */
  readonly attempts: readonly Attempt[];
  readonly way: Way;
  /** Answers to datagrams. */
  readonly answered: number;
}

export interface ListenOrder {
  readonly transport: "tcp" | "udp";
  readonly family: Family;
  readonly ports: readonly number[];
  readonly secret: Buffer;
  readonly lifeMs: number;
}

/** A listener for connections that are then left idle. */
export interface HoldOrder {
  readonly family: Family;
  readonly port: number;
  readonly secret: Buffer;
  readonly lifeMs: number;
}

export interface Held {
  /** For `heard`, which closes it. */
  readonly id: number;
  /** Empty where it was opened; otherwise the system's code. */
  readonly code: string;
  /** Seconds of silence after which this host's own firewall forgets a connection; null where none does, or nobody knows. */
  readonly forgetsAfterS: number | null;
}

export interface Heard {
  readonly ports: readonly TemporaryPort[];
  /** Addresses from which the secret was proven. */
  readonly provenFrom: readonly string[];
  /** Numbers of the datagrams that came. */
  readonly datagrams: readonly number[];
}

/** What is counted, and nothing that takes a moment to find out. */
export type Counted = Pick<Sight, "counters" | "halfOpen">;

export interface Helper {
  /** Without ports: all that this end has declared. */
  look(ports: readonly PortSpan[]): Promise<Sight>;
  /** Half-open connections of these ports only. */
  count(ports: readonly PortSpan[]): Promise<Counted>;
  dial(order: DialOrder): Promise<Dialled>;
  /** Opens listeners; answers with an id for `heard`. Those that could not be opened have a code. */
  listen(order: ListenOrder): Promise<{ readonly id: number; readonly ports: readonly TemporaryPort[] }>;
  /** Opens one port for `DOCTOR_LIMITS.heldConnections` connections; it closes once they have proven the secret, they stay. */
  hold(order: HoldOrder): Promise<Held>;
  /** What they heard; closes them. */
  heard(id: number): Promise<Heard>;
}
