import type { Attempt, Evidence, Gained, Sent, TemporaryPort } from "./evidence.ts";
import type { Subject } from "./examination.ts";
import type { Way } from "./helper.ts";

/** What comes together while one subject is examined. */
export interface Trial {
  readonly subject: Subject;
  /** The address that was used, once one was. */
  address: string;
  /** See Evidence. */
  answersAt: string;
  attempts: readonly Attempt[];
  way: Way;
  temporary: readonly TemporaryPort[];
  sawFrom: readonly string[];
  series: readonly boolean[];
  bulk: Evidence["bulk"];
  idle: Evidence["idle"];
  hops: Evidence["hops"];
  datagrams: Evidence["datagrams"];
  gained: Gained | null;
  burst: Evidence["burst"];
  /** What the initiator's and the listener's host sent while it was counted. */
  sentByInitiator: Sent | null;
  sentByListener: Sent | null;
}

export function createTrial(subject: Subject): Trial {
  return {
    subject,
    address: subject.addresses[0] ?? "",
    answersAt: "",
    attempts: [],
    way: { route: "unknown", neighbour: "unknown" },
    temporary: [],
    sawFrom: [],
    series: [],
    bulk: "untried",
    idle: null,
    hops: null,
    datagrams: null,
    gained: null,
    burst: null,
    sentByInitiator: null,
    sentByListener: null,
  };
}
