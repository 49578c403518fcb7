import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import type { Medium } from "./medium.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import type { Store } from "./store.ts";
import { backUp, createFixtureStore, openFixtureStore } from "./store-fixture.ts";

/** A medium with room for so many bytes, as a disk has it: what is deleted makes room. */
function boundedMedium(files: Map<string, Buffer>, room: { bytes: number }): Medium {
  const medium = createMemoryMedium(files);
  const used = () => [...files.values()].reduce((sum, { length }) => sum + length, 0);
  return {
    ...medium,
    async write(name, parts) {
      const wanted = parts.reduce((sum, { length }) => sum + length, 0);
      if (used() + wanted > room.bytes) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      await medium.write(name, parts);
    },
  };
}

const RESERVE = { reserveBytes: 200_000, reserveFromBytes: 0 };

/** Three snapshots that share half of each pack, so that forgetting two leaves packs half dead. */
async function fillable() {
  const { store, files } = await createFixtureStore();
  const kept: Record<string, Buffer> = {};
  const doomed: string[] = [];
  for (let index = 0; index < 3; index++) {
    kept[`k${index}`] = systemRandom(30_000);
    doomed.push(await backUp(store, { ...kept, own: systemRandom(60_000) }));
  }
  const last = await backUp(store, kept);
  await store.close();
  return { files, doomed, last };
}

const fill = (files: Map<string, Buffer>) => [...files.values()].reduce((sum, { length }) => sum + length, 0);

async function expectWhole(store: Store): Promise<void> {
  const { problems } = await store.check({ readData: true });
  expect(problems.filter(({ kind }) => kind !== "unprotected")).toEqual([]);
}

describe("a disk without a byte left", () => {
  it("is listed, checked, repaired and forgotten on; half-dead packs give back their room with the reserve", async () => {
    const { files, doomed, last } = await fillable();
    const preparing = await openFixtureStore(files);
    await preparing.collectGarbage(RESERVE);
    await preparing.close();
    expect([...files.keys()].filter((name) => name.startsWith("reserve/"))).toHaveLength(1);

    const room = { bytes: fill(files) };
    const store = await openFixtureStore(files, boundedMedium(files, room));
    expect(store.listSnapshots()).toHaveLength(4);
    await expectWhole(store);
    await expect(backUp(store, { more: systemRandom(10_000) })).rejects.toMatchObject({ code: "ENOSPC" });
    expect((await store.repair()).left).toEqual([]);
    for (const id of doomed) await store.forgetSnapshot(id);
    const before = store.stats().packBytes;
    expect((await store.collectGarbage(RESERVE)).packsRewritten).toBeGreaterThan(0);
    expect(store.stats().packBytes).toBeLessThan(before - 150_000);
    await expectWhole(store);
    expect(store.listSnapshots().map(({ id }) => id)).toEqual([last]);
    // There is room for the reserve again, and for backups.
    expect([...files.keys()].filter((name) => name.startsWith("reserve/"))).toHaveLength(1);
    await store.close();
  });

  it("loses nothing without a reserve either: collection says what is wrong, and works when there is room", async () => {
    const { files, doomed, last } = await fillable();
    const room = { bytes: fill(files) };
    const store = await openFixtureStore(files, boundedMedium(files, room));
    for (const id of doomed) await store.forgetSnapshot(id);
    room.bytes = fill(files);
    await expect(store.collectGarbage()).rejects.toMatchObject({ code: "ENOSPC" });
    await expectWhole(store);
    room.bytes = Number.POSITIVE_INFINITY;
    expect((await store.collectGarbage()).bytesFreed).toBeGreaterThan(150_000);
    await expectWhole(store);
    expect(store.findSnapshot(last)).toBeDefined();
    await store.close();
  });

  it("gives back dead packs first, which needs no room at all", async () => {
    const { store, files } = await createFixtureStore();
    const doomed = await backUp(store, { a: systemRandom(100_000) });
    const kept = await backUp(store, { b: systemRandom(1_000) });
    await store.close();
    const full = await openFixtureStore(files, boundedMedium(files, { bytes: 0 }));
    await full.forgetSnapshot(doomed);
    expect((await full.collectGarbage()).bytesFreed).toBeGreaterThan(100_000);
    expect(full.findSnapshot(kept)).toBeDefined();
    await expectWhole(full);
    await full.close();
  });
});

describe("collection", () => {
  it("leaves less than a third of what is alive as garbage, whatever is forgotten", async () => {
    const { store, files } = await createFixtureStore();
    const pool = Array.from({ length: 40 }, () => systemRandom(20_000));
    for (let round = 0; round < 12; round++) {
      const chosen = pool.filter((_, index) => (index * 7 + round * 3) % 5 < 2);
      await backUp(store, Object.fromEntries(chosen.map((content, index) => [`f${index}`, content])));
      const [oldest] = store.listSnapshots();
      if (round > 3 && oldest !== undefined) await store.forgetSnapshot(oldest.id);
      await store.collectGarbage();
      const { bytesLeft } = await store.collectGarbage({ dryRun: true });
      const packs = store.stats().packBytes;
      expect(bytesLeft).toBeLessThan((packs - bytesLeft) / 3);
    }
    expect(fill(files)).toBeGreaterThan(0);
    await store.close();
  });

  it("leaves a damaged pack alone and goes on with the others", async () => {
    const { files, doomed } = await fillable();
    const store = await openFixtureStore(files);
    for (const id of doomed) await store.forgetSnapshot(id);
    const packs = [...files.keys()].filter((name) => name.startsWith("packs/data/"));
    const damaged = packs[0] as string;
    const bytes = Buffer.from(files.get(damaged) as Buffer);
    // Every second kilobyte: whatever is alive in it is hit.
    for (let at = 1_000; at < bytes.length; at += 1_000) bytes[at] = (bytes[at] as number) ^ 1;
    files.set(damaged, bytes);
    await store.collectGarbage();
    expect(files.get(damaged)).toBe(bytes);
    expect(packs.filter((name) => files.has(name)).length).toBeLessThan(packs.length);
    await store.close();
  });
});
