import { ByteReader } from "./bytes.ts";
import { ID_BYTES } from "./chunk-id.ts";
import { OBJECT_BYTES_MAX } from "./chunk-sizes.ts";
import {
  type FileContent,
  LINK_TARGET_BYTES_MAX,
  NAME_BYTES_MAX,
  NANOSECONDS_PER_SECOND,
  NODE_FLAGS,
  NODE_FLAGS_ALL,
  NODE_TYPES,
  type NodeAttributes,
  type NodeType,
  OWNER_NAME_BYTES_MAX,
  type Piece,
  problemOfName,
  TREE_SHAPES,
  TREE_VERSION,
  type TreeNode,
  type TreeShape,
  XATTR_NAME_BYTES_MAX,
  XATTR_VALUE_BYTES_MAX,
  XATTRS_MAX,
  type Xattr,
} from "./tree.ts";

/** The ids that a tree object names, in the order of its tables. */
export interface TreeLinks {
  readonly shape: TreeShape;
  readonly chunks: readonly Buffer[];
  readonly trees: readonly Buffer[];
}

export type Tree = TreeLinks &
  (
    | { readonly shape: "leaf"; readonly nodes: readonly TreeNode[] }
    | { readonly shape: "branch"; readonly leaves: readonly Buffer[] }
    | { readonly shape: "list"; readonly pieces: readonly Piece[] }
  );

const SHAPES = Object.keys(TREE_SHAPES) as TreeShape[];
const TYPES = Object.keys(NODE_TYPES) as NodeType[];

/** Only the tables: all that marking needs. WireError when they are broken. */
export function decodeTreeLinks(bytes: Buffer, what: string): TreeLinks {
  return readLinks(new ByteReader(bytes, what));
}

/** The whole object. WireError when anything in it is broken: names that lead elsewhere, wrong order, pieces that do not make up the size. */
export function decodeTree(bytes: Buffer, what: string): Tree {
  const reader = new ByteReader(bytes, what);
  const links = readLinks(reader);
  const tree = readBody(reader, links);
  reader.end();
  return tree;
}

function readLinks(reader: ByteReader): TreeLinks {
  const version = reader.u8();
  if (version !== TREE_VERSION) reader.fail(`unknown version ${version}`);
  const shape = SHAPES[reader.u8()];
  if (shape === undefined) return reader.fail("unknown shape");
  return { shape, chunks: readIds(reader), trees: readIds(reader) };
}

function readIds(reader: ByteReader): Buffer[] {
  const count = reader.bounded(Math.floor(reader.left / ID_BYTES), "count of ids");
  return Array.from({ length: count }, () => reader.raw(ID_BYTES));
}

function readBody(reader: ByteReader, links: TreeLinks): Tree {
  switch (links.shape) {
    case "leaf":
      return { ...links, shape: "leaf", nodes: readNodes(reader, links) };
    case "branch":
      return { ...links, shape: "branch", leaves: readTreeNumbers(reader, links) };
    case "list":
      return { ...links, shape: "list", pieces: readPieces(reader, links) };
  }
}

function readNodes(reader: ByteReader, links: TreeLinks): TreeNode[] {
  const ownerCount = reader.bounded(reader.left, "count of owners");
  const owners = Array.from({ length: ownerCount }, () => reader.text(OWNER_NAME_BYTES_MAX, "owner"));
  const count = reader.bounded(reader.left, "count of nodes");
  const nodes: TreeNode[] = [];
  let previous: Buffer | undefined;
  for (let index = 0; index < count; index++) {
    const node = readNode(reader, links, owners);
    if (previous !== undefined && Buffer.compare(previous, node.name) >= 0) reader.fail("names out of order");
    previous = node.name;
    nodes.push(node);
  }
  return nodes;
}

function readNode(reader: ByteReader, links: TreeLinks, owners: readonly string[]): TreeNode {
  const name = reader.bytes(NAME_BYTES_MAX, "name");
  const problem = problemOfName(name);
  if (problem !== undefined) reader.fail(problem);
  const type = TYPES[reader.u8()];
  if (type === undefined) return reader.fail("unknown node type");
  const flags = reader.u8();
  if ((flags & ~NODE_FLAGS_ALL) !== 0) reader.fail(`unknown flags ${flags}`);
  if (type !== "file" && (flags & (NODE_FLAGS.unsettled | NODE_FLAGS.lists)) !== 0) reader.fail("flags of a file");
  const mode = reader.u16();
  if (mode > 0o7777) reader.fail(`mode ${mode.toString(8)}`);
  const attributes: NodeAttributes = {
    name,
    mode,
    uid: reader.bounded(0xffffffff, "uid"),
    gid: reader.bounded(0xffffffff, "gid"),
    userName: (flags & NODE_FLAGS.userName) === 0 ? undefined : readOwner(reader, owners),
    groupName: (flags & NODE_FLAGS.groupName) === 0 ? undefined : readOwner(reader, owners),
    mtimeNs: readTime(reader),
    ctimeNs: readTime(reader),
    atimeNs: (flags & NODE_FLAGS.accessTime) === 0 ? undefined : readTime(reader),
    inode: reader.u64(),
    hardLink:
      (flags & NODE_FLAGS.hardLink) === 0
        ? undefined
        : { device: reader.bounded(0xffffffff, "device"), links: reader.bounded(0xffffffff, "links") },
    xattrs: (flags & NODE_FLAGS.xattrs) === 0 ? undefined : readXattrs(reader),
    xattrsUnread: (flags & NODE_FLAGS.xattrsUnread) !== 0,
  };
  switch (type) {
    case "file": {
      const size = reader.varint();
      const content = readContent(reader, links, { size, inLists: (flags & NODE_FLAGS.lists) !== 0 });
      return { ...attributes, type, size, unsettled: (flags & NODE_FLAGS.unsettled) !== 0, content };
    }
    case "directory":
      return { ...attributes, type, tree: readTreeNumber(reader, links) };
    case "symlink": {
      const target = reader.bytes(LINK_TARGET_BYTES_MAX, "link target");
      if (target.length === 0 || target.includes(0)) reader.fail("link target is empty or has a NUL");
      return { ...attributes, type, target };
    }
    case "blockDevice":
    case "characterDevice":
      return { ...attributes, type, rdev: reader.u64() };
    case "fifo":
    case "socket":
      return { ...attributes, type };
  }
}

function readContent(
  reader: ByteReader,
  links: TreeLinks,
  { size, inLists }: { size: number; inLists: boolean },
): FileContent {
  if (inLists) return { kind: "lists", lists: readTreeNumbers(reader, links) };
  const pieces = readPieces(reader, links);
  let sum = 0;
  for (const piece of pieces) sum += piece.length;
  if (sum !== size) reader.fail(`pieces of ${sum} bytes for a file of ${size}`);
  return { kind: "pieces", pieces };
}

function readPieces(reader: ByteReader, { chunks }: TreeLinks): Piece[] {
  const count = reader.bounded(reader.left, "count of pieces");
  const pieces: Piece[] = [];
  for (let index = 0; index < count; index++) {
    const number = reader.bounded(chunks.length, "chunk number");
    const id = chunks[number - 1];
    if (id === undefined) pieces.push({ kind: "hole", length: readLength(reader, Number.MAX_SAFE_INTEGER) });
    else {
      const offset = reader.bounded(OBJECT_BYTES_MAX, "offset");
      pieces.push({ kind: "data", id, offset, length: readLength(reader, OBJECT_BYTES_MAX - offset) });
    }
  }
  return pieces;
}

function readLength(reader: ByteReader, max: number): number {
  const length = reader.bounded(max, "length of a piece");
  if (length === 0) reader.fail("empty piece");
  return length;
}

function readTreeNumbers(reader: ByteReader, links: TreeLinks): Buffer[] {
  const count = reader.bounded(reader.left, "count of trees");
  return Array.from({ length: count }, () => readTreeNumber(reader, links));
}

function readTreeNumber(reader: ByteReader, { trees }: TreeLinks): Buffer {
  return trees[reader.varint()] ?? reader.fail("tree number beyond the table");
}

function readOwner(reader: ByteReader, owners: readonly string[]): string {
  return owners[reader.varint()] ?? reader.fail("owner number beyond the table");
}

function readTime(reader: ByteReader): bigint {
  const seconds = reader.i64();
  const rest = reader.u32();
  if (rest >= 1e9) reader.fail(`${rest} nanoseconds`);
  return seconds * NANOSECONDS_PER_SECOND + BigInt(rest);
}

function readXattrs(reader: ByteReader): Xattr[] {
  const count = reader.bounded(XATTRS_MAX, "count of attributes");
  return Array.from({ length: count }, () => {
    const name = reader.bytes(XATTR_NAME_BYTES_MAX, "attribute name");
    if (name.length === 0 || name.includes(0)) reader.fail("attribute name is empty or has a NUL");
    return { name, value: reader.bytes(XATTR_VALUE_BYTES_MAX, "attribute value") };
  });
}
