import { WireError } from "../runtime/errors.ts";

// Where the reading or writing of one XDR message stands. Everything is a multiple of four bytes (RFC 4506 §3).

const ALIGNMENT_BYTES = 4;
const U32_MAX = 0xffff_ffff;

function padding(length: number): number {
  return (ALIGNMENT_BYTES - (length % ALIGNMENT_BYTES)) % ALIGNMENT_BYTES;
}

export class XdrReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u32(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  u64(): bigint {
    return this.#bytes.readBigUInt64BE(this.#take(8));
  }

  double(): number {
    return this.#bytes.readDoubleBE(this.#take(8));
  }

  /** A view of the message, not a copy. The padding must be zero (§4.9): one value has one encoding. */
  bytes(length: number): Buffer {
    const from = this.#take(length);
    const pad = padding(length);
    for (let at = this.#take(pad), end = at + pad; at < end; at++) {
      if (this.#bytes[at] !== 0) throw new WireError("", "padding is not zero");
    }
    return this.#bytes.subarray(from, from + length);
  }

  #take(count: number): number {
    if (count > this.left) throw new WireError("", `truncated: ${count} bytes needed, ${this.left} left`);
    const from = this.#at;
    this.#at += count;
    return from;
  }
}

const FIRST_BYTES = 256;

export class XdrWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  u32(value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > U32_MAX) {
      throw new WireError("", `${value} is not an unsigned 32-bit integer`);
    }
    const at = this.#reserve(4);
    this.#bytes.writeUInt32BE(value, at);
  }

  u64(value: bigint): void {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn)
      throw new WireError("", `${value} is not an unsigned 64-bit integer`);
    const at = this.#reserve(8);
    this.#bytes.writeBigUInt64BE(value, at);
  }

  double(value: number): void {
    if (!Number.isFinite(value)) throw new WireError("", `${value} is not a finite number`);
    const at = this.#reserve(8);
    this.#bytes.writeDoubleBE(value, at);
  }

  bytes(value: Uint8Array): void {
    const pad = padding(value.length);
    const at = this.#reserve(value.length + pad);
    this.#bytes.set(value, at);
    this.#bytes.fill(0, at + value.length, at + value.length + pad);
  }

  take(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  #reserve(count: number): number {
    const at = this.#at;
    const end = at + count;
    if (end > this.#bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(grown, 0, 0, at);
      this.#bytes = grown;
    }
    this.#at = end;
    return at;
  }
}
