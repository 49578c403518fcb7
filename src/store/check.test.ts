import { describe, expect, it } from "vitest";
import type { Clock } from "../runtime/clock.ts";
import { systemRandom } from "../runtime/random.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { openStore, type Store } from "./store.ts";
import { backUp, createFixtureStore, FIXTURE_NEEDS, openFixtureStore } from "./store-fixture.ts";

const PACKS = 6;

/** Six data packs and six of trees. */
async function storeOfPacks() {
  const { store, files } = await createFixtureStore();
  for (let index = 0; index < PACKS; index++) await backUp(store, { a: systemRandom(2_000) });
  await store.close();
  return files;
}

/** A second passes with each look at the clock's monotonic time; the calendar stands where the test puts it. */
async function openTimed(files: Map<string, Buffer>, nowMs: number): Promise<Store> {
  let seconds = 0;
  const clock: Clock = { now: () => nowMs, monotonic: () => 1_000 * seconds++, after: () => () => {} };
  return openStore({ ...FIXTURE_NEEDS, clock, medium: createMemoryMedium(files) });
}

const dataVerified = async (store: Store) =>
  [...(await store.readLedger())].filter(([name]) => name.startsWith("packs/data/")).map(([name]) => name);

describe("a check of limited time", () => {
  it("goes on where the last one ended, until all is verified, whatever the calendar says", async () => {
    const files = await storeOfPacks();
    const seen = new Set<string>();
    // The calendar runs backwards: the order does not come from it.
    for (const [round, nowMs] of [9_000_000, 5_000_000, 1_000_000].entries()) {
      const store = await openTimed(files, nowMs);
      const report = await store.check({ readData: true, maxSeconds: 2 });
      expect(report.packsRead).toBe(PACKS + 2);
      expect(report.packsNeverVerified).toBe(PACKS - 2 * (round + 1));
      for (const name of await dataVerified(store)) seen.add(name);
      expect(seen.size).toBe(2 * (round + 1));
      await store.close();
    }
    const store = await openTimed(files, 0);
    const ledger = await store.readLedger();
    const rounds = new Map([...ledger].map(([name, { round }]) => [name, round]));
    await store.check({ readData: true, maxSeconds: 2 });
    const again = [...(await store.readLedger())].filter(
      ([name, { round }]) => name.startsWith("packs/data/") && round === 4,
    );
    expect(again.map(([name]) => rounds.get(name))).toEqual([1, 1]);
    await store.close();
  });

  it("reads one pack even when its time is over before it begins", async () => {
    const store = await openTimed(await storeOfPacks(), 0);
    expect(await store.check({ readData: true, maxSeconds: 0 })).toMatchObject({ packsRead: PACKS + 1 });
    await store.close();
  });
});

describe("the ledger", () => {
  it("costs nothing when it is lost or damaged", async () => {
    const files = await storeOfPacks();
    const first = await openFixtureStore(files);
    expect(await first.check({ readData: true })).toMatchObject({
      packsNeverVerified: 0,
      oldestVerifiedAtMs: 1_800_000_000_000,
    });
    await first.close();
    const [name] = [...files.keys()].filter((file) => file.startsWith("verified/"));
    files.set(name as string, Buffer.from("nonsense"));
    const second = await openFixtureStore(files);
    expect(await second.readLedger()).toEqual(new Map());
    expect((await second.check({ readData: true })).problems).toEqual([]);
    expect((await second.readLedger()).size).toBe(2 * PACKS);
    expect([...files.keys()].filter((file) => file.startsWith("verified/"))).toHaveLength(1);
    await second.close();
  });

  it("does not hold packs that are damaged, nor such that were collected", async () => {
    const files = await storeOfPacks();
    const pack = [...files.keys()].find((name) => name.startsWith("packs/data/")) as string;
    const store = await openFixtureStore(files);
    await store.check({ readData: true });
    const bytes = Buffer.from(files.get(pack) as Buffer);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    files.set(pack, bytes);
    expect((await store.check({ readData: true })).packsNeverVerified).toBe(1);
    expect((await store.readLedger()).has(pack)).toBe(false);
    for (const { id } of store.listSnapshots().slice(1)) await store.forgetSnapshot(id);
    await store.collectGarbage();
    await store.check();
    expect((await store.readLedger()).size).toBeLessThanOrEqual(store.stats().packs);
    await store.close();
  });

  it("that cannot be written on a full disk does not keep a check from telling what it found", async () => {
    const files = await storeOfPacks();
    const medium = createMemoryMedium(files);
    const full = Object.assign(new Error("no space left"), { code: "ENOSPC" });
    const store = await openFixtureStore(files, { ...medium, write: () => Promise.reject(full) });
    expect(await store.check({ readData: true })).toMatchObject({ problems: [], packsRead: 2 * PACKS });
    await store.close();
  });
});

it("a check that is stopped keeps what it has verified", async () => {
  const files = await storeOfPacks();
  const store = await openFixtureStore(files);
  const stop = new AbortController();
  const onProgress = ({ packsDone }: { packsDone: number }) => packsDone === PACKS + 3 && stop.abort();
  await expect(store.check({ readData: true, signal: stop.signal, onProgress })).rejects.toThrow(/abort/i);
  expect(await dataVerified(store)).toHaveLength(3);
  await store.close();
});
