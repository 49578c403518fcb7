import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { pause, systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { chunkId } from "../../src/store/chunk-id.ts";
import { encodeObject } from "../../src/store/codec.ts";
import { createDirectoryMedium } from "../../src/store/directory-medium.ts";
import { createStore, openStore, type Store } from "../../src/store/store.ts";
import { draftOf, leafOf, SMALL_CHUNKS, WEAK_KEY_STRENGTH } from "../../src/store/store-fixture.ts";
import { decodeTree } from "../../src/store/tree-reader.ts";

// Clients back up, forget and restore in parallel, with contents that come and go so that one's garbage is another's new
// file, while collection runs every second. Ten minutes with RUSUBAN_SOAK_SECONDS=600.

const SECONDS = Number(process.env.RUSUBAN_SOAK_SECONDS ?? 20);
const CLIENTS = 4;
const POOL = 60;
const FILES = 12;
const KEPT = 4;
const BETWEEN_BACKUPS_MS = 15;
const BETWEEN_COLLECTIONS_MS = 1_000;

const path = mkdtempSync(join(tmpdir(), "rusuban-soak-"));
afterAll(() => rmSync(path, { recursive: true, force: true }));

const needs = {
  ...{ passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  keyStrength: WEAK_KEY_STRENGTH,
};
const medium = () => createDirectoryMedium({ path, random: systemRandom });
const pool = Array.from({ length: POOL }, (_, index) => systemRandom(2_000 + 97 * index));
/** What each listed snapshot must hold. */
const expected = new Map<string, ReadonlyMap<string, Buffer>>();

/** Asks what is missing and puts only that, as an agent does. */
async function backUp(store: Store, hostId: string, files: ReadonlyMap<string, Buffer>): Promise<string> {
  const session = await store.openSession({ hostId, scope: "host" });
  try {
    const contents = [...files].map(([name, bytes]) => ({
      ...{ name, bytes: bytes.length, content: bytes },
      id: chunkId(store.chunking.idKey, "data", bytes),
    }));
    const missing = session.missing(
      "data",
      contents.map(({ id }) => id),
    );
    // Time in which a collection may take away what we were told is there.
    await pause(systemClock, BETWEEN_BACKUPS_MS);
    for (const [index, { id, content }] of contents.entries()) {
      if (missing[index]) await session.put({ kind: "data", id, encoded: await encodeObject(content) });
    }
    const tree = leafOf(contents);
    const root = chunkId(store.chunking.idKey, "tree", tree);
    if (session.missing("tree", [root])[0])
      await session.put({ kind: "tree", id: root, encoded: await encodeObject(tree) });
    return (await session.commit(draftOf(root, { hostId }))).id;
  } finally {
    session.close();
  }
}

async function expectRestores(store: Store, id: string): Promise<void> {
  const wanted = expected.get(id);
  const snapshot = store.findSnapshot(id);
  if (wanted === undefined || snapshot === undefined) throw new Error(`${id} is not there`);
  const tree = decodeTree(await store.read("tree", snapshot.root), "root");
  const nodes = tree.shape === "leaf" ? tree.nodes : [];
  expect(nodes.map(({ name }) => name.toString())).toEqual([...wanted.keys()]);
  for (const node of nodes) {
    if (node.type !== "file" || node.content.kind !== "pieces") throw new Error("a file of pieces was put");
    for (const piece of node.content.pieces) {
      if (piece.kind === "data") expect(await store.read("data", piece.id)).toEqual(wanted.get(node.name.toString()));
    }
  }
}

it(`clients back up, forget and restore for ${SECONDS} s beside collection, and every snapshot stays whole`, {
  timeout: (SECONDS + 60) * 1_000,
}, async () => {
  const store = await createStore({ ...needs, medium: medium(), chunkSizes: SMALL_CHUNKS });
  const end = systemClock.monotonic() + SECONDS * 1_000;
  const isOver = () => systemClock.monotonic() >= end;
  const dice = (below: number) => systemRandom(4).readUInt32LE(0) % below;

  const client = async (hostId: string) => {
    const mine: string[] = [];
    while (!isOver()) {
      const files = new Map<string, Buffer>();
      for (let index = 0; index < FILES; index++) {
        files.set(
          `f${String(index).padStart(2, "0")}`,
          dice(8) === 0 ? systemRandom(1_500) : (pool[dice(POOL)] as Buffer),
        );
      }
      const id = await backUp(store, hostId, files);
      expected.set(id, files);
      mine.push(id);
      if (dice(3) === 0) await expectRestores(store, mine[dice(mine.length)] as string);
      while (mine.length > KEPT) {
        const doomed = mine.splice(dice(mine.length), 1)[0] as string;
        await store.forgetSnapshot(doomed);
        expected.delete(doomed);
      }
      await pause(systemClock, BETWEEN_BACKUPS_MS);
    }
  };
  let collections = 0;
  let packsDeleted = 0;
  const collector = async () => {
    while (!isOver()) {
      packsDeleted += (await store.collectGarbage({ garbageShareMax: 0 })).packsDeleted;
      collections++;
      await pause(systemClock, BETWEEN_COLLECTIONS_MS);
    }
  };
  await Promise.all([collector(), ...Array.from({ length: CLIENTS }, (_, index) => client(`host-${index}`))]);
  expect(collections).toBeGreaterThan(SECONDS / 10);
  expect(packsDeleted).toBeGreaterThan(0);
  expect(store.listSnapshots()).toHaveLength(expected.size);
  for (const id of expected.keys()) await expectRestores(store, id);
  await store.close();

  const reopened = await openStore({ ...needs, medium: medium() });
  for (const id of expected.keys()) await expectRestores(reopened, id);
  const { problems } = await reopened.check({ readData: true });
  expect(problems.filter(({ kind }) => kind !== "unprotected")).toEqual([]);
  await reopened.collectGarbage({ garbageShareMax: 0 });
  expect((await reopened.check({ readData: true })).problems).toEqual([]);
  // Nothing is left of what came and went: all alive is at most each kept snapshot's own files and the pool once.
  const alive = [...expected.values()].flatMap((files) => [...files.values()]);
  const aliveBytes = [...new Set(alive)].reduce((sum, { length }) => sum + length, 0);
  expect(reopened.stats().packBytes).toBeLessThan(aliveBytes * 1.4 + 100_000);
  expect(readdirSync(join(path, "unfinished"))).toEqual([]);
  await reopened.close();
});
