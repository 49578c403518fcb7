import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CorruptionError } from "../runtime/errors.ts";
import { systemRandom } from "../runtime/random.ts";
import { inverse, multiply, powerOfTwo } from "./galois.ts";
import { createParity, GROUP_SECTORS_MAX, mend, parityBytes, SECTOR_BYTES } from "./parity.ts";

const what = "parity of a test";
/** 300 sectors and a short one: five groups. */
const file = systemRandom(300 * SECTOR_BYTES + 77);
const parity = createParity(file);
const GROUPS = Math.ceil(301 / GROUP_SECTORS_MAX);

function damage(at: number, length: number): Buffer {
  const damaged = Buffer.from(file);
  for (let index = at; index < Math.min(at + length, damaged.length); index++)
    damaged[index] = (damaged[index] as number) ^ 0xa5;
  return damaged;
}

function expectMended(damaged: Buffer, from = file, using = parity) {
  const mended = mend(damaged, using, what);
  expect(mended.state).toBe("mended");
  if (mended.state === "mended") expect(mended.file.equals(from)).toBe(true);
}

it("costs what it says", () => {
  expect(parity).toHaveLength(parityBytes(file.length));
  expect(parityBytes(32 * 1024 * 1024) / (32 * 1024 * 1024)).toBeLessThan(0.033);
});

it("a whole file is good", () => {
  expect(mend(file, parity, what)).toEqual({ state: "good" });
});

describe("mends", () => {
  it("a flipped bit, wherever it is", () => {
    for (const at of [0, 1, SECTOR_BYTES - 1, SECTOR_BYTES, 123_456, file.length - 1]) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      expectMended(damaged);
    }
  });

  it("a zeroed block that lies across two sectors", () => {
    const damaged = Buffer.from(file);
    damaged.fill(0, 10_000, 10_000 + SECTOR_BYTES);
    expectMended(damaged);
  });

  it("a truncated tail, up to two sectors for each group", () => {
    expectMended(file.subarray(0, file.length - 77));
    expectMended(file.subarray(0, (301 - 2 * GROUPS) * SECTOR_BYTES));
  });

  it("bytes put behind the end", () => {
    expectMended(Buffer.concat([file, Buffer.from("more")]));
  });

  it("one sector of every group, each by Q alone where P is gone, and by P where Q is", () => {
    const [firstP, firstQ] = [parity.length - 2 * GROUPS * SECTOR_BYTES, parity.length - GROUPS * SECTOR_BYTES];
    for (const from of [firstP, firstQ]) {
      const broken = Buffer.from(parity);
      broken.fill(0, from, from + GROUPS * SECTOR_BYTES);
      expectMended(damage(20 * SECTOR_BYTES, GROUPS * SECTOR_BYTES), file, broken);
    }
  });

  it("any two sectors of a group", () => {
    const sectorsOfFirst = Array.from({ length: 61 }, (_, turn) => turn * GROUPS);
    for (const a of [0, 1, 30, 59]) {
      for (let b = a + 1; b < sectorsOfFirst.length; b += 7) {
        const damaged = Buffer.from(file);
        for (const turn of [a, b])
          damaged.fill(
            0x77,
            turn * GROUPS * SECTOR_BYTES,
            Math.min((turn * GROUPS + 1) * SECTOR_BYTES, damaged.length),
          );
        expectMended(damaged);
      }
    }
  });

  it("files of every small size", () => {
    for (const length of [1, 2, SECTOR_BYTES - 1, SECTOR_BYTES, SECTOR_BYTES + 1, 3 * SECTOR_BYTES]) {
      const small = systemRandom(length);
      const damaged = Buffer.from(small);
      damaged[length - 1] = (damaged[length - 1] as number) ^ 1;
      expectMended(damaged, small, createParity(small));
      if (length <= 2 * SECTOR_BYTES) expectMended(Buffer.alloc(0), small, createParity(small));
    }
  });

  it("any single stretch that is not too long", () => {
    fc.assert(
      fc.property(
        fc.nat(file.length - 1),
        fc.integer({ min: 1, max: (2 * GROUPS - 1) * SECTOR_BYTES }),
        (at, length) => {
          expectMended(damage(at, length));
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe("does not pretend", () => {
  it("what is beyond it is lost, and said to be", () => {
    expect(mend(damage(0, (2 * GROUPS + 1) * SECTOR_BYTES), parity, what)).toMatchObject({
      state: "lost",
      sectors: 2 * GROUPS + 1,
    });
    expect(mend(Buffer.alloc(0), parity, what).state).toBe("lost");
  });

  it("a damaged parity file is refused where its own checksums say so", () => {
    for (const at of [0, 8, 12, 20, 24, 500]) {
      const broken = Buffer.from(parity);
      broken[at] = (broken[at] as number) ^ 1;
      expect(() => mend(file, broken, what)).toThrow(CorruptionError);
    }
    for (const length of [0, 10, 24, 1_000, parity.length - 1]) {
      expect(() => mend(file, parity.subarray(0, length), what)).toThrow(CorruptionError);
    }
  });
});

it("the field is a field", () => {
  for (let value = 1; value < 256; value++) expect(multiply(value, inverse(value))).toBe(1);
  expect(new Set(Array.from({ length: 255 }, (_, power) => powerOfTwo(power))).size).toBe(255);
});

it("is the same however the file is cut into parts", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(file.length), { maxLength: 40 }), (cuts) => {
      const edges = [0, ...cuts.sort((a, b) => a - b), file.length];
      const parts = edges.slice(1).map((edge, index) => file.subarray(edges[index], edge));
      expect(createParity(...parts).equals(parity)).toBe(true);
    }),
    { numRuns: 15 },
  );
});
