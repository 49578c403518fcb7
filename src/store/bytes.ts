import { WireError } from "../runtime/errors.ts";

// Reading and writing of the store's binary objects: little-endian fixed fields, LEB128 lengths. A reader knows its
// end and trusts no length it has not compared with what is left.

/** Grows as needed; `finish` hands out what was written and must be the last call. */
export class ByteWriter {
  #buffer: Buffer;
  #length = 0;

  constructor(capacityBytes = 256) {
    this.#buffer = Buffer.allocUnsafe(capacityBytes);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    // First the place: making room may replace the buffer.
    const at = this.#reserve(1);
    this.#buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#reserve(2);
    this.#buffer.writeUInt16LE(value, at);
    return this;
  }

  u32(value: number): this {
    const at = this.#reserve(4);
    this.#buffer.writeUInt32LE(value, at);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigUInt64LE(value, at);
    return this;
  }

  i64(value: bigint): this {
    const at = this.#reserve(8);
    this.#buffer.writeBigInt64LE(value, at);
    return this;
  }

  /** Seven bits a byte, least significant first; any whole number up to 2^53 - 1. */
  varint(value: number): this {
    let rest = value;
    let at = this.#reserve(8);
    while (rest >= 0x80) {
      this.#buffer[at++] = (rest & 0x7f) | 0x80;
      rest = rest > 0x7fffffff ? Math.floor(rest / 128) : rest >>> 7;
    }
    this.#buffer[at++] = rest;
    this.#length = at;
    return this;
  }

  /** Exactly these bytes, no length before them. */
  raw(bytes: Uint8Array): this {
    const at = this.#reserve(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  /** A varint length, then the bytes. */
  bytes(bytes: Uint8Array): this {
    return this.varint(bytes.length).raw(bytes);
  }

  /** UTF-8, with a varint length in bytes before it. */
  text(text: string): this {
    return this.bytes(Buffer.from(text));
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
      this.#buffer.copy(grown, 0, 0, at);
      this.#buffer = grown;
    }
    this.#length = needed;
    return at;
  }
}

/** Reads one object to its end. Everything wrong is a WireError whose path is the object's name. */
export class ByteReader {
  readonly #bytes: Buffer;
  readonly #what: string;
  #at = 0;

  constructor(bytes: Buffer, what: string) {
    this.#bytes = bytes;
    this.#what = what;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  fail(problem: string): never {
    throw new WireError(this.#what, `${problem}, at byte ${this.#at}`);
  }

  u8(): number {
    const value = this.#bytes[this.#take(1)];
    return value ?? 0;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  i64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < 8; count++) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) this.fail("number above 2^53 - 1");
        if (byte === 0 && count > 0) this.fail("number with needless bytes");
        return value;
      }
      scale *= 128;
    }
    return this.fail("number longer than 8 bytes");
  }

  /** A varint that may not exceed `max`: every count and index goes through here. */
  bounded(max: number, name: string): number {
    const value = this.varint();
    if (value > max) this.fail(`${name} ${value} is above ${max}`);
    return value;
  }

  /** A view of the next `count` bytes, not a copy. */
  raw(count: number): Buffer {
    const at = this.#take(count);
    return this.#bytes.subarray(at, at + count);
  }

  bytes(max: number, name: string): Buffer {
    return this.raw(this.bounded(max, `length of ${name}`));
  }

  text(max: number, name: string): string {
    return this.bytes(max, name).toString("utf8");
  }

  end(): void {
    if (this.left !== 0) this.fail(`${this.left} bytes too many`);
  }

  #take(count: number): number {
    if (count > this.left) this.fail(`ends early: ${count} bytes wanted, ${this.left} left`);
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
