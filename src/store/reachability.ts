import type { ObjectKind } from "./chunk-id.ts";
import { ChunkSet } from "./chunk-set.ts";
import type { ChunkTable } from "./chunk-table.ts";
import { decodeTree, decodeTreeLinks } from "./tree-reader.ts";

/** Trees read at a time while walking: enough to hide a disk's latency. */
const READS_AT_ONCE = 8;

export interface ReachabilityNeeds {
  readonly table: ChunkTable;
  /** The kind of an object that is present. An id named as the other kind is missing: it would be entered and never walked. */
  readonly kindOf: (ordinal: number) => ObjectKind;
  /** The plaintext of an object that the table has. */
  readonly read: (kind: ObjectKind, id: Buffer) => Promise<Buffer>;
  /** Called for each id that is named and not there; throws to end the walk. */
  readonly onMissing: (kind: ObjectKind, id: Buffer) => void;
  /** False for ids that must not be named (a client's tree naming another host's chunks); treated as missing. */
  readonly mayName?: ((ordinal: number) => boolean) | undefined;
  /** Decode nodes and all, not only the tables: for trees that a client has just made. */
  readonly whole?: boolean | undefined;
}

/**
 * All objects reachable from the trees `roots`, as a set of ordinals. What `known` holds is taken as walked already (it
 * must be closed: with a tree, everything below it) and is not entered again; the result holds only what is new.
 */
export async function reachableFrom(
  roots: readonly Buffer[],
  needs: ReachabilityNeeds,
  known: ChunkSet = new ChunkSet(),
): Promise<ChunkSet> {
  const reached = new ChunkSet();
  const waiting: Buffer[] = [];

  const enter = (kind: ObjectKind, id: Buffer) => {
    const ordinal = needs.table.findPresent(id);
    const allowed = ordinal >= 0 && needs.kindOf(ordinal) === kind && needs.mayName?.(ordinal) !== false;
    if (!allowed) return needs.onMissing(kind, id);
    if (known.has(ordinal) || !reached.add(ordinal)) return;
    if (kind === "tree") waiting.push(id);
  };

  const walk = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const bytes = await needs.read("tree", id);
      const what = `tree ${id.toString("hex")}`;
      const { chunks, trees } = needs.whole === true ? decodeTree(bytes, what) : decodeTreeLinks(bytes, what);
      for (const chunk of chunks) enter("data", chunk);
      for (const tree of trees) enter("tree", tree);
    }
  };

  for (const root of roots) enter("tree", root);
  // Rounds: a walker that finds the list empty ends; while others still add to it, a new round starts.
  while (waiting.length > 0) {
    await Promise.all(Array.from({ length: Math.min(READS_AT_ONCE, waiting.length) }, walk));
  }
  return reached;
}
