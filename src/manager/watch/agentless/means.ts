import type { HostFacts } from "../../../model/host.ts";
import type { Reading } from "../../../model/reading.ts";

// How the manager looks at a server that runs no agent of ours. Each means is one file; the poller knows only this.

/** What one look brought. */
export interface Look {
  readonly facts: Partial<HostFacts>;
  readonly readings: readonly Reading[];
}

/** What must be right, in the order in which it is found out; `what` says how it was or why it failed. */
export const CHECK_STEPS = [
  "name",
  "ping",
  "port",
  "version",
  "certificate",
  "account",
  "path",
  "subscription",
] as const;
export type CheckStep = (typeof CHECK_STEPS)[number];

export interface CheckResult {
  readonly step: CheckStep;
  /** Null: could not be told, because an earlier step failed or it does not apply. */
  readonly passed: boolean | null;
  readonly what: string;
}

export interface Means {
  /** Everything that is to be seen. Rejects with ConnectError, PeerError, WireError, CimError. */
  look(signal: AbortSignal): Promise<Look>;
  /** From the port on: name and ping are the same for all means. */
  check(signal: AbortSignal): Promise<readonly CheckResult[]>;
  close(): void;
}
