import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createIndicationService } from "../../src/agent/indications/indication-service.ts";
import { createIndicationStore } from "../../src/agent/indications/indication-store.ts";
import { createSinkDialer } from "../../src/agent/management/sink-dialer.ts";
import { CimInstance } from "../../src/cim/cim-instance.ts";
import { createObjectManager } from "../../src/cim/create-object-manager.ts";
import { CIMV2, INTEROP, provide } from "../../src/cim/provider.ts";
import { CIM_AlertIndication } from "../../src/cim/schema/indication.ts";
import { CIM_ObjectManager } from "../../src/cim/schema/interop.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { openSqlite } from "../../src/database/open-sqlite.ts";
import { createIndicationIntake } from "../../src/manager/indications/indication-intake.ts";
import {
  createHostOf,
  createIndicationListener,
  SUBSCRIBED_PATHS,
} from "../../src/manager/indications/indication-listener.ts";
import { type AgentlessOrder, createAgentlessList } from "../../src/manager/watch/agentless/agentless-list.ts";
import type { SubscriptionKeeper } from "../../src/manager/watch/subscriptions/subscription-keeper.ts";
import { createSubscriptions } from "../../src/manager/watch/subscriptions/subscriptions.ts";
import type { Alert } from "../../src/model/alert.ts";
import { Connections } from "../../src/net/connections.ts";
import type { ForeignTrust } from "../../src/net/foreign-dial.ts";
import { createForeignAgent, foreignRequest } from "../../src/net/foreign-request.ts";
import type { HttpsListener } from "../../src/net/https-listen.ts";
import { loadIdentity } from "../../src/net/identity.ts";
import { createTestAuthority, MANAGER } from "../../src/net/loopback-fixture.ts";
import { createPortBook } from "../../src/ports/port-settings.ts";
import { exportIndications } from "../../src/protocols/cim-xml/exporter.ts";
import { serveModel } from "../../src/protocols/cim-xml/server-fixture.ts";
import { createEventSource } from "../../src/protocols/wsman/event-source.ts";
import { createMemoryEventStorage } from "../../src/protocols/wsman/event-storage.ts";
import { ACCOUNT, startLoopbackServer } from "../../src/protocols/wsman/loopback-fixture.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { startStory, until } from "./agent-and-manager.ts";

// A server of each protocol without our agent's certificate, the manager's own listener, and what one sets up at the other.

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const common = { clock: systemClock, random: systemRandom, log: silentLog };
const RULES = { allowPlain: false, allowLoopback: true, defaultPort: 1 };

function fanAlert(message: string): CimInstance {
  return new CimInstance({
    className: "CIM_AlertIndication",
    properties: [
      { name: "Message", type: "string", isArray: false, value: message },
      { name: "PerceivedSeverity", type: "uint16", isArray: false, value: 6 },
      { name: "AlertType", type: "uint16", isArray: false, value: 5 },
      { name: "ProbableCause", type: "uint16", isArray: false, value: 16 },
    ],
  });
}

async function startManager() {
  const authority = await createTestAuthority();
  ends.push(() => authority.remove());
  const database = await openDatabase({ file: ":memory:", clock: systemClock, log: silentLog });
  ends.push(() => database.destroy());
  const arrived: { readonly hostId: string; readonly summary: string }[] = [];
  let arrive = () => {};
  let keeper: SubscriptionKeeper | undefined;
  const hostOf = createHostOf({
    hosts: async () => [],
    hasAgent: () => false,
    byAddress: false,
    hostOfToken: (token) => keeper?.hostOf(token),
  });
  const intake = createIndicationIntake({
    inbox: {
      async store(hostId, alerts) {
        arrived.push(...alerts.map(({ summary }) => ({ hostId, summary })));
        arrive();
        return { committed: alerts.map(({ id }) => id), refused: [] };
      },
      raise: async () => {},
    },
    hostOf,
    memory: { load: async () => [], save: async () => {} },
    ...common,
  });
  const { listener } = createIndicationListener({
    book: { ...createPortBook(), portOf: () => 0 },
    listening: {
      ...{ host: "127.0.0.1", identity: await authority.identify(MANAGER, { names: ["127.0.0.1"] }) },
      ...{ isRevoked: () => false, connections: new Connections(), log: silentLog, clock: systemClock },
    },
    ...{ allowAnonymous: true, hostOf, intake, random: systemRandom, log: silentLog },
  });
  await listener.start();
  ends.push(() => listener.stop());
  const { port } = listener as HttpsListener;
  const seal = { seal: (secret: string) => secret, open: (sealed: string) => sealed };
  const hosts = createAgentlessList({ database, seal, ...common });
  const told: Alert[] = [];
  keeper = createSubscriptions({
    ...{ managerId: "m1", address: "127.0.0.1", port, find: hosts.find, database, seal, mayBeTold: () => true },
    ping: async () => ({ reachable: true, reason: "" }),
    inbox: { raise: async (_, alert) => void told.push(alert), page: async () => ({ items: [], next: null }) },
    ...common,
  });
  const kept = keeper;
  await kept.start();
  ends.push(() => kept.stop());
  const trust = { kind: "authority", pem: authority.certificate } as const;
  return {
    ...{ port, keeper: kept, told, arrived, trust },
    async add(order: Pick<AgentlessOrder, "means" | "port" | "account">) {
      const target = await hosts.add({
        ...{ name: "sas1", address: "127.0.0.1", path: null, namespace: null, trust: { kind: "plain" }, ...order },
      });
      if (target === undefined) throw new Error("the name is taken");
      await kept.add(target);
      return target.hostId;
    },
    /** Resolves when so many have arrived. */
    has(count: number): Promise<void> {
      return new Promise((resolve) => {
        arrive = () => {
          if (arrived.length >= count) resolve();
        };
        arrive();
      });
    },
  };
}

/** Whom a server believes when it delivers. */
interface Believes {
  readonly trust: ForeignTrust;
}

async function startCimXmlServer({ trust }: Believes) {
  const service = createIndicationService({
    store: createIndicationStore({ sqlite: openSqlite({ file: ":memory:", cacheBytes: 1e6 }), ...common }),
    isSubclass: (name, ancestor) => name === ancestor || ancestor === "CIM_Indication",
    ...{ rules: RULES, systemName: "sas1", trustOf: () => ({ trust }), ...common },
  });
  const system = { SystemCreationClassName: "CIM_ComputerSystem", SystemName: "sas1" };
  const objectManager = provide(CIM_ObjectManager, {
    namespace: INTEROP,
    instances: () => [{ ...system, CreationClassName: "CIM_ObjectManager", Name: "sas" }],
  });
  const manager = createObjectManager({
    classes: { [CIMV2]: [], [INTEROP]: [CIM_AlertIndication] },
    providers: [...service.providers, objectManager],
    clock: systemClock,
  });
  const served = await serveModel({ model: { manager, books: new Map(), dusted: [] } });
  ends.push(
    () => service.stop(),
    () => served.stop(),
  );
  return {
    order: { means: "cim-xml", port: served.port, account: null } as const,
    emit: (message: string) => service.emit([fanAlert(message)]),
    count: () => service.destinations().length,
  };
}

async function startWsmanServer({ trust }: Believes) {
  const objects = createObjectManager({
    classes: { [CIMV2]: [CIM_AlertIndication], [INTEROP]: [] },
    providers: [],
    clock: systemClock,
  });
  const dialer = createSinkDialer({
    ...{ rules: RULES, trustOf: () => ({ trust }), clock: systemClock, timeoutMs: 10_000 },
  });
  const eventing = createEventSource({ objects, storage: createMemoryEventStorage(), post: dialer.post, ...common });
  await eventing.start();
  const server = await startLoopbackServer({ objects, eventing });
  ends.push(
    () => dialer.close(),
    () => eventing.stop(),
    () => server.stop(),
  );
  return {
    order: { means: "wsman", port: server.port, account: ACCOUNT } as const,
    emit: (message: string) => eventing.publish(fanAlert(message), CIMV2),
    count: () => eventing.subscriptions.length,
  };
}

describe.each([
  ["CIM-XML", startCimXmlServer],
  ["WS-Management", startWsmanServer],
] as const)("a server of %s", (_, startServer) => {
  it("is subscribed at, and tells the manager what happens under its own name", async () => {
    const manager = await startManager();
    const server = await startServer(manager);
    const hostId = await manager.add(server.order);
    expect(await manager.keeper.look(hostId)).toMatchObject({ state: "kept", reason: "" });
    server.emit("fan 1 stopped");
    await manager.has(1);
    expect(manager.arrived).toEqual([{ hostId, summary: "fan 1 stopped" }]);
    await manager.keeper.look(hostId);
    expect(server.count()).toBe(1);
    expect(manager.told).toEqual([]);
  });

  it("is left without a trace when its host is removed", async () => {
    const manager = await startManager();
    const server = await startServer(manager);
    const hostId = await manager.add(server.order);
    await manager.keeper.look(hostId);
    manager.keeper.remove(hostId);
    await manager.keeper.look(hostId);
    expect(server.count()).toBe(0);
    expect(manager.keeper.of(hostId)).toBeUndefined();
  });

  it("that is not there is failing, with its reason", async () => {
    const manager = await startManager();
    const server = await startServer(manager);
    const hostId = await manager.add({ ...server.order, port: 1 });
    const known = await manager.keeper.look(hostId);
    expect(known?.state).toBe("failing");
    expect(known?.reason).toMatch(/127\.0\.0\.1|refused|port/);
    expect(manager.told).toMatchObject([{ kind: "raised", condition: "indications.subscription" }]);
  });
});

it("takes nothing from who does not know a server's token", async () => {
  const { port, trust, arrived } = await startManager();
  const agent = createForeignAgent({
    ...{ flow: "cimIndication", host: "127.0.0.1", port, trust, timeoutMs: 10_000, clock: systemClock },
  });
  ends.push(() => agent.close());
  for (const path of ["/", `${SUBSCRIBED_PATHS["cim-xml"]}guessed`]) {
    expect(await exportIndications({ agent, path }, [fanAlert("x")])).toMatchObject([{ delivered: false }]);
  }
  const { status } = await foreignRequest(agent, {
    ...{ method: "POST", path: `${SUBSCRIBED_PATHS.wsman}guessed`, headers: {}, body: "<x/>" },
  });
  expect(status).toBe(401);
  expect(arrived).toEqual([]);
});

describe("a real manager", () => {
  it("has what a server told also when it was away meanwhile, and leaves the server when nobody wants it or its host is removed", async () => {
    const story = await startStory({ manager: { "indications.subscribe": "on" } });
    const own = await loadIdentity(join(story.managerDirectory, "administrator"));
    const pem = own?.secureContextOptions().ca ?? "";
    const server = await startCimXmlServer({ trust: { kind: "authority", pem } });
    const body = { name: "sas1", address: "127.0.0.1", means: "cim-xml", port: server.order.port } as const;
    const { id: hostId } = await story.api.hostAdd({ body: { ...body, trust: { kind: "plain" }, indications: true } });
    const shown = async () => (await story.api.hostShow({ params: { host: hostId } })).subscription?.state;
    await until("it is subscribed at", async () => (await shown()) === "kept");
    const { steps } = await story.api.hostCheck({ params: { host: hostId } });
    expect(steps.at(-1)).toEqual({ step: "subscription", passed: true, what: "in place" });

    server.emit("fan 1 stopped");
    await story.killManager();
    server.emit("fan 2 stopped");
    await story.restartManager();
    await until("both are in the inbox", async () => {
      const { items } = await story.api.alertList({ query: { text: "stopped" } });
      const told = items.filter((alert) => alert.hostId === hostId).map(({ summary }) => summary);
      return told.includes("fan 1 stopped") && told.includes("fan 2 stopped");
    });
    expect(await shown()).toBe("kept");

    const change = (subscribed: boolean) =>
      story.api.hostIndications({ params: { host: hostId }, body: { subscribed } });
    expect((await change(false)).subscription).toBeNull();
    await until("the server is left alone where nobody wants it", async () => server.count() === 0);
    expect((await change(true)).subscription).not.toBeNull();
    await until("it is subscribed at again", async () => (await shown()) === "kept");

    await story.api.hostRemove({ params: { host: hostId } });
    await until("the server is left alone", async () => server.count() === 0);
  }, 120_000);

  it("subscribes nowhere unless its setting allows it", async () => {
    const { api } = await startStory();
    const body = { name: "sas1", address: "127.0.0.1", means: "cim-xml", indications: true } as const;
    await expect(api.hostAdd({ body })).rejects.toThrow("indications.subscribe is off");
    expect((await api.hostList({ query: { text: "sas1" } })).items).toEqual([]);
    await expect(api.hostAdd({ body: { ...body, means: "ping" } })).rejects.toThrow("looked at by ping tells none");
  }, 120_000);
});
