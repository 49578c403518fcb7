import { promisify } from "node:util";
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from "node:zlib";
import { CorruptionError, WireError } from "../runtime/errors.ts";
import { OBJECT_BYTES_MAX } from "./chunk-sizes.ts";
import { dispose } from "./dispose.ts";

// An object as it travels and as it is sealed: one byte for the coding, four for the plaintext's length, the body.

const CODINGS = { raw: 0, zstd: 1 } as const;
export const ENCODED_HEADER_BYTES = 5;
export const ENCODED_BYTES_MAX = ENCODED_HEADER_BYTES + OBJECT_BYTES_MAX;

/** What restic and borg use as well; level 1 is twice as fast and 12 % larger on text. */
const LEVEL = 3;
/** Below this a trip to the thread pool costs more than compressing here. */
const COMPRESSED_HERE_BYTES_MAX = 16 * 1024;
/** Decompressing is several times faster than compressing. */
const DECOMPRESSED_HERE_BYTES_MAX = 128 * 1024;
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
  if (!isWorthCompressing(plaintext)) return assemble(plaintext, undefined);
  const options = compressionOf(plaintext.length);
  const isShort = plaintext.length <= COMPRESSED_HERE_BYTES_MAX;
  return assemble(plaintext, isShort ? zstdCompressSync(plaintext, options) : await compressInPool(plaintext, options));
}

/**
 * As `encodeObject`, in this thread and proven: decoded again and compared, byte for byte. CorruptionError when the machine
 * computes wrongly.
 */
export function encodeAndProve(plaintext: Buffer): Buffer {
  const body = isWorthCompressing(plaintext) ? zstdCompressSync(plaintext, compressionOf(plaintext.length)) : undefined;
  const encoded = assemble(plaintext, body);
  if (body !== undefined) dispose(body);
  const { coding, length, body: stored } = parseEncoded(encoded);
  const isRaw = coding === CODINGS.raw;
  const decoded = isRaw ? stored : zstdDecompressSync(stored, decompressionOf(length));
  const isSame = decoded.equals(plaintext);
  if (!isRaw) dispose(decoded);
  if (isSame) return encoded;
  throw new CorruptionError(
    "freshly encoded bytes",
    "differ after decoding: this machine's memory or processor is faulty",
  );
}

/** The plaintext; WireError when the bytes are not what they declare. Never allocates more than they may declare. */
export async function decodeObject(encoded: Buffer): Promise<Buffer> {
  const { coding, length, body } = parseEncoded(encoded);
  if (coding === CODINGS.raw) return body;
  const options = decompressionOf(length);
  let plaintext: Buffer;
  try {
    const isShort = length <= DECOMPRESSED_HERE_BYTES_MAX;
    plaintext = isShort ? zstdDecompressSync(body, options) : await decompressInPool(body, options);
  } catch (error) {
    throw new WireError(
      "object",
      `does not decompress to ${length} bytes: ${error instanceof Error ? error.message : error}`,
    );
  }
  if (plaintext.length !== length)
    throw new WireError("object", `declares ${length} bytes and holds ${plaintext.length}`);
  return plaintext;
}

function isWorthCompressing(plaintext: Buffer): boolean {
  if (plaintext.length > OBJECT_BYTES_MAX)
    throw new WireError("object", `${plaintext.length} bytes are above ${OBJECT_BYTES_MAX}`);
  return !looksIncompressible(plaintext);
}

function compressionOf(length: number) {
  return {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL, [constants.ZSTD_c_contentSizeFlag]: 1 },
    pledgedSrcSize: length,
    // Room for the worst case: with less zstd compresses through a buffer of its own, and each further one is another call.
    chunkSize: length + (length >> 8) + 128,
  };
}

function decompressionOf(length: number) {
  return { maxOutputLength: length, chunkSize: Math.max(64, length) };
}

function assemble(plaintext: Buffer, compressed: Buffer | undefined): Buffer {
  const isSmaller = compressed !== undefined && compressed.length <= plaintext.length * (1 - SAVING_MIN);
  return isSmaller
    ? withHeader(CODINGS.zstd, plaintext.length, compressed)
    : withHeader(CODINGS.raw, plaintext.length, plaintext);
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

function withHeader(coding: number, length: number, body: Buffer): Buffer {
  const encoded = Buffer.allocUnsafeSlow(ENCODED_HEADER_BYTES + body.length);
  encoded.writeUInt8(coding, 0);
  encoded.writeUInt32LE(length, 1);
  body.copy(encoded, ENCODED_HEADER_BYTES);
  return encoded;
}

/** Tries a few samples spread over the object at the fastest level. */
function looksIncompressible(plaintext: Buffer): boolean {
  if (plaintext.length < 32) return true;
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
