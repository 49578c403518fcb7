import type { DirectoryNode, FileNode, TreeNode } from "../store/tree.ts";
import type { FileStatus } from "./file-calls.ts";

/** Times are restored to the microsecond at least. */
const SAME_TIME_NS = 1_000n;

/** Whether what is there is what the snapshot has, as far as its status tells; attributes are asked for apart. */
export function isUnchanged(
  node: Exclude<TreeNode, DirectoryNode>,
  existing: FileStatus,
  readTarget: () => Buffer,
): boolean {
  if (node.type !== existing.type || node.uid !== existing.uid || node.gid !== existing.gid) return false;
  const difference = node.mtimeNs - existing.mtimeNs;
  if (difference > SAME_TIME_NS || difference < -SAME_TIME_NS) return false;
  switch (node.type) {
    case "symlink":
      return node.target.equals(readTarget());
    case "file":
      return node.mode === existing.mode && (node as FileNode).size === existing.size;
    case "blockDevice":
    case "characterDevice":
      return node.mode === existing.mode && node.rdev === existing.rdev;
    default:
      return node.mode === existing.mode;
  }
}
