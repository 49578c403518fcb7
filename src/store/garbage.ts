import { CorruptionError, codeOf } from "../runtime/errors.ts";
import type { ObjectKind } from "./chunk-id.ts";
import { ChunkSet } from "./chunk-set.ts";
import { PACK_BYTES_TARGET } from "./pack.ts";
import type { PackEntry } from "./pack-registry.ts";
import { keepUpProtection } from "./protection-upkeep.ts";
import { reachableFrom } from "./reachability.ts";
import { type ReserveOptions, releaseReserve } from "./reserve.ts";
import type { StoreCore } from "./store-core.ts";
import { TREE_SHAPES, TREE_VERSION } from "./tree.ts";

// Collection in two phases, beside running backups. Marking walks all snapshots and takes its time; whatever sessions
// put or are told of meanwhile is in their own sets. Condemning decides for one pack at a time, without a pause between
// looking at those sets and taking the objects out of the table: no session can be told of an object that then goes.
// Files are deleted only after that, and packs that still hold something only after it is durable elsewhere.

export interface CollectionOptions extends ReserveOptions {
  /** Only count. */
  readonly dryRun?: boolean | undefined;
  /** A pack is rewritten when more than this share of it is garbage. */
  readonly garbageShareMax?: number | undefined;
  /** Ends it between two packs, with the signal's reason: what was collected until then is, and the next collection does the rest. */
  readonly signal?: AbortSignal | undefined;
  /** Collect although trees of snapshots are lost: what only those named goes. After a repair that could not bring them back. */
  readonly acceptLostTrees?: boolean | undefined;
}

export interface CollectionReport {
  readonly packsDeleted: number;
  readonly packsRewritten: number;
  /** Bytes of deleted packs less those of what was kept from them. */
  readonly bytesFreed: number;
  /** Bytes of garbage that stay, in packs not worth rewriting. */
  readonly bytesLeft: number;
}

/** Rewriting at a quarter keeps the store below 4/3 of what is alive. */
const GARBAGE_SHARE_MAX = 0.25;
/** Every backup ends with two packs that are not full; this many small ones of a kind are put together. */
const SMALL_PACKS_MIN = 8;
/** Written anew before the old ones go: the room that a collection needs. Enough to put many small packs together. */
const REWRITE_BYTES_MAX = 4 * PACK_BYTES_TARGET;
const SMALL_PACK_BYTES = PACK_BYTES_TARGET / 4;

/**
 * CorruptionError when a snapshot cannot be walked: nothing is deleted while it is unknown what is needed. Missing data
 * does not matter for that, a missing tree does.
 */
export async function collectGarbage(core: StoreCore, options: CollectionOptions = {}): Promise<CollectionReport> {
  for (const [name, { problem }] of core.damages.snapshots) {
    throw new CorruptionError(
      name,
      `${problem}; nothing is collected while a snapshot cannot be read: repair or forget it`,
    );
  }
  const collection = { protects: new ChunkSet() };
  core.collection = collection;
  try {
    const marked = await mark(core, options);
    const report = await sweep(core, marked, options);
    if (options.dryRun !== true) await keepUpProtection(core, options);
    return report;
  } finally {
    core.collection = undefined;
  }
}

/** A leaf without nodes. */
const EMPTY_TREE = Buffer.from([TREE_VERSION, TREE_SHAPES.leaf, 0, 0, 0, 0]);

async function mark(core: StoreCore, { acceptLostTrees = false, signal }: CollectionOptions): Promise<ChunkSet> {
  const roots = [...core.snapshots.values()].map(({ root }) => root);
  const walking = core.walking((kind, id) => {
    if (kind === "data" || acceptLostTrees) return;
    throw new CorruptionError(
      `${kind} object ${id.toString("hex")}`,
      "is missing; nothing is collected while it is unknown what is needed below it",
    );
  });
  const read = async (kind: ObjectKind, id: Buffer) => {
    signal?.throwIfAborted();
    try {
      return await walking.read(kind, id);
    } catch (error) {
      if (acceptLostTrees && error instanceof CorruptionError) return EMPTY_TREE;
      throw error;
    }
  };
  return reachableFrom(roots, { ...walking, read });
}

async function sweep(core: StoreCore, marked: ChunkSet, options: CollectionOptions): Promise<CollectionReport> {
  const isAlive = (ordinal: number) => {
    if (marked.has(ordinal) || core.collection?.protects.has(ordinal)) return true;
    for (const { protects } of core.sessions) if (protects.has(ordinal)) return true;
    return false;
  };
  const candidates = chooseCandidates(core, isAlive, options);
  const report = { packsDeleted: 0, packsRewritten: 0, bytesFreed: 0, bytesLeft: candidates.bytesLeft };
  if (options.dryRun) {
    for (const { pack, aliveBytes } of candidates.packs) {
      report.bytesFreed += pack.bytes - aliveBytes;
      if (aliveBytes === 0) report.packsDeleted++;
      else report.packsRewritten++;
    }
    return report;
  }

  const packs = candidates.packs.map(({ pack }) => pack);
  const ordinalsOf = groupByPack(core, packs);
  const condemnAndMove = async (pack: PackEntry): Promise<Emptied> => {
    const kept: number[] = [];
    for (const ordinal of ordinalsOf.get(pack.number) ?? []) {
      if (core.table.packOf(ordinal) !== pack.number) continue;
      if (isAlive(ordinal)) kept.push(ordinal);
      else core.table.markGone(ordinal);
    }
    let keptBytes = 0;
    for (const ordinal of kept) keptBytes += await moveOut(core, pack, ordinal);
    return { pack, kept, keptBytes };
  };
  // The dead ones first: deleting them needs no room, and makes room for rewriting the others, a few at a time.
  const dead = candidates.packs.filter(({ aliveBytes }) => aliveBytes === 0).map(({ pack }) => pack);
  const halfDead = candidates.packs.filter(({ aliveBytes }) => aliveBytes > 0);
  const empty = async (batch: readonly PackEntry[]) => {
    const emptied: Emptied[] = [];
    for (const pack of batch) {
      options.signal?.throwIfAborted();
      try {
        emptied.push(await condemnAndMove(pack));
      } catch (error) {
        // A damaged pack stays as it is, for repair; the others go on.
        if (!(error instanceof CorruptionError)) throw error;
        core.log.error({ file: pack.name, problem: error.message }, "pack is damaged and is not collected");
        report.bytesLeft += pack.bytes;
      }
    }
    if (emptied.some(({ kept }) => kept.length > 0)) await core.writer.flush();
    for (const { pack, kept, keptBytes } of emptied) {
      options.signal?.throwIfAborted();
      await removePack(core, pack, kept);
      report.bytesFreed += pack.bytes - keptBytes;
      if (kept.length === 0) report.packsDeleted++;
      else report.packsRewritten++;
    }
  };
  await empty(dead);
  for (const batch of inBatches(halfDead)) {
    try {
      await empty(batch);
    } catch (error) {
      // A full disk: on with the room that was set aside for this, a pack at a time.
      if (codeOf(error) !== "ENOSPC" || !(await releaseReserve(core.medium))) throw error;
      core.log.warn({ store: core.medium.name }, "the disk is full; collecting with the room kept for that");
      for (const pack of batch) await empty([pack]);
    }
  }
  return report;
}

interface Emptied {
  readonly pack: PackEntry;
  readonly kept: readonly number[];
  readonly keptBytes: number;
}

async function removePack(core: StoreCore, pack: PackEntry, kept: readonly number[]): Promise<void> {
  // The flush of somebody else may have met the error that concerns us: look at every object itself.
  const allMoved = kept.every((ordinal) => {
    const at = core.packs.get(core.table.packOf(ordinal));
    return at !== pack && at.builder === undefined;
  });
  if (!allMoved) throw new Error(`${pack.name}: what is kept of it could not be written elsewhere`);
  await core.medium.delete(pack.name);
  core.packs.remove(pack.number);
}

/** What rewriting needs room for before it frees any. */
function inBatches(candidates: readonly Candidate[]): PackEntry[][] {
  const batches: PackEntry[][] = [];
  let bytes = REWRITE_BYTES_MAX;
  for (const { pack, aliveBytes } of candidates) {
    if (bytes + aliveBytes > REWRITE_BYTES_MAX) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(pack);
    bytes += aliveBytes;
  }
  return batches;
}

interface Candidate {
  readonly pack: PackEntry;
  readonly aliveBytes: number;
}

function chooseCandidates(
  core: StoreCore,
  isAlive: (ordinal: number) => boolean,
  { garbageShareMax = GARBAGE_SHARE_MAX }: CollectionOptions,
): { packs: Candidate[]; bytesLeft: number } {
  const alive = new Float64Array(core.packs.size);
  for (let ordinal = 0; ordinal < core.table.size; ordinal++) {
    if (!core.table.isPresent(ordinal) || !isAlive(ordinal)) continue;
    const pack = core.table.packOf(ordinal);
    alive[pack] = (alive[pack] as number) + core.table.lengthOf(ordinal);
  }
  const packs: Candidate[] = [];
  const small: Record<"data" | "tree", Candidate[]> = { data: [], tree: [] };
  let bytesLeft = 0;
  for (const pack of core.packs.written()) {
    // A damaged pack is evidence and perhaps the last copy: it is never deleted.
    if (core.damages.packs.has(pack.name)) continue;
    const aliveBytes = alive[pack.number] as number;
    const garbage = pack.bytes - pack.bodyStart - aliveBytes;
    const candidate = { pack, aliveBytes };
    if (aliveBytes === 0 || garbage > pack.bytes * garbageShareMax) packs.push(candidate);
    else {
      bytesLeft += garbage;
      if (pack.bytes < SMALL_PACK_BYTES) small[pack.kind].push(candidate);
    }
  }
  for (const group of Object.values(small)) if (group.length >= SMALL_PACKS_MIN) packs.push(...group);
  return { packs, bytesLeft };
}

function groupByPack(core: StoreCore, packs: readonly PackEntry[]): Map<number, number[]> {
  const groups = new Map<number, number[]>(packs.map(({ number }) => [number, []]));
  for (let ordinal = 0; ordinal < core.table.size; ordinal++) groups.get(core.table.packOf(ordinal))?.push(ordinal);
  return groups;
}

/** Copies one object into an open pack; the table then points there. The old copy stays until that pack is durable. */
async function moveOut(core: StoreCore, from: PackEntry, ordinal: number): Promise<number> {
  const id = core.table.idOf(ordinal);
  const encoded = await core.readEncoded(from.kind, id);
  await core.writer.room();
  core.writer.add(from.kind, id, encoded);
  return core.table.lengthOf(ordinal);
}
