import { CorruptionError, WireError } from "../runtime/errors.ts";
import type { ChunkSource } from "./chunk-sink.ts";
import { joinPath } from "./path-bytes.ts";
import type { DirectoryNode, FileNode, Piece, TreeNode } from "./tree.ts";
import { decodeTree, type Tree } from "./tree-reader.ts";

// Reading trees: for `snapshot ls`, for single paths and for restore.

const SLASH = 0x2f;

async function readTree(source: ChunkSource, id: Buffer): Promise<Tree> {
  const what = `tree ${id.toString("hex")}`;
  try {
    return decodeTree(await source.read("tree", id), what);
  } catch (error) {
    // It was stored whole and sealed: whoever made it, it is not a tree that we may believe.
    if (error instanceof WireError) throw new CorruptionError(what, error.problem);
    throw error;
  }
}

/** The nodes of a directory's tree, by name. CorruptionError for a tree that is none. */
export async function* readDirectory(source: ChunkSource, id: Buffer): AsyncGenerator<TreeNode> {
  for await (const nodes of readLeaves(source, id)) yield* nodes;
}

/** As `readDirectory`, leaf by leaf. */
export async function* readLeaves(source: ChunkSource, id: Buffer): AsyncGenerator<readonly TreeNode[]> {
  const tree = await readTree(source, id);
  if (tree.shape === "leaf") return yield tree.nodes;
  if (tree.shape !== "branch")
    throw new CorruptionError(`tree ${id.toString("hex")}`, `is a ${tree.shape}, not a directory`);
  let previous: Buffer | undefined;
  for (const leaf of tree.leaves) {
    const part = await readTree(source, leaf);
    if (part.shape !== "leaf")
      throw new CorruptionError(`tree ${leaf.toString("hex")}`, `is a ${part.shape}, not a leaf`);
    const [first] = part.nodes;
    // Within a leaf the decoder has seen to it.
    if (first !== undefined && previous !== undefined && Buffer.compare(previous, first.name) >= 0)
      throw new CorruptionError(`tree ${leaf.toString("hex")}`, "names out of order");
    previous = part.nodes.at(-1)?.name ?? previous;
    yield part.nodes;
  }
}

/** The pieces of a file's content, in order; CorruptionError when they do not make up its size. */
export async function* readPieces(source: ChunkSource, { content, size }: FileNode): AsyncGenerator<Piece> {
  if (content.kind === "pieces") return yield* content.pieces;
  let left = size;
  for (const id of content.lists) {
    const tree = await readTree(source, id);
    if (tree.shape !== "list")
      throw new CorruptionError(`tree ${id.toString("hex")}`, `is a ${tree.shape}, not a list`);
    for (const piece of tree.pieces) {
      left -= piece.length;
      if (left < 0) throw new CorruptionError(`tree ${id.toString("hex")}`, `pieces go beyond ${size} bytes`);
      yield piece;
    }
  }
  if (left !== 0) throw new CorruptionError("lists of a file", `${left} of ${size} bytes are missing`);
}

export interface TreeEntry {
  /** Absolute. */
  readonly path: Buffer;
  readonly node: TreeNode;
}

/** The node at an absolute path of a snapshot; `undefined` when it holds none. The root itself has no node. */
export async function findNode(source: ChunkSource, root: Buffer, path: Buffer): Promise<TreeNode | undefined> {
  let tree: Buffer | undefined = root;
  let found: TreeNode | undefined;
  const names = path
    .toString("latin1")
    .split("/")
    .filter((name) => name !== "");
  for (const name of names) {
    found = tree === undefined ? undefined : await findIn(source, tree, Buffer.from(name, "latin1"));
    if (found === undefined) return undefined;
    tree = found.type === "directory" ? found.tree : undefined;
  }
  return found;
}

async function findIn(source: ChunkSource, tree: Buffer, name: Buffer): Promise<TreeNode | undefined> {
  for await (const node of readDirectory(source, tree)) {
    const order = Buffer.compare(node.name, name);
    if (order === 0) return node;
    if (order > 0) return undefined;
  }
  return undefined;
}

/**
 * Lists what a snapshot holds at or below `path` (default: all), depth first, each directory before its contents.
 * Without `recursive`, one level: the entries of a directory, or the one entry that is none.
 */
export async function* listTree(
  source: ChunkSource,
  root: Buffer,
  { path = Buffer.from("/"), recursive = false }: { path?: Buffer; recursive?: boolean } = {},
): AsyncGenerator<TreeEntry> {
  const isRoot = path.equals(Buffer.from("/"));
  const node = isRoot ? undefined : await findNode(source, root, path);
  if (!isRoot && node === undefined) return;
  if (node !== undefined && node.type !== "directory") return yield { path, node };
  // A stack of our own: depth is the snapshot's, and no trees deep enough may break us.
  const stack = [{ path, entries: readDirectory(source, (node as DirectoryNode | undefined)?.tree ?? root) }];
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const { value, done } = await top.entries.next();
    if (done) {
      stack.pop();
      continue;
    }
    const entryPath = joinPath(top.path, value.name);
    yield { path: entryPath, node: value };
    if (recursive && value.type === "directory") {
      stack.push({ path: entryPath, entries: readDirectory(source, value.tree) });
    }
  }
}

/**
 * A page of one directory: its nodes by name, from the first behind `after` on. Reads of a long directory only the leaves
 * that the page needs. `undefined` where the snapshot has no directory at `path`.
 */
export async function listDirectory(
  source: ChunkSource,
  root: Buffer,
  { path, after, limit }: { readonly path: Buffer; readonly after: Buffer | undefined; readonly limit: number },
): Promise<readonly TreeNode[] | undefined> {
  const isRoot = path.every((byte) => byte === SLASH);
  const node = isRoot ? undefined : await findNode(source, root, path);
  if (!isRoot && node?.type !== "directory") return undefined;
  const page: TreeNode[] = [];
  for await (const entry of readDirectory(source, (node as DirectoryNode | undefined)?.tree ?? root)) {
    if (after !== undefined && Buffer.compare(entry.name, after) <= 0) continue;
    page.push(entry);
    if (page.length === limit) break;
  }
  return page;
}
