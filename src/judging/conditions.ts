import { READING_STATES, type Reading } from "../model/reading.ts";
import { close, type Judgement, judge, NOTHING_WRONG, resumed, type Telling } from "./judge.ts";
import { type Condition, type Level, type Rule, ruleFor } from "./rule.ts";
import type { Sight } from "./sight.ts";

/** One condition of one component, as far as it is not simply well. */
export interface Remark {
  readonly condition: Condition;
  readonly component: string;
  readonly measure: string;
  readonly category: Rule["category"];
  /** Who sees the component: only when it answers can the component be missing. */
  readonly provider: string;
  readonly judgement: Judgement;
}

/** By condition and component. Nothing in it means all is well. */
export type Conditions = ReadonlyMap<string, Remark>;

/** What one look changes: pure, like `judge`. */
export function judgeSight(
  before: Conditions,
  sight: Sight,
  rules: readonly Rule[],
): { readonly after: Conditions; readonly alerts: readonly Telling[] } {
  const after = new Map<string, Remark>();
  const alerts: Telling[] = [];
  const keep = (remark: Remark, verdict: { next: Judgement; alerts: readonly Telling[] }) => {
    alerts.push(...verdict.alerts);
    if (verdict.next.level !== "ok" || verdict.next.pendingLooks > 0)
      after.set(keyOf(remark), { ...remark, judgement: verdict.next });
  };

  const judged = new Set<string>();
  const components = new Set<string>();
  for (const { provider, reading } of sight.seen) {
    const { component, measure } = reading;
    components.add(`${provider}\n${component}`);
    for (const rule of ruleFor(rules, reading)) {
      const key = keyOf({ condition: rule.condition, component });
      if (judged.has(key)) continue; // A component that two providers name is judged once a look.
      judged.add(key);
      const judgement = before.get(key)?.judgement ?? NOTHING_WRONG;
      const { condition, category } = rule;
      keep(
        { condition, component, measure, category, provider, judgement },
        judge(judgement, reading, rule, { component, nowMs: sight.readAtMs }),
      );
    }
  }
  for (const [key, remark] of before) {
    if (judged.has(key)) continue;
    const rule = ruleOf(rules, remark);
    const isThere = components.has(`${remark.provider}\n${remark.component}`);
    const context = { component: remark.component, nowMs: sight.readAtMs };
    if (rule === undefined) keep(remark, close(remark.judgement, remark, sight.readAtMs));
    else if (isThere || !sight.answered.has(remark.provider))
      after.set(key, remark); // Not seen is not gone.
    else keep(remark, judge(remark.judgement, null, rule, context));
  }
  return { after, alerts };
}

/** What is left of remembered conditions when watching begins again. */
export function resumeConditions(remarks: readonly Remark[], rules: readonly Rule[]): Conditions {
  return new Map(
    remarks.map((remark) => {
      const rule = ruleOf(rules, remark);
      const judgement = rule === undefined ? remark.judgement : resumed(remark.judgement, rule);
      return [keyOf(remark), { ...remark, judgement }];
    }),
  );
}

/** The readings with the states that people have been told. */
export function statedReadings({ seen }: Sight, conditions: Conditions): Reading[] {
  const levels = new Map<string, Level>();
  for (const { component, measure, judgement } of conditions.values()) {
    const key = `${measure}\n${component}`;
    const known = levels.get(key) ?? "ok";
    if (READING_STATES[judgement.level] > READING_STATES[known]) levels.set(key, judgement.level);
  }
  return seen.map(({ reading }) => {
    const level = levels.get(`${reading.measure}\n${reading.component}`) ?? "ok";
    return reading.value === null || level === "ok" ? reading : { ...reading, state: level };
  });
}

function ruleOf(rules: readonly Rule[], remark: Remark): Rule | undefined {
  return ruleFor(rules, remark).find(({ condition }) => condition === remark.condition);
}

function keyOf({ condition, component }: { readonly condition: string; readonly component: string }): string {
  return `${condition}\n${component}`;
}
