import { expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { createChannelPair } from "./channel.ts";
import { answerRequests, createExchange } from "./exchange.ts";
import { encode, u32 } from "./xdr.ts";

const codecs = { request: u32, reply: u32 };

function connect(handle: (n: number) => Promise<number>, concurrency = 1) {
  const [near, far] = createChannelPair();
  const clock = new FakeClock();
  const served = answerRequests(far, { ...codecs, handle, concurrency }).catch((error: unknown) => error);
  return { exchange: createExchange(near, { ...codecs, clock, timeoutMs: 1_000 }), served, near, far, clock };
}

it("answers in the order of the questions, even where later handlers finish first", async () => {
  const finishers: (() => void)[] = [];
  const { exchange } = connect((n) => new Promise((resolve) => finishers.push(() => resolve(n * 10))), 4);
  const answers = Promise.all([1, 2, 3].map((n) => exchange.ask(n)));
  await new Promise(setImmediate);
  for (const finish of finishers.reverse()) finish();
  expect(await answers).toEqual([10, 20, 30]);
});

it("runs no more handlers at a time than it was told", async () => {
  let running = 0;
  let most = 0;
  const { exchange } = connect(async (n) => {
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running--;
    return n;
  }, 2);
  await Promise.all(Array.from({ length: 20 }, (_, n) => exchange.ask(n)));
  expect(most).toBe(2);
});

it("a reply that does not come ends the exchange for all who wait", async () => {
  const { exchange, clock } = connect(() => new Promise(() => {}));
  const first = exchange.ask(1);
  const second = exchange.ask(2);
  const outcome = Promise.allSettled([first, second]);
  await clock.advance(1_001);
  expect((await outcome).map((each) => each.status)).toEqual(["rejected", "rejected"]);
  await expect(first).rejects.toThrow("no answer within 1000 ms");
  await expect(exchange.ask(3)).rejects.toThrow("no answer within 1000 ms");
});

it("a peer that goes away ends what waits", async () => {
  const { exchange, far } = connect(() => new Promise(() => {}));
  const answer = exchange.ask(1);
  answer.catch(() => {});
  far.close();
  await expect(answer).rejects.toThrow("the peer closed the connection");
});

it("a reply nobody asked for, and bytes that are no reply, end the exchange", async () => {
  for (const record of [encode(u32, 1), Buffer.from("abc")]) {
    const [near, far] = createChannelPair();
    const exchange = createExchange(near, { ...codecs, clock: new FakeClock(), timeoutMs: 1_000 });
    await far.send(record);
    expect(await exchange.ended).toBeInstanceOf(WireError);
  }
});

it("a request that cannot be read ends the connection with WireError", async () => {
  const { near, served } = connect(async (n) => n);
  await near.send(Buffer.from("abc"));
  expect(await served).toBeInstanceOf(WireError);
});

it("a handler that fails ends the connection with its error", async () => {
  const { exchange, served } = connect(async () => {
    throw new Error("the disk is gone");
  });
  await expect(exchange.ask(1)).rejects.toThrow("closed");
  expect(await served).toMatchObject({ message: "the disk is gone" });
});
