import { getCompileCacheDir } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, extname } from "node:path";
import { Worker as Thread } from "node:worker_threads";
import type { ChunkSizes } from "./chunk-sizes.ts";
import type { Work, Worker, WorkReply } from "./chunk-work.ts";
import { type Cuts, type CutWork, createWorker, type Encoded, type EncodeWork, errorOf } from "./chunk-work.ts";
import type { Chunking } from "./keys.ts";
import { TaskClaims } from "./task-claims.ts";

// Reading, cutting, naming and encoding on all processors. Each thread has all of its work at once, so that it never waits
// for this one to look up from its own; whoever would wait for them takes some of it back (task-claims.ts), so that one
// thread fewer than there are processors keeps all of them busy. Bytes stay in shared memory; a message is a few numbers.

/** The thread that walks is one more; it cannot feed more than four. */
const THREADS_MAX = Math.min(4, Math.max(1, availableParallelism() - 1));
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
  readonly claims: SharedArrayBuffer;
}

/** To a thread, and back from it; a task that somebody else has taken is not answered. */
export interface TaskMessage {
  readonly number: number;
  readonly work: Work;
}
export interface TaskAnswer {
  readonly number: number;
  readonly reply: WorkReply;
}

interface Task {
  readonly work: Work;
  resolve(reply: WorkReply): void;
  reject(error: unknown): void;
}

interface Member {
  readonly thread: Thread;
  /** The one that it does, and those behind it, in their order. */
  readonly tasks: GivenTask[];
  bytes: number;
}

interface GivenTask extends Task {
  readonly number: number;
}

export class WorkCrew {
  readonly #chunking: Chunking;
  readonly #members: Member[] = [];
  readonly #claims = new TaskClaims();
  /** Before the first thread has started. */
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
      const task = this.#take();
      if (task === undefined) await new Promise<void>((resolve) => this.#wake.push(resolve));
      else {
        this.#own ??= createWorker(this.#chunking);
        task.resolve(this.#own(task.work));
        // Answers of threads are read.
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

  /** One that nobody has begun: the newest of the thread with the most, which would come to it last. */
  #take(): Task | undefined {
    const waiting = this.#queue.shift();
    if (waiting !== undefined) {
      this.#queuedBytes -= waiting.work.bytes;
      return waiting;
    }
    for (const member of this.#members.toSorted((one, other) => other.bytes - one.bytes)) {
      const task = member.tasks.findLast(({ number }) => this.#claims.take(number));
      if (task !== undefined) return this.#remove(member, task.number);
    }
    return undefined;
  }

  #remove(member: Member, number: number): Task | undefined {
    const at = member.tasks.findIndex((task) => task.number === number);
    if (at < 0) return undefined;
    const [task] = member.tasks.splice(at, 1) as [GivenTask];
    member.bytes -= task.work.bytes;
    this.#claims.close(number);
    // Only a thread with work keeps the process alive.
    if (member.tasks.length === 0) member.thread.unref();
    return task;
  }

  #giveOut(): void {
    if (this.#members.length < THREADS_MAX && this.#shouldStart()) this.#start();
    if (this.#members.length > 0) {
      this.#queuedBytes = 0;
      for (const task of this.#queue.splice(0)) this.#give(task);
    }
    this.changed();
  }

  /** A first one when there is enough for two, and one more while each has as much as that. */
  #shouldStart(): boolean {
    const least = Math.min(...this.#members.map(({ bytes }) => bytes), Number.POSITIVE_INFINITY);
    return (this.#members.length === 0 ? this.#queuedBytes : least) > BYTES_WITHOUT_THREADS_MAX;
  }

  #give(task: Task): void {
    const member = this.#members.reduce((least, each) => (each.bytes < least.bytes ? each : least));
    const message: TaskMessage = { number: this.#claims.open(), work: task.work };
    member.tasks.push({ ...task, number: message.number });
    member.bytes += task.work.bytes;
    member.thread.ref();
    member.thread.postMessage(message);
  }

  #start(): void {
    const { sizes, gearKey, idKey } = this.#chunking;
    const cache = getCompileCacheDir();
    const data: CrewThreadData = {
      // The same ending as this file's: .ts from source, .js in a release.
      file: new URL(`./work-crew-thread${extname(import.meta.url)}`, import.meta.url).href,
      // What was asked for, without the folder of this version of Node.
      cache: cache === undefined ? undefined : dirname(cache),
      ...{ sizes, gearKey, idKey, claims: this.#claims.memory },
    };
    const thread = new Thread(START, { eval: true, workerData: data, resourceLimits: HEAP_LIMITS });
    const member: Member = { thread, tasks: [], bytes: 0 };
    thread.on("message", ({ number, reply }: TaskAnswer) => {
      this.#remove(member, number)?.resolve(reply);
      this.changed();
    });
    thread.on("error", (error) => this.#fail(member, error));
    thread.on("exit", () => this.#fail(member, new Error("a thread of the crew has ended")));
    this.#members.push(member);
  }

  #fail(member: Member, error: unknown): void {
    // A thread that was dismissed has failed nobody.
    if (!this.#members.includes(member)) return;
    this.#failure ??= { error };
    for (const task of [...member.tasks.splice(0), ...this.#queue.splice(0)]) task.reject(error);
    this.changed();
  }
}
