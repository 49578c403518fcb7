import type { Text } from "../ports/flow.ts";
import type { Place } from "./cause.ts";
import type { CauseId } from "./causes/causes.ts";

export const STATES = ["open", "closed", "partly", "unknown"] as const;
export type State = (typeof STATES)[number];

/** What the doctor says of one flow in one family. */
export interface Verdict {
  readonly state: State;
  /** Where `isProven`, all of them hold; otherwise one of them does, and `nextTest` says how to find out which. */
  readonly causes: readonly CauseId[];
  readonly isProven: boolean;
  /** Where the causes are; several where that could not be told either. */
  readonly where: readonly Place[];
  /** What was seen, a sentence each. */
  readonly evidence: readonly Text[];
  readonly nextTest: Text | null;
  /** Of a range: the ports that do not pass. */
  readonly failedPorts: readonly number[];
}

export function open(evidence: readonly Text[], causes: readonly CauseId[] = []): Verdict {
  const where: Place[] = causes.length > 0 ? ["between"] : [];
  return { state: "open", causes, isProven: true, where, evidence, nextTest: null, failedPorts: [] };
}

/** Found out. */
export function proven(causes: CauseId | readonly CauseId[], where: Place, evidence: readonly Text[]): Verdict {
  const list = typeof causes === "string" ? [causes] : causes;
  return { state: "closed", causes: list, isProven: true, where: [where], evidence, nextTest: null, failedPorts: [] };
}

/** One of several, and how to find out which. */
export function oneOf(
  causes: readonly [CauseId, CauseId, ...CauseId[]],
  where: readonly Place[],
  { evidence, nextTest }: { readonly evidence: readonly Text[]; readonly nextTest: Text },
): Verdict {
  return { state: "closed", causes, isProven: false, where, evidence, nextTest, failedPorts: [] };
}

/** Nothing could be found out about whether it is open. */
export function unknown(evidence: readonly Text[], nextTest: Text): Verdict {
  return { state: "unknown", causes: [], isProven: false, where: [], evidence, nextTest, failedPorts: [] };
}
