import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type SharedLoan, SharedMemory } from "./shared-memory.ts";

const MIB = 1024 * 1024;

describe("shared memory", () => {
  it("lends no byte to two at a time, whatever is taken and given back", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 5 * MIB }), fc.nat()), { maxLength: 60 }), (steps) => {
        const memory = new SharedMemory();
        const out: { loan: SharedLoan; bytes: number }[] = [];
        for (const [bytes, choice] of steps) {
          if (choice % 3 === 0 && out.length > 0) out.splice(choice % out.length, 1)[0]?.loan.release();
          const loan = memory.lend(bytes, () => {});
          expect(loan.at + bytes).toBeLessThanOrEqual(loan.memory.byteLength);
          for (const other of out)
            if (other.loan.memory === loan.memory)
              expect(other.loan.at + other.bytes <= loan.at || loan.at + bytes <= other.loan.at).toBe(true);
          out.push({ loan, bytes });
        }
      }),
      { numRuns: 40 },
    );
  });

  it("lends the same place again once the last who shares it has released it, and says so", () => {
    const memory = new SharedMemory();
    let returned = 0;
    const first = memory.lend(4 * MIB, () => returned++);
    first.share().release();
    expect([returned, memory.lend(1, () => {}).at]).toEqual([0, 4 * MIB]);
    first.release();
    expect([returned, memory.lend(4 * MIB, () => {}).at]).toEqual([1, 0]);
  });

  it("lends memory of its own where the block is full", () => {
    const memory = new SharedMemory();
    const loans = Array.from({ length: 4 }, () => memory.lend(4 * MIB, () => {}));
    expect(new Set(loans.map((loan) => loan.memory)).size).toBe(2);
    expect(loans[3]).toMatchObject({ at: 0 });
  });
});
