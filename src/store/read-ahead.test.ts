import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { ReadAhead } from "./read-ahead.ts";

const FILE = "packs/tree/aa/aa";

function createFixture(bytes: Buffer) {
  const medium = createMemoryMedium(new Map([[FILE, bytes]]));
  let reads = 0;
  const readAhead = new ReadAhead({
    readRange: (name, offset, length) => {
      reads++;
      return medium.readRange(name, offset, length);
    },
  });
  return { readAhead, reads: () => reads };
}

describe("reading ahead", () => {
  it("gives the same bytes as the medium, wherever they lie", async () => {
    const bytes = systemRandom(700_000);
    const { readAhead } = createFixture(bytes);
    const ranges = fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 600_000 }));
    await fc.assert(
      fc.asyncProperty(ranges, async ([offset, length]) => {
        const read = await readAhead.readRange(FILE, offset, length);
        expect(read.equals(bytes.subarray(offset, offset + length))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("asks the medium once for neighbours, and anew for a file it was told to forget", async () => {
    const { readAhead, reads } = createFixture(systemRandom(100_000));
    for (let offset = 0; offset < 100_000; offset += 1_000) await readAhead.readRange(FILE, offset, 1_000);
    expect(reads()).toBe(1);
    readAhead.forget(FILE);
    await readAhead.readRange(FILE, 0, 10);
    expect(reads()).toBe(2);
  });

  it("asks again after a read that failed", async () => {
    let fails = true;
    const readAhead = new ReadAhead({
      readRange: async (_name, _offset, length) => {
        if (fails) throw Object.assign(new Error("EIO from the test"), { code: "EIO" });
        return Buffer.alloc(length, 7);
      },
    });
    await expect(readAhead.readRange(FILE, 0, 4)).rejects.toThrow("EIO");
    fails = false;
    expect([...(await readAhead.readRange(FILE, 0, 4))]).toEqual([7, 7, 7, 7]);
  });
});
