import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { type Clock, systemClock } from "../runtime/clock.ts";
import { ConnectError, TimeoutError, WireError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { Channel, type ChannelOptions, type RecordCutter } from "./channel.ts";
import { CHANNEL_QUEUE_RECORDS_MAX } from "./limits.ts";

const destination = { flow: "managerReport", host: "m", port: 0 };
const BODY_BYTES_MAX = 8 * 1024 * 1024;

// The framing of these tests: four bytes of length. src/net may not know src/wire.
function encode(body: Uint8Array): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length);
  return Buffer.concat([head, body]);
}
class LengthCutter implements RecordCutter {
  #rest: Buffer = Buffer.alloc(0);
  push(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    const records: Buffer[] = [];
    while (this.#rest.length >= 4) {
      const length = this.#rest.readUInt32BE(0);
      if (length > BODY_BYTES_MAX) throw new WireError("record", `${length} bytes declared`);
      if (this.#rest.length < 4 + length) break;
      records.push(this.#rest.subarray(4, 4 + length));
      this.#rest = this.#rest.subarray(4 + length);
    }
    return records;
  }
  get isEmpty(): boolean {
    return this.#rest.length === 0;
  }
}

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function pair(): Promise<[Socket, Socket]> {
  const server: Server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const left = connect(port, "127.0.0.1");
  const [right] = (await once(server, "connection")) as [Socket];
  server.close();
  ends.push(() => [left, right].map((socket) => socket.destroy()));
  return [left, right];
}

function channel(socket: Duplex, clock: Clock = systemClock, more: Partial<ChannelOptions> = {}): Channel {
  return new Channel({
    socket,
    destination,
    encode,
    reader: new LengthCutter(),
    idleTimeoutMs: 30_000,
    clock,
    ...more,
  });
}

describe("a channel", () => {
  it("carries records both ways, in order, the empty one and one of megabytes too", async () => {
    const [left, right] = await pair();
    const [one, other] = [channel(left), channel(right)];
    const bodies = [Buffer.from("a"), Buffer.alloc(0), Buffer.alloc(5_000_000, 7), Buffer.from("z")];
    const sending = (async () => {
      for (const body of bodies) await one.send(body);
      await one.close();
    })();
    const received: Buffer[] = [];
    for await (const record of other) received.push(record);
    await sending;
    expect(received.map((record) => record.length)).toEqual([1, 0, 5_000_000, 1]);
    expect(Buffer.concat(received).equals(Buffer.concat(bodies))).toBe(true);
    expect(await other.closed).toBeUndefined();
    expect(await one.closed).toBeUndefined();
  });

  it("delivers everything that was sent before a close, even while the other side is still sending", async () => {
    const [left, right] = await pair();
    const [one, other] = [channel(left), channel(right)];
    await other.send(Buffer.alloc(300_000)).catch(() => {});
    for (let index = 0; index < 50; index += 1) await one.send(Buffer.from(`record ${index}`));
    const closing = one.close();
    const received: string[] = [];
    for await (const record of other) received.push(record.toString());
    await closing;
    expect(received).toHaveLength(50);
    expect(received.at(-1)).toBe("record 49");
  });

  it("makes a sender wait for a consumer that is slow, with bounded memory on both sides", async () => {
    const [left, right] = await pair();
    const [one, other] = [channel(left), channel(right)];
    let sent = 0;
    const total = 600;
    const body = Buffer.alloc(100_000, 1);
    const sending = (async () => {
      for (; sent < total; sent += 1) await one.send(body);
      await one.close();
    })();
    // Nobody receives: the flow must come to a standstill by itself, long before all 60 MB are under way.
    let before = -1;
    while (before !== sent) {
      before = sent;
      for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(right.isPaused()).toBe(true);
    expect(sent).toBeLessThan(total / 2);
    let received = 0;
    for await (const record of other) received += record.length;
    await sending;
    expect(received).toBe(total * body.length);
  });

  it("holds no more records than its bound and one chunk for a consumer that does not come", async () => {
    const [left, right] = await pair();
    const other = channel(right);
    left.write(Buffer.concat(Array.from({ length: CHANNEL_QUEUE_RECORDS_MAX * 3 }, () => encode(Buffer.from("x")))));
    while (!right.isPaused()) await once(right, "data");
    let received = 0;
    left.end();
    for await (const _ of other) received += 1;
    expect(received).toBe(CHANNEL_QUEUE_RECORDS_MAX * 3);
  });

  it("gives what was good, then the peer's error, and hangs up", async () => {
    const [left, right] = await pair();
    const other = channel(right);
    left.resume();
    left.write(encode(Buffer.from("good")));
    expect((await other.receive())?.toString()).toBe("good");
    left.write(Buffer.from("ffffffff", "hex"));
    await expect(other.receive()).rejects.toThrow(WireError);
    await once(left, "close");
    expect(await other.closed).toBeInstanceOf(WireError);
    await expect(other.send(Buffer.from("late"))).rejects.toThrow(WireError);
  });

  it("tells an end in the middle of a record from an end", async () => {
    const [left, right] = await pair();
    const other = channel(right);
    left.end(encode(Buffer.from("whole")).subarray(0, 6));
    await expect(other.receive()).rejects.toThrow("record: the connection ended in the middle of one");
  });

  it("tells everyone who waits when the connection breaks", async () => {
    const [left, right] = await pair();
    const [one, other] = [channel(left), channel(right)];
    const receiving = other.receive();
    left.resetAndDestroy();
    await expect(receiving).rejects.toThrow(ConnectError);
    await expect(receiving).rejects.toThrow(/^managerReport to m:0: /);
    expect(await one.closed).toBeInstanceOf(ConnectError);
  });

  it("lets go of a sender and a receiver when it is aborted", async () => {
    const [left] = await pair();
    const one = channel(left);
    const receiving = one.receive();
    const sendings = Array.from({ length: 100 }, () => one.send(Buffer.alloc(200_000)));
    one.abort(new Error("revoked"));
    await expect(receiving).rejects.toThrow("revoked");
    const results = await Promise.allSettled(sendings);
    expect(results.some(({ status }) => status === "rejected")).toBe(true);
    await expect(one.send(Buffer.alloc(1))).rejects.toThrow("revoked");
  });
});

/** A socket whose other side neither reads nor writes; writes wait until `release`. */
class Standstill extends Duplex {
  readonly #waiting: (() => void)[] = [];
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    this.#waiting.push(done);
  }
  release(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

describe("time", () => {
  it("ends a channel whose peer is silent", async () => {
    const clock = new FakeClock();
    const one = channel(new Standstill(), clock, { idleTimeoutMs: 5_000 });
    const receiving = expect(one.receive()).rejects.toThrow("managerReport with m:0: no answer within 5000 ms");
    await clock.advance(5_000);
    await receiving;
    expect(await one.closed).toBeInstanceOf(TimeoutError);
    expect(clock.pending).toBe(0);
  });

  it("does not end one that is heard now and then", async () => {
    const clock = new FakeClock();
    const socket = new Standstill();
    const one = channel(socket, clock, { idleTimeoutMs: 5_000 });
    for (let round = 0; round < 4; round += 1) {
      await clock.advance(4_000);
      socket.push(encode(Buffer.from("alive")));
      expect((await one.receive())?.toString()).toBe("alive");
    }
    one.abort(new Error("over"));
  });

  it("does not blame the peer while we ourselves do not read", async () => {
    const clock = new FakeClock();
    const socket = new Standstill();
    const one = channel(socket, clock, { idleTimeoutMs: 5_000 });
    for (let index = 0; index < CHANNEL_QUEUE_RECORDS_MAX; index += 1) socket.push(encode(Buffer.from("x")));
    await clock.advance(60_000);
    expect((await one.receive())?.toString()).toBe("x");
    one.abort(new Error("over"));
  });

  it("ends a channel whose peer talks but takes nothing", async () => {
    const clock = new FakeClock();
    const socket = new Standstill();
    const one = channel(socket, clock, { idleTimeoutMs: 5_000 });
    const sending = expect(one.send(Buffer.alloc(1_000_000))).rejects.toThrow(TimeoutError);
    for (let round = 0; round < 4; round += 1) {
      socket.push(encode(Buffer.from("alive")));
      await clock.advance(4_000);
    }
    await sending;
  });

  it("keeps the line alive with the protocol's own record, only when nothing else was sent", async () => {
    const clock = new FakeClock();
    const socket = new Standstill();
    const written: string[] = [];
    socket._write = (chunk: Buffer, _encoding, done) => {
      written.push(chunk.subarray(4).toString());
      done();
    };
    const keepalive = { everyMs: 1_000, body: Buffer.from("ping") };
    const one = channel(socket, clock, { keepalive });
    await clock.advance(900);
    await one.send(Buffer.from("news"));
    await clock.advance(900);
    expect(written).toEqual(["news"]);
    await clock.advance(1_200);
    expect(written).toEqual(["news", "ping", "ping"]);
    one.abort(new Error("over"));
    expect(clock.pending).toBe(0);
  });

  it("closes in bounded time when the other side does not", async () => {
    const clock = new FakeClock();
    const one = channel(new Standstill(), clock);
    const sending = expect(one.send(Buffer.alloc(1_000_000))).rejects.toThrow(ConnectError);
    const closing = one.close();
    await clock.advance(1_000);
    await closing;
    await sending;
  });
});
