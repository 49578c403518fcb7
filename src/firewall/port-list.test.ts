import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mergeRanges, portLists, portText } from "./port-list.ts";

const range = fc
  .tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 0, max: 20 }))
  .map(([from, more]) => ({ from, to: from + more }));
const ranges = fc.array(range, { maxLength: 30 });

describe("ports of a rule", () => {
  it("are written as a number or a range, with the target's separator", () => {
    expect([portText({ from: 5986, to: 5986 }, "-"), portText({ from: 20_300, to: 20_349 }, ":")]).toEqual([
      "5986",
      "20300:20349",
    ]);
  });

  it("come in lists within the limit, a range counting as two, all of them and in order", () => {
    fc.assert(
      fc.property(ranges, (all) => {
        const lists = portLists(all, 15);
        expect(lists.flat()).toEqual(all);
        for (const list of lists) {
          const weight = list.reduce((sum, { from, to }) => sum + (from === to ? 1 : 2), 0);
          expect(weight).toBeLessThanOrEqual(15);
          expect(weight).toBeGreaterThan(0);
        }
      }),
    );
  });

  it("are the same ports when merged, apart from each other and ascending", () => {
    const portsOf = (list: readonly { from: number; to: number }[]) =>
      new Set(list.flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index)));
    fc.assert(
      fc.property(ranges, (all) => {
        const merged = mergeRanges(all);
        expect(portsOf(merged)).toEqual(new Set([...portsOf(all)].sort((a, b) => a - b)));
        for (const [index, { from }] of merged.entries())
          if (index > 0) expect(from).toBeGreaterThan((merged[index - 1]?.to ?? 0) + 1);
      }),
    );
  });
});
