import { CorruptionError } from "../../runtime/errors.ts";
import type { Store } from "../../store/store.ts";
import type { DirectoryNode, TreeNode } from "../../store/tree.ts";
import { decodeTree } from "../../store/tree-reader.ts";

// Looking into a snapshot without restoring it. Reads only the tree objects on the way, and of a long directory only
// the leaves that a page needs.

type TreeStore = Pick<Store, "read">;

/** Nodes of one directory in the order of their names' bytes, from the first name after `after` on. Undefined where `path` is no directory. */
export async function listDirectory(
  store: TreeStore,
  root: Buffer,
  { path, after, limit }: { readonly path: Buffer; readonly after: Buffer | undefined; readonly limit: number },
): Promise<readonly TreeNode[] | undefined> {
  let tree = root;
  for (const name of splitPath(path)) {
    const node = await findNode(store, tree, name);
    if (node?.type !== "directory") return undefined;
    tree = (node as DirectoryNode).tree;
  }
  const nodes: TreeNode[] = [];
  for await (const node of nodesOf(store, tree)) {
    if (after !== undefined && Buffer.compare(node.name, after) <= 0) continue;
    nodes.push(node);
    if (nodes.length === limit) break;
  }
  return nodes;
}

async function findNode(store: TreeStore, tree: Buffer, name: Buffer): Promise<TreeNode | undefined> {
  for await (const node of nodesOf(store, tree)) {
    const order = Buffer.compare(node.name, name);
    if (order === 0) return node;
    if (order > 0) return undefined;
  }
  return undefined;
}

async function* nodesOf(store: TreeStore, id: Buffer): AsyncGenerator<TreeNode> {
  const what = `tree object ${id.toString("hex")}`;
  const tree = decodeTree(await store.read("tree", id), what);
  if (tree.shape === "leaf") yield* tree.nodes;
  else if (tree.shape === "branch") for (const leaf of tree.leaves) yield* nodesOf(store, leaf);
  else throw new CorruptionError(what, "is a list of pieces where a directory was expected");
}

/** The names of an absolute or relative path, empty ones left out. */
function splitPath(path: Buffer): Buffer[] {
  const names: Buffer[] = [];
  let from = 0;
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== 0x2f) continue;
    if (at > from) names.push(path.subarray(from, at));
    from = at + 1;
  }
  return names;
}
