import { CorruptionError, reasonOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import type { ChunkTable } from "./chunk-table.ts";
import { INDEX_FOLDER, readIndexFile, writeIndexFiles } from "./index-file.ts";
import type { Medium } from "./medium.ts";
import { PACK_FOLDERS, type PackDirectory, readPackDirectory } from "./pack.ts";
import type { PackRegistry } from "./pack-registry.ts";
import { openFile } from "./sealing.ts";
import { decodeSnapshot, SNAPSHOT_FOLDER, type Snapshot } from "./snapshot.ts";
import { listTwins, readTwins } from "./twin-files.ts";

/** More index files than this are written anew as few. */
const INDEX_FILES_MAX = 16;
const SNAPSHOT_BYTES_MAX = 32 * 1024 * 1024;

interface OpeningNeeds {
  readonly medium: Medium;
  readonly sealingKey: Buffer;
  readonly random: Random;
  readonly log: Log;
}

/** Files that could not be used, by name. They stay where they are. `unreadable`: the system refused; it may be whole. */
export type Damages = Map<string, { readonly kind: "damaged" | "missing" | "unreadable"; readonly problem: string }>;

function damageOf(error: unknown): { kind: "damaged" | "unreadable"; problem: string } {
  return { kind: error instanceof CorruptionError ? "damaged" : "unreadable", problem: reasonOf(error) };
}

/**
 * Fills table and registry from the index files, and from the packs themselves where no index names them: the index may
 * be missing, old or damaged. Writes what it had to find out, unless the medium refuses.
 */
export async function loadIndex(
  needs: OpeningNeeds & { readonly table: ChunkTable; readonly packs: PackRegistry },
): Promise<{ readonly damages: Damages; readonly packsIndexed: number }> {
  const { medium, sealingKey, log } = needs;
  const damages: Damages = new Map();
  const sizes = new Map<string, number>();
  for (const folder of Object.values(PACK_FOLDERS)) {
    for (const { name, bytes } of await medium.list(folder)) sizes.set(name, bytes);
  }

  const directories = new Map<string, PackDirectory>();
  const indexFiles = await medium.list(INDEX_FOLDER);
  let stale = 0;
  for (const { name } of indexFiles) {
    try {
      for (const [pack, directory] of await readIndexFile(medium, name, { sealingKey })) {
        if (sizes.has(pack)) directories.set(pack, directory);
        else stale++;
      }
    } catch (error) {
      log.warn({ file: name, problem: reasonOf(error) }, "index file cannot be used; reading the packs instead");
      // A read that fails may succeed the next time: only what is read and wrong is damaged.
      if (error instanceof CorruptionError) damages.set(name, damageOf(error));
    }
  }

  const unindexed = new Map<string, PackDirectory>();
  for (const name of sizes.keys()) {
    if (directories.has(name)) continue;
    try {
      const directory = await readPackDirectory({ name, sealingKey }, (offset, length) =>
        medium.readRange(name, offset, length),
      );
      directories.set(name, directory);
      unindexed.set(name, directory);
    } catch (error) {
      log.error({ file: name, problem: reasonOf(error) }, "pack cannot be read and is left alone");
      damages.set(name, damageOf(error));
    }
  }

  for (const [name, directory] of directories) enterPack(name, directory, sizes.get(name) ?? 0, needs, damages);
  await refreshIndex(needs, { directories, unindexed, damages, indexFiles: indexFiles.map(({ name }) => name), stale });
  return { damages, packsIndexed: unindexed.size };
}

/** Objects beyond the end of a shortened pack are not entered: the next backup brings them again. */
function enterPack(
  name: string,
  directory: PackDirectory,
  bytes: number,
  { table, packs, log }: OpeningNeeds & { readonly table: ChunkTable; readonly packs: PackRegistry },
  damages: Damages,
): void {
  const { number } = packs.addWritten(name, directory);
  if (bytes < directory.bytes) {
    const problem = `${bytes} of ${directory.bytes} bytes are left`;
    log.error({ file: name, problem }, "pack is cut short");
    damages.set(name, { kind: "damaged", problem });
  }
  for (const { id, offset, length } of directory.objects) {
    if (directory.bodyStart + offset + length > bytes) continue;
    if (table.findPresent(id) < 0) table.put(id, { pack: number, offset, length });
  }
}

async function refreshIndex(
  needs: OpeningNeeds,
  state: {
    directories: ReadonlyMap<string, PackDirectory>;
    unindexed: ReadonlyMap<string, PackDirectory>;
    damages: Damages;
    indexFiles: readonly string[];
    stale: number;
  },
): Promise<void> {
  const { medium, log } = needs;
  const anew = state.indexFiles.length > INDEX_FILES_MAX || state.stale > state.directories.size;
  try {
    if (anew) {
      await writeIndexFiles(medium, state.directories, needs);
      for (const name of state.indexFiles) if (!state.damages.has(name)) await medium.delete(name);
    } else if (state.unindexed.size > 0) {
      await writeIndexFiles(medium, state.unindexed, needs);
    }
    // A damaged index file is worth nothing once all packs are indexed elsewhere.
    for (const name of state.indexFiles) if (state.damages.has(name)) await medium.delete(name);
  } catch (error) {
    // A full disk must not keep anyone from reading: the index is only a cache.
    log.warn({ problem: reasonOf(error) }, "index could not be written");
  }
}

/** Every snapshot that can be read, from its file or its copy, and those that cannot. */
export async function loadSnapshots({ medium, sealingKey, log }: Omit<OpeningNeeds, "random">): Promise<{
  snapshots: Snapshot[];
  damages: Damages;
}> {
  const snapshots: Snapshot[] = [];
  const damages: Damages = new Map();
  for (const name of await listTwins(medium, SNAPSHOT_FOLDER)) {
    const { file, value } = await readTwins(medium, name, snapshotReading(sealingKey, name));
    if (value !== undefined) snapshots.push(value);
    if (file.state === "good" || file.state === "unread") continue;
    log.error({ file: name, problem: file.problem, isReplaced: value !== undefined }, "snapshot cannot be read");
    if (value === undefined) damages.set(name, { kind: file.state, problem: file.problem });
  }
  snapshots.sort((a, b) => a.sequence - b.sequence);
  return { snapshots, damages };
}

/** How `readTwins` reads a snapshot. */
export function snapshotReading(sealingKey: Buffer, name: string) {
  return {
    bytesMax: SNAPSHOT_BYTES_MAX,
    open: (bytes: Buffer): Snapshot => {
      const snapshot = decodeSnapshot(name, openFile({ sealingKey, fileClass: "snapshot", name }, bytes));
      if (SNAPSHOT_FOLDER + snapshot.id !== name) throw new CorruptionError(name, `holds snapshot ${snapshot.id}`);
      return snapshot;
    },
  };
}
