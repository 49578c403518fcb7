// Records over a connected socket, both ways, with back-pressure both ways: `send` resolves when the socket has room
// again, and a consumer that is slower than the peer makes the socket stop reading, so that TCP slows the peer down.
// How a record is framed is the caller's choice (src/wire/record.ts for RFC 5531). Whatever ends a channel ends it once,
// and everyone who waits learns the same reason.

import type { Duplex } from "node:stream";
import type { Clock } from "../runtime/clock.ts";
import { assert, type ConnectError, type Destination, TimeoutError, WireError } from "../runtime/errors.ts";
import { connectError, explainConnectError } from "./connect-error.ts";
import {
  CHANNEL_CLOSE_TIMEOUT_MS,
  CHANNEL_QUEUE_BYTES_MAX,
  CHANNEL_QUEUE_RECORDS_MAX,
  CHANNEL_UNSENT_BYTES_MAX,
} from "./limits.ts";

/** Cuts a stream into records; `push` throws WireError when the peer breaks the framing or a bound. */
export interface RecordCutter {
  push(chunk: Buffer): Buffer[];
  /** True between records: the stream may end here. */
  readonly isEmpty: boolean;
}

export interface ChannelOptions {
  readonly socket: Duplex;
  /** Whose connection it is, for error texts. */
  readonly destination: Destination;
  readonly encode: (body: Uint8Array) => Buffer;
  readonly reader: RecordCutter;
  /** The peer's silence, or its not reading, that ends the channel. Time in which we ourselves do not read does not count. */
  readonly idleTimeoutMs: number;
  /** A record sent when nothing else has been for `everyMs`, where the protocol has one: it feeds the peer's idle time. */
  readonly keepalive?: { readonly everyMs: number; readonly body: Uint8Array };
  readonly clock: Clock;
}

type End = { readonly reason: Error | undefined };

export class Channel implements AsyncIterable<Buffer> {
  readonly #options: ChannelOptions;
  readonly #socket: Duplex;
  readonly #queue: Buffer[] = [];
  #queuedBytes = 0;
  #isPaused = false;
  #end: End | undefined;
  #heardAt: number;
  #sentAt: number;
  #unsentBytes = 0;
  #movedAt = 0;
  #receiver: { resolve: (record: Buffer | undefined) => void; reject: (reason: Error) => void } | undefined;
  #drain: PromiseWithResolvers<void> | undefined;
  readonly #closed = Promise.withResolvers<Error | undefined>();
  #cancelIdle = () => {};
  #cancelKeepalive = () => {};

  /** Takes the socket over: nobody else may read it or write to it. */
  constructor(options: ChannelOptions) {
    this.#options = options;
    const { socket, clock, idleTimeoutMs, keepalive } = options;
    this.#socket = socket;
    this.#heardAt = clock.monotonic();
    this.#sentAt = this.#heardAt;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#ended());
    socket.on("error", (error) => this.#finish(explainConnectError(error, options.destination)));
    socket.on("close", () => this.#finish(this.#broken("the connection broke")));
    socket.on("drain", () => this.#drained());
    this.#watchIdle(idleTimeoutMs);
    if (keepalive !== undefined) this.#watchKeepalive(keepalive.everyMs, keepalive.body);
  }

  /** Resolves when the channel has ended, to the reason, or to undefined when either side closed it in good order. Never rejects. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /**
   * Sends one record; resolves when the socket can take more. Await it before the next.
   * @throws whatever ended the channel, or ConnectError when it has been closed.
   */
  send(body: Uint8Array): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end.reason ?? this.#broken("the channel is closed"));
    const unsent = this.#socket.writableLength;
    assert(unsent <= CHANNEL_UNSENT_BYTES_MAX, `sends are awaited (${unsent} bytes are waiting to leave)`);
    this.#sentAt = this.#options.clock.monotonic();
    if (this.#socket.write(this.#options.encode(body))) return Promise.resolve();
    this.#drain ??= Promise.withResolvers<void>();
    return this.#drain.promise;
  }

  /** The next record; undefined once the channel has been closed in good order and all records were taken. One caller at a time. */
  receive(): Promise<Buffer | undefined> {
    const record = this.#queue.shift();
    if (record !== undefined) {
      this.#queuedBytes -= record.length;
      this.#resumeIfRoom();
      return Promise.resolve(record);
    }
    if (this.#end !== undefined) {
      return this.#end.reason === undefined ? Promise.resolve(undefined) : Promise.reject(this.#end.reason);
    }
    assert(this.#receiver === undefined, "one caller receives at a time");
    return new Promise((resolve, reject) => {
      this.#receiver = { resolve, reject };
    });
  }

  /** All records until the end. Leaving the loop leaves the channel open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (let record = await this.receive(); record !== undefined; record = await this.receive()) yield record;
  }

  /** Sends what is waiting, then closes; records that still come are dropped. Bounded in time. */
  async close(): Promise<void> {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#finish(undefined);
    if (this.#socket.closed) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#options.clock.after(CHANNEL_CLOSE_TIMEOUT_MS, () => this.#socket.destroy());
      this.#socket.once("close", () => {
        cancel();
        resolve();
      });
      this.#socket.resume(); // The peer's own end is behind what it has still sent.
      // Not destroyed at once: unread bytes would turn the end into a reset, which overtakes what was sent.
      this.#socket.end();
    });
  }

  /** Ends it now; whoever waits gets `reason`. */
  abort(reason: Error): void {
    this.#queue.length = 0;
    this.#queuedBytes = 0;
    this.#finish(reason);
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    this.#heardAt = this.#options.clock.monotonic();
    let records: Buffer[];
    try {
      records = this.#options.reader.push(chunk);
    } catch (error) {
      this.#finish(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
      return;
    }
    for (const record of records) {
      if (this.#receiver !== undefined) {
        const { resolve } = this.#receiver;
        this.#receiver = undefined;
        resolve(record);
        continue;
      }
      this.#queue.push(record);
      this.#queuedBytes += record.length;
    }
    if (this.#queue.length >= CHANNEL_QUEUE_RECORDS_MAX || this.#queuedBytes >= CHANNEL_QUEUE_BYTES_MAX) {
      this.#isPaused = true;
      this.#socket.pause();
    }
  }

  #resumeIfRoom(): void {
    // At half, so that a consumer in step does not switch the socket at every record.
    if (!this.#isPaused || this.#queue.length > CHANNEL_QUEUE_RECORDS_MAX / 2) return;
    if (this.#queuedBytes > CHANNEL_QUEUE_BYTES_MAX / 2) return;
    this.#isPaused = false;
    this.#heardAt = this.#options.clock.monotonic();
    this.#socket.resume();
  }

  #ended(): void {
    const isClean = this.#options.reader.isEmpty;
    this.#finish(isClean ? undefined : new WireError("record", "the connection ended in the middle of one"));
    this.#socket.end();
  }

  #drained(): void {
    this.#drain?.resolve();
    this.#drain = undefined;
  }

  #finish(reason: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { reason };
    this.#cancelIdle();
    this.#cancelKeepalive();
    if (reason === undefined) this.#receiver?.resolve(undefined);
    else this.#receiver?.reject(reason);
    this.#receiver = undefined;
    this.#drain?.reject(reason ?? this.#broken("the channel was closed"));
    this.#drain = undefined;
    this.#closed.resolve(reason);
  }

  #broken(problem: string): ConnectError {
    return connectError(this.#options.destination, "EPIPE", problem);
  }

  #watchIdle(delayMs: number): void {
    const { clock, idleTimeoutMs, destination } = this.#options;
    this.#cancelIdle = clock.after(delayMs, () => {
      // Looked at when it may be due rather than set anew for every chunk; a standstill may so take twice as long to show.
      const now = clock.monotonic();
      const unsent = this.#socket.writableLength;
      if (unsent !== this.#unsentBytes) this.#movedAt = now;
      this.#unsentBytes = unsent;
      const heardAt = this.#isPaused ? now : this.#heardAt;
      const movedAt = this.#drain === undefined ? now : this.#movedAt;
      const left = Math.min(heardAt, movedAt) + idleTimeoutMs - now;
      if (left > 0) return this.#watchIdle(left);
      this.abort(new TimeoutError(`${destination.flow} with ${destination.host}:${destination.port}`, idleTimeoutMs));
    });
  }

  #watchKeepalive(everyMs: number, body: Uint8Array): void {
    const { clock } = this.#options;
    const left = this.#sentAt + everyMs - clock.monotonic();
    this.#cancelKeepalive = clock.after(left > 0 ? left : everyMs, () => {
      if (this.#drain === undefined && clock.monotonic() - this.#sentAt >= everyMs) {
        this.send(body).catch(() => {}); // Whoever receives learns why it ended.
      }
      this.#watchKeepalive(everyMs, body);
    });
  }
}
