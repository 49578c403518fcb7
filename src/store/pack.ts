import { assert, CorruptionError, WireError } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import { RecentMap } from "../runtime/recent-map.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { ID_BYTES, OBJECT_KINDS, type ObjectKind } from "./chunk-id.ts";
import { ENCODED_BYTES_MAX } from "./codec.ts";
import { dispose } from "./dispose.ts";
import {
  assertFileHeader,
  createSealer,
  encodeFileHeader,
  FILE_HEADER_BYTES,
  type FileClass,
  SALT_BYTES,
  type Sealer,
  TAG_BYTES,
} from "./sealing.ts";

// A pack: header, sealed directory (ids and lengths), then the sealed objects one after the other. The directory stands
// first, so that one read tells what a pack holds and a lost tail costs only the objects in it. Packs are built in memory
// and written in one go. Layout: docs/store-format.md.

/** Large enough that an fsync for each costs little; two of them in memory are the writer's whole appetite. */
export const PACK_BYTES_TARGET = 16 * 1024 * 1024;
/** Bounds the directory at 576 KiB, also when decoding. */
export const PACK_OBJECTS_MAX = 16_384;
const DIRECTORY_ENTRY_BYTES = ID_BYTES + 4;
const FIXED_BYTES = FILE_HEADER_BYTES + 4;
/** No object starts here: a pack is far shorter than 4 GiB. */
const DIRECTORY_ORDINAL = 0xffffffff;

export const PACK_FOLDERS = { data: "packs/data/", tree: "packs/tree/" } as const satisfies Record<ObjectKind, string>;
const PACK_CLASSES = { data: "dataPack", tree: "treePack" } as const satisfies Record<ObjectKind, FileClass>;

export interface PackObject {
  readonly id: Buffer;
  /** Bytes from the start of the pack's body, which is also the object's ordinal for its seal. */
  readonly offset: number;
  /** Sealed bytes. */
  readonly length: number;
}

export interface PackDirectory {
  readonly kind: ObjectKind;
  readonly objects: readonly PackObject[];
  /** Where the body starts, in bytes from the start of the file. */
  readonly bodyStart: number;
  /** The length of the whole file. */
  readonly bytes: number;
}

/** Random, so that no name is used twice and none tells anything; 256 folders keep directories short. */
export function createPackName(kind: ObjectKind, random: Random): string {
  const name = random(SALT_BYTES / 2).toString("hex");
  return `${PACK_FOLDERS[kind]}${name.slice(0, 2)}/${name}`;
}

/**
 * A pack's salt is the last part of its name, as text: a damaged header takes nothing with it, and a pack that has lost its
 * name carries it inside.
 */
function saltOf(name: string): Buffer {
  return Buffer.from(name.slice(name.lastIndexOf("/") + 1), "latin1");
}

function createPackSealer(sealingKey: Buffer, name: string): Sealer {
  return createSealer(sealingKey, saltOf(name), PACK_CLASSES[assertKind(name)]);
}

function assertKind(name: string): ObjectKind {
  const kind = kindOfPack(name);
  if (kind === undefined) throw new CorruptionError(name, "is not a pack's name");
  return kind;
}

/** CorruptionError when the first bytes of a pack are not those that it was written with. Nothing depends on them. */
export function assertPackHeader(name: string, bytes: Buffer): void {
  assertFileHeader(name, bytes, { fileClass: PACK_CLASSES[assertKind(name)], salt: saltOf(name) });
}

/** `undefined` for a name that is no pack's. */
export function kindOfPack(name: string): ObjectKind | undefined {
  if (name.startsWith(PACK_FOLDERS.data)) return "data";
  if (name.startsWith(PACK_FOLDERS.tree)) return "tree";
  return undefined;
}

/** Enough for a small backup. */
const BODY_BYTES_FIRST = 1024 * 1024;
/** The last object of a pack mostly ends before this. */
const BODY_BYTES_USUAL = PACK_BYTES_TARGET + 1024 * 1024;

/** A pack being filled. */
export class PackBuilder {
  readonly kind: ObjectKind;
  readonly name: string;
  readonly #sealer: Sealer;
  readonly #ids = new IdList();
  readonly #lengths: number[] = [];
  readonly #positions = new Map<number, number>();
  #body: Buffer;
  #bytes = 0;

  /** `body` is memory that another builder has done with; it is this one's from now on, and what comes of it is in `body`. */
  constructor({
    kind,
    sealingKey,
    random,
    body = Buffer.allocUnsafeSlow(BODY_BYTES_FIRST),
  }: { kind: ObjectKind; sealingKey: Buffer; random: Random; body?: Buffer | undefined }) {
    this.kind = kind;
    this.#body = body;
    this.name = createPackName(kind, random);
    this.#sealer = createPackSealer(sealingKey, this.name);
  }

  get isFull(): boolean {
    return this.#bytes >= PACK_BYTES_TARGET || this.#ids.count >= PACK_OBJECTS_MAX;
  }

  get count(): number {
    return this.#ids.count;
  }

  /** Sealed bytes so far. */
  get bytes(): number {
    return this.#bytes;
  }

  get body(): Buffer {
    return this.#body;
  }

  /** Seals one object and says where it lies. Neither `id` nor `encoded` is looked at afterwards. */
  add(id: Buffer, encoded: Buffer): { offset: number; length: number } {
    const offset = this.#bytes;
    const length = encoded.length + TAG_BYTES;
    this.#makeRoom(length);
    this.#sealer.sealInto(this.#body.subarray(offset, offset + length), offset, contextOf(this.kind, id), encoded);
    this.#positions.set(offset, this.#ids.count);
    this.#ids.push(id);
    this.#lengths.push(length);
    this.#bytes += length;
    return { offset, length };
  }

  /** An object of a pack that is not written yet. */
  read(offset: number): Buffer {
    const position = this.#positions.get(offset);
    assert(position !== undefined, `an object at ${offset} of ${this.name}`);
    const id = this.#ids.at(position);
    const sealed = this.#body.subarray(offset, offset + (this.#lengths[position] as number));
    return this.#sealer.open(offset, contextOf(this.kind, id), sealed, this.name);
  }

  /** The file's bytes, the body among them as it lies in `body`, and what is in it. */
  finish(): { parts: Buffer[]; directory: PackDirectory } {
    const lengths = this.#lengths;
    const ids = this.#ids.all();
    const writer = new ByteWriter(4 + ids.length * DIRECTORY_ENTRY_BYTES).u32(ids.length);
    for (const [position, id] of ids.entries()) writer.raw(id).u32(lengths[position] as number);
    const directory = this.#sealer.seal(DIRECTORY_ORDINAL, Buffer.from(this.name), writer.finish());
    const length = Buffer.alloc(4);
    length.writeUInt32LE(directory.length, 0);
    const head = [encodeFileHeader(PACK_CLASSES[this.kind], saltOf(this.name)), length, directory];
    const body = this.#body.subarray(0, this.#bytes);
    return { parts: [...head, body], directory: layOut(this.kind, ids, lengths) };
  }

  #makeRoom(bytes: number): void {
    const needed = this.#bytes + bytes;
    if (needed <= this.#body.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, BODY_BYTES_USUAL));
    this.#body.copy(grown, 0, 0, this.#bytes);
    dispose(this.#body);
    this.#body = grown;
  }
}

const IDS_FIRST = 64;

/**
 * Ids in memory of their own, one after the other: they stay until an index file has them, and each by itself would keep the
 * 64 KiB alive from which Node cuts short buffers.
 */
class IdList {
  #bytes = Buffer.allocUnsafeSlow(IDS_FIRST * ID_BYTES);
  count = 0;

  push(id: Buffer): void {
    const at = this.count * ID_BYTES;
    if (at === this.#bytes.length) {
      const grown = Buffer.allocUnsafeSlow(2 * at);
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    id.copy(this.#bytes, at, 0, ID_BYTES);
    this.count++;
  }

  /** A view, as long as nothing is pushed. */
  at(position: number): Buffer {
    return this.#bytes.subarray(position * ID_BYTES, (position + 1) * ID_BYTES);
  }

  all(): Buffer[] {
    return Array.from({ length: this.count }, (_, position) => this.at(position));
  }
}

/** Offsets follow from the lengths: an index does not need to keep them. */
export function layOut(kind: ObjectKind, ids: readonly Buffer[], lengths: readonly number[]): PackDirectory {
  const bodyStart = FIXED_BYTES + 4 + ids.length * DIRECTORY_ENTRY_BYTES + TAG_BYTES;
  let offset = 0;
  const objects = ids.map((id, position) => {
    const object = { id, offset, length: lengths[position] as number };
    offset += object.length;
    return object;
  });
  return { kind, objects, bodyStart, bytes: bodyStart + offset };
}

/** Reads the directory of a pack; `readRange` is the medium's. CorruptionError when it is damaged. */
export async function readPackDirectory(
  { name, sealingKey }: { name: string; sealingKey: Buffer },
  readRange: (offset: number, length: number) => Promise<Buffer>,
): Promise<PackDirectory> {
  const kind = assertKind(name);
  const head = await readRange(0, FIXED_BYTES);
  if (head.length < FIXED_BYTES) throw new CorruptionError(name, `${head.length} bytes are too few for a pack`);
  const length = head.readUInt32LE(FILE_HEADER_BYTES);
  if (length > 4 + PACK_OBJECTS_MAX * DIRECTORY_ENTRY_BYTES + TAG_BYTES) {
    throw new CorruptionError(name, `directory of ${length} bytes`);
  }
  const sealed = await readRange(FIXED_BYTES, length);
  const sealer = createPackSealer(sealingKey, name);
  const reader = new ByteReader(sealer.open(DIRECTORY_ORDINAL, Buffer.from(name), sealed, name), name);
  try {
    const { ids, lengths } = decodeObjectList(reader);
    reader.end();
    return layOut(kind, ids, lengths);
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}

/** A count, then ids and sealed lengths: in pack directories and in index files. */
export function decodeObjectList(reader: ByteReader): { ids: Buffer[]; lengths: number[] } {
  const count = reader.u32();
  if (count > PACK_OBJECTS_MAX) reader.fail(`${count} objects in a pack`);
  if (count * DIRECTORY_ENTRY_BYTES > reader.left) reader.fail(`ends early: ${count} objects`);
  const ids: Buffer[] = [];
  const lengths: number[] = [];
  for (let position = 0; position < count; position++) {
    ids.push(reader.raw(ID_BYTES));
    const length = reader.u32();
    if (length > ENCODED_BYTES_MAX + TAG_BYTES) reader.fail(`object of ${length} sealed bytes`);
    lengths.push(length);
  }
  return { ids, lengths };
}

const SEALERS_MAX = 64;

/** Opens objects of written packs; the key of a pack is derived once and kept while it is among the last used. */
export class PackOpener {
  readonly #sealingKey: Buffer;
  readonly #sealers = new RecentMap<string, Sealer>(SEALERS_MAX);

  constructor(sealingKey: Buffer) {
    this.#sealingKey = sealingKey;
  }

  /** The sealed bytes of one object to what was sealed. */
  open({ name, id, offset, sealed }: { name: string; id: Buffer; offset: number; sealed: Buffer }): Buffer {
    const sealer = this.#sealers.recall(name, () => createPackSealer(this.#sealingKey, name));
    return sealer.open(offset, contextOf(assertKind(name), id), sealed, `object ${id.toString("hex")} in ${name}`);
  }
}

function contextOf(kind: ObjectKind, id: Buffer): Buffer {
  return Buffer.concat([Buffer.from([OBJECT_KINDS[kind]]), id]);
}
