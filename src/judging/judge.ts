import type { AlertCategory, AlertKind, Severity } from "../model/alert.ts";
import type { Reading } from "../model/reading.ts";
import { type Condition, LEVELS, type Level, type Rule } from "./rule.ts";
import { sentence } from "./wording.ts";

// Decides what to tell about one component by one rule. Pure: the same past, reading and moment give the same answer.
//
// Invariants (judge.test.ts holds them against random histories): a clear follows only a raise; two raises in a row
// differ in severity; nothing is told before `rule.looks` looks in a row agreed; a value that cannot be read tells
// nothing and changes nothing but the counting.

/** What is remembered of a component by a rule. */
export interface Judgement {
  /** What has been told last. */
  readonly level: Level;
  /** When it was first told that something is wrong; null while it is not. */
  readonly sinceMs: number | null;
  /** The worst that has been told since then. */
  readonly worst: Level;
  /** The level that the last looks in a row agree to go to at least; `level` when they agree with what was told. */
  readonly pending: Level;
  readonly pendingLooks: number;
}

export const NOTHING_WRONG: Judgement = { level: "ok", sinceMs: null, worst: "ok", pending: "ok", pendingLooks: 0 };

/** How many looks a component must be gone before its condition is over: a file system may be late after a restart. */
export const GONE_LOOKS = 6;

/** An alert but for what only effects can give: its id. */
export interface Telling {
  readonly kind: AlertKind;
  readonly condition: string;
  readonly component: string;
  readonly category: AlertCategory;
  readonly severity: Severity;
  readonly raisedAtMs: number;
  readonly summary: string;
  readonly details: readonly { readonly name: string; readonly value: string }[];
}

type Say = "nothing" | "raise" | "clear";
/** From what was told to what is so. */
export const SAY: Record<Level, Record<Level, Say>> = {
  ok: { ok: "nothing", warning: "raise", critical: "raise" },
  warning: { ok: "clear", warning: "nothing", critical: "raise" },
  critical: { ok: "clear", warning: "raise", critical: "nothing" },
};
const SEVERITY_OF: Record<Level, Severity> = { ok: "information", warning: "warning", critical: "critical" };

export interface Verdict {
  readonly next: Judgement;
  readonly alerts: readonly Telling[];
}

/** `state` is looked at only where the server judges by itself. */
export type JudgedReading = Pick<Reading, "component" | "value" | "summary"> & Partial<Pick<Reading, "state">>;

/** `reading` is null when the component is no longer there, though its provider answered. */
export function judge(
  previous: Judgement,
  reading: JudgedReading | null,
  rule: Rule,
  { component, nowMs }: { readonly component: string; readonly nowMs: number },
): Verdict {
  if (reading !== null && reading.value === null) return { next: settled(previous), alerts: [] };
  const said = rule.bad === "said" && reading !== null ? (reading.state ?? "unknown") : undefined;
  if (said === "unknown") return { next: settled(previous), alerts: [] };
  const proposed =
    reading === null ? "ok" : said === undefined ? levelOf(reading.value ?? 0, previous.level, rule) : told(said, rule);
  if (proposed === previous.level) return { next: settled(previous), alerts: [] };

  const continues = direction(previous.level, previous.pending) === direction(previous.level, proposed);
  const pending = continues ? nearer(previous.level, previous.pending, proposed) : proposed;
  const pendingLooks = continues ? previous.pendingLooks + 1 : 1;
  const looks = reading === null ? Math.max(GONE_LOOKS, rule.looks) : rule.looks;
  if (pendingLooks < looks) return { next: { ...previous, pending, pendingLooks }, alerts: [] };
  return tell(previous, pending, rule, { component, nowMs, summary: reading?.summary ?? null });
}

/** Ends what was told of a component that no rule looks at any more. */
export function close(
  previous: Judgement,
  { condition, component, category }: Pick<Rule, "condition" | "component" | "category">,
  nowMs: number,
): Verdict {
  if (previous.level === "ok") return { next: NOTHING_WRONG, alerts: [] };
  return tell(previous, "ok", { condition, category }, { component, nowMs, summary: null });
}

/** After a pause in watching, the first look that finds it better is believed: the time away counts as looks. */
export function resumed(judgement: Judgement, rule: Rule): Judgement {
  if (judgement.level === "ok") return NOTHING_WRONG;
  return { ...judgement, pending: "ok", pendingLooks: rule.looks - 1 };
}

/** What the server says, down to the worst level that is told at all. */
function told(said: Level, { warning, critical }: Rule): Level {
  if (said === "critical" && critical !== null) return "critical";
  return said !== "ok" && warning !== null ? "warning" : "ok";
}

/** The level of a value for someone who was told `current`: each level is left only with a margin. */
export function levelOf(value: number, current: Level, rule: Rule): Level {
  // On this axis more is always worse.
  const sign = rule.bad === "high" ? 1 : -1;
  const bad = value * sign;
  const recovery = rule.recovery * sign;
  const warning = rule.warning === null ? null : rule.warning * sign;
  const critical = rule.critical === null ? null : rule.critical * sign;
  const margin = warning === null ? 0 : Math.max(0, warning - recovery);
  if (critical !== null && bad >= critical) return "critical";
  // Where there is no warning to fall back to, critical lasts until recovery.
  const criticalEnds = warning === null || critical === null ? recovery : critical - margin;
  if (critical !== null && current === "critical" && bad > criticalEnds) return "critical";
  if (warning !== null && bad >= warning) return "warning";
  if (warning !== null && current !== "ok" && bad > recovery) return "warning";
  return "ok";
}

function settled(judgement: Judgement): Judgement {
  if (judgement.pending === judgement.level && judgement.pendingLooks === 0) return judgement;
  return { ...judgement, pending: judgement.level, pendingLooks: 0 };
}

function rank(level: Level): number {
  return LEVELS.indexOf(level);
}

function direction(from: Level, to: Level): number {
  return Math.sign(rank(to) - rank(from));
}

/** Of two levels on the same side of `from`, the one that is less of a change: all looks agreed to go that far. */
function nearer(from: Level, one: Level, other: Level): Level {
  return Math.abs(rank(one) - rank(from)) <= Math.abs(rank(other) - rank(from)) ? one : other;
}

function tell(
  previous: Judgement,
  level: Level,
  { condition, category }: { readonly condition: Condition; readonly category: AlertCategory },
  { component, nowMs, summary }: { component: string; nowMs: number; summary: string | null },
): Verdict {
  const say = SAY[previous.level][level];
  if (say === "nothing") return { next: settled(previous), alerts: [] };
  const sinceMs = previous.sinceMs ?? nowMs;
  const worst = rank(level) > rank(previous.worst) ? level : previous.worst;
  const { text, details } = sentence({
    say,
    condition,
    component,
    summary,
    sinceMs,
    nowMs,
    from: previous.level,
    level,
    worst,
  });
  const alert: Telling = {
    kind: say === "raise" ? "raised" : "cleared",
    condition,
    component,
    category,
    severity: SEVERITY_OF[level],
    raisedAtMs: nowMs,
    summary: text,
    details,
  };
  const next: Judgement = say === "clear" ? NOTHING_WRONG : { level, sinceMs, worst, pending: level, pendingLooks: 0 };
  return { next, alerts: [alert] };
}
