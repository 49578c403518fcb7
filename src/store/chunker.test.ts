import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { CHUNK_SIZES, type ChunkSizes } from "./chunk-sizes.ts";
import { createCutter, createGearTable } from "./chunker.ts";

const SIZES: ChunkSizes = { min: 256, average: 1024, max: 4096 };
const gear = createGearTable(Buffer.alloc(32, 7));

/** Bytes that are the same in every run: a test of averages must not depend on luck. */
function steadyBytes(count: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(count);
  let state = seed;
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

function cut(stream: Buffer, { sizes = SIZES, table = gear, splits = [] as number[] } = {}): Buffer[] {
  const cutter = createCutter({ sizes, gear: table });
  const chunks: Buffer[] = [];
  let from = 0;
  let to = 0;
  const cutWhatIsThere = () => {
    for (let end = cutter(stream, from, to); end > 0; end = cutter(stream, from, to)) {
      chunks.push(stream.subarray(from, end));
      from = end;
    }
  };
  for (const split of [...splits, stream.length]) {
    to = Math.min(stream.length, to + split);
    cutWhatIsThere();
  }
  if (from < stream.length) chunks.push(stream.subarray(from));
  return chunks;
}

describe("the chunker", () => {
  it("loses, adds and changes nothing, within its bounds", () => {
    const stream = steadyBytes(300_000);
    const chunks = cut(stream);
    expect(Buffer.concat(chunks).equals(stream)).toBe(true);
    for (const chunk of chunks.slice(0, -1)) {
      expect(chunk.length).toBeGreaterThanOrEqual(SIZES.min);
      expect(chunk.length).toBeLessThanOrEqual(SIZES.max);
    }
    const average = stream.length / chunks.length;
    expect(average).toBeGreaterThan(SIZES.average * 0.7);
    expect(average).toBeLessThan(SIZES.average * 1.5);
  });

  it("cuts at the first place where the hash of the 32 bytes before has no bit of the mask", () => {
    const stream = steadyBytes(700_000, 11);
    const sizes: ChunkSizes = { min: 64, average: 65_536, max: 200_000 };
    const hashBefore = (end: number) =>
      stream.subarray(end - 32, end).reduce((hash, byte) => ((hash << 1) + (gear[byte] as number)) | 0, 0);
    const lengths: number[] = [];
    let from = 0;
    for (let end = sizes.min; end <= stream.length; end++) {
      const length = end - from;
      const bits = length <= sizes.average ? 18 : 14;
      const isCut = length >= sizes.min && hashBefore(end) >>> (32 - bits) === 0;
      if (!isCut && length < sizes.max && end < stream.length) continue;
      lengths.push(length);
      from = end;
    }
    expect(cut(stream, { sizes }).map(({ length }) => length)).toEqual(lengths);
    expect(lengths.length).toBeGreaterThan(8);
  });

  it("cuts the same however the stream is split", () => {
    const stream = steadyBytes(40_000, 5);
    const whole = cut(stream).map((chunk) => chunk.length);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 60 }), (splits) => {
        expect(cut(stream, { splits }).map((chunk) => chunk.length)).toEqual(whole);
      }),
      { numRuns: 60 },
    );
    expect(cut(stream.subarray(0, 9_000), { splits: Array(9_000).fill(1) }).map(({ length }) => length)).toEqual(
      cut(stream.subarray(0, 9_000)).map(({ length }) => length),
    );
  });

  it("finds its boundaries again after an insertion", () => {
    const stream = steadyBytes(400_000, 9);
    const before = new Set(cut(stream).map((chunk) => chunk.toString("latin1")));
    const changed = Buffer.concat([stream.subarray(0, 100_000), Buffer.from("inserted"), stream.subarray(100_000)]);
    const fresh = cut(changed).filter((chunk) => !before.has(chunk.toString("latin1")));
    expect(fresh.length).toBeGreaterThan(0);
    expect(fresh.length).toBeLessThanOrEqual(4);
  });

  it("cuts elsewhere under another key", () => {
    const stream = steadyBytes(100_000);
    const other = createGearTable(Buffer.alloc(32, 8));
    expect(cut(stream).map(({ length }) => length)).not.toEqual(
      cut(stream, { table: other }).map(({ length }) => length),
    );
  });

  it("emits nothing for nothing, a short file whole, and zeros in chunks of the greatest length", () => {
    expect(cut(Buffer.alloc(0))).toEqual([]);
    expect(cut(Buffer.from("short")).map(String)).toEqual(["short"]);
    expect(cut(Buffer.alloc(10_000)).map(({ length }) => length)).toEqual([4096, 4096, 1808]);
  });

  it("cuts the same wherever in memory the stream begins", () => {
    const stream = systemRandom(50_000);
    const cutter = createCutter({ sizes: SIZES, gear });
    const shifted = Buffer.concat([systemRandom(777), stream]);
    for (let from = 0; from < stream.length; ) {
      const end = cutter(stream, from, stream.length);
      expect(cutter(shifted, from + 777, shifted.length)).toBe(end === 0 ? 0 : end + 777);
      from = end || stream.length;
    }
  });

  it("averages about 1 MiB with the sizes of a real store", () => {
    const stream = steadyBytes(24 * 1024 * 1024, 3);
    const average = stream.length / cut(stream, { sizes: CHUNK_SIZES }).length;
    expect(average).toBeGreaterThan(0.6 * CHUNK_SIZES.average);
    expect(average).toBeLessThan(1.6 * CHUNK_SIZES.average);
  });
});
