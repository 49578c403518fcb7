import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { CorruptionError, reasonOf, WireError } from "../runtime/errors.ts";
import { OBJECT_BYTES_MAX } from "./chunk-sizes.ts";
import { dispose } from "./dispose.ts";

// An object as it travels and as it is sealed: one byte for the coding, four for the plaintext's length, the body.

const CODINGS = { raw: 0, zstd: 1 } as const;
export const ENCODED_HEADER_BYTES = 5;
export const ENCODED_BYTES_MAX = ENCODED_HEADER_BYTES + OBJECT_BYTES_MAX;

/**
 * Level 3 with smaller tables of matches, which stay in a core's own cache: 22 % faster and 1 % larger on /usr/share than level
 * 3 itself; level 2 would be 29 % faster and 3.6 % larger. Matches from 4 bytes on, not from 5: 1.5 % smaller on programs and
 * libraries, 0.2 % on /usr/share, and 4 % slower.
 */
const COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 3,
  [constants.ZSTD_c_hashLog]: 16,
  [constants.ZSTD_c_chainLog]: 14,
  [constants.ZSTD_c_minMatch]: 4,
  [constants.ZSTD_c_contentSizeFlag]: 1,
};
/** Of text, level 2 as it is comes out as small and is 15 to 40 % faster: words are longer than 4 bytes. */
const TEXT_COMPRESSION = {
  [constants.ZSTD_c_compressionLevel]: 2,
  [constants.ZSTD_c_contentSizeFlag]: 1,
};
/** A sample of so many bytes tells text; this share of it may be control characters, or above ASCII. */
const TEXT_SAMPLES = 1024;
const TEXT_FOREIGN_MAX = 0.15;
/** Below this a trip to the thread pool costs more than compressing here. */
const COMPRESSED_HERE_BYTES_MAX = 16 * 1024;
/** Decompressing is several times faster than compressing. */
const DECOMPRESSED_HERE_BYTES_MAX = 128 * 1024;
/** Trees of small directories: compressing and proving takes 30 times as long as they save, 0.02 % of a store. */
const COMPRESSED_BYTES_MIN = 256;
/** From this size on, samples decide whether compression is tried at all. */
const SAMPLED_BYTES_MIN = 64 * 1024;
const SAMPLE_BYTES = 4 * 1024;
const SAMPLES = 4;
/** A body must save this share, or it is kept raw: it is decoded more often than it is stored. */
const SAVING_MIN = 0.03;

const compressInPool = promisify(zstdCompress) as (bytes: Buffer, options: object) => Promise<Buffer>;
const decompressInPool = promisify(zstdDecompress) as (bytes: Buffer, options: object) => Promise<Buffer>;

/** Compresses where it pays; large objects in zlib's thread pool. `plaintext` is at most OBJECT_BYTES_MAX long. */
export async function encodeObject(plaintext: Buffer): Promise<Buffer> {
  if (!isWorthCompressing(plaintext)) return assembleEncoded(plaintext, undefined);
  const options = compressionOf(plaintext);
  const isShort = plaintext.length <= COMPRESSED_HERE_BYTES_MAX;
  const body = isShort ? zstdCompressSync(plaintext, options) : await compressInPool(plaintext, options);
  return assembleEncoded(plaintext, isWorthKeeping(body, plaintext.length) ? body : undefined);
}

/**
 * As `encodeObject`, in this thread and proven: decoded again and compared, byte for byte. CorruptionError when the machine
 * computes wrongly.
 */
export function encodeAndProve(plaintext: Buffer): Buffer {
  const body = compressAndProve(plaintext);
  const encoded = assembleEncoded(plaintext, body);
  if (body !== undefined) dispose(body);
  return encoded;
}

/** The proven body of `encodeAndProve`, or undefined where the plaintext is kept raw. */
export function compressAndProve(plaintext: Buffer): Buffer | undefined {
  if (!isWorthCompressing(plaintext)) return undefined;
  const { length } = plaintext;
  const body = zstdCompressSync(plaintext, compressionOf(plaintext));
  if (!isWorthKeeping(body, length)) {
    dispose(body);
    return undefined;
  }
  const decoded = zstdDecompressSync(body, decompressionOf(length));
  const isSame = decoded.equals(plaintext);
  dispose(decoded);
  if (isSame) return body;
  throw new CorruptionError(
    "freshly encoded bytes",
    "differ after decoding: this machine's memory or processor is faulty",
  );
}

/** Coding, length, body, in a buffer of their own. `body` is what `compressAndProve` returns of this plaintext. */
export function assembleEncoded(plaintext: Buffer, body: Buffer | undefined): Buffer {
  const plaintextBytes = plaintext.length;
  const encoded = Buffer.allocUnsafeSlow(ENCODED_HEADER_BYTES + (body ?? plaintext).length);
  if (body === undefined) writeHeader(encoded, CODINGS.raw, plaintextBytes);
  else writeHeader(encoded, CODINGS.zstd, plaintextBytes);
  (body ?? plaintext).copy(encoded, ENCODED_HEADER_BYTES);
  return encoded;
}

/** As `assembleEncoded`, to the start of `target`, where the plaintext may stand. */
export function writeEncoded(target: Buffer, { plaintextBytes, body }: { plaintextBytes: number; body: Buffer }): void {
  writeHeader(target, CODINGS.zstd, plaintextBytes);
  body.copy(target, ENCODED_HEADER_BYTES);
}

/** The plaintext; WireError when the bytes are not what they declare. Never allocates more than they may declare. */
export async function decodeObject(encoded: Buffer): Promise<Buffer> {
  const { coding, length, body } = parseEncoded(encoded);
  if (coding === CODINGS.raw) return body;
  if (length <= DECOMPRESSED_HERE_BYTES_MAX) return decompressHere(body, length);
  const plaintext = await decompressInPool(body, decompressionOf(length)).catch((error: unknown) =>
    failDecompression(error, length),
  );
  return assertLength(plaintext, length);
}

/** As `decodeObject`, in this thread, however long it takes. */
export function decodeObjectHere(encoded: Buffer): Buffer {
  const { coding, length, body } = parseEncoded(encoded);
  return coding === CODINGS.raw ? body : decompressHere(body, length);
}

function decompressHere(body: Buffer, length: number): Buffer {
  let plaintext: Buffer;
  try {
    plaintext = zstdDecompressSync(body, decompressionOf(length));
  } catch (error) {
    return failDecompression(error, length);
  }
  return assertLength(plaintext, length);
}

function failDecompression(error: unknown, length: number): never {
  throw new WireError("object", `does not decompress to ${length} bytes: ${reasonOf(error)}`);
}

function assertLength(plaintext: Buffer, length: number): Buffer {
  if (plaintext.length === length) return plaintext;
  throw new WireError("object", `declares ${length} bytes and holds ${plaintext.length}`);
}

function isWorthCompressing(plaintext: Buffer): boolean {
  if (plaintext.length > OBJECT_BYTES_MAX)
    throw new WireError("object", `${plaintext.length} bytes are above ${OBJECT_BYTES_MAX}`);
  return !looksIncompressible(plaintext);
}

function compressionOf(plaintext: Buffer) {
  const { length } = plaintext;
  return {
    params: looksLikeText(plaintext) ? TEXT_COMPRESSION : COMPRESSION,
    pledgedSrcSize: length,
    // Room for the worst case: with less zstd compresses through a buffer of its own, and each further one is another call.
    chunkSize: length + (length >> 8) + 128,
  };
}

function decompressionOf(length: number) {
  // A byte more than needed: zlib takes a full buffer for a sign that it wants another one of the same size.
  return { maxOutputLength: length, chunkSize: Math.max(64, length + 1) };
}

function isWorthKeeping(body: Buffer, length: number): boolean {
  return body.length <= length * (1 - SAVING_MIN);
}

function parseEncoded(encoded: Buffer): { coding: number; length: number; body: Buffer } {
  if (encoded.length < ENCODED_HEADER_BYTES) throw new WireError("object", `${encoded.length} bytes are too few`);
  const coding = encoded.readUInt8(0);
  const length = encoded.readUInt32LE(1);
  const body = encoded.subarray(ENCODED_HEADER_BYTES);
  if (length > OBJECT_BYTES_MAX) throw new WireError("object", `declares ${length} bytes, above ${OBJECT_BYTES_MAX}`);
  if (coding !== CODINGS.raw && coding !== CODINGS.zstd) throw new WireError("object", `unknown coding ${coding}`);
  if (coding === CODINGS.raw && body.length !== length) {
    throw new WireError("object", `declares ${length} bytes and holds ${body.length}`);
  }
  if (coding === CODINGS.zstd && body.length >= length)
    throw new WireError("object", `${body.length} bytes to say ${length}`);
  return { coding, length, body };
}

function writeHeader(target: Buffer, coding: number, length: number): void {
  target.writeUInt8(coding, 0);
  target.writeUInt32LE(length, 1);
}

function looksLikeText(plaintext: Buffer): boolean {
  const step = Math.max(1, Math.floor(plaintext.length / TEXT_SAMPLES));
  let samples = 0;
  let foreign = 0;
  for (let at = 0; at < plaintext.length; at += step) {
    const byte = plaintext[at] as number;
    samples++;
    if (byte >= 0x7f || (byte < 0x20 && byte !== TAB && byte !== LINE_FEED && byte !== CARRIAGE_RETURN)) foreign++;
  }
  return foreign <= samples * TEXT_FOREIGN_MAX;
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Tries a few samples spread over the object at the fastest level. */
function looksIncompressible(plaintext: Buffer): boolean {
  if (plaintext.length < COMPRESSED_BYTES_MIN) return true;
  if (plaintext.length < SAMPLED_BYTES_MIN) return false;
  const step = Math.floor((plaintext.length - SAMPLE_BYTES) / (SAMPLES - 1));
  const samples = Buffer.concat(
    Array.from({ length: SAMPLES }, (_, index) => plaintext.subarray(index * step, index * step + SAMPLE_BYTES)),
  );
  const compressed = zstdCompressSync(samples, {
    params: { [constants.ZSTD_c_compressionLevel]: 1 },
    chunkSize: samples.length + 256,
  });
  return compressed.length > samples.length * (1 - SAVING_MIN);
}
