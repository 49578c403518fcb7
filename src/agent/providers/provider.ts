import { READING_LIMITS, type Reading, type ReadingUnit } from "../../model/reading.ts";
import { cutText, oneLine } from "./cut-text.ts";

/**
 * An eye of the agent. `read` gives what it sees now; it may reject, or outlast its time (then `signal` aborts), and the
 * watcher says `unknown` for it. A value that cannot be read is null with the state `unknown`: never zero, never fine.
 * A provider gives `ok` or `unknown`; whether a value is bad is for the rules in watch/.
 */
export interface Provider {
  readonly name: string;
  read(signal: AbortSignal): Promise<readonly Reading[]>;
}

/** A value that was read. Numbers that are not finite are none: the reading is then `unknown`. */
export function reading(
  component: string,
  measure: string,
  { value, unit, summary }: { value: number; unit: ReadingUnit; summary: string },
): Reading {
  if (!Number.isFinite(value))
    return unknownReading(component, measure, { unit, reason: `makes no sense: ${summary}` });
  return { component, measure, value, unit, state: "ok", summary: cutText(summary, READING_LIMITS.summaryBytes) };
}

/** A value that could not be read, and why, for people. */
export function unknownReading(
  component: string,
  measure: string,
  { unit, reason }: { unit: ReadingUnit; reason: string },
): Reading {
  return {
    component,
    measure,
    value: null,
    unit,
    state: "unknown",
    summary: cutText(oneLine(`unknown: ${reason}`), READING_LIMITS.summaryBytes),
  };
}
