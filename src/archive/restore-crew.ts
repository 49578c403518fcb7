import { availableParallelism } from "node:os";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { EntryWriter } from "./entry-writer.ts";
import { sharesHandles } from "./file-calls.ts";
import { encodeTask, type RestoreTask, type TaskProblem } from "./restore-task.ts";
import { TaskPerformer } from "./task-performer.ts";

// Decoding, proving and writing on all processors: in threads, and here while all of them are busy, so that one thread
// fewer than there are processors will do. Small restores are done here alone.

/** The thread that walks, reads and unseals is one more; it cannot feed more than four. */
const THREADS_MAX = Math.min(4, availableParallelism() - 1);
/** In hand at a time: one being done, and one more for the time in which this thread does a task itself. */
const TASKS_PER_THREAD_MAX = 2;
/** Bytes of content, and tasks, after which threads pay. */
const DONE_HERE_BYTES_MAX = 2 * 1024 * 1024;
const DONE_HERE_TASKS_MAX = 4;
/** A thread holds one task at a time, mostly outside V8's heap: little is left to collect, and little to keep. */
const THREAD_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128 };

export interface CrewThreadData {
  readonly idKey: Uint8Array;
  /** As TemporaryNames takes them. */
  readonly start: string;
  readonly thread: number;
}
export interface CrewMessage {
  readonly task: Uint8Array;
  readonly contents: readonly Uint8Array[];
}
export type CrewReply = readonly TaskProblem[];

/** What was cut off before or behind: a header at most. */
const SLACK_BYTES_MAX = 64;

interface Thread {
  readonly worker: Worker;
  /** Answers come in the order of the tasks. */
  readonly waiting: { resolve(reply: CrewReply): void; reject(error: unknown): void }[];
}

export class RestoreCrew {
  readonly #shared: Omit<CrewThreadData, "thread">;
  readonly #performer: TaskPerformer;
  readonly #threadsMax: number;
  readonly #threads: Thread[] = [];
  #bytesHere = 0;
  #tasksHere = 0;
  #failure: { readonly error: unknown } | undefined;

  /** `threadsMax` 0: everything is done here. */
  constructor(settings: {
    idKey: Buffer;
    start: string;
    writer: EntryWriter;
    threadsMax?: number | undefined;
  }) {
    const { idKey, start, writer, threadsMax = THREADS_MAX } = settings;
    this.#shared = { idKey: Uint8Array.from(idKey), start };
    this.#performer = new TaskPerformer({ writer, idKey });
    this.#threadsMax = sharesHandles ? threadsMax : 0;
  }

  /** Tasks that keep every thread busy while the next two are read. */
  get tasksWanted(): number {
    return this.#threadsMax * TASKS_PER_THREAD_MAX + 2;
  }

  /** `bytes`: of content, about. Takes the task's chunks. */
  async perform(task: RestoreTask, bytes: number): Promise<CrewReply> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#bytesHere += bytes;
    this.#tasksHere++;
    const isSmall = this.#bytesHere <= DONE_HERE_BYTES_MAX && this.#tasksHere <= DONE_HERE_TASKS_MAX;
    const thread = isSmall ? undefined : this.#freeThread();
    return thread === undefined ? this.#performer.perform(task) : this.#ask(thread, task);
  }

  /** Ends the threads; only when no task is under way any more. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #ask(thread: Thread, task: RestoreTask): Promise<CrewReply> {
    // Plaintext may be somebody else's as well, who would be left with nothing.
    const contents = task.chunks.map(({ bytes, isEncoded }) => (isEncoded ? ownBytes(bytes) : Uint8Array.from(bytes)));
    const message: CrewMessage = { task: Uint8Array.from(encodeTask(task)), contents };
    return new Promise((resolve, reject) => {
      thread.waiting.push({ resolve, reject });
      thread.worker.ref();
      thread.worker.postMessage(message, [
        message.task.buffer,
        ...contents.map(({ buffer }) => buffer),
      ] as ArrayBuffer[]);
    });
  }

  #freeThread(): Thread | undefined {
    let least: Thread | undefined;
    for (const thread of this.#threads)
      if (least === undefined || thread.waiting.length < least.waiting.length) least = thread;
    if (least?.waiting.length === 0) return least;
    if (this.#threads.length < this.#threadsMax) return this.#start();
    return least !== undefined && least.waiting.length < TASKS_PER_THREAD_MAX ? least : undefined;
  }

  #start(): Thread {
    // The same ending as this file's: .ts from source, .js in a release.
    const file = new URL(`./restore-worker${extname(import.meta.url)}`, import.meta.url);
    const workerData: CrewThreadData = { ...this.#shared, thread: this.#threads.length + 1 };
    const thread: Thread = {
      worker: new Worker(file, { workerData, resourceLimits: THREAD_LIMITS, trackUnmanagedFds: false }),
      waiting: [],
    };
    thread.worker.on("message", (reply: CrewReply) => {
      thread.waiting.shift()?.resolve(reply);
      if (thread.waiting.length === 0) thread.worker.unref();
    });
    thread.worker.on("error", (error) => this.#fail(thread, error));
    thread.worker.on("exit", () => this.#fail(thread, new Error("a restoring thread has ended")));
    this.#threads.push(thread);
    return thread;
  }

  #fail(thread: Thread, error: unknown): void {
    // A thread that has been closed has failed nobody else.
    if (this.#threads.includes(thread)) this.#failure ??= { error };
    for (const { reject } of thread.waiting.splice(0)) reject(error);
  }
}

/** Fit to be handed over: the buffer's memory is its alone. */
function ownBytes(bytes: Buffer): Uint8Array {
  const isAlone = bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength - bytes.length <= SLACK_BYTES_MAX;
  return isAlone ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : Uint8Array.from(bytes);
}
