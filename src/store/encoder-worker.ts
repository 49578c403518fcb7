import { parentPort } from "node:worker_threads";
import { encodeAndProve } from "./codec.ts";
import type { EncodingReply, EncodingTask } from "./encoder.ts";
import { YoungCollection } from "./young-collection.ts";

// The thread at the other end of encoder.ts. What it makes goes back in the memory that the plaintext came in.

/** A few chunks and what became of them. */
const young = new YoungCollection(8 * 1024 * 1024);

parentPort?.on("message", ({ memory, bytes }: EncodingTask) => {
  parentPort?.postMessage(encode(memory, bytes));
});

function encode(memory: SharedArrayBuffer, bytes: number): EncodingReply {
  try {
    const encoded = encodeAndProve(Buffer.from(memory, 0, bytes));
    encoded.copy(Buffer.from(memory));
    young.count(2 * bytes + 2 * encoded.length);
    return { bytes: encoded.length };
  } catch (error) {
    return { error };
  }
}
