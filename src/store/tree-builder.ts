import { assert } from "../runtime/errors.ts";
import { ByteWriter } from "./bytes.ts";
import { ID_BYTES } from "./chunk-id.ts";
import {
  type DeviceNode,
  NODE_FLAGS,
  NODE_TYPES,
  type NodeAttributes,
  type PlainNode,
  type SymlinkNode,
  TREE_SHAPES,
  TREE_VERSION,
  type TreeShape,
  writeTime,
} from "./tree.ts";

/** An id that may become known only later: a chunk that is still being filled, a directory that is still being read. */
export interface IdReference {
  id: Buffer | undefined;
  /** What is to be done then; `resolveReference` does it. */
  waiting?: (() => void)[];
}

/** Gives a reference its id. Who waits for it is told in the order in which they began to. */
export function resolveReference(reference: IdReference, id: Buffer): void {
  reference.id = id;
  const { waiting = [] } = reference;
  reference.waiting = [];
  for (const tell of waiting) tell();
}

/** Calls `ready` when all ids are known: at once, or from within the last `resolveReference`. */
export function whenKnown(references: Iterable<IdReference>, ready: () => void): void {
  let open = 1;
  const oneLess = () => {
    open--;
    if (open === 0) ready();
  };
  for (const reference of references) {
    if (reference.id !== undefined) continue;
    open++;
    reference.waiting ??= [];
    reference.waiting.push(oneLess);
  }
  oneLess();
}

export type PieceDraft =
  | { readonly kind: "data"; readonly chunk: IdReference; readonly offset: number; readonly length: number }
  | { readonly kind: "hole"; readonly length: number };

/** A node whose ids may still be open. */
export type NodeDraft =
  | (NodeAttributes & {
      readonly type: "file";
      readonly size: number;
      readonly unsettled: boolean;
      readonly content:
        | { readonly kind: "pieces"; readonly pieces: readonly PieceDraft[] }
        | { readonly kind: "lists"; readonly lists: readonly IdReference[] };
    })
  | (NodeAttributes & { readonly type: "directory"; readonly tree: IdReference })
  | SymlinkNode
  | DeviceNode
  | PlainNode;

/**
 * The tables at the start of a tree object. A reference is entered once, in order of first use. References are told apart
 * as objects, never by their ids: whether an id is known already is chance, and the same directory must be the same bytes.
 */
class IdTable {
  readonly #numbers = new Map<IdReference, number>();
  readonly #references: IdReference[] = [];

  numberOf(reference: IdReference): number {
    const known = this.#numbers.get(reference);
    if (known !== undefined) return known;
    this.#numbers.set(reference, this.#references.length);
    this.#references.push(reference);
    return this.#references.length - 1;
  }

  get bytes(): number {
    return this.#references.length * ID_BYTES;
  }

  get references(): readonly IdReference[] {
    return this.#references;
  }

  write(writer: ByteWriter): void {
    writer.varint(this.#references.length);
    for (const { id } of this.#references) {
      assert(id !== undefined, "every id of a finished tree is known");
      writer.raw(id);
    }
  }
}

/** Encodes one leaf while its nodes arrive; ids may be filled in until `finish`. Nodes come sorted by name. */
export class LeafBuilder {
  readonly #chunks = new IdTable();
  readonly #trees = new IdTable();
  readonly #owners = new Map<string, number>();
  readonly #nodes = new ByteWriter(4096);
  #count = 0;

  /** Roughly what `finish` will return. */
  get bytes(): number {
    return this.#nodes.length + this.#chunks.bytes + this.#trees.bytes;
  }

  get count(): number {
    return this.#count;
  }

  /** What must have an id before `finish`. */
  get references(): readonly IdReference[] {
    return [...this.#chunks.references, ...this.#trees.references];
  }

  add(node: NodeDraft): void {
    const writer = this.#nodes;
    const flags =
      (node.atimeNs === undefined ? 0 : NODE_FLAGS.accessTime) |
      (node.hardLink === undefined ? 0 : NODE_FLAGS.hardLink) |
      (node.xattrs === undefined || node.xattrs.length === 0 ? 0 : NODE_FLAGS.xattrs) |
      (node.userName === undefined ? 0 : NODE_FLAGS.userName) |
      (node.groupName === undefined ? 0 : NODE_FLAGS.groupName) |
      (node.type === "file" && node.unsettled ? NODE_FLAGS.unsettled : 0) |
      (node.type === "file" && node.content.kind === "lists" ? NODE_FLAGS.lists : 0) |
      (node.xattrsUnread === true ? NODE_FLAGS.xattrsUnread : 0);
    writer.bytes(node.name).u8(NODE_TYPES[node.type]).u8(flags).u16(node.mode).varint(node.uid).varint(node.gid);
    if (node.userName !== undefined) writer.varint(this.#ownerNumber(node.userName));
    if (node.groupName !== undefined) writer.varint(this.#ownerNumber(node.groupName));
    writeTime(writer, node.mtimeNs);
    writeTime(writer, node.ctimeNs);
    if (node.atimeNs !== undefined) writeTime(writer, node.atimeNs);
    writer.u64(node.inode);
    if (node.hardLink !== undefined) writer.varint(node.hardLink.device).varint(node.hardLink.links);
    if (node.xattrs !== undefined && node.xattrs.length > 0) {
      writer.varint(node.xattrs.length);
      for (const { name, value } of node.xattrs) writer.bytes(name).bytes(value);
    }
    this.#addContent(node);
    this.#count++;
  }

  finish(): Buffer {
    const writer = startTree("leaf", this.#chunks, this.#trees, this.bytes + 1024);
    writer.varint(this.#owners.size);
    for (const [owner] of this.#owners) writer.text(owner);
    return writer.varint(this.#count).raw(this.#nodes.finish()).finish();
  }

  #addContent(node: NodeDraft): void {
    const writer = this.#nodes;
    switch (node.type) {
      case "directory":
        writer.varint(this.#trees.numberOf(node.tree));
        return;
      case "file":
        writer.varint(node.size);
        if (node.content.kind === "pieces") writePieces(writer, this.#chunks, node.content.pieces);
        else {
          writer.varint(node.content.lists.length);
          for (const list of node.content.lists) writer.varint(this.#trees.numberOf(list));
        }
        return;
      case "symlink":
        writer.bytes(node.target);
        return;
      case "blockDevice":
      case "characterDevice":
        writer.u64(node.rdev);
        return;
      case "fifo":
      case "socket":
        return;
    }
  }

  #ownerNumber(name: string): number {
    const known = this.#owners.get(name);
    if (known !== undefined) return known;
    this.#owners.set(name, this.#owners.size);
    return this.#owners.size - 1;
  }
}

/** A directory too long for one leaf. */
export function encodeBranch(leaves: readonly IdReference[]): Buffer {
  const trees = new IdTable();
  const numbers = leaves.map((leaf) => trees.numberOf(leaf));
  const writer = startTree("branch", new IdTable(), trees, trees.bytes + 64).varint(numbers.length);
  for (const number of numbers) writer.varint(number);
  return writer.finish();
}

/** Part of a file too long for its node. */
export function encodeList(pieces: readonly PieceDraft[]): Buffer {
  const chunks = new IdTable();
  const body = new ByteWriter(pieces.length * 8 + 16);
  writePieces(body, chunks, pieces);
  return startTree("list", chunks, new IdTable(), chunks.bytes + body.length + 64)
    .raw(body.finish())
    .finish();
}

function startTree(shape: TreeShape, chunks: IdTable, trees: IdTable, capacityBytes: number): ByteWriter {
  const writer = new ByteWriter(capacityBytes).u8(TREE_VERSION).u8(TREE_SHAPES[shape]);
  chunks.write(writer);
  trees.write(writer);
  return writer;
}

function writePieces(writer: ByteWriter, chunks: IdTable, pieces: readonly PieceDraft[]): void {
  writer.varint(pieces.length);
  for (const piece of pieces) {
    if (piece.kind === "hole") writer.varint(0).varint(piece.length);
    else
      writer
        .varint(chunks.numberOf(piece.chunk) + 1)
        .varint(piece.offset)
        .varint(piece.length);
  }
}
