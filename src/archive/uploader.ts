import type { Random } from "../runtime/random.ts";
import { chunkId, type ObjectKind } from "../store/chunk-id.ts";
import type { ChunkSink } from "../store/chunk-sink.ts";
import { ChunkTable } from "../store/chunk-table.ts";
import type { Cuts, CutWork } from "../store/chunk-work.ts";
import { assembleEncoded, encodeAndProve } from "../store/codec.ts";
import { dispose } from "../store/dispose.ts";
import type { Chunking } from "../store/keys.ts";
import { type SharedLoan, SharedMemory } from "../store/shared-memory.ts";
import { WorkCrew } from "../store/work-crew.ts";

/** Memory for objects on their way at a time, plain and encoded; what is begun below it may end above it, by 4 MiB at most. */
const BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;
/** One question to the sink is about so much at most. */
const BATCH_OBJECTS_MAX = 64;
const BATCH_BYTES_MAX = 1024 * 1024;
/** Below this a message to another thread costs more than the work. */
const ENCODED_HERE_BYTES_MAX = 16 * 1024;

/** An object's plaintext: a short copy, or a part of shared memory. */
type Held =
  | { readonly bytes: number; readonly short: Buffer }
  | { readonly bytes: number; readonly short: undefined; readonly loan: SharedLoan; readonly at: number };

interface Waiting {
  readonly id: Buffer;
  readonly object: Held;
}

interface Batch {
  objects: Waiting[];
  bytes: number;
}

/** Names objects at once and brings those that are missing to the sink behind the caller's back, within bounds. */
export class Uploader {
  readonly #sink: ChunkSink;
  readonly #idKey: Buffer;
  readonly #crew: WorkCrew;
  readonly #memory = new SharedMemory();
  /** What this run has met: put, being put, or seen in the store. A table without places. */
  readonly #met: ChunkTable;
  readonly #batches: Record<ObjectKind, Batch> = { data: { objects: [], bytes: 0 }, tree: { objects: [], bytes: 0 } };
  #bytesInFlight = 0;
  readonly #sending = new Set<Promise<void>>();
  readonly #wantMemory: (() => void)[] = [];
  #failure: { error: unknown } | undefined;
  /** Data bytes that were missing, before compression. */
  newBytes = 0;
  /** Bytes that were put, of data and trees, compressed. */
  storedBytes = 0;

  constructor({ sink, chunking, random }: { sink: ChunkSink; chunking: Chunking; random: Random }) {
    this.#sink = sink;
    this.#idKey = chunking.idKey;
    this.#crew = new WorkCrew(chunking);
    this.#met = new ChunkTable(random);
  }

  /** The object's id; the object itself follows. What is new of `plaintext` is copied before the call returns. */
  add(kind: ObjectKind, plaintext: Buffer): Buffer {
    const id = chunkId(this.#idKey, kind, plaintext);
    if (this.meet(id)) this.#enqueue(kind, id, this.#hold(plaintext));
    return id;
  }

  /** As `add` for a data chunk that has been named and lies in lent memory, at `at` of the whole: the loan is shared, not taken. */
  addNamed(id: Buffer, { loan, at, bytes }: { loan: SharedLoan; at: number; bytes: number }): void {
    if (this.meet(id)) this.#enqueue("data", id, { bytes, short: undefined, loan: loan.share(), at });
  }

  /** Notes that the store has this id; false when it was noted before. */
  meet(id: Buffer): boolean {
    if (this.#met.find(id) >= 0) return false;
    this.#met.put(id, { pack: 0, offset: 0, length: 0 });
    return true;
  }

  /** Memory that `cut` and `addNamed` take, when there is room; the caller releases it. Rejects when the sink has refused something. */
  async lend(bytes: number): Promise<SharedLoan> {
    while (this.isFull && this.#failure === undefined)
      await new Promise<void>((resolve) => this.#wantMemory.push(resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
    return this.#lend(bytes);
  }

  /** Reads, cuts and names in whatever thread is free. Rejects with the system's error. */
  cut(work: Omit<CutWork, "kind">): Promise<Cuts> {
    return this.#crew.cut(work);
  }

  /** Whether `room` would wait: asked after every file, so that the answer "no" costs nothing. */
  get isFull(): boolean {
    return this.#bytesInFlight >= BYTES_IN_FLIGHT_MAX || this.#failure !== undefined;
  }

  /** The sink has refused something: the backup is over. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Resolves when there is room; rejects when the sink has refused something. */
  async room(): Promise<void> {
    await this.workUntil(() => !this.isFull);
  }

  /** Resolves when `isDone`, and lends a hand to the other threads until then. Rejects when the sink has refused something. */
  async workUntil(isDone: () => boolean): Promise<void> {
    await this.#crew.workUntil(() => {
      if (this.#failure !== undefined || isDone()) return true;
      // What is not sent cannot make room.
      if (this.#sending.size === 0) this.#sendAll();
      return isDone();
    });
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Who waits in `workUntil` looks again. */
  changed(): void {
    this.#crew.changed();
  }

  /** Resolves when the sink has taken everything. */
  async finish(): Promise<void> {
    await this.workUntil(() => this.#sending.size === 0 && this.#isAllSent);
  }

  /** Ends the backup: whoever waits is told. */
  fail(error: unknown): void {
    this.#failure ??= { error };
    this.#wakeAll();
  }

  /** Ends the threads, whatever became of the backup. */
  async close(): Promise<void> {
    this.fail(new Error("the backup has ended"));
    await this.#crew.close();
  }

  get #isAllSent(): boolean {
    return this.#batches.data.objects.length === 0 && this.#batches.tree.objects.length === 0;
  }

  #hold(plaintext: Buffer): Held {
    const bytes = plaintext.length;
    if (bytes <= ENCODED_HERE_BYTES_MAX) {
      this.#bytesInFlight += bytes;
      return { bytes, short: Buffer.from(plaintext) };
    }
    const loan = this.#lend(bytes);
    plaintext.copy(Buffer.from(loan.memory, loan.at, bytes));
    return { bytes, short: undefined, loan, at: loan.at };
  }

  #lend(bytes: number): SharedLoan {
    this.#bytesInFlight += bytes;
    return this.#memory.lend(bytes, () => this.#returned(bytes));
  }

  #letGo(object: Held): void {
    if (object.short === undefined) object.loan.release();
    else this.#returned(object.bytes);
  }

  #returned(bytes: number): void {
    this.#bytesInFlight -= bytes;
    if (!this.isFull) this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#wantMemory.splice(0)) wake();
    this.changed();
  }

  #enqueue(kind: ObjectKind, id: Buffer, object: Held): void {
    const batch = this.#batches[kind];
    batch.objects.push({ id, object });
    batch.bytes += object.bytes;
    if (batch.objects.length >= BATCH_OBJECTS_MAX || batch.bytes >= BATCH_BYTES_MAX) this.#send(kind);
  }

  #sendAll(): void {
    this.#send("data");
    this.#send("tree");
  }

  #send(kind: ObjectKind): void {
    const { objects } = this.#batches[kind];
    if (objects.length === 0) return;
    this.#batches[kind] = { objects: [], bytes: 0 };
    const sending = this.#bring(kind, objects).catch((error: unknown) => this.fail(error));
    this.#sending.add(sending);
    sending.finally(() => {
      this.#sending.delete(sending);
      this.changed();
    });
  }

  async #bring(kind: ObjectKind, batch: readonly Waiting[]): Promise<void> {
    const missing = await this.#sink.missing(
      kind,
      batch.map(({ id }) => id),
    );
    await Promise.all(
      batch.map(async ({ id, object }, index) => {
        if (missing[index] === false || this.#failure !== undefined) {
          this.#letGo(object);
          return;
        }
        const storedBytes = await this.#encodeAndPut(kind, id, object);
        if (kind === "data") this.newBytes += object.bytes;
        this.storedBytes += storedBytes;
      }),
    );
  }

  /** The bytes put. Lets the object go. */
  async #encodeAndPut(kind: ObjectKind, id: Buffer, object: Held): Promise<number> {
    const encoded = await this.#encode(object);
    const { length } = encoded;
    if (this.#sink.isCopying === true) {
      await this.#sink.put({ kind, id, encoded });
      dispose(encoded);
      this.#letGo(object);
      return length;
    }
    const own = encoded.buffer instanceof SharedArrayBuffer ? Buffer.from(encoded) : encoded;
    // The object's memory is free for the next; what is put is in flight instead.
    this.#bytesInFlight += length;
    this.#letGo(object);
    await this.#sink.put({ kind, id, encoded: own });
    this.#returned(length);
    return length;
  }

  /** In the object's own memory, or in a buffer of its own. */
  async #encode(object: Held): Promise<Buffer> {
    if (object.short !== undefined) return encodeAndProve(object.short);
    const { bytes, at, loan } = object;
    const { encodedBytes } = await this.#crew.encode({ memory: loan.memory, at, bytes });
    if (encodedBytes === 0) return assembleEncoded(Buffer.from(loan.memory, at, bytes), undefined);
    return Buffer.from(loan.memory, at, encodedBytes);
  }
}
