import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { ChunkSet } from "./chunk-set.ts";
import { ChunkTable } from "./chunk-table.ts";

const FACTOR = 2_654_435_761;

describe("the chunk table", () => {
  it("finds every one of 100,000 ids at its place, and no other, at 64 bytes each at most", () => {
    const table = new ChunkTable(systemRandom);
    const ids = systemRandom(32 * 100_000);
    const idAt = (index: number) => ids.subarray(index * 32, index * 32 + 32);
    let wrong = 0;
    for (let index = 0; index < 100_000; index++) {
      if (table.put(idAt(index), { pack: index % 7, offset: index, length: index * 3 }) !== index) wrong++;
    }
    expect(wrong).toBe(0);
    for (let index = 0; index < 100_000; index += 997) {
      expect(table.find(idAt(index))).toBe(index);
      expect(table.locationOf(index)).toEqual({ pack: index % 7, offset: index, length: index * 3 });
      expect(table.idOf(index).equals(idAt(index))).toBe(true);
    }
    for (let index = 0; index < 1000; index++) expect(table.find(systemRandom(32))).toBe(-1);
    expect(table.memoryBytes / table.size).toBeLessThanOrEqual(64);
  });

  it("stays within 64 bytes an id right after its slots have grown", () => {
    // With this seed, one that adds the words up, each times its own part of the seed, gets the same sum for all of these.
    const seed = Buffer.alloc(8);
    seed.writeUInt32LE(1, 0);
    seed.writeUInt32LE(-FACTOR >>> 0, 4);
    const table = new ChunkTable(() => seed);
    const id = Buffer.alloc(32);
    let worst = 0;
    // One page and more past each doubling.
    for (let count = 0; count < 450_000; count++) {
      id.writeUInt32LE(Math.imul(count, FACTOR) >>> 0, 0);
      id.writeUInt32LE(count, 4);
      table.put(id, { pack: 0, offset: 0, length: 0 });
      if (count > 200_000) worst = Math.max(worst, table.memoryBytes / table.size);
    }
    expect(worst).toBeLessThanOrEqual(64);
  });

  it("keeps the ordinal of an object that goes and comes back", () => {
    const table = new ChunkTable(systemRandom);
    const id = systemRandom(32);
    const ordinal = table.put(id, { pack: 1, offset: 2, length: 3 });
    table.markGone(ordinal);
    expect(table.findPresent(id)).toBe(-1);
    expect(table.find(id)).toBe(ordinal);
    expect(table.put(id, { pack: 4, offset: 5, length: 6 })).toBe(ordinal);
    expect(table.locationOf(ordinal)).toEqual({ pack: 4, offset: 5, length: 6 });
  });
});

describe("a chunk set", () => {
  it("holds exactly what was added, also at the edges of its words", () => {
    const set = new ChunkSet();
    const members = [0, 31, 32, 63, 64, 1023, 1024, 100_000];
    for (const member of members) expect(set.add(member)).toBe(true);
    for (const member of members) expect(set.add(member)).toBe(false);
    expect(set.size).toBe(members.length);
    for (const member of members) {
      expect(set.has(member)).toBe(true);
      expect(set.has(member + 2)).toBe(false);
    }
    expect(set.has(5_000_000)).toBe(false);
    const copy = set.copy();
    copy.add(7);
    expect(set.has(7)).toBe(false);
    expect(set.addAll(copy).size).toBe(members.length + 1);
  });
});
