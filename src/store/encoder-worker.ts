import { parentPort } from "node:worker_threads";
import { encodeAndProve } from "./codec.ts";
import { dispose } from "./dispose.ts";
import type { EncodingReply, EncodingTask } from "./encoder.ts";

// The thread at the other end of encoder.ts. What it makes goes back in the memory that the plaintext came in.

parentPort?.on("message", ({ memory, bytes }: EncodingTask) => {
  parentPort?.postMessage(encode(memory, bytes));
});

function encode(memory: SharedArrayBuffer, bytes: number): EncodingReply {
  try {
    const encoded = encodeAndProve(Buffer.from(memory, 0, bytes));
    encoded.copy(Buffer.from(memory));
    const bytesEncoded = encoded.length;
    dispose(encoded);
    return { bytes: bytesEncoded };
  } catch (error) {
    return { error };
  }
}
