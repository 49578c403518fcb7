import { WireError } from "../runtime/errors.ts";

// Record marking (RFC 5531 §11): a record is one or more fragments, each behind four bytes, big-endian: the top bit says
// "last fragment", the other 31 are the fragment's length. Both bounds are checked before anything is kept.

const LAST_FRAGMENT = 0x8000_0000;
const HEADER_BYTES = 4;
const EMPTY = Buffer.alloc(0);
const GROWTH_MIN_BYTES = 256;

/** One record of one fragment, ready to be written. */
export function encodeRecord(body: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(HEADER_BYTES + body.length);
  record.writeUInt32BE(LAST_FRAGMENT + body.length, 0);
  record.set(body, HEADER_BYTES);
  return record;
}

/** Cuts a stream into records, however it is split. Holds at most `bytesMax` and one header. */
export class RecordReader {
  readonly #bytesMax: number;
  readonly #fragmentsMax: number;
  readonly #header = Buffer.alloc(HEADER_BYTES);
  #headerBytes = 0;
  #fragmentLeft = 0;
  #isLast = false;
  #fragments = 0;
  #bytes = 0;
  /** What has come of the record: grown by doubling, so that neither a declared length nor many small pieces cost memory. */
  #record = EMPTY;
  #recordBytes = 0;

  constructor({ bytesMax, fragmentsMax = 1024 }: { bytesMax: number; fragmentsMax?: number }) {
    this.#bytesMax = bytesMax;
    this.#fragmentsMax = fragmentsMax;
  }

  /** The records that `chunk` completes, in order. Throws WireError where the peer exceeds a bound; the stream is then lost. */
  push(chunk: Buffer): Buffer[] {
    const records: Buffer[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#headerBytes < HEADER_BYTES) {
        const take = Math.min(HEADER_BYTES - this.#headerBytes, chunk.length - at);
        chunk.copy(this.#header, this.#headerBytes, at, at + take);
        this.#headerBytes += take;
        at += take;
        if (this.#headerBytes < HEADER_BYTES) break;
        this.#openFragment();
      }
      const take = Math.min(this.#fragmentLeft, chunk.length - at);
      this.#append(chunk, at, at + take);
      this.#fragmentLeft -= take;
      at += take;
      if (this.#fragmentLeft === 0) {
        this.#headerBytes = 0;
        if (this.#isLast) records.push(this.#takeRecord());
      }
    }
    return records;
  }

  /** True between records: an end of the stream here is clean. */
  get isEmpty(): boolean {
    return this.#headerBytes === 0 && this.#fragments === 0;
  }

  #openFragment(): void {
    const word = this.#header.readUInt32BE(0);
    this.#isLast = word >= LAST_FRAGMENT;
    this.#fragmentLeft = word % LAST_FRAGMENT;
    this.#fragments += 1;
    this.#bytes += this.#fragmentLeft;
    if (this.#fragments > this.#fragmentsMax) {
      throw new WireError("record", `more than ${this.#fragmentsMax} fragments`);
    }
    if (this.#bytes > this.#bytesMax) {
      throw new WireError("record", `${this.#bytes} bytes declared, at most ${this.#bytesMax} are taken`);
    }
  }

  #append(chunk: Buffer, from: number, to: number): void {
    const bytes = this.#recordBytes + to - from;
    if (bytes > this.#record.length) {
      // Whole at once where all of it is here already, the usual case.
      const isWhole = this.#isLast && this.#fragmentLeft === to - from;
      const grown = Buffer.allocUnsafeSlow(
        isWhole ? bytes : Math.max(bytes, 2 * this.#record.length, GROWTH_MIN_BYTES),
      );
      this.#record.copy(grown, 0, 0, this.#recordBytes);
      this.#record = grown;
    }
    chunk.copy(this.#record, this.#recordBytes, from, to);
    this.#recordBytes = bytes;
  }

  #takeRecord(): Buffer {
    const record = this.#record.subarray(0, this.#recordBytes);
    this.#record = EMPTY;
    this.#recordBytes = 0;
    this.#fragments = 0;
    this.#bytes = 0;
    return record;
  }
}
