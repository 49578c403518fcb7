import type { AlertCategory } from "../model/alert.ts";
import type { Reading } from "../model/reading.ts";

/** What can be wrong with a host, by the names that alerts carry. */
export const CONDITIONS = [
  "filesystem.filling",
  "filesystem.inodes",
  "filesystem.not-answering",
  "filesystem.read-only",
  "memory.short",
  "load.high",
  "processor.busy",
  "service.down",
  "hardware.failing",
  "sensor.alarming",
] as const;
export type Condition = (typeof CONDITIONS)[number];

/** How bad a component is by one rule, best first; READING_STATES without `unknown`. */
export const LEVELS = ["ok", "warning", "critical"] as const;
export type Level = (typeof LEVELS)[number];

/** When a measure of a component is bad. A value, so that it can be listed, documented and set. */
export interface Rule {
  readonly condition: Condition;
  readonly category: AlertCategory;
  /** Exactly one component, or all that begin so: `file system /var`, `file system *`. */
  readonly component: string;
  readonly measure: string;
  /**
   * Which way is bad: at or beyond a threshold is that level. `said`: the server judges by itself, and its word is taken
   * for each level that has a threshold, whatever that is.
   */
  readonly bad: "high" | "low" | "said";
  /** Null where there is no such level; both null: not watched. */
  readonly warning: number | null;
  readonly critical: number | null;
  /** Once bad, it is over only on this side of the threshold, so that a value on the edge does not flap. */
  readonly recovery: number;
  /** How many looks in a row must agree before anything is told, raised and cleared alike. 1 or more. */
  readonly looks: number;
}

/** Whether the rule is about this component; an exact name counts more than a beginning. */
export function ruleFor(
  rules: readonly Rule[],
  { component, measure }: Pick<Reading, "component" | "measure">,
): Rule[] {
  const chosen = new Map<Condition, Rule>();
  for (const rule of rules) {
    if (rule.measure !== measure || !matches(rule.component, component)) continue;
    const rival = chosen.get(rule.condition);
    if (rival === undefined || rule.component === component) chosen.set(rule.condition, rule);
  }
  return [...chosen.values()].filter(isWatched);
}

export function isWatched(rule: Rule): boolean {
  return rule.warning !== null || rule.critical !== null;
}

function matches(pattern: string, component: string): boolean {
  return pattern.endsWith("*") ? component.startsWith(pattern.slice(0, -1)) : pattern === component;
}
