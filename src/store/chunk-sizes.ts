import { SettingsError } from "../runtime/errors.ts";
import type { ByteReader } from "./bytes.ts";

/** Where the chunker cuts, in bytes. Fixed for the life of a store: other sizes would find nothing again. */
export interface ChunkSizes {
  readonly min: number;
  readonly average: number;
  readonly max: number;
}

/**
 * An average of 1 MiB keeps the index small (64 bytes for each of 5 million chunks is 5 TB of data) and files below 256 KiB
 * whole; what is smaller than that shares bundles (archive/bundler.ts).
 */
export const CHUNK_SIZES: ChunkSizes = { min: 256 * 1024, average: 1024 * 1024, max: 4 * 1024 * 1024 };

/** No object of a store is longer than this, whatever it declares. */
export const OBJECT_BYTES_MAX = 8 * 1024 * 1024;

export function assertChunkSizes({ min, average, max }: ChunkSizes): void {
  const sensible =
    min >= 64 && min < average && average < max && max <= OBJECT_BYTES_MAX && Math.log2(average) % 1 === 0;
  if (!sensible) {
    throw new SettingsError(
      "chunkSizes",
      `${min}, ${average}, ${max}: want 64 <= min < average (a power of two) < max <= ${OBJECT_BYTES_MAX}`,
    );
  }
}

export function encodeChunkSizes(sizes: ChunkSizes): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32LE(sizes.min, 0);
  bytes.writeUInt32LE(sizes.average, 4);
  bytes.writeUInt32LE(sizes.max, 8);
  return bytes;
}

export function decodeChunkSizes(reader: ByteReader): ChunkSizes {
  const sizes = { min: reader.u32(), average: reader.u32(), max: reader.u32() };
  assertChunkSizes(sizes);
  return sizes;
}
