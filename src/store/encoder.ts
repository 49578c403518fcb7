import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { ENCODED_HEADER_BYTES, encodeAndProve } from "./codec.ts";
import { SharedBuffers } from "./shared-buffers.ts";

// Encoding on all processors: threads that compress and prove, each with a heap so small that collecting it costs nothing.
// Plaintext and result travel in shared memory; a message is a few numbers.

/** One processor is left to the thread that walks, reads, hashes and seals; it cannot feed more than four. */
const THREADS_MAX = Math.min(4, Math.max(1, availableParallelism() - 1));
/** Below this a message to another thread costs more than the work. */
const ENCODED_HERE_BYTES_MAX = 16 * 1024;

export interface EncodingTask {
  readonly memory: SharedArrayBuffer;
  readonly bytes: number;
}
export type EncodingReply = { readonly bytes: number } | { readonly error: unknown };

/** An object's plaintext, copied: whoever has it encodes it or lets it go. */
export interface HeldObject {
  readonly bytes: number;
  /** Undefined where the plaintext is short. */
  readonly memory: SharedArrayBuffer | undefined;
  readonly short: Buffer | undefined;
}

interface Thread {
  readonly worker: Worker;
  /** Answers come in the order of the tasks. */
  readonly waiting: { resolve(reply: EncodingReply): void; reject(error: unknown): void }[];
}

export class Encoder {
  readonly #buffers = new SharedBuffers();
  readonly #threads: Thread[] = [];
  #failure: { readonly error: unknown } | undefined;

  hold(plaintext: Buffer): HeldObject {
    const bytes = plaintext.length;
    if (bytes <= ENCODED_HERE_BYTES_MAX) return { bytes, memory: undefined, short: Buffer.from(plaintext) };
    const memory = this.#buffers.take(bytes + ENCODED_HEADER_BYTES);
    plaintext.copy(Buffer.from(memory));
    return { bytes, memory, short: undefined };
  }

  /** Coding, length, body, decoded again and compared; lets the object go. CorruptionError when the machine is faulty. */
  async encode({ bytes, memory, short }: HeldObject): Promise<Buffer> {
    if (memory === undefined) return encodeAndProve(short as Buffer);
    const reply = await this.#ask({ memory, bytes });
    if ("error" in reply) throw reply.error;
    const encoded = Buffer.allocUnsafeSlow(reply.bytes);
    Buffer.from(memory, 0, reply.bytes).copy(encoded);
    this.#buffers.giveBack(memory);
    return encoded;
  }

  letGo({ memory }: HeldObject): void {
    if (memory !== undefined) this.#buffers.giveBack(memory);
  }

  /** Ends the threads; what is still being encoded is refused. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #ask(task: EncodingTask): Promise<EncodingReply> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    const thread = this.#leastBusy();
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      // Only a thread with work keeps the process alive.
      thread.worker.ref();
      thread.worker.postMessage(task);
    });
  }

  #leastBusy(): Thread {
    let least: Thread | undefined;
    for (const thread of this.#threads)
      if (least === undefined || thread.waiting.length < least.waiting.length) least = thread;
    const isIdle = least !== undefined && least.waiting.length === 0;
    if (least !== undefined && (isIdle || this.#threads.length >= THREADS_MAX)) return least;
    return this.#start();
  }

  #start(): Thread {
    // The same ending as this file's: .ts from source, .js in a release.
    const file = new URL(`./encoder-worker${extname(import.meta.url)}`, import.meta.url);
    const thread: Thread = { worker: new Worker(file), waiting: [] };
    thread.worker.on("message", (reply: EncodingReply) => {
      thread.waiting.shift()?.resolve(reply);
      if (thread.waiting.length === 0) thread.worker.unref();
    });
    thread.worker.on("error", (error) => this.#fail(thread, error));
    thread.worker.on("exit", () => this.#fail(thread, new Error("encoding thread has ended")));
    this.#threads.push(thread);
    return thread;
  }

  #fail(thread: Thread, error: unknown): void {
    // A thread that has been closed has failed nobody else.
    if (this.#threads.includes(thread)) this.#failure ??= { error };
    for (const { reject } of thread.waiting.splice(0)) reject(error);
  }
}
