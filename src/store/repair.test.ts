import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import type { RepairActionKind, RepairReport } from "./repair-report.ts";
import { createStore, type Store } from "./store.ts";
import { backUp, createFixtureStore, FIXTURE_NEEDS, openFixtureStore, SMALL_CHUNKS } from "./store-fixture.ts";
import { decodeTree } from "./tree-reader.ts";

// What a medium does to packs, and what parity and rescue make of it.

const CHUNKS = 40;
const CHUNK_BYTES = 7_000;

function contents(): Record<string, Buffer> {
  return Object.fromEntries(
    Array.from({ length: CHUNKS }, (_, index) => [`f${String(index).padStart(2, "0")}`, systemRandom(CHUNK_BYTES)]),
  );
}

/** One data pack of 280 KB with its parity, one snapshot. */
async function damageable({ parity = true } = {}) {
  const files = new Map<string, Buffer>();
  const store = await createStore({
    ...{ ...FIXTURE_NEEDS, chunkSizes: SMALL_CHUNKS, parity },
    medium: createMemoryMedium(files),
  });
  const content = contents();
  const id = await backUp(store, content);
  await store.close();
  const nameOf = (folder: string) => [...files.keys()].find((name) => name.startsWith(folder)) as string;
  return { files, id, content, pack: nameOf("packs/data/"), treePack: nameOf("packs/tree/") };
}

async function expectRestores(store: Store, id: string, content: Record<string, Buffer>): Promise<void> {
  const tree = decodeTree(await store.read("tree", store.findSnapshot(id)?.root as Buffer), "root");
  const found: Record<string, Buffer> = {};
  for (const node of tree.shape === "leaf" ? tree.nodes : []) {
    if (node.type !== "file" || node.content.kind !== "pieces") continue;
    const parts: Buffer[] = [];
    for (const piece of node.content.pieces) if (piece.kind === "data") parts.push(await store.read("data", piece.id));
    found[node.name.toString()] = Buffer.concat(parts);
  }
  expect(Object.keys(found)).toEqual(Object.keys(content));
  for (const [name, bytes] of Object.entries(content)) expect(found[name]?.equals(bytes), name).toBe(true);
}

const kinds = ({ actions }: RepairReport): RepairActionKind[] => actions.map(({ kind }) => kind);

type Damage = (bytes: Buffer) => Buffer;
const flipAt =
  (at: number): Damage =>
  (bytes) => {
    const copy = Buffer.from(bytes);
    copy[at] = (copy[at] as number) ^ 0x04;
    return copy;
  };
const zeroAt =
  (at: number, length: number): Damage =>
  (bytes) => {
    const copy = Buffer.from(bytes);
    copy.fill(0, at, at + length);
    return copy;
  };

const DAMAGES: readonly (readonly [string, Damage])[] = [
  ["a flipped bit in its magic", flipAt(3)],
  ["a flipped bit in its salt", flipAt(20)],
  ["a flipped bit in its directory", flipAt(300)],
  ["a flipped bit in an object", flipAt(100_000)],
  ["its first 4 KiB zeroed", zeroAt(0, 4_096)],
  ["4 KiB zeroed across two sectors", zeroAt(50_001, 4_096)],
  ["its tail cut off", (bytes) => bytes.subarray(0, bytes.length - 3_000)],
  ["bytes too many", (bytes) => Buffer.concat([bytes, Buffer.alloc(100)])],
];

describe("a pack with", () => {
  for (const [name, damage] of DAMAGES) {
    for (const withIndex of [true, false]) {
      it(`${name} is named and mended from its parity${withIndex ? "" : ", without an index too"}`, async () => {
        const { files, id, content, pack } = await damageable();
        const damaged = damage(files.get(pack) as Buffer);
        files.set(pack, damaged);
        if (!withIndex) for (const file of [...files.keys()]) if (file.startsWith("index/")) files.delete(file);
        const store = await openFixtureStore(files);
        const report = await store.repair();
        if (name !== "bytes too many") {
          expect(report.found.problems).toContainEqual(expect.objectContaining({ kind: "damaged", what: pack }));
          expect(kinds(report)).toEqual(expect.arrayContaining(["mended", "set-aside"]));
          expect(files.get(`damaged/${pack}`)).toBe(damaged);
          expect(files.has(pack)).toBe(false);
        }
        expect(report.left).toEqual([]);
        await expectRestores(store, id, content);
        expect((await store.check({ readData: true })).problems).toEqual([]);
        await store.close();
        const reopened = await openFixtureStore(files);
        await expectRestores(reopened, id, content);
        expect((await reopened.check({ readData: true })).problems).toEqual([]);
        await reopened.collectGarbage();
        expect(files.has(`damaged/${pack}`) || name === "bytes too many").toBe(true);
        await reopened.close();
      });
    }
  }

  it("trees is mended as well, and collection waits until it is", async () => {
    const { files, id, content, treePack } = await damageable();
    files.set(treePack, flipAt((files.get(treePack) as Buffer).length - 9)(files.get(treePack) as Buffer));
    const store = await openFixtureStore(files);
    await expect(store.collectGarbage()).rejects.toMatchObject({ name: "CorruptionError" });
    const { problems } = await store.check();
    expect(problems).toMatchObject([{ what: treePack, files: [{ path: Buffer.from("/"), isDirectory: true }] }]);
    expect((await store.repair()).left).toEqual([]);
    await expectRestores(store, id, content);
    await store.collectGarbage();
    await expectRestores(store, id, content);
  });
});

describe("damage beyond what parity mends", () => {
  for (const at of [3, 8, 9, 20, 43]) {
    for (const withIndex of [true, false]) {
      it(`in byte ${at} of a pack's header costs nothing${withIndex ? "" : ", without an index too"}`, async () => {
        const { files, id, content, pack } = await damageable({ parity: false });
        files.set(pack, flipAt(at)(files.get(pack) as Buffer));
        if (!withIndex) for (const file of [...files.keys()]) if (file.startsWith("index/")) files.delete(file);
        const store = await openFixtureStore(files);
        await expectRestores(store, id, content);
        expect((await store.check()).problems).toMatchObject([{ kind: "damaged", what: pack, snapshots: [] }]);
        expect((await store.check({ readData: true })).problems).toMatchObject([
          { kind: "damaged", what: pack, snapshots: [] },
        ]);
        expect((await store.repair()).left).toEqual([]);
        await expectRestores(store, id, content);
        await store.close();
      });
    }
  }

  it("costs only what was hit: the files are named, everything else restores, before and after repair", async () => {
    const { files, id, pack } = await damageable();
    files.set(pack, zeroAt(60_000, 5 * 4_096)(files.get(pack) as Buffer));
    const store = await openFixtureStore(files);
    const before = (await store.check({ readData: true })).problems;
    expect(before).toHaveLength(1);
    const paths = before[0]?.files.map(({ path }) => path.toString());
    expect(before[0]).toMatchObject({ kind: "damaged", what: pack, snapshots: [id], filesMore: 0 });
    // 20 KB of 7 KB objects: three or four.
    expect(paths?.length).toBeGreaterThanOrEqual(3);
    expect(paths?.length).toBeLessThanOrEqual(5);
    const report = await store.repair();
    expect(kinds(report)).toEqual(expect.arrayContaining(["rescued", "set-aside"]));
    expect(report.left).toMatchObject([{ kind: "missing", snapshots: [id] }]);
    expect(report.left[0]?.files.map(({ path }) => path.toString())).toEqual(paths);
    expect(files.has(`damaged/${pack}`)).toBe(true);
    const tree = decodeTree(await store.read("tree", store.findSnapshot(id)?.root as Buffer), "root");
    let whole = 0;
    for (const node of tree.shape === "leaf" ? tree.nodes : []) {
      if (node.type !== "file" || node.content.kind !== "pieces") continue;
      const ids = node.content.pieces.flatMap((piece) => (piece.kind === "data" ? [piece.id] : []));
      const readings = await Promise.allSettled(ids.map((one) => store.read("data", one)));
      if (readings.every(({ status }) => status === "fulfilled")) whole++;
      else expect(paths).toContain(`/${node.name}`);
    }
    expect(whole).toBe(CHUNKS - (paths?.length ?? 0));
    // Lost data does not keep collection from its work.
    await store.collectGarbage();
    await store.close();
  });

  it("is healed by the next backup of what was hit", async () => {
    const { files, id, content, pack } = await damageable();
    files.set(pack, zeroAt(60_000, 5 * 4_096)(files.get(pack) as Buffer));
    const store = await openFixtureStore(files);
    await store.repair();
    await backUp(store, content);
    await expectRestores(store, id, content);
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await store.close();
  });

  it("of trees names the directory; collection refuses until told to accept the loss", async () => {
    const { files, id, treePack } = await damageable({ parity: false });
    files.set(treePack, flipAt((files.get(treePack) as Buffer).length - 9)(files.get(treePack) as Buffer));
    const store = await openFixtureStore(files);
    const { left } = await store.repair();
    expect(left).toMatchObject([{ kind: "missing", snapshots: [id], files: [{ path: Buffer.from("/") }] }]);
    await expect(store.collectGarbage()).rejects.toThrow(/unknown what is needed below it/);
    const kept = await backUp(store, { other: systemRandom(100) });
    await store.collectGarbage({ acceptLostTrees: true });
    await expectRestores(store, kept, { other: await otherOf(store, kept) });
    await store.close();
  });
});

async function otherOf(store: Store, id: string): Promise<Buffer> {
  const tree = decodeTree(await store.read("tree", store.findSnapshot(id)?.root as Buffer), "root");
  return store.read("data", tree.chunks[0] as Buffer);
}

describe("a dry run", () => {
  it("tells what repair would do, and writes nothing but the ledger", async () => {
    const { files, pack } = await damageable();
    files.set(pack, flipAt(100_000)(files.get(pack) as Buffer));
    const store = await openFixtureStore(files);
    const before = new Map(files);
    const planned = await store.repair({ dryRun: true });
    const now = new Map([...files].filter(([name]) => !name.startsWith("verified/")));
    expect(now).toEqual(new Map([...before].filter(([name]) => !name.startsWith("verified/"))));
    expect(planned.left).toEqual([]);
    expect(kinds(planned)).toEqual(["mended"]);
    const done = await store.repair();
    expect(kinds(done).slice(0, 1)).toEqual(["mended"]);
    await store.close();
  });
});

describe("parity", () => {
  it("that is damaged or gone is named and made anew, and only from a pack that is whole", async () => {
    const { files, pack } = await damageable();
    const parity = pack.replace("packs/", "parity/");
    const whole = files.get(parity) as Buffer;
    for (const damaged of [flipAt(whole.length - 1)(whole), flipAt(30)(whole), whole.subarray(0, -1), undefined]) {
      if (damaged === undefined) files.delete(parity);
      else files.set(parity, damaged);
      const store = await openFixtureStore(files);
      expect((await store.check({ readData: true })).problems).toMatchObject([{ kind: "unprotected", what: pack }]);
      const report = await store.repair();
      expect(report.actions).toMatchObject([{ kind: "protected", what: parity }]);
      expect(files.get(parity)).toEqual(whole);
      await store.close();
    }
    files.delete(parity);
    files.set(pack, flipAt(100_000)(files.get(pack) as Buffer));
    const store = await openFixtureStore(files);
    await store.collectGarbage();
    expect(files.has(parity)).toBe(false);
    await store.close();
  });

  it("goes with its pack", async () => {
    const { store, files } = await createFixtureStore();
    await store.forgetSnapshot(await backUp(store, { a: systemRandom(9_000) }));
    await store.collectGarbage();
    expect([...files.keys()].filter((name) => /^(packs\/(data|tree)|parity)\//.test(name))).toEqual([]);
    await store.close();
  });

  it("is not made in a store made without, and nobody misses it", async () => {
    const { files, id, content } = await damageable({ parity: false });
    const store = await openFixtureStore(files);
    await backUp(store, { b: systemRandom(5_000) });
    await store.collectGarbage();
    expect([...files.keys()].filter((name) => name.startsWith("parity/"))).toEqual(["parity/off"]);
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await expectRestores(store, id, content);
    await store.close();
  });

  it("that a crash left out is made by the next collection", async () => {
    const { files } = await damageable();
    const before = new Map(files);
    for (const name of before.keys())
      if (name.startsWith("parity/") || name.startsWith("packs/copies/")) files.delete(name);
    const store = await openFixtureStore(files);
    await store.collectGarbage();
    for (const [name, bytes] of before) expect(files.get(name), name).toEqual(bytes);
    await store.close();
  });
});

it("repair of a store that is whole does nothing", async () => {
  const { files } = await damageable();
  const store = await openFixtureStore(files);
  expect(await store.repair()).toMatchObject({ found: { problems: [] }, actions: [], left: [] });
  await store.close();
});

describe("a snapshot that is lost with its copy", () => {
  /** Two snapshots and a forgotten one that was not collected. */
  async function withSnapshots() {
    const { store, files } = await createFixtureStore();
    const content = contents();
    const kept = await backUp(store, { kept: systemRandom(5_000) });
    const lost = await backUp(store, content, "host-b");
    await store.close();
    const lose = (id: string) => {
      for (const name of [...files.keys()]) if (name.endsWith(id)) files.delete(name);
    };
    return { files, kept, lost, content, lose };
  }

  it("is found again by its root where it is looked for, on hold, and once", async () => {
    const { files, kept, lost, content, lose } = await withSnapshots();
    lose(lost);
    const store = await openFixtureStore(files);
    expect((await store.repair()).recovered).toEqual([]); // It might have been forgotten.
    const planned = await store.repair({ findLost: true, dryRun: true });
    expect([kinds(planned), planned.recovered, store.listSnapshots().length]).toEqual([["recovered"], [], 1]);
    const { recovered } = await store.repair({ findLost: true });
    expect(store.listSnapshots().map(({ id }) => id)).toEqual([kept, ...recovered]);
    const [found] = recovered as [string];
    expect(store.findSnapshot(found)).toMatchObject({ hostId: "recovered", tags: ["recovered"] });
    await expectRestores(store, found, content);
    await expect(store.forgetSnapshot(found)).rejects.toThrow("on hold: found again");
    expect((await store.repair({ findLost: true })).recovered).toEqual([]);
    await store.collectGarbage();
    await store.close();
    const reopened = await openFixtureStore(files);
    await expectRestores(reopened, found, content);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    await reopened.close();
  });

  it("is looked for without being asked where none is left, or one cannot be read", async () => {
    const none = await withSnapshots();
    for (const id of [none.kept, none.lost]) none.lose(id);
    const emptied = await openFixtureStore(none.files);
    expect((await emptied.repair()).recovered).toHaveLength(2);
    await emptied.close();
    const unread = await withSnapshots();
    for (const [name, bytes] of unread.files)
      if (name.endsWith(unread.lost)) unread.files.set(name, flipAt(bytes.length - 1)(bytes));
    const store = await openFixtureStore(unread.files);
    const { recovered } = await store.repair();
    expect(recovered).toHaveLength(1);
    await expectRestores(store, recovered[0] as string, unread.content);
    await store.close();
  });

  it("is not made up of what is only partly there, nor of what a backup has just put", async () => {
    const { files, lost, lose } = await withSnapshots();
    lose(lost);
    const store = await openFixtureStore(files);
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    expect((await store.repair({ findLost: true })).recovered).toEqual([]);
    session.close();
    await store.close();
    const packs = [...files.keys()].filter((name) => name.startsWith("packs/data/"));
    for (const name of packs) files.delete(name);
    const reopened = await openFixtureStore(files);
    expect((await reopened.repair({ findLost: true })).recovered).toEqual([]);
    await reopened.close();
  });
});
