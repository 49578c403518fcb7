import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { chunkId } from "./chunk-id.ts";
import { encodeObject } from "./codec.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { createStore, openStore, type Store } from "./store.ts";
import {
  backUp,
  createFixtureStore,
  draftOf,
  FIXTURE_NEEDS,
  leafOf,
  openFixtureStore,
  putFiles,
  putObject,
  WEAK_KEY_STRENGTH,
} from "./store-fixture.ts";
import { decodeTree } from "./tree-reader.ts";

const bytes = (count: number) => systemRandom(count);

async function contentsOf(store: Store, snapshotId: string): Promise<Record<string, string>> {
  const snapshot = store.findSnapshot(snapshotId);
  if (snapshot === undefined) throw new Error(`no snapshot ${snapshotId}`);
  const tree = decodeTree(await store.read("tree", snapshot.root), "root");
  const contents: Record<string, string> = {};
  for (const node of tree.shape === "leaf" ? tree.nodes : []) {
    if (node.type !== "file" || node.content.kind !== "pieces") continue;
    const parts: Buffer[] = [];
    for (const piece of node.content.pieces) {
      if (piece.kind === "data") parts.push(await store.read("data", piece.id));
    }
    contents[node.name.toString()] = Buffer.concat(parts).toString("hex");
  }
  return contents;
}

const hex = (files: Record<string, Buffer>) =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, content.toString("hex")]));

describe("a store", () => {
  it("gives back after reopening what was committed", async () => {
    const { store, files } = await createFixtureStore();
    const content = { a: bytes(1000), b: Buffer.alloc(5000, "text "), c: bytes(70_000) };
    const id = await backUp(store, content);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect(await contentsOf(reopened, id)).toEqual(hex(content));
    expect(reopened.listSnapshots()).toMatchObject([{ id, hostId: "host-a", sequence: 1, tags: ["test"] }]);
    expect(reopened.chunking).toEqual(store.chunking);
    await reopened.close();
  });

  it("reads what is not written yet", async () => {
    const { store } = await createFixtureStore();
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const id = await putObject(store, session, "data", Buffer.from("pending"));
    expect((await session.read("data", id)).toString()).toBe("pending");
  });

  it("opens without its index, and with a pack that no index names", async () => {
    const { store, files } = await createFixtureStore();
    const id = await backUp(store, { a: bytes(3000) });
    const expected = await contentsOf(store, id);
    await store.close();
    for (const name of [...files.keys()]) if (name.startsWith("index/")) files.delete(name);
    const reopened = await openFixtureStore(files);
    expect(await contentsOf(reopened, id)).toEqual(expected);
    expect([...files.keys()].filter((name) => name.startsWith("index/"))).toHaveLength(1);
    await reopened.close();
  });

  it("puts many index files together", async () => {
    const { store, files } = await createFixtureStore();
    const ids: string[] = [];
    for (let index = 0; index < 20; index++) ids.push(await backUp(store, { a: bytes(600) }));
    await store.close();
    const reopened = await openFixtureStore(files);
    expect([...files.keys()].filter((name) => name.startsWith("index/"))).toHaveLength(1);
    for (const id of ids) expect(Object.keys(await contentsOf(reopened, id))).toEqual(["a"]);
    await reopened.close();
  });

  it("stores an object once, whoever puts it how often", async () => {
    const { store } = await createFixtureStore();
    const content = bytes(5000);
    await backUp(store, { a: content }, "host-a");
    const before = store.stats().objects;
    const session = await store.openSession({ hostId: "host-b", scope: "host" });
    expect(await putObject(store, session, "data", content)).toBeDefined();
    expect(session.storedBytes).toBe(0);
    expect(store.stats().objects).toBe(before);
  });

  it("refuses to be created twice, and over what a lost store left", async () => {
    const { store, files } = await createFixtureStore();
    await backUp(store, { a: bytes(100) });
    await store.close();
    const create = () => createStore({ ...FIXTURE_NEEDS, medium: createMemoryMedium(files) });
    await expect(create()).rejects.toThrow(/holds a store already/);
    for (const name of [...files.keys()]) if (name.includes("keys/")) files.delete(name);
    await expect(create()).rejects.toThrow(/keys are gone/);
  });

  it("says that there is none where there is none, and leaves no trace there", async () => {
    const files = new Map<string, Buffer>();
    await expect(openFixtureStore(files)).rejects.toThrow(/holds no store/);
    expect(files.size).toBe(0);
  });
});

describe("a passphrase", () => {
  it("that is wrong is named as such", async () => {
    const { store, files } = await createFixtureStore();
    await store.close();
    const opening = openStore({ ...FIXTURE_NEEDS, passphrase: "wrong", medium: createMemoryMedium(files) });
    await expect(opening).rejects.toMatchObject({ name: "SettingsError", key: "passphrase" });
  });

  it("can be added and removed without touching the data, but never the last", async () => {
    const { store, files } = await createFixtureStore();
    const id = await backUp(store, { a: bytes(100) });
    await store.addPassphrase("second");
    const before = new Map(files);
    await store.removeKeyFile(store.keyFile);
    await store.close();
    for (const [name, content] of before) if (!name.includes("keys/")) expect(files.get(name)).toBe(content);
    await expect(openFixtureStore(files)).rejects.toMatchObject({ key: "passphrase" });
    const reopened = await openStore({ ...FIXTURE_NEEDS, passphrase: "second", medium: createMemoryMedium(files) });
    expect(reopened.findSnapshot(id)).toBeDefined();
    await expect(reopened.removeKeyFile(reopened.keyFile)).rejects.toThrow(/only key file/);
    await reopened.close();
  });

  it("is the same however its accents were typed", async () => {
    const medium = createMemoryMedium();
    const store = await createStore({
      ...FIXTURE_NEEDS,
      passphrase: "caf\u00e9",
      medium,
      keyStrength: WEAK_KEY_STRENGTH,
    });
    await store.close();
    await (await openStore({ ...FIXTURE_NEEDS, passphrase: "cafe\u0301", medium })).close();
  });
});

describe("a session", () => {
  it("refuses an object under a false id, of the wrong kind, and one that declares what it is not", async () => {
    const { store } = await createFixtureStore();
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const plaintext = bytes(2000);
    const encoded = await encodeObject(plaintext);
    const id = chunkId(store.chunking.idKey, "data", plaintext);
    const falseId = Buffer.from(id);
    falseId[31] = (falseId[31] as number) ^ 1;
    const put = (object: { kind: "data" | "tree"; id: Buffer; encoded: Buffer }) => session.put(object);
    await expect(put({ kind: "data", id: falseId, encoded })).rejects.toMatchObject({ name: "WireError" });
    await expect(put({ kind: "tree", id, encoded })).rejects.toMatchObject({ name: "WireError" });
    await expect(put({ kind: "data", id: id.subarray(1), encoded })).rejects.toMatchObject({ name: "WireError" });
    const huge = Buffer.from(encoded);
    huge.writeUInt32LE(0xffffffff, 1);
    await expect(put({ kind: "data", id, encoded: huge })).rejects.toThrow(/declares 4294967295/);
    expect(store.stats().objects).toBe(0);
  });

  it("is told of, and served, only what its own host has", async () => {
    const { store } = await createFixtureStore();
    const secret = bytes(1000);
    const root = store.findSnapshot(await backUp(store, { secret }, "host-a"))?.root as Buffer;
    const id = chunkId(store.chunking.idKey, "data", secret);
    const stranger = await store.openSession({ hostId: "host-b", scope: "host" });
    expect(stranger.missing("data", [id])).toEqual([true]);
    expect(stranger.missing("tree", [root])).toEqual([true]);
    await expect(stranger.read("data", id)).rejects.toMatchObject({ name: "PeerError", code: "not-found" });
    await expect(stranger.readEncoded("tree", root)).rejects.toMatchObject({ code: "not-found" });
    const owner = await store.openSession({ hostId: "host-a", scope: "host" });
    expect(owner.missing("data", [id])).toEqual([false]);
    expect((await owner.read("data", id)).equals(secret)).toBe(true);
  });

  it("cannot take another host's chunk by naming it in a snapshot of its own", async () => {
    const { store } = await createFixtureStore();
    const secret = bytes(1000);
    const theirs = store.findSnapshot(await backUp(store, { secret }, "host-a"))?.root as Buffer;
    const id = chunkId(store.chunking.idKey, "data", secret);
    const thief = await store.openSession({ hostId: "host-b", scope: "host" });
    const root = await putObject(store, thief, "tree", leafOf([{ name: "stolen", id, bytes: 1000 }]));
    await expect(thief.commit(draftOf(root, { hostId: "host-b" }))).rejects.toThrow(/has not put/);
    await expect(thief.commit(draftOf(theirs, { hostId: "host-b" }))).rejects.toThrow(/has not put/);
    await expect(thief.commit(draftOf(theirs, { hostId: "host-a" }))).rejects.toThrow(/hostId/);
    expect(store.listSnapshots()).toHaveLength(1);
  });

  it("cannot name a tree as data, which would hide what lies below it from collection", async () => {
    const { store } = await createFixtureStore();
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const inner = await putFiles(store, session, { a: bytes(100) });
    const root = await putObject(store, session, "tree", leafOf([{ name: "x", id: inner, bytes: 10 }]));
    await expect(session.commit(draftOf(root))).rejects.toThrow(/names data object/);
  });

  it("makes no snapshot of what is missing or no tree, and goes on after", async () => {
    const { store } = await createFixtureStore();
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const root = await putObject(store, session, "tree", leafOf([{ name: "x", id: bytes(32), bytes: 10 }]));
    await expect(session.commit(draftOf(root))).rejects.toThrow(/has not put/);
    const garbage = await putObject(store, session, "tree", bytes(50));
    await expect(session.commit(draftOf(garbage))).rejects.toMatchObject({ name: "WireError" });
    await session.commit(draftOf(await putFiles(store, session, { a: bytes(10) })));
    expect(store.listSnapshots()).toHaveLength(1);
  });

  it("answers a repeated commit with the same snapshot, and refuses its id for another tree", async () => {
    const { store, files } = await createFixtureStore();
    const session = await store.openSession({ hostId: "host-a", scope: "host" });
    const draft = draftOf(await putFiles(store, session, { a: bytes(10) }));
    const first = await session.commit(draft);
    expect(await session.commit(draft)).toBe(first);
    const other = await putFiles(store, session, { b: bytes(10) });
    await expect(session.commit({ ...draft, root: other })).rejects.toThrow(/another snapshot/);
    expect([...files.keys()].filter((name) => name.startsWith("snapshots/"))).toHaveLength(1);
  });
});
