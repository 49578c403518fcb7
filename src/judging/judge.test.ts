import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  close,
  GONE_LOOKS,
  type Judgement,
  judge,
  levelOf,
  NOTHING_WRONG,
  resumed,
  SAY,
  type Telling,
} from "./judge.ts";
import { LEVELS, type Level, type Rule } from "./rule.ts";

const RULE: Rule = {
  condition: "filesystem.filling",
  category: "service",
  component: "file system *",
  measure: "used",
  bad: "high",
  warning: 0.85,
  critical: 0.95,
  recovery: 0.8,
  looks: 2,
};
const DOWN: Rule = {
  ...RULE,
  condition: "service.down",
  bad: "low",
  warning: null,
  critical: 0,
  recovery: 1,
  looks: 1,
};
const COMPONENT = "file system /var";

/** Plays values, one look every ten seconds; `"gone"` is a component that is not there. */
function play(values: readonly (number | null | "gone")[], rule = RULE, start: Judgement = NOTHING_WRONG) {
  let state = start;
  const told: (Telling & { look: number })[] = [];
  for (const [look, value] of values.entries()) {
    const reading = value === "gone" ? null : { component: COMPONENT, value, summary: `${value}` };
    const { next, alerts } = judge(state, reading, rule, { component: COMPONENT, nowMs: look * 10_000 });
    state = next;
    told.push(...alerts.map((alert) => ({ ...alert, look })));
  }
  return { state, told, lines: told.map(({ look, kind, severity }) => `${look} ${kind} ${severity}`) };
}

describe("judging a value", () => {
  it("tells nothing before the looks in a row agree, and nothing twice", () => {
    expect(play([0.9, 0.5, 0.9, 0.9, 0.9, 0.9]).lines).toEqual(["3 raised warning"]);
  });

  it("stays bad between recovery and threshold, and then clears with the duration", () => {
    const { told, lines } = play([0.9, 0.9, 0.84, 0.81, 0.82, 0.8, 0.79]);
    expect(lines).toEqual(["1 raised warning", "6 cleared information"]);
    expect(told[1]?.summary).toBe("/var has room again after 50 seconds: 0.79");
    expect(told[1]?.details).toContainEqual({ name: "duration", value: "50 s" });
    expect(told[1]?.details).toContainEqual({ name: "worst", value: "warning" });
  });

  it("tells a change of severity as a raise of the same condition, either way", () => {
    expect(play([0.9, 0.9, 0.96, 0.96, 0.92, 0.92, 0.89, 0.89, 0.1, 0.1]).lines).toEqual([
      "1 raised warning",
      "3 raised critical",
      "7 raised warning", // 0.92 is within critical's margin.
      "9 cleared information",
    ]);
  });

  it("agrees on the milder level when looks differ in how bad it is", () => {
    expect(play([0.99, 0.86]).lines).toEqual(["1 raised warning"]);
    expect(play([0.99, 0.99]).lines).toEqual(["1 raised critical"]);
  });

  it("neither raises nor clears on what cannot be read, and begins counting anew", () => {
    expect(play([0.9, null, 0.9, null, 0.9]).lines).toEqual([]);
    expect(play([0.9, 0.9, null, null, null, 0.9]).lines).toEqual(["1 raised warning"]);
    expect(play([0.9, 0.9, 0.1, null, 0.1]).lines).toEqual(["1 raised warning"]);
  });

  it("clears what is gone only after it has been gone for a while", () => {
    const gone = Array.from({ length: GONE_LOOKS }, () => "gone" as const);
    expect(play([0.9, 0.9, ...gone]).lines).toEqual(["1 raised warning", `${1 + GONE_LOOKS} cleared information`]);
    expect(play([0.9, 0.9, ...gone.slice(1), 0.9, "gone"]).lines).toEqual(["1 raised warning"]);
  });

  it("knows what must be one", () => {
    expect(play([1, 0, 0, 1], DOWN).lines).toEqual(["1 raised critical", "3 cleared information"]);
  });

  it("says so when the clock was set back meanwhile", () => {
    const raised: Judgement = {
      level: "critical",
      sinceMs: 1e12,
      worst: "critical",
      pending: "critical",
      pendingLooks: 0,
    };
    expect(play([1], DOWN, raised).told[0]?.summary).toContain("an unknown time (the clock was set back)");
  });
});

describe("after a pause in watching", () => {
  const raised: Judgement = {
    level: "warning",
    sinceMs: -3_600_000,
    worst: "critical",
    pending: "warning",
    pendingLooks: 0,
  };

  it("clears at the first look what has ended meanwhile", () => {
    expect(play([0.1], RULE, resumed(raised, RULE)).lines).toEqual(["0 cleared information"]);
  });

  it("does not tell again what still lasts, and counts in full when it gets worse", () => {
    expect(play([0.9, 0.9, 0.9], RULE, resumed(raised, RULE)).lines).toEqual([]);
    expect(play([0.99, 0.99], RULE, resumed(raised, RULE)).lines).toEqual(["1 raised critical"]);
  });

  it("does not take what is late for gone", () => {
    expect(play(["gone", "gone", 0.9], RULE, resumed(raised, RULE)).lines).toEqual([]);
  });

  it("closes what no rule looks at any more, and only what was told", () => {
    expect(close(raised, RULE, 0).alerts).toMatchObject([
      { kind: "cleared", summary: expect.stringContaining("no longer watched") },
    ]);
    expect(close(NOTHING_WRONG, RULE, 0).alerts).toEqual([]);
  });
});

describe("every cell of the table", () => {
  const value: Record<Level, number> = { ok: 0.1, warning: 0.9, critical: 0.99 };
  it.each(LEVELS.flatMap((from) => LEVELS.map((to) => [from, to] as const)))("from %s to %s", (from, to) => {
    // Down from critical the warning must be below critical's margin.
    const seen = to === "warning" ? 0.86 : value[to];
    const sinceMs = from === "ok" ? null : -1;
    const { state, told } = play([seen, seen], RULE, {
      level: from,
      sinceMs,
      worst: from,
      pending: from,
      pendingLooks: 0,
    });
    expect(state.level).toBe(to);
    expect(told.map(({ kind }) => kind)).toEqual(
      SAY[from][to] === "nothing" ? [] : [SAY[from][to] === "raise" ? "raised" : "cleared"],
    );
  });
});

const anyValue = fc.oneof(
  { weight: 8, arbitrary: fc.double({ min: -0.2, max: 1.2, noNaN: true }) },
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 0.8, 0.85, 0.9, 0.95) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant("gone" as const) },
);
const anyRule = fc
  .record({
    thresholds: fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
    without: fc.constantFrom("none", "warning", "critical"),
    bad: fc.constantFrom("high" as const, "low" as const),
    looks: fc.integer({ min: 1, max: 4 }),
  })
  .map(({ thresholds, without, bad, looks }): Rule => {
    const [recovery = 0, warning = 0, critical = 0] = thresholds.toSorted((a, b) => (bad === "high" ? a - b : b - a));
    return {
      ...RULE,
      bad,
      looks,
      recovery,
      warning: without === "warning" ? null : warning,
      critical: without === "critical" ? null : critical,
    };
  });

describe("whatever the history", () => {
  it("a clear follows only a raise, and two raises in a row differ in severity", () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.array(anyValue, { maxLength: 60 }),
        fc.integer({ min: 0, max: 60 }),
        (rule, values, restart) => {
          const first = play(values.slice(0, restart), rule);
          const second = play(values.slice(restart), rule, resumed(first.state, rule));
          let open: string | null = null;
          for (const { kind, severity } of [...first.told, ...second.told]) {
            if (kind === "cleared") expect(open).not.toBeNull();
            else expect(severity).not.toBe(open);
            open = kind === "cleared" ? null : severity;
          }
          expect(open === null).toBe(second.state.level === "ok");
        },
      ),
      { numRuns: 500 },
    );
  });

  it("a value that stays is told at most once, and a level once left is not left again by the same value", () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.array(anyValue, { maxLength: 20 }),
        fc.double({ min: -0.2, max: 1.2, noNaN: true }),
        (rule, before, value) => {
          const { state } = play(before, rule);
          const { told, state: after } = play(Array(30).fill(value), rule, state);
          expect(told.length).toBeLessThanOrEqual(2); // Two: the looks before agreed on a milder level.
          expect(levelOf(value, after.level, rule)).toBe(after.level);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("more is never better", () => {
    fc.assert(
      fc.property(
        anyRule,
        fc.constantFrom(...LEVELS),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rule, current, a, b) => {
          const [better, worse] = (rule.bad === "high") === a < b ? [a, b] : [b, a];
          expect(LEVELS.indexOf(levelOf(worse, current, rule))).toBeGreaterThanOrEqual(
            LEVELS.indexOf(levelOf(better, current, rule)),
          );
        },
      ),
    );
  });
});
