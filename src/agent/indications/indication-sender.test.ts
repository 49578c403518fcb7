import { expect, it } from "vitest";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { Delivery } from "../../protocols/cim-xml/exporter.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createIndicationSender } from "./indication-sender.ts";
import { INDICATION_LIMITS } from "./limits.ts";

const indicationOf = (number: number) =>
  new CimInstance({
    className: "X",
    properties: [{ name: "SequenceNumber", type: "sint64", isArray: false, value: BigInt(number) }],
  });
const LATER: Delivery = { delivered: false, retry: true, reason: "down" };
const NEVER: Delivery = { delivered: false, retry: false, reason: "not for me" };
const DONE: Delivery = { delivered: true };

/** A sender whose listener answers each as scripted, and then always takes; `sent` has the numbers of each request. */
function create(
  outcomes: Delivery[],
  waiting: number[],
  answer = (count: number): Delivery[] => Array.from({ length: count }, () => outcomes.shift() ?? DONE),
) {
  const clock = new FakeClock();
  const sent: number[][] = [];
  const queue = waiting.map((seq) => ({ seq, indication: indicationOf(seq) }));
  const sender = createIndicationSender({
    store: {
      oldest: (_, { count }) => queue.slice(0, count),
      delivered(seqs) {
        for (const seq of seqs)
          queue.splice(
            queue.findIndex((each) => each.seq === seq),
            1,
          );
      },
    },
    async send(_, indications) {
      sent.push(indications.map((indication) => Number(indication.get("SequenceNumber"))));
      return answer(indications.length);
    },
    ...{ clock, random: systemRandom, log: silentLog },
  });
  return { sender, clock, sent, queue };
}

it("sends the same ones again until they are taken, from the first that was not", async () => {
  const { sender, clock, sent } = create([DONE, LATER, DONE], [1, 2, 3]);
  sender.wake("a");
  await clock.advance(0);
  expect(sent).toEqual([[1, 2, 3]]);
  expect(sender.state("a")).toEqual({ failures: 1, problem: "down" });
  await clock.advance(INDICATION_LIMITS.backOffFirstMs * 10);
  expect(sent).toEqual([
    [1, 2, 3],
    [2, 3],
  ]);
  expect(sender.state("a")).toEqual({ failures: 0, problem: null });
  expect(clock.pending).toBe(0);
});

it("after a batch that failed tries a single one, and goes on with batches", async () => {
  const { sender, clock, sent } = create([LATER, LATER, LATER, LATER], [1, 2, 3]);
  sender.wake("a");
  await clock.advance(0);
  expect(sent).toEqual([[1, 2, 3]]);
  await clock.advance(INDICATION_LIMITS.backOffFirstMs * 10);
  expect(sent).toEqual([[1, 2, 3], [1], [1], [2, 3]]);
  expect(sender.state("a")).toEqual({ failures: 0, problem: null });
  expect(clock.pending).toBe(0);
});

it("waits longer after each failure, and never longer than the longest pause", async () => {
  const { sender, clock, sent } = create(Array(40).fill(LATER), [1]);
  sender.wake("a");
  await clock.advance(10_000);
  const early = sent.length;
  expect(early).toBeGreaterThan(2);
  await clock.advance(3_600_000);
  const before = sent.length;
  await clock.advance(INDICATION_LIMITS.backOffMaxMs);
  expect(sent.length).toBeGreaterThan(before);
  expect(sent.length - before).toBeLessThanOrEqual(2);
  await sender.stop();
  expect(clock.pending).toBe(0);
});

it("sends each by itself, at once and for good, to a listener that says so", async () => {
  const { sender, clock, sent, queue } = create([], [1, 2, 3], (count) =>
    Array.from({ length: count }, () =>
      count === 1 ? DONE : { delivered: false, retry: true, reason: "no batches", wantsSingles: true },
    ),
  );
  sender.wake("a");
  await clock.advance(0);
  queue.push({ seq: 4, indication: indicationOf(4) }, { seq: 5, indication: indicationOf(5) });
  sender.wake("a");
  await clock.advance(0);
  expect(sent).toEqual([[1, 2, 3], [1], [2], [3], [4], [5]]);
});

it("gives batches up where they fail again and again while single ones are taken", async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => index);
  const { sender, clock, sent, queue } = create([], numbers, (count) =>
    Array.from({ length: count }, () => (count === 1 ? DONE : LATER)),
  );
  sender.wake("a");
  await clock.advance(3_600_000);
  expect(queue).toEqual([]);
  expect(sent.filter(({ length }) => length > 1)).toHaveLength(INDICATION_LIMITS.failedBatches);
  expect(clock.pending).toBe(0);
});

it("passes over what the listener refuses for good", async () => {
  const { sender, clock, sent } = create([NEVER], [1, 2]);
  sender.wake("a");
  await clock.advance(0);
  expect(sent).toEqual([[1, 2]]);
});

it("goes on with what comes at the very end of its work", async () => {
  const { sender, clock, sent, queue } = create([], [1]);
  sender.wake("a");
  for (let seq = 2; seq < 20; seq++) {
    await Promise.resolve();
    queue.push({ seq, indication: indicationOf(seq) });
    sender.wake("a");
  }
  await clock.advance(0);
  expect(sent.flat()).toEqual(Array.from({ length: 19 }, (_, n) => n + 1));
});

it("a destination that is dropped is sent nothing more", async () => {
  const { sender, clock, sent } = create([LATER], [1]);
  sender.wake("a");
  await clock.advance(0);
  await sender.drop("a");
  await clock.advance(3_600_000);
  expect(sent).toEqual([[1]]);
});
