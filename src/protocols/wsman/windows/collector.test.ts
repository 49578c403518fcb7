import { describe, expect, it, onTestFinished } from "vitest";
import { createForeignAgent, foreignRequest } from "../../../net/foreign-request.ts";
import { createHttpListener } from "../../../net/http-listen.ts";
import { createReadableLog } from "../../../net/loopback-fixture.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { systemRandom } from "../../../runtime/random.ts";
import type { XmlElement } from "../../../wire/xml-element.ts";
import { parseXml } from "../../../wire/xml-reader.ts";
import { parseDuration } from "../duration.ts";
import { type Envelope, headerOf, readEnvelope } from "../envelope.ts";
import { readFault } from "../fault.ts";
import { fixtureBytes, fixtureInUtf16 } from "../fixture-messages.ts";
import { ACTION, NS } from "../names.ts";
import { COLLECTOR_PATH, createWindowsCollector, type WindowsBatch } from "./collector.ts";
import type { CollectorSubscription } from "./subscription-message.ts";
import { readWindowsEvent, WINDOWS_EVENT_LIMITS } from "./windows-event.ts";

const ID = "7B2C9E60-0000-4000-8000-0000000000AA";
const subscription: CollectorSubscription = {
  id: ID,
  version: "7B2C9E60-0000-4000-8000-0000000000BB",
  name: "System and more",
  queries: [
    { channel: "System", select: "*[System[(Level<=3)]]" },
    { channel: "Application", select: "*" },
  ],
  heartbeatMs: 900_000,
  batchMs: 5_000,
  envelopeBytes: 512_000,
  isRendered: true,
  language: "ja-JP",
};
const TYPE = { "content-type": "application/soap+xml;charset=UTF-16", "user-agent": "Microsoft WinRM Client" };

async function collector(changes: Partial<Parameters<typeof createWindowsCollector>[0]> = {}) {
  const log = createReadableLog();
  const batches: WindowsBatch[] = [];
  const bookmarks = new Map<string, string>();
  const handler = createWindowsCollector({
    senderOf: async () => "host web1",
    subscriptionsOf: async () => [subscription],
    bookmarkOf: async (_, id) => bookmarks.get(id),
    commit: async (batch) => {
      batches.push(batch);
      if (batch.bookmark !== undefined) bookmarks.set(batch.subscriptionId, batch.bookmark);
      return "committed";
    },
    origin: "https://fallback.example",
    issuerThumbprint: "AABBCC",
    random: systemRandom,
    log,
    ...changes,
  });
  const listener = createHttpListener({ flow: "wsmanHttp", host: "127.0.0.1", port: 0, log, clock: systemClock });
  listener.serverFactory(handler);
  await listener.start();
  const agent = createForeignAgent({
    flow: "wsmanHttp",
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
  const send = async (path: string, body: Buffer | string, headers: Record<string, string> = TYPE) => {
    const answer = await foreignRequest(agent, { method: "POST", path, headers, body });
    return { ...answer, envelope: answer.body.length === 0 ? undefined : readEnvelope(parseXml(answer.body)) };
  };
  return { send, batches, bookmarks, log };
}

/** A publisher after the public documents: asks, takes the subscriptions, and delivers to where they say. */
function takeSubscriptions(envelope: Envelope): { version: string; subscribe: Envelope; notifyTo: XmlElement }[] {
  const items = envelope.body[0]?.child("Items", NS.wsman)?.childrenNamed("Subscription") ?? [];
  return items.map((item) => {
    const subscribe = readEnvelope(item.requiredChild("Envelope", NS.s));
    const delivery = subscribe.body[0]?.requiredChild("Delivery", NS.wse);
    return {
      version: item.childText("Version") ?? "",
      subscribe,
      notifyTo: delivery?.requiredChild("NotifyTo") as XmlElement,
    };
  });
}

describe("the collector", () => {
  it("tells a publisher in UTF-16 what to send, and where to", async () => {
    const { send } = await collector();
    expect(await send(COLLECTOR_PATH, "", TYPE)).toMatchObject({ status: 200, envelope: undefined });
    const { envelope, headers } = await send(COLLECTOR_PATH, fixtureInUtf16("windows-enumerate"));
    expect(headers["content-type"]).toBe("application/soap+xml;charset=UTF-16");
    expect(envelope && headerOf(envelope, "RelatesTo")?.text).toBe("uuid:5C1F5A10-73B5-4C52-9B8E-1E6E0F6E0001");
    expect(envelope?.body[0]?.childText("EnumerationContext")).toBe("");
    expect(envelope?.body[0]?.child("EndOfSequence", NS.wsman)).toBeDefined();
    const [taken, ...others] = takeSubscriptions(envelope as Envelope);
    expect(others).toEqual([]);
    expect(taken?.version).toBe(`uuid:${subscription.version}`);
    expect(taken?.notifyTo.childText("Address")).toBe(`https://manager.example:5986/wsman/subscriptions/${ID}`);
    expect(taken?.notifyTo.child("ReferenceProperties")?.childText("Identifier")).toBe(ID);
    const body = taken?.subscribe.body[0];
    const delivery = body?.child("Delivery");
    expect(delivery?.attribute("Mode")).toBe("http://schemas.dmtf.org/wbem/wsman/1/wsman/Events");
    expect(parseDuration(delivery?.childText("Heartbeats") ?? "")).toBe(900_000);
    const selects = body
      ?.child("Filter")
      ?.child("QueryList")
      ?.children.map((query) => query.child("Select"));
    expect(selects?.map((select) => [select?.attribute("Path"), select?.text])).toEqual([
      ["System", "*[System[(Level<=3)]]"],
      ["Application", "*"],
    ]);
    expect(body?.child("SendBookmarks")).toBeDefined();
    expect(body?.child("Bookmark")).toBeUndefined();
    const options =
      taken &&
      headerOf(taken.subscribe, "OptionSet")?.children.map((option) => [option.attribute("Name"), option.text]);
    expect(options).toContainEqual(["ContentFormat", "RenderedText"]);
    expect(options?.map(([name]) => name)).not.toContain("Compression");
  });

  it("takes a batch, acknowledges it when it is safe, and gives its bookmark back at the next question", async () => {
    const { send, batches } = await collector();
    const { status, envelope } = await send(`/wsman/subscriptions/${ID}`, fixtureInUtf16("windows-events"));
    expect(status).toBe(200);
    expect(envelope && headerOf(envelope, "Action")?.text).toBe(ACTION.ack);
    expect(envelope && headerOf(envelope, "RelatesTo")?.text).toBe("uuid:5C1F5A10-73B5-4C52-9B8E-1E6E0F6E0004");
    expect(batches[0]).toMatchObject({
      kind: "events",
      subscriptionId: ID,
      machine: "WEB1.example",
      sender: "host web1",
    });
    const [disk, service, broken] = batches[0]?.events ?? [];
    expect(disk).toEqual({
      kind: "event",
      provider: "disk",
      eventId: 7,
      level: 2,
      channel: "System",
      recordId: "4710",
      computer: "WEB1.example",
      timeCreated: "2026-11-22T03:04:05.1234567Z",
      userSid: "S-1-5-18",
      processId: "4",
      task: "0",
      opcode: "0",
      keywords: "0x80000000000000",
      message: "デバイス \\Device\\Harddisk0\\DR0 に不良ブロックがあります。",
      levelText: "エラー",
      data: [
        { name: "1", value: "\\Device\\Harddisk0\\DR0" },
        { name: "Length", value: "12" },
      ],
    });
    expect(service).toMatchObject({
      provider: "Service Control Manager",
      eventId: 7036,
      recordId: "4711",
      message: "",
    });
    expect(broken).toMatchObject({ kind: "unreadable", text: expect.stringContaining("oops") });

    const again = await send(COLLECTOR_PATH, fixtureInUtf16("windows-enumerate"));
    const [taken] = takeSubscriptions(again.envelope as Envelope);
    const bookmark = taken?.subscribe.body[0]?.child("Bookmark")?.child("BookmarkList")?.child("Bookmark");
    expect(["Channel", "RecordId", "IsCurrent"].map((name) => bookmark?.attribute(name))).toEqual([
      "System",
      "4711",
      "true",
    ]);
  });

  it("acknowledges heartbeats, and answers the end of an exchange with no content", async () => {
    const { send, batches } = await collector();
    const beat = await send(`/wsman/subscriptions/${ID}`, fixtureBytes("windows-heartbeat"), {
      ...TYPE,
      "content-type": "application/soap+xml",
    });
    expect(beat.envelope && headerOf(beat.envelope, "Action")?.text).toBe(ACTION.ack);
    expect(batches.map(({ kind }) => kind)).toEqual(["heartbeat"]);
    const end = fixtureBytes("windows-heartbeat")
      .toString()
      .replace(ACTION.heartbeat, "http://schemas.microsoft.com/wbem/wsman/1/wsman/End");
    expect((await send(COLLECTOR_PATH, end, { "content-type": "application/soap+xml" })).status).toBe(204);
  });

  it("lets the publisher send again what could not be committed, and refuses what it knows nothing of", async () => {
    const failing = await collector({ commit: () => Promise.reject(new Error("disk full")) });
    const failed = await failing.send(`/wsman/subscriptions/${ID}`, fixtureInUtf16("windows-events"));
    expect(failed.status).toBe(500);
    expect(failed.envelope && headerOf(failed.envelope, "Action")?.text).not.toBe(ACTION.ack);
    const forgetful = await collector({ commit: async () => "unknown" });
    const refused = await forgetful.send(`/wsman/subscriptions/${ID}`, fixtureInUtf16("windows-events"));
    expect(readFault(refused.envelope?.body ?? [])?.subcode).toBe("DeliveryRefused");
  });

  it("serves nobody it does not know, and nothing but this one question", async () => {
    const closed = await collector({ senderOf: async () => undefined });
    expect((await closed.send(COLLECTOR_PATH, fixtureInUtf16("windows-enumerate"))).status).toBe(401);
    const { send } = await collector();
    const other = fixtureBytes("windows-enumerate")
      .toString()
      .replace("SubscriptionManager/Subscription<", "windows/shell<");
    const refused = await send(COLLECTOR_PATH, other, { "content-type": "application/soap+xml" });
    expect(readFault(refused.envelope?.body ?? [])?.subcode).toBe("ActionNotSupported");
    expect((await send("/elsewhere", fixtureInUtf16("windows-enumerate"))).status).toBe(400);
    expect((await send(COLLECTOR_PATH, "x", { ...TYPE, "content-encoding": "SLDC" })).status).toBe(415);
  });
});

describe("an event of Windows", () => {
  const event = (inside: string) => parseXml(Buffer.from(`<Event><System><EventID>1</EventID>${inside}</Event>`));
  it("is bounded in every part", () => {
    const { messageMax, dataMax, valueMax, nameMax } = WINDOWS_EVENT_LIMITS;
    const long = "x".repeat(100_000);
    const data = Array.from(
      { length: 1_000 },
      () => `<Data Name="${long.slice(0, 1_000)}">${long.slice(0, 10_000)}</Data>`,
    ).join("");
    const read = readWindowsEvent(
      event(
        `<Channel>${long}</Channel></System><EventData>${data}</EventData><RenderingInfo><Message>${long}</Message></RenderingInfo>`,
      ),
    );
    if (read.kind !== "event") throw new Error(read.reason);
    expect(read.message).toHaveLength(messageMax);
    expect(read.data).toHaveLength(dataMax);
    expect([read.data[0]?.name.length, read.data[0]?.value.length]).toEqual([nameMax, valueMax]);
    expect(read.channel).toHaveLength(nameMax);
  });

  it.each([
    ["nothing but an id", "</System>", { eventId: 1, level: 0, provider: "", recordId: "" }],
    ["an old provider's name", '<Provider EventSourceName="Old"/></System>', { provider: "Old" }],
    [
      "data of its maker's own",
      "</System><UserData><Mine><A>1</A><B>2</B></Mine></UserData>",
      {
        data: [
          { name: "A", value: "1" },
          { name: "B", value: "2" },
        ],
      },
    ],
    [
      "a level and a record that are no numbers",
      "<Level>high</Level><EventRecordID>-1</EventRecordID></System>",
      { level: 0, recordId: "" },
    ],
  ])("is read with %s", (_, inside, expected) => {
    expect(readWindowsEvent(event(inside))).toMatchObject(expected);
  });

  it("that is none is kept as text", () => {
    const holder = parseXml(Buffer.from("<w><![CDATA[<Event><System><EventID>x</EventID></System></Event>]]></w>"));
    expect(readWindowsEvent(holder)).toMatchObject({ kind: "unreadable", reason: expect.stringContaining("EventID") });
  });
});
