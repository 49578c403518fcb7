import { readSync } from "node:fs";
import { CorruptionError, codeOf, reasonOf } from "../runtime/errors.ts";
import { chunkId, ID_BYTES } from "./chunk-id.ts";
import { createCutter, createGearTable } from "./chunker.ts";
import { compressAndProve, ENCODED_HEADER_BYTES, writeEncoded } from "./codec.ts";
import { dispose } from "./dispose.ts";
import type { Chunking } from "./keys.ts";

// What any thread can do with memory that all of them see (work-crew.ts): everything that a backup costs by the byte.

/** Encodes the object there, in place. */
export interface EncodeWork {
  readonly kind: "encode";
  readonly memory: SharedArrayBuffer;
  readonly at: number;
  readonly bytes: number;
}

/** Goes on reading an open file behind what is there of it, and cuts and names the data chunks that are whole then. */
export interface CutWork {
  readonly kind: "cut";
  readonly memory: SharedArrayBuffer;
  /** Where in the memory the stream goes on, and how much of it is there. */
  readonly at: number;
  readonly filled: number;
  readonly fd: number;
  /** Where in the file to go on, and how many bytes. */
  readonly position: number;
  readonly bytes: number;
  /** Whether the stream ends with them: it does as well where the file does. */
  readonly isEnd: boolean;
}

export type Work = EncodeWork | CutWork;

export interface Encoded {
  /** The length of the encoded object that stands in the plaintext's place, or 0: the plaintext is kept, to be stored raw. */
  readonly encodedBytes: number;
}

export interface Cuts {
  readonly bytesRead: number;
  /** Where each chunk ends, from `at`; the first begins there. */
  readonly ends: readonly number[];
  /** One after the other. */
  readonly ids: Uint8Array;
}

/** Errors lose their class and their code on the way between threads. */
export interface WorkFailure {
  readonly failure: { readonly code: string; readonly message: string; readonly corrupt: string | undefined };
}

export type WorkReply = Encoded | Cuts | WorkFailure;

export type Worker = (work: Work) => WorkReply;

export function createWorker({ sizes, gearKey, idKey }: Chunking): Worker {
  const cut = createCutter({ sizes, gear: createGearTable(gearKey) });
  return (work) => {
    try {
      return work.kind === "encode" ? encode(work) : readAndCut(work);
    } catch (error) {
      const corrupt = error instanceof CorruptionError ? error.what : undefined;
      return { failure: { code: codeOf(error), message: reasonOf(error), corrupt } };
    }
  };

  function readAndCut({ memory, at, filled, fd, position, bytes, isEnd }: CutWork): Cuts {
    const all = Buffer.from(memory, at, filled + bytes);
    let bytesRead = 0;
    while (bytesRead < bytes) {
      const count = readSync(fd, all, filled + bytesRead, bytes - bytesRead, position + bytesRead);
      if (count === 0) break;
      bytesRead += count;
    }
    const to = filled + bytesRead;
    const isLast = isEnd || bytesRead < bytes;
    const ends: number[] = [];
    for (let from = 0; from < to; from = ends.at(-1) as number) {
      const end = cut(all, from, to);
      if (end > 0) ends.push(end);
      else if (isLast) ends.push(to);
      else break;
    }
    const ids = new Uint8Array(ends.length * ID_BYTES);
    for (const [index, end] of ends.entries())
      ids.set(chunkId(idKey, "data", all.subarray(ends[index - 1] ?? 0, end)), index * ID_BYTES);
    return { bytesRead, ends, ids };
  }
}

function encode({ memory, at, bytes }: EncodeWork): Encoded {
  const plaintext = Buffer.from(memory, at, bytes);
  const body = compressAndProve(plaintext);
  if (body === undefined) return { encodedBytes: 0 };
  const encodedBytes = ENCODED_HEADER_BYTES + body.length;
  // Of a very short object, the header takes what was saved.
  if (encodedBytes <= bytes) writeEncoded(plaintext, { plaintextBytes: bytes, body });
  dispose(body);
  return { encodedBytes: encodedBytes <= bytes ? encodedBytes : 0 };
}

/** What another thread's failure was thrown as. */
export function errorOf({ failure: { code, message, corrupt } }: WorkFailure): Error {
  if (corrupt !== undefined) return new CorruptionError(corrupt, message.slice(corrupt.length + 2));
  return code === "" ? new Error(message) : Object.assign(new Error(message), { code });
}
