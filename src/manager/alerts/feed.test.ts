import { expect, it } from "vitest";
import { createFeed, type FeedEvent, type Missed } from "./feed.ts";

const event = (hostId: string): FeedEvent => ({ kind: "readings", hostId, readings: { readAtMs: 0, readings: [] } });

async function readAll(subscription: AsyncIterable<FeedEvent | Missed>): Promise<string[]> {
  const seen: string[] = [];
  for await (const one of subscription) seen.push(one.kind === "readings" ? one.hostId : one.kind);
  return seen;
}

it("tells every subscriber what happens from now on", async () => {
  const feed = createFeed();
  feed.publish(event("before"));
  const one = feed.subscribe();
  const other = feed.subscribe();
  const seen = [readAll(one), readAll(other)];
  feed.publish(event("first"));
  await new Promise((resolve) => setImmediate(resolve));
  feed.publish(event("second"));
  await new Promise((resolve) => setImmediate(resolve));
  one.close();
  other.close();
  expect(await Promise.all(seen)).toEqual([
    ["first", "second"],
    ["first", "second"],
  ]);
  expect(feed.subscribers).toBe(0);
});

it("drops a slow subscriber with a mark, and nobody else", async () => {
  const feed = createFeed({ queueMax: 3 });
  const slow = feed.subscribe();
  const quick = feed.subscribe();
  const quickSeen = readAll(quick);
  for (const name of ["1", "2", "3", "4", "5"]) {
    feed.publish(event(name));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(feed.subscribers).toBe(1);
  expect(await readAll(slow)).toEqual(["missed"]);
  quick.close();
  expect(await quickSeen).toEqual(["1", "2", "3", "4", "5"]);
});

it("forgets a subscriber that stops reading in the middle", async () => {
  const feed = createFeed();
  const subscription = feed.subscribe();
  feed.publish(event("1"));
  feed.publish(event("2"));
  for await (const _ of subscription) break;
  expect(feed.subscribers).toBe(0);
});
