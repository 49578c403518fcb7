import { X509Certificate } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { findFreePorts } from "../../src/net/free-port.ts";
import { loadIdentity } from "../../src/net/identity.ts";
import { createTestAuthority, WEB1 } from "../../src/net/loopback-fixture.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { type Story, startStory, until } from "./agent-and-manager.ts";
import { createWindowsPublisher, type LogRecord } from "./windows-publisher.ts";

// A manager that collects Windows events, and a computer that sends them after the public documents. No real Windows has
// taken part.

const MACHINE = "WEB1.example";

async function startCollecting() {
  const theirs = await createTestAuthority();
  onTestFinished(() => theirs.remove());
  const issuerFile = join(theirs.directory, "issuer.pem");
  await writeFile(issuerFile, theirs.certificate);
  const [port = 0] = await findFreePorts({ host: "127.0.0.1", count: 1 });
  const story = await startStory({
    manager: { "events.collect": "on", "events.issuerFile": issuerFile, "ports.eventCollector": String(port) },
  });
  const own = await loadIdentity(join(story.managerDirectory, "administrator"));
  const pem = own?.secureContextOptions().ca ?? "";
  async function computer(name = MACHINE, authority = theirs) {
    const identity = await authority.identify(WEB1, { names: [name] });
    const publisher = createWindowsPublisher({
      ...{ machine: name, port, clock: systemClock, trust: { kind: "authority", pem } },
      credentials: identity.secureContextOptions(),
    });
    onTestFinished(() => publisher.close());
    return publisher;
  }
  return { story, theirs, computer };
}

const service = (number: number): LogRecord => ({
  ...{ level: 4, provider: "Service Control Manager", id: 7034 },
  message: `サービス ${number} は予期せず終了しました。`,
});
const hostsOf = async ({ api }: Story) => (await api.hostList({ query: {} })).items;
const eventsOf = async (story: Story) =>
  (await story.alerts()).filter(({ condition }) => condition.startsWith("windows.")).toReversed();

describe("a Windows computer without our agent", () => {
  it("becomes a host, sends its events, and shows that it lives", { timeout: 120_000 }, async () => {
    const { story, theirs, computer } = await startCollecting();
    const web1 = await computer();
    const [subscription, ...more] = await web1.enumerate();
    if (subscription === undefined) throw new Error("it is told of no subscription");
    expect(more).toEqual([]);
    expect(subscription).toMatchObject({
      heartbeats: "PT300.000S",
      channels: ["System", "Application", "Security"],
      after: 0,
    });
    const { fingerprint } = new X509Certificate(theirs.certificate);
    expect(subscription.issuerThumbprint).toBe(fingerprint.replaceAll(":", ""));

    web1.log({ level: 2, provider: "disk", id: 7, message: "不良ブロックがあります。" }, service(1));
    expect(await web1.send(subscription, { after: 0, count: 2 })).toEqual({ status: 200, acknowledged: true });
    const discovered = (await hostsOf(story)).find(({ name }) => name === "web1.example");
    expect(discovered).toMatchObject({ means: "windows-events", state: "up", address: "127.0.0.1" });
    expect(await eventsOf(story)).toMatchObject([
      {
        ...{ hostId: discovered?.id, condition: "windows.disk.7", severity: "major", category: "hardware" },
        ...{ summary: "不良ブロックがあります。", component: "event log System" },
        raisedAtMs: Date.UTC(2026, 10, 22, 3, 0, 1),
      },
      { condition: "windows.Service Control Manager.7034", severity: "major", category: "service" },
    ]);
    expect(await web1.heartbeat(subscription)).toEqual({ status: 200, acknowledged: true });
    const flowsOf = async (host: string) => {
      const { entries } = await story.api.doctorExamine({ params: { host }, body: {} });
      return new Set(entries.map(({ flow }) => flow));
    };
    expect(await flowsOf("web1.example")).toEqual(new Set(["event-collector", "ping"]));
    expect(await flowsOf(story.hostId)).not.toContain("event-collector");
    const check = story.api.hostCheck({ params: { host: "web1.example" } });
    await expect(check).rejects.toThrow("sends its Windows events by itself");
    // Its subscription stays as it is while the settings do: it goes on where it was.
    expect(await web1.enumerate()).toEqual([{ ...subscription, after: 2 }]);
  });

  it("loses nothing and doubles nothing when the manager is killed between and under its batches", {
    timeout: 240_000,
  }, async () => {
    const { story, computer } = await startCollecting();
    const web1 = await computer();
    const count = 200;
    web1.log(...Array.from({ length: count }, (_, index) => service(index + 1)));
    let isAway: Promise<unknown> = Promise.resolve();
    let kills = 0;
    let sent = 0;
    let after = 0;
    while (after < count) {
      // As after a restart of Windows: all it knows of its place is what the manager gives back.
      const [subscription] = await story.persist("the manager is asked", () => web1.enumerate());
      if (subscription === undefined) throw new Error("it is told of no subscription");
      expect(subscription.after).toBeGreaterThanOrEqual(after);
      after = subscription.after;
      for (let batches = 0; batches < 4 && after < count; batches++) {
        const sending = web1.send(subscription, { after, count: 10 }).catch(() => undefined);
        sent += 1;
        // Every third batch meets a kill: now before the manager reads it, now after it has committed.
        if (sent % 3 === 0 && kills < 4) {
          kills += 1;
          if (kills % 2 === 0) await sending;
          isAway = story.killManager().then(() => story.manager.start());
        }
        const answer = await sending;
        if (answer?.acknowledged !== true) break;
        after += 10;
      }
      await isAway;
    }
    expect(kills).toBe(4);
    const told = (await eventsOf(story)).map(({ summary }) => summary);
    expect(told.toSorted()).toEqual(Array.from({ length: count }, (_, index) => service(index + 1).message).toSorted());
    // One whose acknowledgement was lost comes again, and is there once.
    const [subscription] = await web1.enumerate();
    if (subscription === undefined) throw new Error("it is told of no subscription");
    expect(subscription.after).toBe(count);
    expect(await web1.send(subscription, { after: count - 10, count: 10 })).toMatchObject({ acknowledged: true });
    expect(await eventsOf(story)).toHaveLength(count);
    expect((await hostsOf(story)).filter(({ means }) => means === "windows-events")).toHaveLength(1);
  });

  it("is refused once its host is removed, and where another authority vouches for it", {
    timeout: 120_000,
  }, async () => {
    const { story, computer } = await startCollecting();
    const web1 = await computer();
    const [subscription] = await web1.enumerate();
    if (subscription === undefined) throw new Error("it is told of no subscription");
    const found = (await hostsOf(story)).find(({ means }) => means === "windows-events");
    await story.api.hostRemove({ params: { host: found?.id ?? "" } });
    await until("it is refused", async () => (await web1.heartbeat(subscription)).status === 401);
    web1.log(service(1));
    expect(await web1.send(subscription, { after: 0, count: 1 })).toEqual({ status: 401, acknowledged: false });
    await expect(web1.enumerate()).rejects.toThrow("401");
    // An operator who adds it again has it back.
    const body = { name: MACHINE, address: "127.0.0.1", means: "ping", trust: { kind: "plain" } } as const;
    const { id } = await story.api.hostAdd({ body });
    expect(await web1.send(subscription, { after: 0, count: 1 })).toEqual({ status: 200, acknowledged: true });
    expect(await eventsOf(story)).toMatchObject([{ hostId: id }]);

    const strangers = await createTestAuthority();
    onTestFinished(() => strangers.remove());
    await expect((await computer("web2.example", strangers)).enumerate()).rejects.toThrow();
    expect((await hostsOf(story)).map(({ name }) => name)).not.toContain("web2.example");
  });
});
