// What is known of one flow in one address family, before anything is concluded. Both ends say the same kinds of things,
// so that the verdict does not depend on where the doctor stands: the initiator's attempts, what the listener sees of
// itself, and what the counters of both counted meanwhile. Whatever is not known is null, and never counts as "no".

import type { Transport } from "../ports/flow.ts";

export const FAMILIES = ["ipv4", "ipv6"] as const;
export type Family = (typeof FAMILIES)[number];

/**
 * What a connection proved of who answers. `ours`: a party of our authority, and the one that is meant; `stalled`: ours,
 * but the bulk behind the hello is not acknowledged by the other end's kernel; `unfinished`: it is, and does not come back
 * in time; `foreign`: a certificate of another authority; `silent`: connected, and no answer; `lost`: the same, and what
 * was said is not acknowledged; `unheard`: the same, and the initiator was too busy to hear an answer; `closed`: ended during the handshake; `refused-us`: ended right after it; `none`: no
 * connection.
 */
export const PROOFS = [
  "none",
  "ours",
  "stalled",
  "foreign",
  "expired",
  "not-yet-valid",
  "other-peer",
  "not-tls",
  "silent",
  "closed",
  "refused-us",
  "lost",
  "unfinished",
  "unheard",
] as const;
export type Proof = (typeof PROOFS)[number];

/** One try of the initiator. */
export interface Attempt {
  /** 0 where there are no ports (ICMP). */
  readonly port: number;
  /** Empty for a connection (or a reply); otherwise the system's code, `ETIMEDOUT` where nothing came in time. */
  readonly code: string;
  readonly tookMs: number;
  /** Of the initiator's socket; empty where it had none. */
  readonly localAddress: string;
  readonly proof: Proof;
  /** A fingerprint, a date, an identity: what belongs to the proof. */
  readonly detail: string;
}

/** Who holds a port: our own program, another one, or one that cannot be seen without privilege. */
export type Holder = "own" | "other" | "hidden";

export interface ListeningSocket {
  readonly family: Family;
  /** As the socket table has it; `::` for both families where `alsoIpv4`. */
  readonly address: string;
  readonly alsoIpv4: boolean;
  readonly port: number;
  readonly holder: Holder;
  /** `perl (pid 812)`; empty where hidden. */
  readonly owner: string;
}

/** A listener that was opened for the test. */
export interface TemporaryPort {
  readonly port: number;
  /** Empty where it was opened; otherwise the system's code. */
  readonly code: string;
  readonly accepted: number;
  /** Of those, who proved the nonce. */
  readonly proven: number;
}

/** What a host's counters gained while `sent` packets that begin a conversation were sent to it. */
export interface Gained {
  readonly sent: number;
  readonly received: number;
  readonly delivered: number;
  /** TCP's own resets (OutRsts). */
  readonly resets: number;
  /** ICMP destination-unreachable sent. */
  readonly unreachables: number;
  /** Connections accepted (PassiveOpens). */
  readonly accepted: number;
  /** Echo requests received, and replies sent. */
  readonly echos: number;
  readonly echoReplies: number;
  /** Half-open connections on the ports in question, at the end. */
  readonly halfOpen: number;
}

/** How many packets a host kept in that it was asked to send meanwhile; null where its kernel does not count that. */
export interface Sent {
  /** Those of ours among what it was asked to send. */
  readonly probes: number;
  readonly kept: number | null;
}

/** Connections on which nothing was sent for `seconds`, and for four times as long, beside a busy one that lives. */
export interface IdleEvidence {
  readonly seconds: number;
  readonly shortLives: boolean;
  readonly longLives: boolean;
  /** Seconds after which the ends' own firewalls forget a silent connection; null where none does, or nobody knows. */
  readonly initiatorForgetsS: number | null;
  readonly listenerForgetsS: number | null;
}

/** How far packets to one port come, and what is left of the life of what comes back. */
export interface HopsEvidence {
  readonly port: number;
  /** `root`, or the programs that are not there: what was not looked at for that. */
  readonly missing: readonly string[];
  /** Routers that answered a packet whose life ended there, by their own addresses; `hop` from 1 on. */
  readonly path: readonly { readonly hop: number; readonly address: string }[];
  /** What came back; a reset's `from` is the address it bears. `answer`: the port takes connections after all. */
  readonly refusal: { readonly kind: "reset" | "icmp" | "answer"; readonly from: string; readonly ttl: number } | null;
  /** Of an answer that is known to be the host's own. */
  readonly hostTtl: number | null;
}

export interface InitiatorEvidence {
  /** Its own addresses of all families; null where not known. */
  readonly addresses: readonly string[] | null;
  readonly route: "present" | "missing" | "unknown";
  /** Whether the address answers on the same segment; `far` where it is behind a router. */
  readonly neighbour: "answers" | "silent" | "far" | "unknown";
  /** What left it during the count. */
  readonly sent: Sent | null;
}

export interface ListenerEvidence {
  /** As Node names it (`linux`, `win32`); empty where not known. */
  readonly platform: string;
  readonly addresses: readonly string[] | null;
  readonly sockets: readonly ListeningSocket[] | null;
  readonly temporary: readonly TemporaryPort[];
  readonly gained: Gained | null;
  /** What the listener's host sent during the count. */
  readonly sent: Sent | null;
  /** Addresses from which it saw the initiator, on any connection of this direction and family. */
  readonly sawFrom: readonly string[];
  /** It has a proven connection of this flow from this initiator right now. */
  readonly hasConnection: boolean;
  /** Whether the initiator's certificate was withdrawn; null where only the other end knows. */
  readonly revoked: boolean | null;
  /** Whether its own firewall's rules name the initiator's untranslated address; null where they could not be read. */
  readonly rulesNameInitiator: boolean | null;
  /** Whether the listener's own routing table has a way back to the initiator, in this family. */
  readonly routeBack: "present" | "missing" | "unknown";
  /** Why the flow is not open there, in its own words; empty where it is, or where nobody knows. */
  readonly problem: string;
}

/** One flow, one family, all its ports. */
export interface Evidence {
  /** A pool of ports, on which nobody listens until a job does. */
  readonly isPool: boolean;
  readonly transport: Transport;
  /** All of the flow, tried or not. */
  readonly ports: readonly number[];
  readonly family: Family;
  readonly destination: string;
  /** All of them, in the order in which they were made. Empty: nobody could try. */
  readonly attempts: readonly Attempt[];
  readonly initiator: InitiatorEvidence;
  readonly listener: ListenerEvidence;
  /** Both ends are programs of one computer; null where the far one cannot be asked. */
  readonly isOneComputer: boolean | null;
  /** One of the listener's own addresses at which it answers, while `destination` is none of them; empty otherwise. */
  readonly answersAt: string;
  /** Another flow to the same destination has reached the listener: something forwards that address. */
  readonly destinationIsForwarded: boolean;
  /** The listener's clock minus the initiator's. */
  readonly clockAheadMs: number | null;
  /** The listener's host has answered anything in this family: a ping, a refusal that is its own, another flow. */
  readonly hostAnswers: boolean | null;
  /** Of the burst that was counted, this flow's part: how many connections were begun, refused at once, and made. */
  readonly burst: { readonly sent: number; readonly refused: number; readonly passed: number } | null;
  /** Other flows of this direction, and of the other one, in this family: whether any works. */
  readonly sameDirectionWorks: boolean | null;
  readonly oppositeDirectionWorks: boolean | null;
  /** A series of quick connections to one port that works, in order: which passed. */
  readonly series: readonly boolean[];
  readonly idle: IdleEvidence | null;
  /** Null where nobody was asked to look. */
  readonly hops: HopsEvidence | null;
  /**
   * A small answer and a large one, tried on a listener of the test's own, twice where the first did not pass: `stalls`
   * where what is large is never acknowledged; `unreturned` where it is, and does not come back in time.
   */
  readonly bulk: "passes" | "stalls" | "unreturned" | "untried";
  /** On another flow between the two, in this family, nothing of what was sent is acknowledged. */
  readonly losesNearby: boolean;
  /** What was found of bulk on any flow between the two, in this family: `stalls` before all others. */
  readonly bulkNearby: Evidence["bulk"];
  /** Of numbered datagrams: how many the listener has, and how many answers came back. */
  readonly datagrams: { readonly sent: number; readonly received: number | null; readonly answered: number } | null;
}

/** What is known before anybody has looked. */
export const NOTHING_KNOWN: Evidence = {
  isPool: false,
  transport: "tcp",
  ports: [],
  family: "ipv4",
  destination: "",
  attempts: [],
  initiator: { addresses: null, route: "unknown", neighbour: "unknown", sent: null },
  listener: {
    platform: "",
    addresses: null,
    sockets: null,
    temporary: [],
    gained: null,
    sent: null,
    sawFrom: [],
    hasConnection: false,
    revoked: null,
    rulesNameInitiator: null,
    routeBack: "unknown",
    problem: "",
  },
  isOneComputer: null,
  answersAt: "",
  destinationIsForwarded: false,
  clockAheadMs: null,
  hostAnswers: null,
  burst: null,
  sameDirectionWorks: null,
  oppositeDirectionWorks: null,
  series: [],
  idle: null,
  hops: null,
  bulk: "untried",
  losesNearby: false,
  bulkNearby: "untried",
  datagrams: null,
};
