import { describe, expect, it } from "vitest";
import type { Alert } from "../../model/alert.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createMemoryMedium } from "../../store/memory-medium.ts";
import { createStore, type Store } from "../../store/store.ts";
import { backUp, FIXTURE_NEEDS, openFixtureStore, SMALL_CHUNKS } from "../../store/store-fixture.ts";
import { createStoreUpkeep, type StoreUpkeepNeeds } from "./store-upkeep.ts";

const DAY_MS = 24 * 3_600_000;
const FIRST_MS = 10 * 60_000;

/** The inbox as far as it is needed: what is open, and everything that was raised. */
function createTeller(clock: FakeClock) {
  const told: (Pick<Alert, "kind" | "severity"> & { hostId: string; details: Alert["details"] })[] = [];
  const open = new Set<string>();
  const damage: StoreUpkeepNeeds["damage"] = {
    async raise(hostId, { kind, severity, details }) {
      if (hostId === "removed") throw new Error("there is no such host");
      told.push({ hostId, kind, severity, details });
      if (kind === "raised") open.add(hostId);
      else open.delete(hostId);
    },
    isOpen: async ({ hostId }) => open.has(hostId),
    clock,
    random: systemRandom,
  };
  return { told, damage };
}

const idle = { policy: undefined, timeZone: "UTC", isInUse: () => false, verifySeconds: 0, log: silentLog };

function createEmptyStore(parts: Partial<StoreUpkeepNeeds["store"]>): StoreUpkeepNeeds["store"] {
  const none = () => Promise.reject(new Error("not expected"));
  return {
    ...{ planRetention: () => [], forgetSnapshot: none, check: none, listSnapshots: () => [] },
    ...{ collectGarbage: async () => ({}) as never },
    ...parts,
  };
}

async function createRealStore() {
  const clock = new FakeClock(1_700_000_000_000);
  const files = new Map<string, Buffer>();
  const medium = createMemoryMedium(files);
  const store = await createStore({ ...FIXTURE_NEEDS, clock, medium, chunkSizes: SMALL_CHUNKS });
  return { clock, files, store };
}

describe("upkeep of the store", () => {
  it("collects some time after the start and then once a day, also after a failure", async () => {
    const clock = new FakeClock();
    let collected = 0;
    const store = createEmptyStore({
      async collectGarbage() {
        collected += 1;
        if (collected === 1) throw new Error("the disk is full");
        return {} as never;
      },
    });
    const upkeep = createStoreUpkeep({ ...idle, store, clock, damage: createTeller(clock).damage });
    await upkeep.start();
    await clock.advance(9 * 60_000);
    expect(collected).toBe(0);
    await clock.advance(60_000);
    expect(collected).toBe(1);
    await clock.advance(2 * DAY_MS);
    expect(collected).toBe(3);
    await upkeep.stop();
    expect(clock.pending).toBe(0);
  });

  it("ends a collection that is under way when the manager stops", async () => {
    const clock = new FakeClock();
    let begun = () => {};
    const isCollecting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const store = createEmptyStore({
      collectGarbage: ({ signal } = {}) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason));
          begun();
        }),
    });
    const upkeep = createStoreUpkeep({ ...idle, store, clock, damage: createTeller(clock).damage });
    await upkeep.start();
    await clock.advance(FIRST_MS);
    await isCollecting;
    await upkeep.stop();
    expect(clock.pending).toBe(0);
  });
});

/** Runs the upkeep of one day; resolves when its last step has ended. */
async function runDay(store: Store, clock: FakeClock, needs: Partial<StoreUpkeepNeeds>): Promise<void> {
  let ended = () => {};
  const isDone = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const upkeep = createStoreUpkeep({
    ...idle,
    ...{ store, clock, damage: createTeller(clock).damage },
    ...needs,
    log: { ...silentLog, info: (_, message) => void (/given back/.test(message) && verifying(needs) === 0 && ended()) },
    ...(verifying(needs) === 0
      ? {}
      : {
          store: {
            ...store,
            check: async (options) => {
              const report = await store.check(options);
              setImmediate(ended);
              return report;
            },
          },
        }),
  });
  await upkeep.start();
  await clock.advance(FIRST_MS);
  await isDone;
  await upkeep.stop();
}

const verifying = ({ verifySeconds = 0 }: Partial<StoreUpkeepNeeds>) => verifySeconds;

describe("forgetting by rules", () => {
  it("forgets what no rule keeps and gives its space back; not without a rule, nor what is held, tagged or being restored", async () => {
    const { clock, store } = await createRealStore();
    const made: string[] = [];
    for (let day = 0; day < 20; day++) {
      made.push(await backUp(store, { own: systemRandom(4_000) }));
      await clock.advance(DAY_MS);
    }
    const [held, restored] = [made[1] as string, made[2] as string];
    await store.holdSnapshot(held, "for the auditor");
    const bytes = store.stats().packBytes;
    await runDay(store, clock, {});
    expect(store.listSnapshots()).toHaveLength(20);
    await runDay(store, clock, { policy: { daily: 5, tags: ["never"] }, isInUse: (id) => id === restored });
    const left = store.listSnapshots().map(({ id }) => id);
    expect(left).toEqual([held, restored, ...made.slice(-5)]);
    expect(store.stats().packBytes).toBeLessThan(bytes / 2);
    await runDay(store, clock, { policy: { daily: 5, tags: ["test"] } });
    expect(store.listSnapshots().map(({ id }) => id)).toEqual(left); // All of them are tagged so.
    await store.close();
  });

  it("a flood of snapshots pushes no good one out", async () => {
    const { clock, store } = await createRealStore();
    const good: string[] = [];
    for (let day = 0; day < 5; day++) {
      good.push(await backUp(store, { own: systemRandom(2_000) }));
      await clock.advance(DAY_MS);
    }
    for (let time = 0; time < 60; time++) await backUp(store, { none: Buffer.from(`${time}`) });
    await runDay(store, clock, { policy: { daily: 5, last: 3 } });
    const left = store.listSnapshots().map(({ id }) => id);
    // The day of the flood counts once.
    expect(left).toEqual(expect.arrayContaining(good.slice(1)));
    await store.close();
  });
});

describe("verifying what is stored", () => {
  it("tells the hosts whose snapshots are damaged once, with paths, and that it is over; a removed host stops nothing", async () => {
    const { clock, files, store: made } = await createRealStore();
    await backUp(made, { one: systemRandom(6_000) }, "removed");
    await backUp(made, { two: systemRandom(6_000) }, "host-b");
    await made.close();
    const packs = [...files].filter(([name]) => name.startsWith("packs/data/"));
    const { told, damage } = createTeller(clock);
    const store = await openFixtureStore(files);
    await runDay(store, clock, { verifySeconds: 60, damage });
    expect(told).toEqual([]);
    for (const [name, whole] of packs) {
      const damaged = Buffer.from(whole);
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      files.set(name, damaged);
    }
    for (let day = 0; day < 2; day++) await runDay(store, clock, { verifySeconds: 60, damage });
    expect(told).toMatchObject([{ hostId: "host-b", kind: "raised", severity: "critical" }]);
    expect(told[0]?.details).toContainEqual({ name: "path", value: "/two" });
    for (const [name, whole] of packs) files.set(name, whole);
    await runDay(store, clock, { verifySeconds: 60, damage });
    expect(told.slice(1)).toMatchObject([{ hostId: "host-b", kind: "cleared" }]);
    await store.close();
  });
});
