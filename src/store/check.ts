import { codeOf, reasonOf } from "../runtime/errors.ts";
import type { CheckOptions, CheckProblem, CheckReport } from "./check-report.ts";
import { chunkId, type ObjectKind } from "./chunk-id.ts";
import { ChunkSet } from "./chunk-set.ts";
import { readPackDirectory } from "./pack.ts";
import type { PackEntry } from "./pack-registry.ts";
import { SNAPSHOT_FOLDER } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { decodeTree, type Tree } from "./tree-reader.ts";

/** Looks and tells; it changes nothing. What one snapshot lacks does not keep it from looking at the others. */
export async function checkStore(core: StoreCore, options: CheckOptions = {}): Promise<CheckReport> {
  const problems: CheckProblem[] = [];
  const broken = new Map<string, { problem: string; snapshots: Set<string> }>();
  for (const [what, problem] of core.damages.snapshots) {
    problems.push({ ...PLAIN, what, problem, snapshots: [what.slice(SNAPSHOT_FOLDER.length)] });
  }

  const { bytesRead, objects, packs, damaged } = await checkPacks(core, options, problems);
  for (const snapshot of [...core.snapshots.values()]) {
    options.signal?.throwIfAborted();
    await checkSnapshot(core, snapshot.root, damaged, (what, problem) => {
      const known = broken.get(what) ?? { problem, snapshots: new Set<string>() };
      known.snapshots.add(snapshot.id);
      broken.set(what, known);
    });
  }
  for (const [what, { problem, snapshots }] of broken)
    problems.push({ ...PLAIN, what, problem, snapshots: [...snapshots] });
  return {
    problems,
    snapshots: core.snapshots.size,
    packs,
    objects,
    bytesRead,
    packsRead: 0,
    packsNeverVerified: 0,
    oldestVerifiedAtMs: undefined,
  };
}

/** Every pack's directory against the table; every tree, and with `readData` every object, opened and its id computed anew. */
async function checkPacks(core: StoreCore, options: CheckOptions, problems: CheckProblem[]) {
  const damaged = new Map<number, string>();
  for (const [what, problem] of core.damages.packs) problems.push({ ...PLAIN, what, problem, snapshots: [] });
  const all = [...core.packs.written()];
  let bytesRead = 0;
  let objects = 0;
  let packsDone = 0;
  for (const pack of all) {
    options.signal?.throwIfAborted();
    try {
      const readRange = (offset: number, length: number) => core.medium.readRange(pack.name, offset, length);
      const directory = await readPackDirectory({ name: pack.name, sealingKey: core.keys.sealingKey }, readRange);
      objects += directory.objects.length;
    } catch (error) {
      if (!isCollected(core, pack, error))
        problems.push({ ...PLAIN, what: pack.name, problem: reasonOf(error), snapshots: [] });
    }
    packsDone++;
    options.onProgress?.({ packsDone, packs: all.length, bytesDone: 0, bytes: 0 });
  }
  for (let ordinal = 0; ordinal < core.table.size; ordinal++) {
    if (ordinal % 64 === 0) options.signal?.throwIfAborted();
    if (!core.table.isPresent(ordinal)) continue;
    const kind = core.kindOf(ordinal);
    if (kind === "data" && options.readData !== true) continue;
    const length = core.table.lengthOf(ordinal);
    const problem = await verifyObject(core, kind, ordinal);
    bytesRead += length;
    if (problem !== undefined) damaged.set(ordinal, problem);
  }
  return { damaged, objects, bytesRead, packs: all.length };
}

function isCollected(core: StoreCore, pack: PackEntry, error: unknown): boolean {
  return codeOf(error) === "ENOENT" && ![...core.packs.written()].includes(pack);
}

async function verifyObject(core: StoreCore, kind: ObjectKind, ordinal: number): Promise<string | undefined> {
  const id = core.table.idOf(ordinal);
  try {
    const plaintext = await core.read(kind, id);
    if (!chunkId(core.keys.chunking.idKey, kind, plaintext).equals(id)) return "content does not match its id";
    return undefined;
  } catch (error) {
    // Collected while it was looked at.
    return core.table.isPresent(ordinal) ? reasonOf(error) : undefined;
  }
}

/** Walks one snapshot as far as it can be walked. */
async function checkSnapshot(
  core: StoreCore,
  root: Buffer,
  damaged: ReadonlyMap<number, string>,
  report: (what: string, problem: string) => void,
): Promise<void> {
  const seen = new ChunkSet();
  const waiting: Buffer[] = [];
  const enter = (kind: ObjectKind, id: Buffer) => {
    const what = `${kind} object ${id.toString("hex")}`;
    const ordinal = core.find(kind, id);
    if (ordinal < 0) return report(what, "is missing");
    const problem = damaged.get(ordinal);
    if (problem !== undefined) return report(what, problem);
    if (seen.add(ordinal) && kind === "tree") waiting.push(id);
  };
  enter("tree", root);
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    let tree: Tree;
    try {
      tree = decodeTree(await core.read("tree", id), `tree ${id.toString("hex")}`);
    } catch (error) {
      report(`tree object ${id.toString("hex")}`, reasonOf(error));
      continue;
    }
    for (const chunk of tree.chunks) enter("data", chunk);
    for (const child of tree.trees) enter("tree", child);
  }
}

const PLAIN = { kind: "damaged", objects: [], files: [], filesMore: 0 } as const;
