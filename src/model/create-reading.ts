import { cutText, oneLine } from "./cut-text.ts";
import { READING_LIMITS, type Reading, type ReadingUnit } from "./reading.ts";

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
