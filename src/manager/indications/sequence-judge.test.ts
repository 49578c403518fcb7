import fc from "fast-check";
import { expect, it } from "vitest";
import { SEQUENCE_CONTEXTS_MAX, SEQUENCE_GAPS_MAX, SEQUENCE_LIFETIME_MS, SequenceJudge } from "./sequence-judge.ts";

const from = (source: string, context: string | null, number: number | null) => ({
  source,
  context,
  number: number === null ? null : BigInt(number),
});
const kinds = (judge: SequenceJudge, numbers: readonly number[], atMs = 0) =>
  numbers.map((number) => judge.judge(from("a", "c", number), atMs).kind);

it("knows the next one, a duplicate, a gap and what fills it", () => {
  const judge = new SequenceJudge();
  expect(kinds(judge, [0, 1, 1, 4, 4, 2, 3, 3, 0])).toEqual([
    ...["first", "next", "duplicate", "after-gap", "duplicate", "late", "late", "duplicate", "duplicate"],
  ]);
  expect(judge.takeLost(SEQUENCE_LIFETIME_MS)).toEqual([]);
});

it("takes a batch in reverse order whole", () => {
  expect(kinds(new SequenceJudge(), [5, 4, 3, 5, 4, 6])).toEqual([
    "first",
    "late",
    "late",
    "duplicate",
    "duplicate",
    "next",
  ]);
});

it("tells what stayed missing once, when its time is over", () => {
  const judge = new SequenceJudge();
  kinds(judge, [0, 3], 1_000);
  expect(judge.takeLost(1_000 + SEQUENCE_LIFETIME_MS - 1)).toEqual([]);
  expect(judge.takeLost(1_000 + SEQUENCE_LIFETIME_MS)).toEqual([{ source: "a", context: "c", from: 1n, to: 2n }]);
  expect(judge.takeLost(1_000 + 2 * SEQUENCE_LIFETIME_MS)).toEqual([]);
  expect(kinds(judge, [1])).toEqual(["duplicate"]);
});

it("keeps senders and contexts apart, and says nothing of what has no number", () => {
  const judge = new SequenceJudge();
  expect(judge.judge(from("a", "c", 7), 0)).toEqual({ kind: "first" });
  expect(judge.judge(from("b", "c", 7), 0)).toEqual({ kind: "first" });
  expect(judge.judge(from("a", "d", 7), 0)).toEqual({ kind: "first" });
  expect(judge.judge(from("a", null, 7), 0)).toEqual({ kind: "unnumbered" });
  expect(judge.judge(from("a", "c", null), 0)).toEqual({ kind: "unnumbered" });
});

it("accepts each number exactly once, in whatever order and however often they come, over restarts", () => {
  const arrivals = fc.integer({ min: 1, max: 30 }).chain((count) =>
    fc.tuple(
      fc.constant(count),
      fc.shuffledSubarray(
        Array.from({ length: count * 2 }, (_, n) => n % count),
        { minLength: count * 2, maxLength: count * 2 },
      ),
    ),
  );
  fc.assert(
    fc.property(arrivals, ([count, numbers]) => {
      let judge = new SequenceJudge();
      const accepted: number[] = [];
      for (const number of numbers) {
        if (judge.judge(from("a", "c", number), 0).kind !== "duplicate") accepted.push(number);
        judge = new SequenceJudge(JSON.parse(JSON.stringify(judge.memory())));
      }
      expect(accepted.toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, n) => n));
      expect(judge.takeLost(SEQUENCE_LIFETIME_MS)).toEqual([]);
    }),
  );
});

it("what is missing and what came are together all there ever was", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { minLength: 1 }), (numbers) => {
      const judge = new SequenceJudge();
      for (const number of numbers) judge.judge(from("a", "c", number), 0);
      const lost = judge.takeLost(SEQUENCE_LIFETIME_MS).reduce((sum, { from, to }) => sum + Number(to - from) + 1, 0);
      expect(lost + numbers.length).toBe(Math.max(...numbers) - Math.min(...numbers) + 1);
    }),
  );
});

it("stays within its bounds with a sender that invents numbers and contexts", () => {
  const judge = new SequenceJudge();
  for (let number = 0; number < 1_000; number++) judge.judge(from("a", "c", number * 2), 0);
  expect(judge.memory()[0]?.gaps).toHaveLength(SEQUENCE_GAPS_MAX);
  expect(judge.takeLost(0)).toHaveLength(999 - SEQUENCE_GAPS_MAX);
  for (let context = 0; context < SEQUENCE_CONTEXTS_MAX + 10; context++) judge.judge(from("a", `x${context}`, 0), 0);
  expect(judge.memory()).toHaveLength(SEQUENCE_CONTEXTS_MAX);
});
