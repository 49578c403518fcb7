import { createUuid } from "../runtime/random.ts";
import { ChunkSet } from "./chunk-set.ts";
import { reachableFrom } from "./reachability.ts";
import { writeSnapshot } from "./session.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { decodeTreeLinks } from "./tree-reader.ts";

// A snapshot whose file and copy are both lost has left its trees, and a tree that no other names is the root of something.
// That may also be a forgotten snapshot's or an interrupted backup's, so whoever looks has a reason to.

/** More than an operator could look through. */
const RECOVERED_MAX = 1_000;
/** Host, tag and job of what was found again: whose it was nobody knows. */
export const RECOVERED = "recovered";

export interface LostRoot {
  readonly root: Buffer;
  /** Data chunks below it. */
  readonly chunks: number;
}

/** Roots of which everything below is there. Not while backups run: theirs would be among them. */
export async function findLostRoots(core: StoreCore, signal?: AbortSignal): Promise<LostRoot[]> {
  const { table } = core;
  const named = new ChunkSet();
  const directories: number[] = [];
  for (const { root } of core.snapshots.values()) enter(root);
  for (let ordinal = 0; ordinal < table.size; ordinal++) {
    signal?.throwIfAborted();
    if (!table.isPresent(ordinal) || core.kindOf(ordinal) !== "tree") continue;
    try {
      const { shape, trees } = decodeTreeLinks(await core.readTree(table.idOf(ordinal)), "tree");
      for (const tree of trees) enter(tree);
      if (shape !== "list") directories.push(ordinal);
    } catch {
      // Told by the check.
    }
  }
  const found: LostRoot[] = [];
  for (const ordinal of directories) {
    if (named.has(ordinal) || found.length >= RECOVERED_MAX) continue;
    signal?.throwIfAborted();
    const root = Buffer.from(table.idOf(ordinal));
    const chunks = await countBelow(core, root);
    if (chunks !== undefined) found.push({ root, chunks });
  }
  return found;

  function enter(tree: Buffer): void {
    const ordinal = core.find("tree", tree);
    if (ordinal >= 0) named.add(ordinal);
  }
}

/** Undefined where something is missing. */
async function countBelow(core: StoreCore, root: Buffer): Promise<number | undefined> {
  let isWhole = true;
  const walking = core.walking(() => {
    isWhole = false;
  });
  try {
    const reached = await reachableFrom([root], walking);
    let chunks = 0;
    for (let ordinal = 0; ordinal < core.table.size; ordinal++)
      if (reached.has(ordinal) && core.kindOf(ordinal) === "data") chunks++;
    return isWhole ? chunks : undefined;
  } catch {
    return undefined;
  }
}

/** Durable and listed when it resolves; what it was made of, when and by whom is lost. */
export async function recoverSnapshot(core: StoreCore, { root, chunks }: LostRoot): Promise<Snapshot> {
  const { clock, random } = core;
  const now = clock.now();
  return writeSnapshot(core, {
    ...{ id: createUuid({ clock, random }), hostId: RECOVERED, hostName: RECOVERED, jobId: RECOVERED },
    ...{ paths: [Buffer.from("/")], root, startedAtMs: now, finishedAtMs: now, tags: [RECOVERED], parent: undefined },
    stats: { files: 0, directories: 0, bytes: 0, newBytes: 0, storedBytes: 0, chunks, problems: 0 },
    ...{ managerVersion: "", agentVersion: "" },
  });
}
