import type { Text } from "../ports/flow.ts";

/** Where something is, seen along the connection: who begins it, what stands between, who listens. */
export const PLACES = ["initiator", "between", "listener"] as const;
export type Place = (typeof PLACES)[number];

/** Which kind of command mends it (mending.ts). `none`: nothing that a command of ours could do. */
export const MENDS = [
  "allow-in",
  "allow-out",
  "allow-between",
  "allow-back",
  "allow-ping",
  "start",
  "listen-everywhere",
  "free-port",
  "translated-rule",
  "keepalive",
  "mtu",
  "clock",
  "certificate",
  "route",
  "name",
  "none",
] as const;
export type Mend = (typeof MENDS)[number];

/** One thing that can stand in the way of a flow, or that one has to know of it. docs/doctor.md lists them all. */
export interface Cause {
  readonly title: Text;
  /** What is so, in one sentence. */
  readonly meaning: Text;
  /** What has to be seen before the doctor says so by itself. */
  readonly proof: Text;
  /** Where it can be. */
  readonly places: readonly Place[];
  readonly mend: Mend;
}
