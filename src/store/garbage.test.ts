import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { chunkId } from "./chunk-id.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { backUp, createFixtureStore, draftOf, openFixtureStore, putFiles, putObject } from "./store-fixture.ts";

const packBytes = (files: Map<string, Buffer>) =>
  [...files].filter(([name]) => /^packs\/(data|tree)\//.test(name)).reduce((sum, [, { length }]) => sum + length, 0);

describe("collection", () => {
  it("gives back the space of forgotten snapshots and keeps all others whole", async () => {
    const { store, files } = await createFixtureStore();
    const shared = systemRandom(50_000);
    const doomed = await backUp(store, { shared, own: systemRandom(200_000) });
    const kept = await backUp(store, { shared, other: systemRandom(30_000) });
    await store.forgetSnapshot(doomed);
    const report = await store.collectGarbage();
    expect(report.bytesFreed).toBeGreaterThan(190_000);
    expect(packBytes(files)).toBeLessThan(90_000);
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect(reopened.listSnapshots().map(({ id }) => id)).toEqual([kept]);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    await reopened.close();
  });

  it("says in a dry run what it would free, and frees exactly that", async () => {
    const { store, files } = await createFixtureStore();
    await store.forgetSnapshot(await backUp(store, { a: systemRandom(10_000) }));
    const before = packBytes(files);
    const planned = await store.collectGarbage({ dryRun: true });
    expect(packBytes(files)).toBe(before);
    expect(await store.collectGarbage()).toEqual(planned);
    expect(before - packBytes(files)).toBe(planned.bytesFreed);
    expect(planned).toMatchObject({ packsDeleted: 2, packsRewritten: 0 });
  });

  it("ends at an aborted signal wherever it stands, with every snapshot whole, and the next one does the rest", async () => {
    for (let calls = 1, isEnding = false; !isEnding; calls++) {
      const files = new Map<string, Buffer>();
      const medium = createMemoryMedium(files);
      const abort = new AbortController();
      let left = Number.POSITIVE_INFINITY;
      const count = <A extends unknown[], R>(call: (...args: A) => R) => {
        return (...args: A): R => {
          if (--left === 0) abort.abort(new Error("interrupted"));
          return call(...args);
        };
      };
      const { store: made } = await createFixtureStore(files);
      await made.close();
      const [readRange, write, remove] = [count(medium.readRange), count(medium.write), count(medium.delete)];
      const store = await openFixtureStore(files, { ...medium, readRange, write, delete: remove });
      const shared = systemRandom(6_000);
      const doomed = await backUp(store, { shared, own: systemRandom(9_000) });
      const doomedToo = await backUp(store, { whole: systemRandom(9_000) });
      await backUp(store, { shared, other: systemRandom(3_000) });
      for (const id of [doomed, doomedToo]) await store.forgetSnapshot(id);
      left = calls;
      const outcome = await store
        .collectGarbage({ garbageShareMax: 0, signal: abort.signal })
        .catch((error: Error) => error.message);
      isEnding = !abort.signal.aborted;
      if (!isEnding && typeof outcome === "string") expect(outcome).toBe("interrupted");
      left = Number.POSITIVE_INFINITY;
      expect((await store.check({ readData: true })).problems.filter(({ kind }) => kind !== "unprotected")).toEqual([]);
      await store.collectGarbage({ garbageShareMax: 0 });
      expect(packBytes(files), `aborted at call ${calls}`).toBeLessThan(11_000);
      expect((await store.check({ readData: true })).problems).toEqual([]);
      await store.close();
      if (isEnding) expect(calls).toBeGreaterThan(8);
    }
  });

  it("spares what a running backup has put or was told is there, until it ends", async () => {
    const { store } = await createFixtureStore();
    const content = systemRandom(5000);
    const doomed = await backUp(store, { content });
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const id = chunkId(store.chunking.idKey, "data", content);
    expect(session.missing("data", [id])).toEqual([false]);
    await store.forgetSnapshot(doomed);
    const fresh = await putObject(store, session, "data", systemRandom(3000));
    await store.collectGarbage();
    expect(store.has("data", id)).toBe(true);
    expect(store.has("data", fresh)).toBe(true);
    await session.commit(draftOf(await putFiles(store, session, { content })));
    session.close();
    await store.collectGarbage();
    expect((await store.check({ readData: true })).problems).toEqual([]);
    expect(store.has("data", fresh)).toBe(false);
  });

  it("spares what a session put that ended, with its snapshot, while collection was marking", async () => {
    const { store, files } = await createFixtureStore();
    await backUp(store, { a: systemRandom(2000) });
    await store.close();
    const medium = createMemoryMedium(files);
    let pause: Promise<void> | undefined;
    let reached = () => {};
    const slow = {
      ...medium,
      readRange: async (name: string, offset: number, length: number) => {
        if (pause !== undefined && name.startsWith("packs/tree/")) {
          reached();
          await pause;
        }
        return medium.readRange(name, offset, length);
      },
    };
    const reopened = await openFixtureStore(files, slow);
    const session = await reopened.openSession({ hostId: "host-b", scope: "host" });
    let resume = () => {};
    const marking = new Promise<void>((resolve) => {
      reached = resolve;
    });
    pause = new Promise((resolve) => {
      resume = resolve;
    });
    const collecting = reopened.collectGarbage();
    await marking;
    pause = undefined;
    await session.commit(draftOf(await putFiles(reopened, session, { b: systemRandom(2000) }), { hostId: "host-b" }));
    session.close();
    resume();
    await collecting;
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    expect(reopened.listSnapshots()).toHaveLength(2);
  });

  it("puts many small packs together", async () => {
    const { store, files } = await createFixtureStore();
    for (let index = 0; index < 10; index++) await backUp(store, { a: systemRandom(1000) });
    const report = await store.collectGarbage();
    expect(report.packsRewritten).toBe(20);
    expect([...files.keys()].filter((name) => /^packs\/(data|tree)\//.test(name))).toHaveLength(2);
    expect((await store.check({ readData: true })).problems).toEqual([]);
  });

  it("loses nothing when what is kept cannot be written elsewhere", async () => {
    const { store, files } = await createFixtureStore();
    const doomed = await backUp(store, { a: systemRandom(9000), b: systemRandom(1000) });
    await store.close();
    const medium = createMemoryMedium(files);
    let isFull = false;
    const reopened = await openFixtureStore(files, {
      ...medium,
      write: async (name, parts) => {
        if (isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
        await medium.write(name, parts);
      },
    });
    const snapshot = reopened.findSnapshot(doomed);
    const session = await reopened.openSession({ hostId: "host-a", scope: "host" });
    const { chunks } = (await import("./tree-reader.ts")).decodeTreeLinks(
      await session.read("tree", snapshot?.root as Buffer),
      "root",
    );
    // The second snapshot keeps a tenth of the pack.
    const small = await session.read("data", chunks[1] as Buffer);
    const kept = await session.commit(draftOf(await putFiles(reopened, session, { b: small })));
    session.close();
    await reopened.forgetSnapshot(doomed);
    isFull = true;
    await expect(reopened.collectGarbage()).rejects.toMatchObject({ code: "ENOSPC" });
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    expect(reopened.findSnapshot(kept.id)).toBeDefined();
    isFull = false;
    expect((await reopened.collectGarbage()).packsRewritten).toBeGreaterThan(0);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
  });

  it("runs beside four clients that back up and forget, and every snapshot stays whole", async () => {
    const { store, files } = await createFixtureStore();
    const pool = Array.from({ length: 30 }, () => systemRandom(1500));
    let running = 4;
    const client = async (hostId: string) => {
      const ids: string[] = [];
      for (let round = 0; round < 12; round++) {
        const contents = Object.fromEntries(
          [1, 2, 3].map((step) => [`f${step}`, pool[(round * step + ids.length) % 30] as Buffer]),
        );
        ids.push(await backUp(store, { ...contents, own: systemRandom(400) }, hostId));
        if (ids.length > 3) await store.forgetSnapshot(ids.shift() as string);
      }
      running--;
    };
    const collector = async () => {
      while (running > 0) {
        await store.collectGarbage({ garbageShareMax: 0 });
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await Promise.all([collector(), ...["a", "b", "c", "d"].map(client)]);
    expect(store.listSnapshots()).toHaveLength(12);
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    await reopened.collectGarbage({ garbageShareMax: 0 });
    expect(packBytes(files)).toBeLessThan(12 * 6_000);
    await reopened.close();
  });
});

describe("a full disk", () => {
  it("fails the backup clearly; reading, checking and forgetting go on, and the next backup works", async () => {
    const { store, files } = await createFixtureStore();
    const kept = await backUp(store, { a: systemRandom(1000) });
    await store.close();
    const medium = createMemoryMedium(files);
    let isFull = true;
    const full = {
      ...medium,
      write: async (name: string, parts: readonly Buffer[]) => {
        if (isFull) throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
        await medium.write(name, parts);
      },
    };
    for (const name of [...files.keys()]) if (name.startsWith("index/")) files.delete(name);
    const reopened = await openFixtureStore(files, full);
    await expect(backUp(reopened, { b: systemRandom(1000) })).rejects.toMatchObject({ code: "ENOSPC" });
    expect(reopened.listSnapshots().map(({ id }) => id)).toEqual([kept]);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    isFull = false;
    await backUp(reopened, { b: systemRandom(1000) });
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    await reopened.forgetSnapshot(kept);
    await reopened.close();
  });
});
