import { afterEach, expect, it } from "vitest";
import { createIndicationService } from "../../agent/indications/indication-service.ts";
import { createIndicationStore } from "../../agent/indications/indication-store.ts";
import { createObjectManager } from "../../cim/create-object-manager.ts";
import { CIMV2, INTEROP, provide } from "../../cim/provider.ts";
import { CIM_AlertIndication } from "../../cim/schema/indication.ts";
import { CIM_ObjectManager } from "../../cim/schema/interop.ts";
import { openSqlite } from "../../database/open-sqlite.ts";
import { createForeignAgent } from "../../net/foreign-request.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createCimXmlClient } from "./client.ts";
import { serveModel } from "./server-fixture.ts";
import { ensureSubscription, removeSubscription } from "./subscribe.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const system = { SystemCreationClassName: "CIM_ComputerSystem", SystemName: "web1" };

async function start() {
  const sqlite = openSqlite({ file: ":memory:", cacheBytes: 1e6 });
  const service = createIndicationService({
    store: createIndicationStore({ sqlite, clock: systemClock, random: systemRandom }),
    isSubclass: (name, ancestor) => name === ancestor || ancestor === "CIM_Indication",
    rules: { allowPlain: false, allowLoopback: false, defaultPort: 1 },
    systemName: "web1",
    trustOf: () => ({ trust: { kind: "plain" } }),
    ...{ clock: systemClock, random: systemRandom, log: silentLog },
  });
  const objectManager = provide(CIM_ObjectManager, {
    namespace: INTEROP,
    instances: () => [{ ...system, CreationClassName: "CIM_ObjectManager", Name: "rusuban" }],
  });
  const manager = createObjectManager({
    classes: { [CIMV2]: [], [INTEROP]: [CIM_AlertIndication] },
    providers: [...service.providers, objectManager],
    clock: systemClock,
  });
  const served = await serveModel({ model: { manager, books: new Map(), dusted: [] } });
  const agent = createForeignAgent({
    ...{
      flow: "cimXml",
      host: "127.0.0.1",
      port: served.port,
      trust: { kind: "plain" },
      timeoutMs: 10_000,
      clock: systemClock,
    },
  });
  ends.push(
    () => service.stop(),
    () => served.stop(),
    () => agent.close(),
  );
  return createCimXmlClient({ agent, path: "/cimom" });
}

const WANTED = {
  name: "rusuban:test",
  destination: "https://manager.example:9/listen",
  query: "SELECT * FROM CIM_AlertIndication",
  sourceNamespace: "root/cimv2",
  systemName: "manager",
};

async function count(client: Awaited<ReturnType<typeof start>>, className: string): Promise<number> {
  let found = 0;
  for await (const _ of client.enumerateInstanceNames({ namespace: INTEROP, className })) found += 1;
  return found;
}
const CLASSES = ["CIM_IndicationFilter", "CIM_ListenerDestinationCIMXML", "CIM_IndicationSubscription"];

it("makes filter, destination and subscription once, however often it is asked", async () => {
  const client = await start();
  expect((await ensureSubscription(client, WANTED)).isNew).toBe(true);
  expect((await ensureSubscription(client, WANTED)).isNew).toBe(false);
  for (const className of CLASSES) expect(await count(client, className)).toBe(1);
});

it("makes them anew when something else is wanted, or something is missing", async () => {
  const client = await start();
  const { subscription } = await ensureSubscription(client, WANTED);
  const stricter = { ...WANTED, query: "SELECT * FROM CIM_AlertIndication WHERE PerceivedSeverity > 4" };
  expect((await ensureSubscription(client, stricter)).isNew).toBe(true);
  await client.deleteInstance({ namespace: INTEROP, path: subscription });
  expect((await ensureSubscription(client, stricter)).isNew).toBe(true);
  for (const className of CLASSES) expect(await count(client, className)).toBe(1);
});

it("asks in the first language that the server speaks", async () => {
  const client = await start();
  await ensureSubscription(client, { ...WANTED, languages: ["Klingon", "DMTF:CQL"] });
  for await (const filter of client.enumerateInstances({ namespace: INTEROP, className: "CIM_IndicationFilter" }))
    expect(filter.get("QueryLanguage")).toBe("DMTF:CQL");
  await expect(ensureSubscription(client, { ...WANTED, name: "other", languages: ["Klingon"] })).rejects.toMatchObject({
    code: "QUERY_LANGUAGE_NOT_SUPPORTED",
  });
});

it("takes all of it away again", async () => {
  const client = await start();
  await ensureSubscription(client, WANTED);
  expect(await removeSubscription(client, WANTED.name)).toBe(true);
  expect(await removeSubscription(client, WANTED.name)).toBe(false);
  for (const className of CLASSES) expect(await count(client, className)).toBe(0);
});

it("tells why the server does not take the destination", async () => {
  const client = await start();
  await expect(ensureSubscription(client, { ...WANTED, destination: "http://manager.example:9/" })).rejects.toThrow(
    "plain HTTP",
  );
});
