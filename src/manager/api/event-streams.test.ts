import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMessages, type StreamedMessage } from "../../api/event-stream.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { type ApiFixture, createApiFixture, identifyAs } from "./api-fixture.ts";
import { createEventHub } from "./event-hub.ts";
import type { Identity } from "./identity.ts";
import { SERVICE_LIMITS } from "./limits.ts";
import { sampleAlert, sampleHost, sampleJob } from "./sample-fleet-fixture.ts";

const clock = new FakeClock();
const web = sampleHost(1, "web-01");
const mail = sampleHost(2, "mail-gw");
let who: Identity | undefined;
let fixture: ApiFixture;
let port = 0;
beforeEach(async () => {
  who = identifyAs("viewer")({} as never) as Identity;
  fixture = await createApiFixture({ clock, identify: () => who });
  await fixture.administration.listen({ host: "127.0.0.1", port: 0 });
  const address = fixture.administration.server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterEach(() => fixture.close());

function open(query = "", headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get({ host: "127.0.0.1", port, path: `/api/v1/events${query}`, headers, agent: false }, resolve).on(
      "error",
      reject,
    );
  });
}

/** The next message; fails where the stream ends instead. */
async function next(messages: AsyncGenerator<StreamedMessage>): Promise<StreamedMessage> {
  const result = await messages.next();
  if (result.done === true) throw new Error("the stream ended");
  return result.value;
}

const publishAlert = (number: number, host = web) =>
  fixture.hub.publish({ kind: "alert", alert: sampleAlert(number, host, clock.now()) });

describe("the event stream", () => {
  it("says that it is ready, then tells each event whole", async () => {
    const response = await open();
    expect(response.headers["content-type"]).toBe("text/event-stream");
    expect(response.headers["cache-control"]).toBe("no-store");
    const messages = readMessages(response);
    expect((await next(messages)).event).toBe("ready");
    publishAlert(1);
    const message = await next(messages);
    expect(message.event).toBe("alert");
    expect(JSON.parse(message.data)).toEqual({ kind: "alert", alert: sampleAlert(1, web, clock.now()) });
  });

  it("goes on after the last id, by header or by query, and misses nothing", async () => {
    publishAlert(1);
    const first = await open();
    const { id } = await next(readMessages(first));
    first.destroy();
    for (let number = 2; number <= 5; number++) publishAlert(number);
    for (const stream of [await open(`?after=${id}`), await open("", { "last-event-id": String(id) })]) {
      const messages = readMessages(stream);
      expect((await next(messages)).event).toBe("ready");
      for (let number = 2; number <= 5; number++) {
        expect(JSON.parse((await next(messages)).data).alert.id).toBe(sampleAlert(number, web, 0).id);
      }
    }
  });

  it.each(["0badc0de-3", "nonsense", "-1"])("says that events may be missing after the id %s", async (id) => {
    publishAlert(1);
    expect((await next(readMessages(await open("", { "last-event-id": id })))).event).toBe("missed");
  });

  it("tells only the kinds and the host that were asked for", async () => {
    fixture.fleet.putHost(web);
    const messages = readMessages(await open(`?kind=alert&kind=job&host=${web.id}`));
    await next(messages);
    fixture.hub.publish({ kind: "host", host: web });
    publishAlert(1, mail);
    fixture.hub.publish({ kind: "job", job: sampleJob(1, web, clock.now()) });
    expect((await next(messages)).event).toBe("job");
  });

  it("shows that it lives while nothing happens", async () => {
    const response = await open();
    const heartbeat = new Promise<void>((resolve) => {
      response.on("data", (piece: Buffer) => {
        if (piece.toString().startsWith(":")) resolve();
      });
    });
    await clock.advance(SERVICE_LIMITS.heartbeatMs);
    await heartbeat;
  });

  it("ends when the identity has ended", async () => {
    const messages = readMessages(await open());
    await next(messages);
    who = undefined;
    await clock.advance(SERVICE_LIMITS.heartbeatMs);
    expect((await messages.next()).done).toBe(true);
  });

  it("cuts off who does not read, instead of keeping everything for them", async () => {
    const response = await open();
    const gone = new Promise<void>((resolve) => response.on("close", resolve).on("error", () => {}));
    response.pause();
    const summary = "x".repeat(2_000);
    for (let number = 0; number < 20_000; number++) {
      fixture.hub.publish({ kind: "alert", alert: sampleAlert(number, web, 0, { summary }) });
    }
    response.resume();
    await gone;
    expect(response.complete).toBe(false);
  });

  it("brings one event that is larger than the queue, and does not begin again with it for ever", async () => {
    const first = await open();
    const messages = readMessages(first);
    const { id } = await next(messages);
    const details = Array.from({ length: 64 }, () => ({ name: "n", value: "\u0001".repeat(4_096) }));
    fixture.hub.publish({ kind: "alert", alert: sampleAlert(1, web, 0, { details }) });
    const large = await next(messages);
    expect(large.data.length).toBeGreaterThan(SERVICE_LIMITS.streamQueueBytes);
    const again = readMessages(await open(`?after=${id}`));
    const missed = await next(again);
    expect(missed.event).toBe("missed");
    expect(missed.id).toBe(large.id);
    publishAlert(2);
    expect((await next(again)).event).toBe("alert");
  });

  it("opens no more for one than its share, and takes one back when it closes", async () => {
    const streams: IncomingMessage[] = [];
    for (let count = 0; count < SERVICE_LIMITS.streamsPerIdentity; count++) streams.push(await open());
    const refused = await open();
    expect(refused.statusCode).toBe(503);
    refused.resume();
    streams[0]?.destroy();
    await expect
      .poll(async () => {
        const stream = await open();
        if (stream.statusCode !== 200) stream.resume();
        return stream.statusCode;
      })
      .toBe(200);
  });

  it("leaves no timer behind when the API closes", async () => {
    const messages = readMessages(await open());
    await next(messages);
    await fixture.administration.close();
    expect((await messages.next()).done).toBe(true);
    expect(clock.pending).toBe(0);
  });
});

it("keeps a bounded past and says when it does not reach back far enough", () => {
  const hub = createEventHub({ random: systemRandom, eventsKept: 10 });
  const start = hub.position();
  const put = (number: number) => hub.publish({ kind: "alert", alert: sampleAlert(number, web, 0) });
  for (let number = 0; number < 100; number++) put(number);
  expect(hub.since(start)).toEqual({ events: [], missed: true });
  const late = hub.position();
  for (let number = 0; number < 10; number++) put(number);
  const { events, missed } = hub.since(late);
  expect(missed).toBe(false);
  expect(events.map((event) => /^id: (\S+)/.exec(event.text())?.[1])).toEqual(
    Array.from({ length: 10 }, (_, index) => `${late.split("-")[0]}-${101 + index}`),
  );
});

it("keeps few of events that are large", () => {
  const hub = createEventHub({ random: systemRandom, charactersKept: 100_000 });
  const positions: string[] = [];
  for (let number = 0; number < 20; number++) {
    positions.push(hub.position());
    const details = Array.from({ length: 10 }, () => ({ name: "n", value: "x".repeat(2_000) }));
    hub.publish({ kind: "alert", alert: sampleAlert(number, web, 0, { details }) });
  }
  expect(hub.since(positions.at(-5)).missed).toBe(true);
  expect(hub.since(positions.at(-4))).toMatchObject({ missed: false, events: { length: 4 } });
});
