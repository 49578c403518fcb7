import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { systemRandom } from "../runtime/random.ts";
import type { ChunkSink, ChunkSource } from "../store/chunk-sink.ts";
import type { Snapshot } from "../store/snapshot.ts";
import type { Store } from "../store/store.ts";
import { createFixtureStore, draftOf } from "../store/store-fixture.ts";
import { type ArchiveOptions, type ArchiveResult, archive } from "./archiver.ts";
import type { ExtractOptions, ExtractResult } from "./extract-options.ts";
import { extract } from "./extractor.ts";
import { createSessionSink } from "./session-sink.ts";

// What the tests of backup and restore share: directories that go away, a store, and whole backups and restores.

/** So late that every file of a test has settled. */
export const LATE_CLOCK = new FakeClock(8_000_000_000_000);

export function useDirectories(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const path of made.splice(0)) {
      // Not being root, we cannot empty a read-only directory.
      spawnSync("chmod", ["-R", "u+rwX", path]);
      // Node's own removal ends where a path gets longer than a call takes.
      spawnSync("rm", ["-rf", "--", path]);
    }
  });
  return () => {
    const path = mkdtempSync(join(tmpdir(), "rusuban-backup-"));
    made.push(path);
    return path;
  };
}

/** What an archiver put, by kind: the ids in hexadecimal. */
export interface PutLog {
  readonly data: string[];
  readonly tree: string[];
}

export interface TestBackup extends ArchiveResult {
  readonly snapshot: Snapshot;
  readonly put: PutLog;
}

export async function createBackupFixture() {
  const { store, files } = await createFixtureStore();
  return {
    store,
    files,
    backUp: (root: string | Buffer, options: Partial<ArchiveOptions> = {}) => backUp(store, [root], options),
    restore: (root: Buffer, target: string, options: Partial<ExtractOptions> = {}) =>
      restore(store, root, target, options),
  };
}

/** Archives and commits; the last snapshot is the parent. */
export async function backUp(
  store: Store,
  roots: readonly (string | Buffer)[],
  options: Partial<ArchiveOptions> = {},
): Promise<TestBackup> {
  const session = await store.openSession({ hostId: "host-a", scope: "host" });
  const put: PutLog = { data: [], tree: [] };
  const inner = createSessionSink(session);
  const sink: ChunkSink & ChunkSource = {
    ...inner,
    async put(object) {
      put[object.kind].push(object.id.toString("hex"));
      await inner.put(object);
    },
  };
  const last = store.listSnapshots().at(-1);
  const parent = last === undefined ? undefined : { root: last.root, source: sink };
  try {
    const result = await archive({ roots, chunking: store.chunking, sink, parent, clock: LATE_CLOCK, ...options });
    const snapshot = await session.commit(
      draftOf(result.root, { paths: result.paths, stats: result.stats, parent: last?.id }),
    );
    return { ...result, snapshot, put };
  } finally {
    session.close();
  }
}

export async function restore(
  store: Store,
  root: Buffer,
  target: string,
  options: Partial<ExtractOptions> = {},
): Promise<ExtractResult> {
  const source: ChunkSource = {
    read: (kind, id) => store.read(kind, id),
    readEncoded: (kind, id) => store.readEncoded(kind, id),
  };
  const needs = { source, chunking: store.chunking, clock: LATE_CLOCK, random: systemRandom };
  return extract({ ...needs, root, target, overwrite: "never", ...options });
}
