import type { FlowKey } from "../ports/port-map.ts";
import type { Evidence, Family } from "./evidence.ts";
import type { Helper, Sight } from "./helper.ts";
import type { Trace } from "./probes/trace.ts";
import type { IdleNeeds } from "./try-idle.ts";
import type { Verdict } from "./verdict.ts";

/** Whose host: the one the doctor runs on is `near`. */
export type End = "near" | "far";
export type Role = "manager" | "agent";

/** A flow to be examined, as the end that listens has it. */
export interface ExaminedFlow {
  readonly flow: FlowKey;
  readonly ports: readonly number[];
  /** Ports on which nobody listens until a job does. */
  readonly isPool: boolean;
  readonly problem: string;
}

export interface Subject extends ExaminedFlow {
  readonly family: Family;
  readonly transport: "tcp" | "udp" | "icmp";
  readonly initiator: End;
  /** The listener's addresses in this family, the one that is meant first: any of them will do. */
  readonly addresses: readonly string[];
  /** Other addresses of its own, of which the initiator does not know: what answers there is meant elsewhere. */
  readonly unknownAddresses: readonly string[];
}

export interface Examined {
  readonly subject: Subject;
  readonly evidence: Evidence;
  readonly verdict: Verdict;
}

export interface ExaminationNeeds {
  readonly near: Helper;
  /** Null where the far end cannot be asked. */
  readonly far: Helper | null;
  readonly nearRole: Role;
  /** By which the near end knows the far one: an address or a name. */
  readonly farAddress: string;
  /** What the near end begins towards the far one where that one cannot say on what it listens. */
  readonly assumedFlows: readonly ExaminedFlow[];
  /** Whether the far end has a proven connection of this flow to the near one right now. */
  readonly hasConnection: (flow: FlowKey) => boolean;
  /** Null where only the far end knows. */
  readonly isRevoked: boolean | null;
  /** Looks for the hop at which what the near end begins fails; without it nobody does. */
  readonly trace?: Trace | undefined;
  /** How connections are left idle; without it they are not. */
  readonly idle?: IdleNeeds | undefined;
  /** By the monotonic clock; now where it is left out. Whoever looked for a way to the far end has spent some of the time. */
  readonly beganAt?: number;
  /** Hears what the far end refused or no longer answered. */
  readonly onProblem?: (error: unknown) => void;
  readonly onProgress?: (step: "looking" | "trying" | "counting" | "idling") => void;
}

/** What both ends said of themselves; the far one's is null where it cannot be asked. */
export interface Sights {
  readonly near: Sight;
  readonly far: Sight | null;
  /** Both ends are programs of one computer; null where the far one cannot be asked. */
  readonly isOneComputer: boolean | null;
  /** The far end's clock minus the near one's. */
  readonly farAheadMs: number | null;
}
