import type { Random } from "../runtime/random.ts";
import { chunkId, type ObjectKind } from "../store/chunk-id.ts";
import type { ChunkSink } from "../store/chunk-sink.ts";
import { ChunkTable } from "../store/chunk-table.ts";
import { Encoder, type HeldObject } from "../store/encoder.ts";

/** Plaintext on its way at a time: feeds four encoding threads with chunks of 1 MiB and hides a round trip. */
const BYTES_IN_FLIGHT_MAX = 8 * 1024 * 1024;
/** One question to the sink is about so much at most. */
const BATCH_OBJECTS_MAX = 64;
const BATCH_BYTES_MAX = 1024 * 1024;

interface Waiting {
  readonly id: Buffer;
  readonly object: HeldObject;
}

interface Batch {
  objects: Waiting[];
  bytes: number;
}

/** Names objects at once and brings those that are missing to the sink behind the caller's back, within bounds. */
export class Uploader {
  readonly #sink: ChunkSink;
  readonly #idKey: Buffer;
  readonly #encoder = new Encoder();
  /** What this run has met: put, being put, or seen in the store. A table without places. */
  readonly #met: ChunkTable;
  readonly #batches: Record<ObjectKind, Batch> = { data: { objects: [], bytes: 0 }, tree: { objects: [], bytes: 0 } };
  #bytesInFlight = 0;
  readonly #sending = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;
  /** Data bytes that were missing, before compression. */
  newBytes = 0;
  /** Bytes that were put, of data and trees, compressed. */
  storedBytes = 0;

  constructor({ sink, idKey, random }: { sink: ChunkSink; idKey: Buffer; random: Random }) {
    this.#sink = sink;
    this.#idKey = idKey;
    this.#met = new ChunkTable(random);
  }

  /** The object's id; the object itself follows. What is new of `plaintext` is copied before the call returns. */
  add(kind: ObjectKind, plaintext: Buffer): Buffer {
    const id = chunkId(this.#idKey, kind, plaintext);
    if (!this.meet(id)) return id;
    const batch = this.#batches[kind];
    batch.objects.push({ id, object: this.#encoder.hold(plaintext) });
    batch.bytes += plaintext.length;
    this.#bytesInFlight += plaintext.length;
    if (batch.objects.length >= BATCH_OBJECTS_MAX || batch.bytes >= BATCH_BYTES_MAX) this.#send(kind);
    return id;
  }

  /** Notes that the store has this id; false when it was noted before. */
  meet(id: Buffer): boolean {
    if (this.#met.find(id) >= 0) return false;
    this.#met.put(id, { pack: 0, offset: 0, length: 0 });
    return true;
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
    while (this.#failure === undefined && this.#bytesInFlight >= BYTES_IN_FLIGHT_MAX) {
      if (this.#sending.size === 0) this.#sendAll();
      await Promise.race(this.#sending);
    }
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Resolves when the sink has taken everything. */
  async finish(): Promise<void> {
    this.#sendAll();
    while (this.#sending.size > 0) await Promise.all(this.#sending);
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Ends the encoding threads, whatever became of the backup. */
  close(): Promise<void> {
    return this.#encoder.close();
  }

  #sendAll(): void {
    this.#send("data");
    this.#send("tree");
  }

  #send(kind: ObjectKind): void {
    const { objects } = this.#batches[kind];
    if (objects.length === 0) return;
    this.#batches[kind] = { objects: [], bytes: 0 };
    const sending = this.#bring(kind, objects).catch((error: unknown) => {
      this.#failure ??= { error };
    });
    this.#sending.add(sending);
    sending.finally(() => this.#sending.delete(sending));
  }

  async #bring(kind: ObjectKind, batch: readonly Waiting[]): Promise<void> {
    const missing = await this.#sink.missing(
      kind,
      batch.map(({ id }) => id),
    );
    await Promise.all(
      batch.map(async ({ id, object }, index) => {
        if (missing[index] !== false && this.#failure === undefined) {
          const encoded = await this.#encoder.encode(object);
          const { length } = encoded;
          await this.#sink.put({ kind, id, encoded });
          if (kind === "data") this.newBytes += object.bytes;
          this.storedBytes += length;
        } else this.#encoder.letGo(object);
        this.#bytesInFlight -= object.bytes;
      }),
    );
  }
}
