import type { ByteWriter } from "./bytes.ts";

// Trees say what is where. A tree object has one of three shapes (docs/store-format.md, "Trees"):
//   leaf    nodes of a directory, sorted by name
//   branch  a directory too long for one leaf: the ids of its leaves, in order
//   list    the pieces of a file too long for its node
// Every shape begins with two tables, the ids of the data chunks and of the trees it names; nodes refer to them by number.
// So an id is held once an object, and who only wants to know what is reachable reads no further.

export const TREE_VERSION = 1;
export const TREE_SHAPES = { leaf: 0, branch: 1, list: 2 } as const;
export type TreeShape = keyof typeof TREE_SHAPES;

export const NODE_TYPES = {
  directory: 0,
  file: 1,
  symlink: 2,
  fifo: 3,
  socket: 4,
  blockDevice: 5,
  characterDevice: 6,
} as const;
export type NodeType = keyof typeof NODE_TYPES;

/** A name is 255 bytes on every file system in use; the rest is for those to come. */
export const NAME_BYTES_MAX = 1024;
export const LINK_TARGET_BYTES_MAX = 64 * 1024;
export const XATTRS_MAX = 4096;
export const XATTR_NAME_BYTES_MAX = 1024;
export const XATTR_VALUE_BYTES_MAX = 1024 * 1024;
export const OWNER_NAME_BYTES_MAX = 256;

/** A run of a file's bytes: part of a data chunk, or a hole. */
export type Piece =
  | { readonly kind: "data"; readonly id: Buffer; readonly offset: number; readonly length: number }
  | { readonly kind: "hole"; readonly length: number };

export interface Xattr {
  readonly name: Buffer;
  readonly value: Buffer;
}

/** What every node carries, whatever its type. */
export interface NodeAttributes {
  /** Raw bytes; never empty, `.` or `..`, without `/` and NUL. */
  readonly name: Buffer;
  /** The twelve permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The owners' names where the host knew them. */
  readonly userName?: string | undefined;
  readonly groupName?: string | undefined;
  /** Nanoseconds since 1970; negative before. */
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  /** Only where asked for: reading files changes it, and no directory would ever be unchanged. */
  readonly atimeNs?: bigint | undefined;
  readonly inode: bigint;
  /** Names of one file have the same `device` and inode. `device` counts file systems in the order of the walk: the kernel's numbers change between boots. */
  readonly hardLink?: { readonly device: number; readonly links: number } | undefined;
  readonly xattrs?: readonly Xattr[] | undefined;
  /** Some or all extended attributes could not be read: the next backup asks again, a restore takes none away. */
  readonly xattrsUnread?: boolean | undefined;
}

export interface FileNode extends NodeAttributes {
  readonly type: "file";
  readonly size: number;
  /** Changed so shortly before it was read that a later change might bear the same times: the next backup reads it again. */
  readonly unsettled: boolean;
  readonly content: FileContent;
}
/** The pieces in order, or the ids of the `list` trees that hold them. */
export type FileContent =
  | { readonly kind: "pieces"; readonly pieces: readonly Piece[] }
  | { readonly kind: "lists"; readonly lists: readonly Buffer[] };

export interface DirectoryNode extends NodeAttributes {
  readonly type: "directory";
  /** A leaf or a branch. */
  readonly tree: Buffer;
}
export interface SymlinkNode extends NodeAttributes {
  readonly type: "symlink";
  readonly target: Buffer;
}
export interface DeviceNode extends NodeAttributes {
  readonly type: "blockDevice" | "characterDevice";
  /** The kernel's `st_rdev`. */
  readonly rdev: bigint;
}
export interface PlainNode extends NodeAttributes {
  readonly type: "fifo" | "socket";
}
export type TreeNode = FileNode | DirectoryNode | SymlinkNode | DeviceNode | PlainNode;

/** Set bits say which optional fields follow, or are the answer themselves. */
export const NODE_FLAGS = {
  accessTime: 1,
  hardLink: 2,
  xattrs: 4,
  unsettled: 8,
  userName: 16,
  groupName: 32,
  lists: 64,
  xattrsUnread: 128,
} as const;
export const NODE_FLAGS_ALL = 255;

export const NANOSECONDS_PER_SECOND = 1_000_000_000n;

/** 8 bytes of seconds, rounded down, then 4 of nanoseconds: reaches beyond 2262, where nanoseconds in 64 bits end. */
export function writeTime(writer: ByteWriter, ns: bigint): void {
  let seconds = ns / NANOSECONDS_PER_SECOND;
  let rest = ns % NANOSECONDS_PER_SECOND;
  if (rest < 0n) {
    seconds -= 1n;
    rest += NANOSECONDS_PER_SECOND;
  }
  writer.i64(seconds).u32(Number(rest));
}

/** Why a name must not be restored, or `undefined` for a good one. */
export function problemOfName(name: Buffer): string | undefined {
  if (name.length === 0) return "empty name";
  if (name.length > NAME_BYTES_MAX) return `name of ${name.length} bytes`;
  if (name.includes(0)) return "name with a NUL";
  if (name.includes(0x2f)) return "name with a slash";
  if (name[0] === 0x2e && (name.length === 1 || (name.length === 2 && name[1] === 0x2e))) return "name is . or ..";
  return undefined;
}
