import { createCipheriv } from "node:crypto";
import type { ChunkSizes } from "./chunk-sizes.ts";

// Content-defined chunking after FastCDC (Xia et al., USENIX ATC 2016): a gear hash, cut-point skipping below `min`, and
// normalised sizes by a stricter mask before the average and a looser one after it. The table is keyed: chunk lengths
// tell a holder of the store nothing about known files.

/** The gear hash is 32 bits wide and shifts by one a byte: what is older than 32 bytes has left it. */
const WINDOW_BYTES = 32;
/** Two bits more before the average and two fewer after it (FastCDC's normalisation level 2). */
const NORMALISATION_BITS = 2;

/** 256 words from the first 1,024 bytes of AES-256-CTR's key stream under the gear key. */
export function createGearTable(gearKey: Buffer): Uint32Array {
  const stream = createCipheriv("aes-256-ctr", gearKey, Buffer.alloc(16)).update(Buffer.alloc(1024));
  return Uint32Array.from({ length: 256 }, (_, index) => stream.readUInt32LE(index * 4));
}

export interface Chunker {
  /** Takes the next bytes of the stream. A chunk handed to `emit` is a view that is valid until `emit` returns. */
  push(bytes: Buffer, emit: (chunk: Buffer) => void): void;
  /** Ends the stream: emits what is left, if anything, and is ready for the next stream. */
  finish(emit: (chunk: Buffer) => void): void;
}

/** Cuts a stream the same way however it is split into pushes. */
export function createChunker({ sizes, gear }: { sizes: ChunkSizes; gear: Uint32Array }): Chunker {
  const averageBits = Math.log2(sizes.average);
  const strictMask = topBits(averageBits + NORMALISATION_BITS);
  const looseMask = topBits(averageBits - NORMALISATION_BITS);
  const buffer = Buffer.allocUnsafeSlow(sizes.max);
  let filled = 0;
  let scanned = 0;
  let hash = 0;

  /** Goes on scanning where the last call stopped; the length of the chunk, or 0 when more bytes are needed. */
  function scan(): number {
    if (filled < sizes.min) return 0;
    let at = scanned;
    if (at < sizes.min) {
      // Below `min` nothing is cut: only the window before it matters.
      at = Math.max(0, sizes.min - WINDOW_BYTES);
      hash = 0;
      for (; at < sizes.min; at++) hash = ((hash << 1) + (gear[buffer[at] as number] as number)) | 0;
      if ((hash & strictMask) === 0) return sizes.min;
    }
    const strictEnd = Math.min(filled, sizes.average);
    let rolling = hash;
    for (; at < strictEnd; at++) {
      rolling = ((rolling << 1) + (gear[buffer[at] as number] as number)) | 0;
      if ((rolling & strictMask) === 0) return at + 1;
    }
    for (; at < filled; at++) {
      rolling = ((rolling << 1) + (gear[buffer[at] as number] as number)) | 0;
      if ((rolling & looseMask) === 0) return at + 1;
    }
    hash = rolling;
    scanned = at;
    return filled === sizes.max ? sizes.max : 0;
  }

  function take(length: number, emit: (chunk: Buffer) => void): void {
    try {
      emit(buffer.subarray(0, length));
    } finally {
      buffer.copyWithin(0, length, filled);
      filled -= length;
      scanned = 0;
    }
  }

  return {
    push(bytes, emit) {
      let at = 0;
      while (at < bytes.length) {
        const count = Math.min(bytes.length - at, sizes.max - filled);
        bytes.copy(buffer, filled, at, at + count);
        filled += count;
        at += count;
        for (let length = scan(); length > 0; length = scan()) take(length, emit);
      }
    },
    finish(emit) {
      if (filled > 0) take(filled, emit);
      hash = 0;
    },
  };
}

/** The top bits of the hash depend on the most bytes. */
function topBits(count: number): number {
  const bits = Math.min(31, Math.max(1, count));
  return -1 << (32 - bits);
}
