import { describe, expect, it, onTestFinished } from "vitest";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { createForeignAgent, foreignRequest } from "../../net/foreign-request.ts";
import { createHttpListener } from "../../net/http-listen.ts";
import { createReadableLog } from "../../net/loopback-fixture.ts";
import { systemClock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { encodeEnvelope, headerOf, readEnvelope, writeElement, writeEnvelope } from "./envelope.ts";
import type { PostToSink, SinkRequest } from "./event-delivery.ts";
import { readDelivery } from "./event-message.ts";
import { createEventSink, type SinkDelivery } from "./event-sink.ts";
import { createEventSource, SUBSCRIPTIONS_PER_OWNER_MAX } from "./event-source.ts";
import { createMemoryEventStorage, type EventStorage } from "./event-storage.ts";
import { Fault, WsmanFault, writeFault } from "./fault.ts";
import { fixtureEnvelope } from "./fixture-messages.ts";
import { createTestObjects, OTHER_ACCOUNT, pathTo, startLoopbackServer } from "./loopback-fixture.ts";
import { ACTION, type DeliveryMode, NS, OPENWSMAN_ACK } from "./names.ts";
import type { Subscribed } from "./subscribe-message.ts";

const CIMV2 = "root/cimv2";
const alerts = { className: "Test_Alert" };

function alert(message: string, severity = 3): CimInstance {
  return new CimInstance({
    className: "Test_Alert",
    properties: [
      { name: "Message", type: "string", isArray: false, value: message },
      { name: "PerceivedSeverity", type: "uint16", isArray: false, value: severity },
      { name: "When", type: "datetime", isArray: false, value: CimDateTime.at(1_800_000_000_000) },
      { name: "Source", type: "reference", isArray: false, value: pathTo("Test_Element", "plain", 1n) },
      { name: "Note", type: "string", isArray: false, value: null },
    ],
  });
}

/** Deliveries as a sink saw them: `event a`, `events a b`, `heartbeat`, `dropped 3`. */
function told({ body }: SinkRequest): string {
  const delivered = readDelivery(readEnvelope(parseXml(body)));
  const messages = delivered.events.map(([event]) => event?.childText("Message"));
  if (delivered.kind === "dropped") return `dropped ${delivered.dropped}`;
  return [delivered.kind, ...messages].join(" ");
}

function ackOf({ body }: SinkRequest, action: string = ACTION.ack) {
  const relatesTo = headerOf(readEnvelope(parseXml(body)), "MessageID", NS.wsa)?.text;
  return {
    status: 200,
    contentType: "application/soap+xml",
    body: encodeEnvelope(
      writeEnvelope({ action, relatesTo }, () => {}),
      "utf-8",
    ),
  };
}

function faultAnswer(fault: Fault) {
  return {
    status: 500,
    contentType: "application/soap+xml",
    body: encodeEnvelope(
      writeEnvelope({ action: "x" }, (w) => writeFault(w, fault)),
      "utf-8",
    ),
  };
}

/** A source with a scripted sink, a clock that stands still, and a server for subscribing to it. */
async function source({
  storage = createMemoryEventStorage(),
  post,
}: {
  storage?: EventStorage;
  post?: PostToSink;
} = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const { objects } = createTestObjects();
  const log = createReadableLog();
  const behaviour = { post: post ?? (async (request: SinkRequest) => ackOf(request)) };
  const eventing = createEventSource({
    objects,
    storage,
    clock,
    random: systemRandom,
    log,
    post: async (request) => {
      const answer = await behaviour.post(request);
      seen.push(told(request));
      return answer;
    },
  });
  await eventing.start();
  const server = await startLoopbackServer({ objects, eventing, clock });
  onTestFinished(async () => {
    await eventing.stop();
    await server.stop();
  });
  const client = server.client();
  const subscribe = (mode: DeliveryMode, more: Partial<Parameters<typeof client.subscribe>[1]> = {}) =>
    client.subscribe(alerts, { mode, notifyTo: "http://sink.example/events", ...more }, clock.now());
  return { clock, eventing, storage, seen, server, client, subscribe, log, behaviour };
}

async function faultOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  if (!(error instanceof WsmanFault)) throw error ?? new Error("no fault");
  return `${error.code} ${error.detail}`.trim();
}

describe("a subscription", () => {
  it.each([
    ["push", ["events a", "events b"]],
    ["pushWithAck", ["events a", "events b"]],
    ["events", ["events a b"]],
  ] as const)("brings events in mode %s, in order", async (mode, expected) => {
    const { eventing, clock, seen, subscribe } = await source();
    await subscribe(mode, mode === "events" ? { batchMs: 1_000 } : {});
    eventing.publish(alert("a"), CIMV2);
    eventing.publish(alert("b"), CIMV2);
    await clock.advance(1_000);
    expect(seen).toEqual(expected);
  });

  it("carries back what the subscriber wants in each header", async () => {
    let identifier: string | undefined;
    const post: PostToSink = async (request) => {
      identifier = headerOf(readEnvelope(parseXml(request.body)), "Identifier", NS.wse)?.text;
      return ackOf(request);
    };
    const { eventing, clock, subscribe } = await source({ post });
    await subscribe("push", { identifier: "mine <1>" });
    eventing.publish(alert("a"), CIMV2);
    await clock.advance(1);
    expect(identifier).toBe("mine <1>");
  });

  it("to a class has its subclasses, too, and to a subclass not the class above it", async () => {
    const { eventing, clock, seen, client } = await source();
    await client.subscribe(
      { className: "Test_LoudAlert" },
      { mode: "push", notifyTo: "http://sink.example/" },
      clock.now(),
    );
    eventing.publish(alert("plain"), CIMV2);
    eventing.publish(new CimInstance({ className: "Test_LoudAlert", properties: alert("loud").properties }), CIMV2);
    await clock.advance(1);
    expect(seen).toEqual(["events loud"]);
    expect(eventing.wants("Test_Alert")).toBe(true);
    expect(eventing.wants("Test_LoudAlert")).toBe(true);
    expect(eventing.wants("Test_Many")).toBe(false);
  });

  it("has what its query asks for, and nothing else", async () => {
    const { eventing, clock, seen, client } = await source();
    const filter = { dialect: "wql", query: "SELECT * FROM Test_Alert WHERE PerceivedSeverity > 4" } as const;
    await client.subscribe({ className: "*" }, { mode: "push", notifyTo: "http://sink.example/", filter }, clock.now());
    for (const [message, severity] of [
      ["low", 2],
      ["high", 6],
      ["mid", 4],
      ["top", 7],
    ] as const) {
      eventing.publish(alert(message, severity), CIMV2);
    }
    eventing.publish(alert("elsewhere", 7), "root/interop");
    await clock.advance(1);
    expect(seen).toEqual(["events high", "events top"]);
  });

  it("beats when nothing happens, and not when something does", async () => {
    const { eventing, clock, seen, subscribe } = await source();
    await subscribe("push", { heartbeatMs: 10_000 });
    await clock.advance(10_000);
    expect(seen).toEqual(["heartbeat"]);
    await clock.advance(9_000);
    eventing.publish(alert("a"), CIMV2);
    await clock.advance(9_000);
    expect(seen).toEqual(["heartbeat", "events a"]);
    await clock.advance(1_000);
    expect(seen).toEqual(["heartbeat", "events a", "heartbeat"]);
  });

  it("waits for a sink that does not answer, longer each time, and loses nothing", async () => {
    let isUp = false;
    let attempts = 0;
    const { eventing, clock, seen, subscribe } = await source({
      post: async (request) => {
        attempts += 1;
        if (!isUp) throw new Error("refused");
        return ackOf(request);
      },
    });
    await subscribe("pushWithAck");
    for (const message of ["a", "b", "c"]) eventing.publish(alert(message), CIMV2);
    await clock.advance(60_000);
    expect(attempts).toBe(6); // After 0, 1, 3, 7, 15 and 31 s.
    isUp = true;
    await clock.advance(10_000);
    expect(seen).toEqual(["events a", "events b", "events c"]);
  });

  it("counts nothing as delivered without an acknowledgement of that very message", async () => {
    let answers = 0;
    const { eventing, clock, seen, subscribe } = await source({
      post: async (request) => {
        answers += 1;
        if (answers === 1) return { status: 200, contentType: "", body: Buffer.alloc(0) };
        if (answers === 2)
          return {
            ...ackOf(request),
            body: encodeEnvelope(
              writeEnvelope({ action: ACTION.ack, relatesTo: "uuid:x" }, () => {}),
              "utf-8",
            ),
          };
        if (answers === 3) return { status: 200, contentType: "text/xml", body: Buffer.from("<no") };
        if (answers === 4) return faultAnswer(new Fault("internalError", "disk full"));
        return ackOf(request, answers === 5 ? OPENWSMAN_ACK : ACTION.ack);
      },
    });
    await subscribe("pushWithAck");
    eventing.publish(alert("a"), CIMV2);
    await clock.advance(60_000);
    expect(seen).toEqual(Array(5).fill("events a"));
  });

  it("does not let a dead sink, or one that never answers, hold up another", async () => {
    const { eventing, clock, seen, client } = await source({
      post: (request) => {
        if (request.url.includes("dead")) return Promise.reject(new Error("refused"));
        if (request.url.includes("hangs")) return new Promise(() => {});
        return Promise.resolve(ackOf(request));
      },
    });
    for (const place of ["dead", "hangs", "alive"]) {
      await client.subscribe(alerts, { mode: "push", notifyTo: `http://${place}.example/` }, clock.now());
    }
    for (const message of ["a", "b", "c"]) eventing.publish(alert(message), CIMV2);
    await clock.advance(1);
    expect(seen).toEqual(["events a", "events b", "events c"]);
  });

  it("ends after as many tries as the subscriber gave, and says so where it is wanted", async () => {
    let attempts = 0;
    const ends: (string | undefined)[] = [];
    const { eventing, clock, client } = await source({
      post: async (request) => {
        const { header, body } = readEnvelope(parseXml(request.body));
        if (request.url.endsWith("/ends")) {
          const identifier = body[0]
            ?.child("SubscriptionManager")
            ?.child("ReferenceParameters")
            ?.childText("Identifier");
          ends.push(identifier, body[0]?.childText("Status"), header.find(({ name }) => name === "Key")?.text);
          return { status: 202, contentType: "", body: Buffer.alloc(0) };
        }
        attempts += 1;
        throw new Error("refused");
      },
    });
    const [wanted] = fixtureEnvelope("subscribe-request").body;
    const answer = await client.request({
      action: ACTION.subscribe,
      resource: { className: "*" },
      body: (w) => writeElement(w, wanted as never),
    });
    const identifier = answer.body[0]
      ?.child("SubscriptionManager")
      ?.child("ReferenceParameters")
      ?.childText("Identifier");
    eventing.publish(alert("a"), CIMV2);
    await clock.advance(5_000 + 3 * 30_000);
    expect(attempts).toBe(4);
    expect(ends).toEqual([identifier, "http://schemas.xmlsoap.org/ws/2004/08/eventing/DeliveryFailure", "e"]);
    expect(eventing.subscriptions).toEqual([]);
  });

  it("ends when the sink refuses delivery", async () => {
    const { eventing, clock, subscribe, behaviour } = await source();
    behaviour.post = async () => faultAnswer(new Fault("deliveryRefused", "who are you"));
    await subscribe("pushWithAck");
    eventing.publish(alert("a"), CIMV2);
    await clock.advance(1);
    expect(eventing.subscriptions).toEqual([]);
  });

  it("tells how many events were lost when the journal was too short", async () => {
    let isUp = false;
    const storage = createMemoryEventStorage({ eventsMax: 3 });
    const { eventing, clock, seen, subscribe } = await source({
      storage,
      post: async (request) => {
        if (!isUp) throw new Error("refused");
        return ackOf(request);
      },
    });
    await subscribe("events");
    for (let n = 1; n <= 10; n++) eventing.publish(alert(String(n)), CIMV2);
    isUp = true;
    await clock.advance(10_000);
    expect(seen).toEqual(["dropped 7", "events 8 9 10"]);
  });

  it("goes on after a restart where it was, and is gone when its time is over", async () => {
    const storage = createMemoryEventStorage();
    const before = await source({ storage, post: async () => Promise.reject(new Error("refused")) });
    await before.subscribe("push", { expiresMs: 3_600_000 });
    before.eventing.publish(alert("a"), CIMV2);
    await before.clock.advance(1);
    await before.eventing.stop();

    const after = await source({ storage });
    await after.clock.advance(1);
    expect(after.seen).toEqual(["events a"]);
    await after.clock.advance(3_600_000);
    expect(after.eventing.subscriptions).toEqual([]);
    expect(storage.subscriptions()).toEqual([]);
  });

  it("is renewed, looked at and ended by who made it, and by nobody else", async () => {
    const { client, clock, subscribe, server, eventing } = await source();
    const subscription = await subscribe("push", { expiresMs: 60_000 });
    expect(subscription.expiresMs).toBe(60_000);
    await clock.advance(30_000);
    expect(await client.status(subscription, clock.now())).toBe(30_000);
    expect(await client.renew(subscription, 120_000, clock.now())).toBe(120_000);
    const other = server.client({ account: OTHER_ACCOUNT });
    expect(await faultOf(other.renew(subscription, 1_000, clock.now()))).toBe("Receiver:UnableToRenew");
    expect(await faultOf(other.unsubscribe(subscription))).toBe("Sender:InvalidMessage");
    await client.unsubscribe(subscription);
    expect(eventing.subscriptions).toEqual([]);
    expect(await faultOf(client.status(subscription, clock.now()))).toBe("Sender:InvalidMessage");
  });

  it("begins where a bookmark says", async () => {
    const { eventing, clock, seen, client, subscribe } = await source();
    await subscribe("push", { sendBookmarks: true });
    for (const message of ["a", "b", "c"]) eventing.publish(alert(message), CIMV2);
    await clock.advance(1);
    seen.length = 0;
    const from = (write: Parameters<typeof subscribe>[1]) =>
      client.subscribe(alerts, { mode: "events", notifyTo: "http://sink.example/2", ...write }, clock.now());
    await from({ writeBookmark: (w) => w.leaf("r:Position", "1", { "xmlns:r": "urn:rusuban:event-journal:1" }) });
    await clock.advance(1);
    expect(seen).toEqual(["events b c"]);
    await from({ writeBookmark: (w) => w.text("http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest") });
    await clock.advance(1);
    expect(seen).toEqual(["events b c", "events a b c"]);
    const wrong = from({
      writeBookmark: (w) => w.leaf("r:Position", "99", { "xmlns:r": "urn:rusuban:event-journal:1" }),
    });
    expect(await faultOf(wrong)).toBe("Sender:InvalidBookmark");
  });

  it("is pulled from, and a pull without news says so without an end", async () => {
    const { eventing, client, clock } = await source();
    const { context = "" } = await client.subscribe(alerts, { mode: "pull" }, clock.now());
    eventing.publish(alert("a"), CIMV2);
    eventing.publish(alert("b"), CIMV2);
    const pulled = await client.pullEvents(alerts, context, { maxTimeMs: 1_000 });
    expect(pulled.map((event) => event.get("Message"))).toEqual(["a", "b"]);
    const waiting = client.pullEvents(alerts, context, { maxTimeMs: 1_000 });
    let isOver = false;
    void waiting.finally(() => {
      isOver = true;
    });
    while (!isOver) await clock.advance(100);
    expect(await waiting).toEqual([]);
  });

  it("is pulled from by one at a time", async () => {
    const { eventing, client, clock } = await source();
    const { context = "" } = await client.subscribe(alerts, { mode: "pull" }, clock.now());
    const answers = [1, 2].map(() => client.pullEvents(alerts, context, { maxTimeMs: 50_000 }).catch((error) => error));
    const refused = await Promise.race(answers);
    expect((refused as WsmanFault).subcode).toBe("Concurrency");
    eventing.publish(alert("a"), CIMV2);
    const all = await Promise.all(answers);
    expect(all.filter((answer) => Array.isArray(answer) && answer.length === 1)).toHaveLength(1);
  });

  it("finds the few that it wants among many, and lets go of the rest", async () => {
    const { eventing, clock, seen, client } = await source();
    const filter = { dialect: "wql", query: "SELECT * FROM Test_Alert WHERE PerceivedSeverity = 7" } as const;
    await client.subscribe({ className: "*" }, { mode: "push", notifyTo: "http://sink.example/", filter }, clock.now());
    for (let n = 0; n < 1_000; n++) eventing.publish(alert(String(n), n % 300 === 299 ? 7 : 2), CIMV2);
    await clock.advance(1);
    expect(seen).toEqual(["events 299", "events 599", "events 899"]);
  });

  it.each([
    [
      "no place to deliver to",
      { mode: "push", notifyTo: undefined as never },
      "Sender:EventDeliverToUnusable UnusableAddress",
    ],
    ["a place that is none", { mode: "push", notifyTo: "ftp://x" }, "Sender:EventDeliverToUnusable InvalidAddress"],
    ["heartbeats too often", { mode: "push", heartbeatMs: 1 }, "Sender:UnsupportedFeature Heartbeats"],
    ["a time that is over", { mode: "push", expiresMs: 0 }, "Sender:InvalidExpirationTime"],
    [
      "a query that makes no sense",
      { mode: "push", filter: { dialect: "wql", query: "SELECT" } },
      "Sender:CannotProcessFilter",
    ],
    [
      "a filter that is for enumerations",
      { mode: "push", filter: { dialect: "selector", selectors: { Message: "x" } } },
      "Sender:FilteringNotSupported",
    ],
  ] as const)("is refused with %s", async (_, options, code) => {
    const { subscribe, eventing } = await source();
    expect(await faultOf(subscribe(options.mode, options))).toBe(code);
    expect(eventing.subscriptions).toEqual([]);
  });

  it("is refused in a mode that is none, with those that there are", async () => {
    const { client } = await source();
    const body = (w: XmlWriter) => w.open("wse:Subscribe").leaf("wse:Delivery", "", { Mode: "urn:trap" }).close();
    const refused = client.request({ action: ACTION.subscribe, resource: alerts, body });
    expect(await faultOf(refused)).toBe("Sender:DeliveryModeRequestedUnavailable");
  });

  it("is refused for a class that is no indication, and beyond what one account may have", async () => {
    const { client, clock, subscribe } = await source();
    const other = client.subscribe({ className: "Test_Element" }, { mode: "push", notifyTo: "http://s/" }, clock.now());
    expect(await faultOf(other)).toBe("Sender:ActionNotSupported");
    const made: Subscribed[] = [];
    for (let n = 0; n < SUBSCRIPTIONS_PER_OWNER_MAX; n++) made.push(await subscribe("push"));
    expect(await faultOf(subscribe("push"))).toBe("Sender:QuotaLimit");
    await client.unsubscribe(made[0] as Subscribed);
    await subscribe("push");
  });
});

/** A sink behind a real listener; `send` posts what a source would. */
async function sink(commit: (delivery: SinkDelivery) => Promise<"committed" | "unknown">) {
  const log = createReadableLog();
  const listener = createHttpListener({ flow: "cimIndication", host: "127.0.0.1", port: 0, log, clock: systemClock });
  listener.serverFactory(
    createEventSink({ senderOf: async () => "source", commit, newMessageId: () => "uuid:s", log }),
  );
  await listener.start();
  const agent = createForeignAgent({
    flow: "cimIndication",
    host: "127.0.0.1",
    port: listener.port,
    trust: { kind: "plain" },
    timeoutMs: 20_000,
    clock: systemClock,
  });
  onTestFinished(async () => {
    agent.close();
    await listener.stop();
  });
  const send = async (body: string | Buffer, headers: Record<string, string> = {}) => {
    const answer = await foreignRequest(agent, {
      method: "POST",
      path: "/events",
      headers: { "content-type": "application/soap+xml;charset=UTF-8", ...headers },
      body,
    });
    return { ...answer, envelope: answer.body.length === 0 ? undefined : readEnvelope(parseXml(answer.body)) };
  };
  const post: PostToSink = async ({ contentType, body }) => {
    const { status, headers, body: reply } = await send(body, { "content-type": contentType });
    return { status, contentType: headers["content-type"] ?? "", body: reply };
  };
  return { send, post };
}

function eventEnvelope(body: string, headers = ""): string {
  return `<s:Envelope xmlns:s="${NS.s}" xmlns:wsa="${NS.wsa}" xmlns:wsman="${NS.wsman}"><s:Header><wsa:MessageID>uuid:e1</wsa:MessageID>${headers}</s:Header><s:Body>${body}</s:Body></s:Envelope>`;
}
const ACK_REQUESTED = "<wsman:AckRequested/>";

describe("a sink", () => {
  it("acknowledges only after the commit", async () => {
    const committing = Promise.withResolvers<"committed">();
    const began = Promise.withResolvers<void>();
    const { send } = await sink(() => {
      began.resolve();
      return committing.promise;
    });
    let isAnswered = false;
    const answer = send(eventEnvelope('<T xmlns="urn:x/T"><Message>a</Message></T>', ACK_REQUESTED)).then((reply) => {
      isAnswered = true;
      return reply;
    });
    await began.promise;
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    committing.resolve("committed");
    const { status, envelope } = await answer;
    expect(status).toBe(200);
    expect(envelope && headerOf(envelope, "Action")?.text).toBe(ACTION.ack);
    expect(envelope && headerOf(envelope, "RelatesTo")?.text).toBe("uuid:e1");
  });

  it("lets the source try again when it could not commit, and end where it knows of no subscription", async () => {
    const failing = await sink(() => Promise.reject(new Error("the disk is full of secrets")));
    const failed = await failing.send(eventEnvelope("<T/>", ACK_REQUESTED));
    expect(failed.status).toBe(500);
    expect(failed.body.toString()).not.toContain("secrets");
    const knowing = await sink(async () => "unknown");
    const refused = await knowing.send(eventEnvelope("<T/>", ACK_REQUESTED));
    expect(refused.body.toString()).toContain("DeliveryRefused");
  });

  it("takes what it cannot read, says so, and loses none of its neighbours", async () => {
    const seen: SinkDelivery[] = [];
    const { send } = await sink(async (delivery) => {
      seen.push(delivery);
      return "committed";
    });
    const wide = `<Wide>${Array.from({ length: 2_000 }, (_, n) => `<P${n}>x</P${n}>`).join("")}</Wide>`;
    const event = (inside: string) => `<wsman:Event>${inside}</wsman:Event>`;
    const batch = `<wsman:Events>${[event("<A><M>1</M></A>"), event(wide), event("<B><M>2</M></B>")].join("")}</wsman:Events>`;
    const { status, envelope } = await send(eventEnvelope(batch, ACK_REQUESTED));
    expect(status).toBe(200);
    expect(envelope && headerOf(envelope, "Action")?.text).toBe(ACTION.ack);
    expect(seen[0]?.events.map(({ className }) => className)).toEqual(["A", "B"]);
    expect(seen[0]?.unreadable).toEqual([expect.stringContaining("more than 1024 properties")]);
  });

  it("speaks openwsman's own spelling with openwsman", async () => {
    const { send } = await sink(async () => "committed");
    const { envelope } = await send(eventEnvelope("<T/>", ACK_REQUESTED), { "user-agent": "Openwsman" });
    expect(envelope && headerOf(envelope, "Action")?.text).toBe(OPENWSMAN_ACK);
  });

  it("reads what openwsman sends: bare properties padded with lines, and the action as wsman:Action", async () => {
    const seen: SinkDelivery[] = [];
    const { send } = await sink(async (delivery) => {
      seen.push(delivery);
      return "committed";
    });
    const ns = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_AlertIndication/Peer_AlertIndication";
    const body = `<p:Message xmlns:p="${ns}">\n  fan 3 stands\n</p:Message><p:PerceivedSeverity xmlns:p="${ns}">\n6\n</p:PerceivedSeverity>`;
    const { status } = await send(eventEnvelope(body, `<wsman:Action>${ns}</wsman:Action>`));
    expect(status).toBe(200); // Not 204.
    expect(seen[0]?.events[0]?.className).toBe("Peer_AlertIndication");
    expect(seen[0]?.events[0]?.get("Message")).toBe("fan 3 stands");
    expect(seen[0]?.events[0]?.get("PerceivedSeverity")).toBe("6");
  });

  it.each(["push", "pushWithAck", "events"] as const)("takes what our own source sends in mode %s", async (mode) => {
    const seen: SinkDelivery[] = [];
    const arrived = Promise.withResolvers<void>();
    const { post } = await sink(async (delivery) => {
      seen.push(delivery);
      if (seen.flatMap(({ events }) => events).length === 3) arrived.resolve();
      return "committed";
    });
    const { eventing, subscribe, clock } = await source({ post });
    await subscribe(mode, { sendBookmarks: true, identifier: "id-1" });
    for (const message of ["a", "<b>", "\u7559\u5b88\u756a"]) eventing.publish(alert(message), CIMV2);
    await clock.advance(0);
    await arrived.promise;
    expect(seen.flatMap(({ events }) => events.map((event) => event.get("Message")))).toEqual(["a", "<b>", "留守番"]);
    const [event] = seen[0]?.events ?? [];
    expect(String(event?.get("When"))).toBe("20270115080000.000000+000");
    expect((event?.get("Source") as ObjectPath | undefined)?.key("Name")).toBe("plain");
    expect(event?.get("Note")).toBeNull();
    expect(seen[0]).toMatchObject({ kind: "events", identifier: "id-1", sender: "source", path: "/events" });
    expect(seen.at(-1)?.bookmark).toContain("Position");
  });

  it.each([
    ["no XML", "no", {}, 400],
    ["an envelope without a body", `<s:Envelope xmlns:s="${NS.s}"/>`, {}, 400],
    ["SOAP 1.1", '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>', {}, 500],
    ["a document type", `<!DOCTYPE x [<!ENTITY a "b">]>${eventEnvelope("<T>&a;</T>")}`, {}, 400],
    ["another type of content", eventEnvelope("<T/>"), { "content-type": "text/plain" }, 415],
    ["what it did not ask to be compressed", eventEnvelope("<T/>"), { "content-encoding": "SLDC" }, 415],
  ])("answers %s with %#", async (_, body, headers, status) => {
    const { send } = await sink(async () => "committed");
    expect((await send(body, headers as Record<string, string>)).status).toBe(status);
  });
});
