import type { ChunkSink, ChunkSource } from "../store/chunk-sink.ts";
import type { TreeNode } from "../store/tree.ts";
import { decodeTree } from "../store/tree-reader.ts";
import type { Uploader } from "./uploader.ts";

// The directory as the last snapshot has it, read leaf by leaf beside the walk.

export interface ParentNeeds {
  readonly source: ChunkSource;
  readonly sink: ChunkSink;
  readonly uploader: Uploader;
}

interface Leaf {
  readonly nodes: readonly TreeNode[];
  /** Ids of chunks (latin1) that are named and no longer in the store: files made of them are read again. */
  readonly lost: ReadonlySet<string>;
}

export class ParentDirectory {
  readonly #needs: ParentNeeds;
  readonly #leaves: readonly Buffer[];
  #nextLeaf = 0;
  #leaf: Leaf = { nodes: [], lost: new Set() };
  #at = 0;

  private constructor(needs: ParentNeeds, leaves: readonly Buffer[]) {
    this.#needs = needs;
    this.#leaves = leaves;
  }

  /** `undefined` when the tree cannot be read: then everything in it counts as new. */
  static async open(needs: ParentNeeds, tree: Buffer): Promise<ParentDirectory | undefined> {
    try {
      const decoded = await readTree(needs, tree);
      const directory = new ParentDirectory(needs, decoded.shape === "branch" ? decoded.leaves : []);
      if (decoded.shape === "leaf") directory.#leaf = await inspect(needs, decoded);
      return directory;
    } catch {
      return undefined;
    }
  }

  /** Whether `find` must be preceded by `advance`: a leaf ends before this name. */
  needsAdvance(name: Buffer): boolean {
    if (this.#nextLeaf >= this.#leaves.length) return false;
    const last = this.#leaf.nodes.at(-1);
    return last === undefined || Buffer.compare(last.name, name) < 0;
  }

  async advance(name: Buffer): Promise<void> {
    while (this.needsAdvance(name)) {
      const id = this.#leaves[this.#nextLeaf++] as Buffer;
      this.#at = 0;
      try {
        const tree = await readTree(this.#needs, id);
        this.#leaf = tree.shape === "leaf" ? await inspect(this.#needs, tree) : { nodes: [], lost: new Set() };
      } catch {
        this.#leaf = { nodes: [], lost: new Set() };
      }
    }
  }

  /** Names are asked for in ascending order. A file whose content is no longer whole is not found. */
  find(name: Buffer): TreeNode | undefined {
    const { nodes, lost } = this.#leaf;
    for (; this.#at < nodes.length; this.#at++) {
      const node = nodes[this.#at] as TreeNode;
      const order = Buffer.compare(node.name, name);
      if (order > 0) return undefined;
      if (order === 0) return isWhole(node, lost) ? node : undefined;
    }
    return undefined;
  }
}

async function readTree({ source, uploader }: ParentNeeds, id: Buffer) {
  const tree = decodeTree(await source.read("tree", id), `tree ${id.toString("hex")}`);
  uploader.meet(id);
  return tree;
}

async function inspect(
  { sink, uploader }: ParentNeeds,
  { nodes, chunks, trees }: { nodes: readonly TreeNode[]; chunks: readonly Buffer[]; trees: readonly Buffer[] },
): Promise<Leaf> {
  // Trees in the table that are no directory's: the lists of long files, taken over without being read.
  const directories = new Set(
    nodes.flatMap((node) => (node.type === "directory" ? [node.tree.toString("latin1")] : [])),
  );
  const lists = trees.filter((tree) => !directories.has(tree.toString("latin1")));
  const lost = new Set<string>();
  for (const [kind, ids] of [
    ["data", chunks],
    ["tree", lists],
  ] as const) {
    const missing = ids.length === 0 ? [] : await sink.missing(kind, ids);
    for (const [index, id] of ids.entries()) {
      if (missing[index] === false) uploader.meet(id);
      else lost.add(id.toString("latin1"));
    }
  }
  return { nodes, lost };
}

function isWhole(node: TreeNode, lost: ReadonlySet<string>): boolean {
  if (node.type !== "file" || lost.size === 0) return true;
  if (node.content.kind === "lists") return node.content.lists.every((id) => !lost.has(id.toString("latin1")));
  return node.content.pieces.every((piece) => piece.kind === "hole" || !lost.has(piece.id.toString("latin1")));
}
