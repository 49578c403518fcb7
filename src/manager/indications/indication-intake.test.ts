import { afterEach, describe, expect, it } from "vitest";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import type { Alert } from "../../model/alert.ts";
import { Connections } from "../../net/connections.ts";
import { createForeignAgent } from "../../net/foreign-request.ts";
import type { HttpsListener } from "../../net/https-listen.ts";
import { createTestAuthority, MANAGER, type TestAuthority, WEB1 } from "../../net/loopback-fixture.ts";
import { createPortBook } from "../../ports/port-settings.ts";
import { exportIndications } from "../../protocols/cim-xml/exporter.ts";
import { systemClock } from "../../runtime/clock.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { alertOfIndication } from "./alert-of-indication.ts";
import { createIndicationIntake, INTAKE_INTERVAL_MS } from "./indication-intake.ts";
import { createHostOf, createIndicationListener } from "./indication-listener.ts";
import { SEQUENCE_LIFETIME_MS, type SequenceMemory } from "./sequence-judge.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const text = (name: string, value: string): CimProperty => ({ name, type: "string", isArray: false, value });
const uint16 = (name: string, value: number): CimProperty => ({ name, type: "uint16", isArray: false, value });
const numberOf = (value: number): CimProperty => ({
  name: "SequenceNumber",
  type: "sint64",
  isArray: false,
  value: BigInt(value),
});

function fanAlert(number: number, more: readonly CimProperty[] = []): CimInstance {
  return new CimInstance({
    className: "CIM_AlertIndication",
    properties: [
      ...[text("SequenceContext", "c1"), numberOf(number), text("Message", `fan ${number} stopped`)],
      ...[uint16("PerceivedSeverity", 6), uint16("AlertType", 5), text("MessageID", "FAN0001")],
      ...[text("AlertingManagedElement", "fan 2"), uint16("ProbableCause", 16), ...more],
    ],
  });
}

const HOST_OF = createHostOf({
  hosts: async () => [
    { id: "old", address: "127.0.0.1" },
    { id: "web1", address: "127.0.0.1" },
  ],
  hasAgent: (id) => id === "web1",
  byAddress: true,
  hostOfToken: (token) => (token === "t0ken" ? "old" : undefined),
});

async function start(
  options: { memory?: SequenceMemory; fail?: () => boolean; refuses?: (alert: Alert) => boolean } = {},
) {
  const clock = new FakeClock();
  const stored = new Map<string, Alert>();
  const raised: Alert[] = [];
  let saved: SequenceMemory = options.memory ?? [];
  const intake = createIndicationIntake({
    inbox: {
      async store(_, alerts) {
        if (options.fail?.()) throw new Error("database is down");
        const refused = alerts.filter((alert) => options.refuses?.(alert) === true);
        const good = alerts.filter((alert) => !refused.includes(alert));
        for (const alert of good) stored.set(alert.id, alert);
        return {
          committed: good.map(({ id }) => id),
          refused: refused.map(({ id }) => ({ id, reason: "not that one" })),
        };
      },
      raise: async (_, alert) => void raised.push(alert),
    },
    hostOf: HOST_OF,
    memory: {
      load: async () => saved,
      async save(memory) {
        saved = JSON.parse(JSON.stringify(memory));
      },
    },
    ...{ clock, random: systemRandom, log: silentLog },
  });
  await intake.start();
  return { intake, clock, stored, raised, saved: () => saved };
}

const from = (user: string, remoteAddress = "127.0.0.1") => ({ user, url: "/", remoteAddress });

describe("an indication as an alert", () => {
  it("keeps what the standard has a property for, and the rest as details", () => {
    const indication = fanAlert(3, [
      { name: "EventTime", type: "datetime", isArray: false, value: CimDateTime.at(1_700_000_000_000) },
    ]);
    const alert = alertOfIndication({ indication, hostId: "web1", receivedAtMs: 5, freshId: () => "" });
    expect(alert).toMatchObject({
      ...{ raisedAtMs: 1_700_000_000_000, severity: "critical", category: "hardware", kind: "event" },
      ...{ component: "fan 2", condition: "cim.FAN0001", summary: "fan 3 stopped" },
    });
    expect(alert.details).toContainEqual({ name: "ProbableCause", value: "16" });
  });

  it("is the same for the same indication, and another for another host's", () => {
    const idOf = (number: number, hostId: string) =>
      alertOfIndication({ indication: fanAlert(number), hostId, receivedAtMs: 5, freshId: () => "" }).id;
    expect(idOf(1, "a")).toBe(idOf(1, "a"));
    expect(new Set([idOf(1, "a"), idOf(2, "a"), idOf(1, "b")]).size).toBe(3);
  });

  it("of our own agent is the alert that its report tells, too", () => {
    const id = "0193a1b2-0000-7000-8000-000000000001";
    const indication = fanAlert(1, [text("IndicationIdentifier", `Rusuban:${id}`)]);
    expect(alertOfIndication({ indication, hostId: "a", receivedAtMs: 5, freshId: () => "" }).id).toBe(id);
  });

  it("of an instance that came says which", () => {
    const service = new CimInstance({ className: "CIM_Service", properties: [text("Name", "sshd")] });
    const indication = new CimInstance({
      className: "CIM_InstDeletion",
      properties: [{ name: "SourceInstance", type: "string", isArray: false, embedded: "object", value: service }],
    });
    const alert = alertOfIndication({ indication, hostId: "a", receivedAtMs: 5, freshId: () => "x" });
    expect(alert).toMatchObject({ summary: "deleted: CIM_Service sshd", severity: "information", id: "x" });
  });
});

describe("the intake", () => {
  it("stores an indication once, however often it comes", async () => {
    const { intake, stored } = await start();
    for (const number of [0, 1, 1, 0]) await intake.commit([fanAlert(number)], from("web1"));
    expect([...stored.values()].map(({ summary }) => summary)).toEqual(["fan 0 stopped", "fan 1 stopped"]);
  });

  it("takes those of one sender together, in their order", async () => {
    const { intake, stored } = await start();
    expect(
      await intake.commit(
        [0, 1, 2].map((number) => fanAlert(number)),
        from("web1"),
      ),
    ).toEqual([undefined, undefined, undefined]);
    expect([...stored.values()].map(({ summary }) => summary)).toEqual([0, 1, 2].map((n) => `fan ${n} stopped`));
  });

  it("says which of them can never be taken", async () => {
    const { intake } = await start({ refuses: ({ summary }) => summary === "fan 1 stopped" });
    expect(
      await intake.commit(
        [0, 1, 2].map((number) => fanAlert(number)),
        from("web1"),
      ),
    ).toEqual([undefined, expect.objectContaining({ code: "INVALID_PARAMETER", message: "not that one" }), undefined]);
  });

  it("does not take for a duplicate what could not be stored the first time", async () => {
    let isDown = true;
    const { intake, stored } = await start({ fail: () => isDown });
    await expect(intake.commit([fanAlert(0)], from("web1"))).rejects.toThrow("database is down");
    isDown = false;
    await intake.commit([fanAlert(0)], from("web1"));
    expect(stored.size).toBe(1);
  });

  it("tells what did not arrive, over a restart", async () => {
    const first = await start();
    await first.intake.commit([fanAlert(0)], from("web1"));
    await first.intake.commit([fanAlert(4)], from("web1"));
    await first.intake.stop();
    const second = await start({ memory: first.saved() });
    await second.clock.advance(SEQUENCE_LIFETIME_MS + 2 * INTAKE_INTERVAL_MS);
    expect(second.raised).toMatchObject([
      { condition: "indications.lost", details: [{ value: "1 to 3" }], severity: "warning" },
    ]);
    await second.intake.stop();
  });

  it("listens to servers without our agent by their address, and to nobody else", async () => {
    const { intake, stored } = await start();
    await intake.commit([fanAlert(0)], from("", "127.0.0.1"));
    expect(stored.size).toBe(1);
    await expect(intake.commit([fanAlert(0)], from("", "192.0.2.9"))).rejects.toMatchObject({ code: "ACCESS_DENIED" });
  });
});

describe("the listener", () => {
  let ours: TestAuthority;

  async function listen(byAddress: boolean) {
    ours = await createTestAuthority();
    ends.push(() => ours.remove());
    const started = await start();
    const { listener } = createIndicationListener({
      book: { ...createPortBook(), portOf: () => 0 },
      listening: {
        ...{ host: "127.0.0.1", identity: await ours.identify(MANAGER, { names: ["127.0.0.1"] }) },
        ...{ isRevoked: () => false, connections: new Connections(), log: silentLog, clock: systemClock },
      },
      ...{ allowAnonymous: byAddress, hostOf: HOST_OF, intake: started.intake },
      ...{ random: systemRandom, log: silentLog },
    });
    await listener.start();
    ends.push(() => listener.stop());
    return { ...started, port: (listener as HttpsListener).port };
  }

  async function send(port: number, isHost: boolean) {
    const { key, cert } = (await ours.identify(WEB1)).secureContextOptions();
    const agent = createForeignAgent({
      ...{ flow: "cimIndication", host: "127.0.0.1", port, timeoutMs: 10_000, clock: systemClock },
      trust: { kind: "authority", pem: ours.certificate },
      ...(isHost ? { credentials: { key, cert } } : {}),
    });
    ends.push(() => agent.close());
    return (await exportIndications({ agent, path: "/" }, [fanAlert(0)]))[0];
  }

  it("takes indications of our agents, and refuses whoever shows no certificate", async () => {
    const { port, stored } = await listen(false);
    expect(await send(port, true)).toEqual({ delivered: true });
    expect(await send(port, false)).toMatchObject({ delivered: false, retry: true });
    expect(stored.size).toBe(1);
  });

  it("takes those of known addresses where that was allowed", async () => {
    const { port, stored } = await listen(true);
    expect(await send(port, false)).toEqual({ delivered: true });
    expect(stored.size).toBe(1);
  });
});
