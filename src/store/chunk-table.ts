import type { Random } from "../runtime/random.ts";

// The index in memory: every object the store holds, by its 32-byte id. Entries lie in pages of 11 words (44 bytes); a
// hash table of entry numbers finds them. At most 64 bytes an object in all (chunk-table.test.ts measures it), where a Map
// of objects takes several hundred. An entry's number, its ordinal, never changes and never names another id: sets of
// objects are bitmaps over ordinals (chunk-set.ts).

const ID_WORDS = 8;
const ENTRY_WORDS = 11; // id, pack, offset, length
const PACK = 8;
const OFFSET = 9;
const LENGTH = 10;
const ENTRIES_PER_PAGE = 1 << 14;
const FIRST_SLOTS = 1 << 12;
const LOAD_MAX = 0.8;
/** 2^32 divided by the golden ratio, odd: spreads what differs in a few bits (Knuth, TAOCP 3, 6.4). */
const FINAL_FACTOR = 0x9e3779b1;

/** `pack` of an object that was collected or whose pack is damaged: the id is known, the object is not there. */
export const PACK_GONE = 0xffffffff;

export interface ChunkLocation {
  /** The number of the pack in the PackRegistry, or PACK_GONE. */
  readonly pack: number;
  /** Bytes from the start of the pack's body. */
  readonly offset: number;
  /** Sealed length in bytes. */
  readonly length: number;
}

export class ChunkTable {
  readonly #pages: Uint32Array[] = [];
  #slots = new Uint32Array(FIRST_SLOTS); // ordinal + 1, or 0
  #size = 0;
  readonly #seed: readonly [number, number];

  /** Clients that know the id key can make ids that agree in many bits; they do not know the seed of this process. */
  constructor(random: Random) {
    const bytes = random(8);
    this.#seed = [bytes.readUInt32LE(0) | 1, bytes.readUInt32LE(4) | 1];
  }

  /** How many ordinals there are; those of objects that are gone count too. */
  get size(): number {
    return this.#size;
  }

  /** Bytes of memory taken. */
  get memoryBytes(): number {
    return this.#pages.length * ENTRIES_PER_PAGE * ENTRY_WORDS * 4 + this.#slots.length * 4;
  }

  /** The ordinal of `id`, or -1. The object may still be gone. */
  find(id: Buffer): number {
    const slot = this.#slotOf(id);
    return (this.#slots[slot] as number) - 1;
  }

  /** The ordinal of `id` if the object is there, waiting to be written included, or -1. */
  findPresent(id: Buffer): number {
    const ordinal = this.find(id);
    return ordinal >= 0 && this.packOf(ordinal) !== PACK_GONE ? ordinal : -1;
  }

  /** The object is no longer there; its ordinal stays its own. */
  markGone(ordinal: number): void {
    this.move(ordinal, { pack: PACK_GONE, offset: 0, length: 0 });
  }

  isPresent(ordinal: number): boolean {
    return this.packOf(ordinal) !== PACK_GONE;
  }

  /** Enters `id` at `location`, or moves it there, and returns its ordinal. */
  put(id: Buffer, location: ChunkLocation): number {
    let slot = this.#slotOf(id);
    const known = (this.#slots[slot] as number) - 1;
    if (known >= 0) {
      this.move(known, location);
      return known;
    }
    if (this.#size + 1 > this.#slots.length * LOAD_MAX) {
      this.#grow();
      slot = this.#slotOf(id);
    }
    const ordinal = this.#size++;
    if (ordinal % ENTRIES_PER_PAGE === 0) this.#pages.push(new Uint32Array(ENTRIES_PER_PAGE * ENTRY_WORDS));
    const page = this.#pageOf(ordinal);
    const at = entryAt(ordinal);
    for (let word = 0; word < ID_WORDS; word++) page[at + word] = id.readUInt32LE(word * 4);
    this.#slots[slot] = ordinal + 1;
    this.move(ordinal, location);
    return ordinal;
  }

  move(ordinal: number, { pack, offset, length }: ChunkLocation): void {
    const page = this.#pageOf(ordinal);
    const at = entryAt(ordinal);
    page[at + PACK] = pack;
    page[at + OFFSET] = offset;
    page[at + LENGTH] = length;
  }

  packOf(ordinal: number): number {
    return this.#pageOf(ordinal)[entryAt(ordinal) + PACK] as number;
  }

  lengthOf(ordinal: number): number {
    return this.#pageOf(ordinal)[entryAt(ordinal) + LENGTH] as number;
  }

  locationOf(ordinal: number): ChunkLocation {
    const page = this.#pageOf(ordinal);
    const at = entryAt(ordinal);
    return {
      pack: page[at + PACK] as number,
      offset: page[at + OFFSET] as number,
      length: page[at + LENGTH] as number,
    };
  }

  idOf(ordinal: number): Buffer {
    const page = this.#pageOf(ordinal);
    const at = entryAt(ordinal);
    const id = Buffer.allocUnsafe(ID_WORDS * 4);
    for (let word = 0; word < ID_WORDS; word++) id.writeUInt32LE(page[at + word] as number, word * 4);
    return id;
  }

  #pageOf(ordinal: number): Uint32Array {
    return this.#pages[Math.floor(ordinal / ENTRIES_PER_PAGE)] as Uint32Array;
  }

  /** Where `id` is, or the free slot where it would go. Linear probing. */
  #slotOf(id: Buffer): number {
    const mask = this.#slots.length - 1;
    const first = id.readUInt32LE(0);
    let slot = this.#hash(first, id.readUInt32LE(4)) & mask;
    for (;;) {
      const ordinal = (this.#slots[slot] as number) - 1;
      if (ordinal < 0) return slot;
      const page = this.#pageOf(ordinal);
      const at = entryAt(ordinal);
      let word = 0;
      while (word < ID_WORDS && page[at + word] === id.readUInt32LE(word * 4)) word++;
      if (word === ID_WORDS) return slot;
      slot = (slot + 1) & mask;
    }
  }

  /** One word goes through a round before it meets the other: words that depend on each other must not cancel out. */
  #hash(first: number, second: number): number {
    const [one, other] = this.#seed;
    let mixed = Math.imul(first ^ other, one);
    mixed = Math.imul(mixed ^ (mixed >>> 15) ^ second, other);
    mixed = Math.imul(mixed ^ (mixed >>> 13), FINAL_FACTOR);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }

  #grow(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    const mask = this.#slots.length - 1;
    for (let ordinal = 0; ordinal < this.#size; ordinal++) {
      const page = this.#pageOf(ordinal);
      const at = entryAt(ordinal);
      let slot = this.#hash(page[at] as number, page[at + 1] as number) & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = ordinal + 1;
    }
  }
}

function entryAt(ordinal: number): number {
  return (ordinal % ENTRIES_PER_PAGE) * ENTRY_WORDS;
}
