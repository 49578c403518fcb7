import { reasonOf } from "../runtime/errors.ts";
import { ChunkSet } from "./chunk-set.ts";
import { Fault, type ObjectFaults } from "./faults.ts";
import { joinPath } from "./path-bytes.ts";
import { isPassing } from "./patient-medium.ts";
import { reachableFrom } from "./reachability.ts";
import type { Snapshot } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import type { FileNode, Piece } from "./tree.ts";
import { decodeTree, decodeTreeLinks, type Tree } from "./tree-reader.ts";

// From objects that cannot be had to the files and snapshots that need them. First each tree is looked at once: is
// anything below it at fault? Then only those trees are walked with their paths, snapshot by snapshot.

/** Whether all that the snapshots need is there and none of it at fault: the quick way, without paths. */
export async function isAllThere(core: StoreCore, snapshots: readonly Snapshot[]): Promise<boolean> {
  let isComplete = true;
  const walking = core.walking(() => {
    isComplete = false;
  });
  try {
    await reachableFrom(
      snapshots.map(({ root }) => root),
      walking,
    );
  } catch {
    return false;
  }
  return isComplete;
}

/** Tells each fault which paths of which snapshots it touches. Trees that prove unreadable become faults, which are returned. */
export async function nameAffected(
  core: StoreCore,
  faults: ObjectFaults,
  { snapshots, signal }: { snapshots: readonly Snapshot[]; signal?: AbortSignal | undefined },
): Promise<Fault[]> {
  const search = new TaintSearch(core, faults);
  for (const snapshot of snapshots) {
    signal?.throwIfAborted();
    if (!(await search.isTainted(snapshot.root))) continue;
    // Forgotten and half collected meanwhile: nothing of it is needed any more.
    if (!core.snapshots.has(snapshot.id)) continue;
    await walkTainted(core, faults, search, snapshot);
  }
  return search.found;
}

interface Frame {
  readonly ordinal: number;
  readonly trees: readonly Buffer[];
  next: number;
  isTainted: boolean;
}

class TaintSearch {
  readonly #core: StoreCore;
  readonly #faults: ObjectFaults;
  readonly #tainted = new ChunkSet();
  readonly #clean = new ChunkSet();
  readonly found: Fault[] = [];

  constructor(core: StoreCore, faults: ObjectFaults) {
    this.#core = core;
    this.#faults = faults;
  }

  /** Whether the tree or anything below it is at fault. */
  async isTainted(root: Buffer): Promise<boolean> {
    const first = await this.#enter(root);
    if (typeof first === "boolean") return first;
    // A stack of our own: depth is the snapshot's.
    const stack = [first];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const child = top.trees[top.next++];
      if (child === undefined) {
        (top.isTainted ? this.#tainted : this.#clean).add(top.ordinal);
        stack.pop();
        const parent = stack.at(-1);
        if (parent !== undefined && top.isTainted) parent.isTainted = true;
        continue;
      }
      const entered = await this.#enter(child);
      if (typeof entered !== "boolean") stack.push(entered);
      else if (entered) top.isTainted = true;
    }
    return first.isTainted;
  }

  async #enter(id: Buffer): Promise<boolean | Frame> {
    if (this.#faults.of("tree", id) !== undefined) return true;
    const ordinal = this.#core.find("tree", id);
    if (this.#tainted.has(ordinal)) return true;
    if (this.#clean.has(ordinal)) return false;
    const what = `tree object ${id.toString("hex")}`;
    try {
      const { chunks, trees } = decodeTreeLinks(await this.#core.read("tree", id), what);
      const isTainted = chunks.some((chunk) => this.#faults.of("data", chunk) !== undefined);
      return { ordinal, trees, next: 0, isTainted };
    } catch (error) {
      this.addFault(id, isPassing(error) ? "unreadable" : "damaged", what, reasonOf(error));
      return true;
    }
  }

  addFault(id: Buffer, kind: "damaged" | "unreadable", what: string, problem: string): Fault {
    const fault = new Fault(kind, what, problem);
    this.found.push(fault);
    const ordinal = this.#core.find("tree", id);
    if (ordinal >= 0) this.#faults.addOrdinal(ordinal, fault);
    return fault;
  }
}

async function walkTainted(
  core: StoreCore,
  faults: ObjectFaults,
  search: TaintSearch,
  snapshot: Snapshot,
): Promise<void> {
  const open = async (id: Buffer, path: Buffer, isDirectory: boolean): Promise<Tree | undefined> => {
    const what = `tree object ${id.toString("hex")}`;
    try {
      return decodeTree(await core.read("tree", id), what);
    } catch (error) {
      search.addFault(id, "damaged", what, reasonOf(error)).touchesPath(snapshot.id, path, isDirectory);
      return undefined;
    }
  };
  const waiting: { path: Buffer; id: Buffer }[] = [{ path: Buffer.from("/"), id: snapshot.root }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { path, id } = next;
    const fault = faults.of("tree", id);
    if (fault !== undefined) fault.touchesPath(snapshot.id, path, true);
    else if (await search.isTainted(id)) {
      const tree = await open(id, path, true);
      if (tree?.shape === "branch") for (const leaf of tree.leaves) waiting.push({ path, id: leaf });
      for (const node of tree?.shape === "leaf" ? tree.nodes : []) {
        const below = joinPath(path, node.name);
        if (node.type === "directory") waiting.push({ path: below, id: node.tree });
        else if (node.type === "file") await touchFile(node, below);
      }
    }
  }

  async function touchFile({ content }: FileNode, path: Buffer): Promise<void> {
    const touchPieces = (pieces: readonly Piece[]) => {
      for (const piece of pieces) {
        if (piece.kind === "data") faults.of("data", piece.id)?.touchesPath(snapshot.id, path, false);
      }
    };
    if (content.kind === "pieces") return touchPieces(content.pieces);
    for (const id of content.lists) {
      const fault = faults.of("tree", id);
      if (fault !== undefined) fault.touchesPath(snapshot.id, path, false);
      else if (await search.isTainted(id)) {
        const tree = await open(id, path, false);
        if (tree?.shape === "list") touchPieces(tree.pieces);
      }
    }
  }
}
