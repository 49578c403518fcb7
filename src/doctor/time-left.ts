import type { Clock } from "../runtime/clock.ts";

/** A host with all its flows has its verdicts within ten seconds; the rest is for judging, and for a computer that is slow. */
const ENDS_MS = 9_300;

/** Whether something that takes so long still fits into an examination. */
export type TimeLeft = (ms: number) => boolean;

export function createTimeLeft(clock: Clock, beganAt: number): TimeLeft {
  return (ms) => clock.monotonic() + ms <= beganAt + ENDS_MS;
}
