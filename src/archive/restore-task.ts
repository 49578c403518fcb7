import { ByteReader, ByteWriter } from "../store/bytes.ts";
import { ID_BYTES } from "../store/chunk-id.ts";
import { type FileNode, NANOSECONDS_PER_SECOND, type Piece, writeTime, type Xattr } from "../store/tree.ts";
import type { NewcomerOwner } from "./entry-writer.ts";
import { type Directory, directoryOfHandle } from "./file-calls.ts";

// What one thread does in one go: decode some chunks, prove them, and make files or parts of files of them. To another thread
// it travels as one run of bytes: cloning objects would cost more than the work. Handles are the process's, whoever has them.

export interface RestoreTask {
  readonly chunks: readonly TaskChunk[];
  /** Files whose content is in `chunks` whole. */
  readonly files: readonly TaskFile[];
  readonly parts: readonly TaskPart[];
}

export interface TaskChunk {
  readonly id: Buffer;
  /** Whoever does the task owns them. */
  readonly bytes: Buffer;
  /** Coding, length, body; otherwise the plaintext. */
  readonly isEncoded: boolean;
}

export interface TaskFile {
  readonly directory: Directory;
  readonly newcomers: NewcomerOwner | undefined;
  readonly node: WholeFileNode;
}

/** A file of which the node itself has all pieces. */
export type WholeFileNode = FileNode & {
  readonly content: { readonly kind: "pieces"; readonly pieces: readonly Piece[] };
};

/** `length` bytes of a chunk, from `offset`, go into the open file `fd` at `at`. */
export interface TaskPart {
  readonly fd: number;
  readonly at: number;
  readonly id: Buffer;
  readonly offset: number;
  readonly length: number;
}

/** What went otherwise than it should with a file or, counted on, a part. */
export interface TaskProblem {
  readonly index: number;
  /** False: the file is there, and lacks something. */
  readonly isMissing: boolean;
  /** As `BackupProblem.code`; empty for a mistake of ours. */
  readonly code: string;
  readonly problem: string;
}

const FLAGS = { newcomers: 1, accessTime: 2, xattrs: 4, xattrsUnread: 8 } as const;
const HOLE = 0;
const WHAT = "task of a restore";
const NUMBER_MAX = Number.MAX_SAFE_INTEGER;

/** All but the chunks' bytes. */
export function encodeTask({ chunks, files, parts }: RestoreTask): Buffer {
  const numbers = new Map(chunks.map(({ id }, index) => [id.toString("latin1"), index + 1]));
  let last: { readonly id: Buffer; readonly number: number } | undefined;
  const numberOf = (id: Buffer): number => {
    // Files of a bundle come one after the other, and a tree has each id once.
    if (last?.id !== id) last = { id, number: numbers.get(id.toString("latin1")) ?? 0 };
    return last.number;
  };
  const writer = new ByteWriter(64 * 1024).varint(chunks.length);
  for (const { id, isEncoded } of chunks) writer.raw(id).u8(isEncoded ? 1 : 0);
  writer.varint(files.length);
  for (const file of files) writeFile(writer, file, numberOf);
  writer.varint(parts.length);
  for (const { fd, at, id, offset, length } of parts)
    writer.varint(fd).varint(at).varint(numberOf(id)).varint(offset).varint(length);
  return writer.finish();
}

function writeFile(writer: ByteWriter, { directory, newcomers, node }: TaskFile, numberOf: (id: Buffer) => number) {
  const { xattrs, xattrsUnread, atimeNs } = node;
  const flags =
    (newcomers === undefined ? 0 : FLAGS.newcomers) |
    (atimeNs === undefined ? 0 : FLAGS.accessTime) |
    (xattrs === undefined ? 0 : FLAGS.xattrs) |
    (xattrsUnread === true ? FLAGS.xattrsUnread : 0);
  writer.varint(directory.fd).u8(flags);
  if (newcomers !== undefined) writer.varint(newcomers.uid).varint(newcomers.gid);
  writer.bytes(node.name).u16(node.mode).varint(node.uid).varint(node.gid);
  writeTime(writer, node.mtimeNs);
  if (atimeNs !== undefined) writeTime(writer, atimeNs);
  if (xattrs !== undefined) {
    writer.varint(xattrs.length);
    for (const { name, value } of xattrs) writer.bytes(name).bytes(value);
  }
  writer.varint(node.size).varint(node.content.pieces.length);
  for (const piece of node.content.pieces) {
    if (piece.kind === "hole") writer.varint(HOLE).varint(piece.length);
    else writer.varint(numberOf(piece.id)).varint(piece.offset).varint(piece.length);
  }
}

/** `contents`: the bytes of the chunks, in order. */
export function decodeTask(bytes: Buffer, contents: readonly Buffer[]): RestoreTask {
  const reader = new ByteReader(bytes, WHAT);
  const chunks = list(reader, (index) => ({
    id: reader.raw(ID_BYTES),
    isEncoded: reader.u8() === 1,
    bytes: contents[index] as Buffer,
  }));
  const files = list(reader, () => readFile(reader, chunks));
  const parts = list(reader, () => ({
    fd: reader.varint(),
    at: reader.varint(),
    id: idOf(reader, chunks, reader.varint()),
    offset: reader.varint(),
    length: reader.varint(),
  }));
  reader.end();
  return { chunks, files, parts };
}

function readFile(reader: ByteReader, chunks: readonly TaskChunk[]): TaskFile {
  const directory = directoryOfHandle(reader.varint());
  const flags = reader.u8();
  const newcomers = (flags & FLAGS.newcomers) === 0 ? undefined : { uid: reader.varint(), gid: reader.varint() };
  const name = reader.bytes(NUMBER_MAX, "name");
  const [mode, uid, gid, mtimeNs] = [reader.u16(), reader.varint(), reader.varint(), readTime(reader)];
  const atimeNs = (flags & FLAGS.accessTime) === 0 ? undefined : readTime(reader);
  const xattrs = (flags & FLAGS.xattrs) === 0 ? undefined : list(reader, () => readXattr(reader));
  const size = reader.varint();
  const pieces = list(reader, (): Piece => {
    const number = reader.varint();
    if (number === HOLE) return { kind: "hole", length: reader.varint() };
    return { kind: "data", id: idOf(reader, chunks, number), offset: reader.varint(), length: reader.varint() };
  });
  const xattrsUnread = (flags & FLAGS.xattrsUnread) !== 0;
  // What only whoever walks the trees needs stays there.
  const rest = { type: "file", ctimeNs: 0n, inode: 0n, unsettled: false } as const;
  const attributes = { name, mode, uid, gid, mtimeNs, atimeNs, xattrs, xattrsUnread };
  return { directory, newcomers, node: { ...rest, ...attributes, size, content: { kind: "pieces", pieces } } };
}

function idOf(reader: ByteReader, chunks: readonly TaskChunk[], number: number): Buffer {
  return chunks[number - 1]?.id ?? reader.fail(`there is no chunk ${number}`);
}

function readXattr(reader: ByteReader): Xattr {
  return { name: reader.bytes(NUMBER_MAX, "name"), value: reader.bytes(NUMBER_MAX, "value") };
}

function readTime(reader: ByteReader): bigint {
  return reader.i64() * NANOSECONDS_PER_SECOND + BigInt(reader.u32());
}

function list<T>(reader: ByteReader, read: (index: number) => T): T[] {
  const count = reader.bounded(reader.left, "count");
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(read(index));
  return items;
}
