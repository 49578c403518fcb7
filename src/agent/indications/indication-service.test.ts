import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { createObjectManager } from "../../cim/create-object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, INTEROP } from "../../cim/provider.ts";
import {
  CIM_AlertIndication,
  CIM_InstCreation,
  CIM_InstDeletion,
  CIM_InstModification,
} from "../../cim/schema/indication.ts";
import { openSqlite } from "../../database/open-sqlite.ts";
import type { Alert } from "../../model/alert.ts";
import { createCimXmlListener } from "../../protocols/cim-xml/export-server.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { alertOf } from "../reporting/fixtures/alert-fixture.ts";
import { createAlertIndications } from "./alert-indication.ts";
import { createIndicationService } from "./indication-service.ts";
import { createIndicationStore } from "./indication-store.ts";
import { INDICATION_LIMITS } from "./limits.ts";

let folder = "";
const ends: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rusuban-indications-"));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

const INDICATIONS = [CIM_AlertIndication, CIM_InstCreation, CIM_InstModification, CIM_InstDeletion];
const ancestors = new Map(
  INDICATIONS.flatMap((each) => {
    const names: string[] = [];
    for (let at: typeof each | null = each; at !== null; at = at.superclass as typeof each | null)
      names.push(at.name.toLowerCase());
    return names.map((name, index) => [name, names.slice(index)] as const);
  }),
);
const isSubclass = (className: string, ancestor: string) =>
  ancestors.get(className.toLowerCase())?.includes(ancestor.toLowerCase()) ?? false;

const rules = { allowPlain: true, allowLoopback: true, defaultPort: 1 };

async function start({ file = join(folder, "indications.db"), changes = {} as Partial<typeof rules> } = {}) {
  const clock = new FakeClock();
  // As in the agent: the object manager needs the service's providers, so its classes are known only after it.
  let areClassesKnown = false;
  const service = createIndicationService({
    store: createIndicationStore({ sqlite: openSqlite({ file, cacheBytes: 1e6 }), clock, random: systemRandom }),
    isSubclass(className, ancestor) {
      expect(areClassesKnown).toBe(true);
      return isSubclass(className, ancestor);
    },
    rules: { ...rules, ...changes },
    systemName: "web1",
    trustOf: () => ({ trust: { kind: "plain" } }),
    clock,
    random: systemRandom,
    log: silentLog,
  });
  areClassesKnown = true;
  await service.start();
  const manager = createObjectManager({
    classes: { [CIMV2]: [], [INTEROP]: INDICATIONS },
    providers: service.providers,
    clock,
  });
  const alerts = createAlertIndications({ systemName: "web1", clock });
  let isStopped = false;
  const stop = async () => {
    if (!isStopped) await service.stop();
    isStopped = true;
  };
  ends.push(stop);
  return { service, manager, clock, stop, emit: (alert: Alert) => service.emit([alerts.of(alert)]) };
}
type Started = Awaited<ReturnType<typeof start>>;

/** A listener that can be told to fail; `until` resolves when it has taken so many. */
async function listen(port = 0) {
  const taken: CimInstance[] = [];
  let behaviour: () => Promise<void> = async () => {};
  const waiting = new Set<() => void>();
  const handler = createCimXmlListener({
    identify: async () => ({ known: true, user: "agent", mayChange: false }),
    addressOf: () => "",
    async commit(indications) {
      await behaviour();
      taken.push(...indications);
      for (const look of waiting) look();
      return indications.map(() => undefined);
    },
    log: silentLog,
  });
  const http: Server = createServer(handler);
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  ends.push(() => {
    http.closeAllConnections();
    http.close();
  });
  return {
    taken,
    port: (http.address() as AddressInfo).port,
    behave(next: () => Promise<void>) {
      behaviour = next;
    },
    until: (count: number) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (taken.length >= count) resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

const text = (name: string, value: string): CimProperty => ({ name, type: "string", isArray: false, value });
const signal = new AbortController().signal;
const create = ({ manager }: Started, className: string, properties: readonly CimProperty[]) =>
  manager.createInstance({ namespace: "interop", signal, instance: new CimInstance({ className, properties }) });

async function subscribe(
  started: Started,
  { port, query, name = "a" }: { port: number; query: string; name?: string },
) {
  const filter = await create(started, "CIM_IndicationFilter", [
    ...[text("Name", `test:${name}`), text("Query", query), text("QueryLanguage", "WQL")],
  ]);
  const handler = await create(started, "CIM_ListenerDestinationCIMXML", [
    ...[text("Name", `test:${name}`), text("Destination", `http://127.0.0.1:${port}/listen`)],
  ]);
  const subscription = await create(started, "CIM_IndicationSubscription", [
    { name: "Filter", type: "reference", isArray: false, value: filter },
    { name: "Handler", type: "reference", isArray: false, value: handler },
  ]);
  return { filter, handler, subscription };
}

async function enumerated({ manager }: Started, className: string): Promise<string[]> {
  const found: string[] = [];
  for await (const path of manager.enumerateInstanceNames({ namespace: INTEROP, className, signal }))
    found.push(String(path));
  return found;
}

const EVERYTHING = "SELECT * FROM CIM_AlertIndication";
const numbersOf = (taken: readonly CimInstance[]) => taken.map((each) => Number(each.get("SequenceNumber")));

describe("delivery", () => {
  it("brings an alert with the standard's properties, numbered from 0, and the filter's name", async () => {
    const started = await start();
    const listener = await listen();
    await subscribe(started, { port: listener.port, query: EVERYTHING });
    started.emit(alertOf(1, { kind: "raised", severity: "critical", summary: "file system / is full" }));
    started.emit(alertOf(2, { kind: "cleared", severity: "information", summary: "file system / has room" }));
    await listener.until(2);
    const [raised, cleared] = listener.taken;
    expect(raised?.className).toBe("CIM_AlertIndication");
    expect(raised?.get("PerceivedSeverity")).toBe(6);
    expect(raised?.get("ProbableCause")).toBe(50);
    expect(raised?.get("Message")).toBe("file system / is full");
    expect(raised?.get("IndicationFilterName")).toBe("test:a");
    expect(cleared?.get("ProbableCause")).toBe(59);
    expect(cleared?.get("CorrelatedIndications")).toEqual([raised?.get("IndicationIdentifier")]);
    expect(numbersOf(listener.taken)).toEqual([0, 1]);
    expect(raised?.get("SequenceContext")).toBe(cleared?.get("SequenceContext"));
  });

  it("sends only what the query chooses, and only while the subscription is enabled", async () => {
    const started = await start();
    const listener = await listen();
    const { subscription } = await subscribe(started, {
      port: listener.port,
      query: "SELECT * FROM CIM_AlertIndication WHERE PerceivedSeverity >= 5",
    });
    started.emit(alertOf(1, { severity: "warning" }));
    started.emit(alertOf(2, { severity: "major" }));
    await listener.until(1);
    const setState = (value: number) => {
      const state: CimProperty = { name: "SubscriptionState", type: "uint16", isArray: false, value };
      const instance = new CimInstance({ className: "CIM_IndicationSubscription", properties: [state] });
      return started.manager.modifyInstance({ namespace: INTEROP, signal, path: subscription, instance });
    };
    await setState(4);
    started.emit(alertOf(3, { severity: "fatal" }));
    await setState(2);
    started.emit(alertOf(4, { severity: "critical" }));
    await listener.until(2);
    expect(listener.taken.map((each) => each.get("PerceivedSeverity"))).toEqual([5, 6]);
    expect(numbersOf(listener.taken)).toEqual([0, 1]);
  });

  it("a listener that never answers and one that is not there hold up nobody else", async () => {
    const started = await start();
    const [slow, good, dead] = [await listen(), await listen(), await listen()];
    slow.behave(() => new Promise(() => {}));
    await subscribe(started, { port: slow.port, query: EVERYTHING, name: "slow" });
    await subscribe(started, { port: good.port, query: EVERYTHING, name: "good" });
    await subscribe(started, { port: dead.port, query: EVERYTHING, name: "dead" });
    await ends.pop()?.();
    for (let number = 0; number < 50; number++) started.emit(alertOf(number));
    await good.until(50);
    expect(numbersOf(good.taken)).toEqual(Array.from({ length: 50 }, (_, n) => n));
    expect(slow.taken).toEqual([]);
    const waiting = Object.fromEntries(started.service.destinations().map((each) => [each.destination, each.waiting]));
    expect(waiting["test:slow"]).toBe(50);
    expect(waiting["test:dead"]).toBe(50);
  });

  it("subscriptions, what waits and the numbers survive a restart", async () => {
    const first = await start();
    const away = await listen();
    const { port } = away;
    await subscribe(first, { port, query: EVERYTHING });
    await ends.pop()?.(); // The listener goes.
    for (const number of [1, 2, 3]) first.emit(alertOf(number));
    await first.stop();

    const listener = await listen(port);
    const second = await start();
    second.emit(alertOf(4));
    await listener.until(4);
    expect(numbersOf(listener.taken)).toEqual([0, 1, 2, 3]);
    expect(new Set(listener.taken.map((each) => each.get("SequenceContext"))).size).toBe(1);
  });

  it("a full line gives up its oldest, and the numbers show it", async () => {
    const started = await start();
    const listener = await listen();
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    listener.behave(() => released);
    await subscribe(started, { port: listener.port, query: EVERYTHING });
    const alerts = createAlertIndications({ systemName: "web1", clock: started.clock });
    const many = Array.from({ length: INDICATION_LIMITS.waitingPerDestination + 5 }, (_, n) => alerts.of(alertOf(n)));
    started.service.emit(many);
    expect(started.service.destinations()[0]?.waiting).toBe(INDICATION_LIMITS.waitingPerDestination);
    listener.behave(async () => {});
    release();
    await listener.until(2);
    expect(numbersOf(listener.taken.slice(0, 2)).at(-1)).toBeGreaterThanOrEqual(5);
  });
});

describe("what may be subscribed to", () => {
  const filterOf = (query: string, language: string) => [
    ...[text("Name", "test:x"), text("Query", query), text("QueryLanguage", language)],
  ];

  it.each([
    ["a language that is not spoken", filterOf("//x", "XPath"), "QUERY_LANGUAGE_NOT_SUPPORTED"],
    ["a query that is none", filterOf("SELECT", "WQL"), "INVALID_QUERY"],
    ["a class that is no indication", filterOf("SELECT * FROM CIM_Fan", "WQL"), "INVALID_QUERY"],
    ["no query", [text("Name", "test:x"), text("QueryLanguage", "WQL")], "INVALID_PARAMETER"],
  ])("refuses a filter with %s", async (_, properties, code) => {
    await expect(create(await start(), "CIM_IndicationFilter", properties)).rejects.toMatchObject({ code });
  });

  it.each<[string, Partial<typeof rules>]>([
    ["ftp://manager.example/", {}],
    ["not an address", {}],
    ["http://manager.example:9/", { allowPlain: false }],
    ["https://user:secret@manager.example:9/", {}],
    ...[
      "localhost",
      "127.0.0.1",
      "127.1",
      "2130706433",
      "[::1]",
      "[::ffff:127.0.0.1]",
      "0.0.0.0",
      "x.localhost",
      "[::]",
    ].map((host) => [`https://${host}:9/`, { allowLoopback: false }] as [string, Partial<typeof rules>]),
  ])("refuses the destination %s", async (destination, changes) => {
    const properties = [text("Name", "test:x"), text("Destination", destination)];
    const creation = create(await start({ changes }), "CIM_ListenerDestinationCIMXML", properties);
    await expect(creation).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  });

  it("serves a client that has destinations of the old class and names them by keys of its own (openwsman)", async () => {
    const started = await start();
    const listener = await listen();
    const foreign = { SystemCreationClassName: "OMC_UnitaryComputerSystem", SystemName: "localhost.localdomain" };
    const named = (className: string) =>
      new ObjectPath({ namespace: INTEROP, className, keys: { ...foreign, CreationClassName: className, Name: "s1" } });
    const [filter, handler] = [named("CIM_IndicationFilter"), named("CIM_IndicationHandlerCIMXML")];
    await create(started, filter.className, [text("Name", "s1"), ...filterOf(EVERYTHING, "WQL").slice(1)]);
    const destination = text("Destination", `http://127.0.0.1:${listener.port}/listen`);
    await create(started, handler.className, [text("Name", "s1"), destination]);
    await create(started, "CIM_IndicationSubscription", [
      { name: "Filter", type: "reference", isArray: false, value: filter },
      { name: "Handler", type: "reference", isArray: false, value: handler },
    ]);
    started.emit(alertOf(1));
    await listener.until(1);
    const keys = { Filter: filter, Handler: handler };
    const subscription = new ObjectPath({ namespace: INTEROP, className: "CIM_IndicationSubscription", keys });
    for (const path of [subscription, filter, handler])
      await started.manager.deleteInstance({ namespace: INTEROP, path, signal });
    for (const className of ["CIM_IndicationSubscription", "CIM_IndicationFilter", "CIM_ListenerDestination"])
      expect(await enumerated(started, className)).toEqual([]);
  });

  it("refuses a second one of the same name, one too many, and a subscription to what is not there", async () => {
    const started = await start();
    await create(started, "CIM_IndicationFilter", filterOf(EVERYTHING, "DMTF:CQL"));
    await expect(create(started, "CIM_IndicationFilter", filterOf(EVERYTHING, "WQL"))).rejects.toMatchObject({
      code: "ALREADY_EXISTS",
    });
    for (let n = 1; n < INDICATION_LIMITS.filters; n++)
      await create(started, "CIM_IndicationFilter", [...filterOf(EVERYTHING, "WQL").slice(1), text("Name", `n${n}`)]);
    await expect(
      create(started, "CIM_IndicationFilter", [...filterOf(EVERYTHING, "WQL").slice(1), text("Name", "more")]),
    ).rejects.toMatchObject({ code: "SERVER_LIMITS_EXCEEDED" });
    const nowhere = new ObjectPath({
      namespace: INTEROP,
      className: "CIM_IndicationFilter",
      keys: { Name: "nowhere" },
    });
    await expect(
      create(started, "CIM_IndicationSubscription", [
        { name: "Filter", type: "reference", isArray: false, value: nowhere },
        { name: "Handler", type: "reference", isArray: false, value: nowhere },
      ]),
    ).rejects.toMatchObject({ code: "INVALID_PARAMETER" });
  });

  it("keeps filter and destination while a subscription uses them, and lets a subscription end by itself", async () => {
    const started = await start();
    const listener = await listen();
    const { filter, handler, subscription } = await subscribe(started, { port: listener.port, query: EVERYTHING });
    const remove = (path: ObjectPath) => started.manager.deleteInstance({ namespace: INTEROP, signal, path });
    await expect(remove(filter)).rejects.toMatchObject({ code: "FAILED" });
    await expect(remove(handler)).rejects.toMatchObject({ code: "FAILED" });
    const lasting = new CimInstance({
      className: "CIM_IndicationSubscription",
      properties: [{ name: "SubscriptionDuration", type: "uint64", isArray: false, value: 60n }],
    });
    await started.manager.modifyInstance({ namespace: INTEROP, signal, path: subscription, instance: lasting });
    const left = async () =>
      (await started.manager.getInstance({ namespace: INTEROP, signal, path: subscription })).get(
        "SubscriptionTimeRemaining",
      );
    await started.clock.advance(20_000);
    expect(await left()).toBe(40n);
    await started.clock.advance(40_000);
    started.emit(alertOf(1));
    await expect(left()).rejects.toMatchObject({ code: "NOT_FOUND" });
    await remove(filter);
    await remove(handler);
    expect(started.service.destinations()).toEqual([]);
  });
});
