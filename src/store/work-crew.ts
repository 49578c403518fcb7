import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, extname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import type { ChunkSizes } from "./chunk-sizes.ts";
import type { Work, Worker, WorkReply } from "./chunk-work.ts";
import { type Cuts, type CutWork, createWorker, type Encoded, type EncodeWork, errorOf } from "./chunk-work.ts";
import type { Chunking } from "./keys.ts";

// Reading, cutting, naming and encoding on all processors. Threads take work from one queue; whoever would wait for them
// takes some as well, so that one thread fewer than there are processors keeps all of them busy. Bytes stay in shared
// memory; a message is a few numbers.

/** The thread that walks is one more; it cannot feed more than four. */
const THREADS_MAX = Math.min(4, Math.max(1, availableParallelism() - 1));
/** In hand at a time: one being done, and one more for the time until the answer is read. */
const WORKS_PER_THREAD_MAX = 2;
/** A thread costs 60 ms and 20 MB: less work than this is done here, where there is time. */
const BYTES_WITHOUT_THREADS_MAX = 2 * 1024 * 1024;
/** Small heaps: what threads hold lies outside of them. Without a limit a heap grows before it is collected. */
const HEAP_LIMITS = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

/** Compiled files are kept for the main thread; another has to ask for it, before it loads the first. */
const START = `
const { cache, file } = require("node:worker_threads").workerData;
if (cache !== undefined) require("node:module").enableCompileCache(cache);
import(file);
`;

export interface CrewThreadData {
  readonly file: string;
  readonly cache: string | undefined;
  readonly sizes: ChunkSizes;
  readonly gearKey: Uint8Array;
  readonly idKey: Uint8Array;
}

interface Task {
  readonly work: Work;
  resolve(reply: WorkReply): void;
  reject(error: unknown): void;
}

interface Member {
  readonly thread: Thread;
  /** Answers come in the order of the tasks. */
  readonly tasks: Task[];
}

export class WorkCrew {
  readonly #chunking: Chunking;
  readonly #members: Member[] = [];
  readonly #queue: Task[] = [];
  #queuedBytes = 0;
  #own: Worker | undefined;
  #failure: { readonly error: unknown } | undefined;
  #wake: (() => void)[] = [];

  constructor(chunking: Chunking) {
    this.#chunking = chunking;
  }

  /** CorruptionError when the machine is faulty. */
  encode(work: Omit<EncodeWork, "kind">): Promise<Encoded> {
    return this.#do({ kind: "encode", ...work }) as Promise<Encoded>;
  }

  /** Rejects with the system's error where the file cannot be read. */
  cut(work: Omit<CutWork, "kind">): Promise<Cuts> {
    return this.#do({ kind: "cut", ...work }) as Promise<Cuts>;
  }

  /** Resolves when `isDone`, which `changed` makes it ask again, and does work in the meantime. */
  async workUntil(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      const task = this.#takeQueued();
      if (task === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve));
      else {
        this.#own ??= createWorker(this.#chunking);
        task.resolve(this.#own(task.work));
        // Answers of threads are read, and their next work is given out.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** Who waits in `workUntil` looks again. */
  changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Ends the threads; what is not done yet is refused. */
  async close(): Promise<void> {
    const ended = new Error("the crew of threads has been dismissed");
    this.#failure ??= { error: ended };
    for (const task of this.#queue.splice(0)) task.reject(ended);
    for (const { tasks } of this.#members) for (const task of tasks.splice(0)) task.reject(ended);
    await Promise.all(this.#members.splice(0).map(({ thread }) => thread.terminate()));
  }

  async #do(work: Work): Promise<Encoded | Cuts> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const reply = await new Promise<WorkReply>((resolve, reject) => {
      this.#queue.push({ work, resolve, reject });
      this.#queuedBytes += work.bytes;
      this.#giveOut();
    });
    if ("failure" in reply) throw errorOf(reply);
    return reply;
  }

  #takeQueued(): Task | undefined {
    const task = this.#queue.shift();
    if (task !== undefined) this.#queuedBytes -= task.work.bytes;
    return task;
  }

  #giveOut(): void {
    while (this.#queue.length > 0) {
      const member = this.#freeMember();
      if (member === undefined) break;
      const task = this.#takeQueued() as Task;
      member.tasks.push(task);
      // Only a thread with work keeps the process alive.
      member.thread.ref();
      member.thread.postMessage(task.work);
    }
    if (this.#queue.length > 0) this.changed();
  }

  #freeMember(): Member | undefined {
    let free: Member | undefined;
    for (const member of this.#members)
      if (free === undefined || member.tasks.length < free.tasks.length) free = member;
    if (free !== undefined && free.tasks.length === 0) return free;
    if (this.#members.length < THREADS_MAX && this.#queuedBytes > BYTES_WITHOUT_THREADS_MAX) return this.#start();
    return free !== undefined && free.tasks.length < WORKS_PER_THREAD_MAX ? free : undefined;
  }

  #start(): Member {
    const { sizes, gearKey, idKey } = this.#chunking;
    const cache = getCompileCacheDir();
    const data: CrewThreadData = {
      // The same ending as this file's: .ts from source, .js in a release.
      file: new URL(`./work-crew-thread${extname(import.meta.url)}`, import.meta.url).href,
      // What was asked for, without the folder of this version of Node.
      cache: cache === undefined ? undefined : dirname(cache),
      ...{ sizes, gearKey, idKey },
    };
    const thread = new Thread(START, { eval: true, workerData: data, resourceLimits: HEAP_LIMITS });
    const member: Member = { thread, tasks: [] };
    thread.on("message", (reply: WorkReply) => {
      member.tasks.shift()?.resolve(reply);
      this.#giveOut();
      if (member.tasks.length === 0) thread.unref();
      this.changed();
    });
    thread.on("error", (error) => this.#fail(member, error));
    thread.on("exit", () => this.#fail(member, new Error("a thread of the crew has ended")));
    this.#members.push(member);
    return member;
  }

  #fail(member: Member, error: unknown): void {
    // A thread that was dismissed has failed nobody.
    if (!this.#members.includes(member)) return;
    this.#failure ??= { error };
    for (const task of [...member.tasks.splice(0), ...this.#queue.splice(0)]) task.reject(error);
    this.changed();
  }
}
