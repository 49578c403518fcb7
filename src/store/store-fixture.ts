import { FakeClock } from "../runtime/fake-clock.ts";
import { silentLog } from "../runtime/log.ts";
import { createUuid, systemRandom } from "../runtime/random.ts";
import { chunkId, type ObjectKind } from "./chunk-id.ts";
import { encodeObject } from "./codec.ts";
import type { Medium } from "./medium.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import type { StoreSession } from "./session.ts";
import type { SnapshotDraft } from "./snapshot.ts";
import { createStore, openStore, type Store } from "./store.ts";
import { LeafBuilder } from "./tree-builder.ts";

// What the tests of the store share: a store with a weak passphrase wrapping, small chunks, hand-made snapshots.

/** 16 KiB of memory instead of 32 MiB: the tests open hundreds of stores. */
export const WEAK_KEY_STRENGTH = { costLog2: 4, parallelism: 1 };
export const SMALL_CHUNKS = { min: 512, average: 2048, max: 8192 };

export const FIXTURE_NEEDS = {
  passphrase: "correct horse",
  clock: new FakeClock(),
  random: systemRandom,
  log: silentLog,
  keyStrength: WEAK_KEY_STRENGTH,
};

/** A store whose files lie open: `reopen` is what a new process would see. */
export async function createFixtureStore(files: Map<string, Buffer> = new Map()) {
  const store = await createStore({ ...FIXTURE_NEEDS, medium: createMemoryMedium(files), chunkSizes: SMALL_CHUNKS });
  return { store, files };
}

export function openFixtureStore(
  files: Map<string, Buffer>,
  medium: Medium = createMemoryMedium(files),
): Promise<Store> {
  return openStore({ ...FIXTURE_NEEDS, medium });
}

/** Puts one object and returns its id. */
export async function putObject(
  store: Store,
  session: StoreSession,
  kind: ObjectKind,
  plaintext: Buffer,
): Promise<Buffer> {
  const id = chunkId(store.chunking.idKey, kind, plaintext);
  await session.put({ kind, id, encoded: await encodeObject(plaintext) });
  return id;
}

/** The leaf of a directory holding one file for each content, a chunk each. */
export function leafOf(contents: readonly { name: string; id: Buffer; bytes: number }[]): Buffer {
  const leaf = new LeafBuilder();
  const sorted = [...contents].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const { name, id, bytes } of sorted) {
    leaf.add({
      ...{ name: Buffer.from(name), type: "file", mode: 0o644, uid: 0, gid: 0, mtimeNs: 1n, ctimeNs: 1n, inode: 1n },
      ...{ size: bytes, unsettled: false },
      content: { kind: "pieces", pieces: [{ kind: "data", chunk: { id }, offset: 0, length: bytes }] },
    });
  }
  return leaf.finish();
}

/** A directory of these files, put; its tree's id. */
export async function putFiles(
  store: Store,
  session: StoreSession,
  files: Readonly<Record<string, Buffer>>,
): Promise<Buffer> {
  const contents: { name: string; id: Buffer; bytes: number }[] = [];
  for (const [name, content] of Object.entries(files)) {
    contents.push({ name, id: await putObject(store, session, "data", content), bytes: content.length });
  }
  return putObject(store, session, "tree", leafOf(contents));
}

export function draftOf(root: Buffer, parts: Partial<SnapshotDraft> = {}): SnapshotDraft {
  return {
    id: createUuid({ clock: FIXTURE_NEEDS.clock, random: systemRandom }),
    ...{ hostId: "host-a", hostName: "alpha", jobId: "job", paths: [Buffer.from("/data")], root },
    ...{ startedAtMs: 1_000, finishedAtMs: 2_000, tags: ["test"], parent: undefined },
    stats: { files: 1, directories: 1, bytes: 1, newBytes: 1, storedBytes: 1, chunks: 1, problems: 0 },
    ...{ managerVersion: "0.1.0", agentVersion: "0.1.0" },
    ...parts,
  };
}

/** A whole backup of one host: its snapshot's id. */
export async function backUp(
  store: Store,
  files: Readonly<Record<string, Buffer>>,
  hostId = "host-a",
): Promise<string> {
  const session = await store.openSession({ hostId, scope: "host" });
  try {
    const root = await putFiles(store, session, files);
    return (await session.commit(draftOf(root, { hostId }))).id;
  } finally {
    session.close();
  }
}
