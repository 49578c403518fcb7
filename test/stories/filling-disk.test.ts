import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createObjectManager } from "../../src/cim/create-object-manager.ts";
import { CIMV2, INTEROP, provide } from "../../src/cim/provider.ts";
import { DMTF_CLASSES } from "../../src/cim/schema/dmtf-classes.ts";
import { CIM_LocalFileSystem } from "../../src/cim/schema/storage.ts";
import { openDatabase } from "../../src/database/open-database.ts";
import { RULE_DEFAULTS } from "../../src/judging/thresholds.ts";
import { createInbox } from "../../src/manager/alerts/inbox.ts";
import { type AgentlessOrder, createAgentlessList } from "../../src/manager/watch/agentless/agentless-list.ts";
import { createAgentlessWatch } from "../../src/manager/watch/agentless/agentless-watch.ts";
import { openSecretSeal } from "../../src/manager/watch/agentless/sealed-secret.ts";
import { createLookJudge } from "../../src/manager/watch/look-judge.ts";
import type { HostReadings } from "../../src/model/reading.ts";
import { serveModel } from "../../src/protocols/cim-xml/server-fixture.ts";
import { integer, oid, serveObjects, startResponder, text } from "../../src/protocols/snmp/snmp-fixture.ts";
import { ACCOUNT, startLoopbackServer } from "../../src/protocols/wsman/loopback-fixture.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { FakeClock } from "../../src/runtime/fake-clock.ts";
import { silentLog } from "../../src/runtime/log.ts";
import { systemRandom } from "../../src/runtime/random.ts";

// A server without our agent fills its disk; somebody is told once, makes room, and it is over. By each means that sees
// disks.

const INTERVAL_MS = 60_000;
const STORAGE = "1.3.6.1.2.1.25.2.3.1";
const BLOCKS = 100_000;
const BLOCK_BYTES = 4_096;

interface Disk {
  usedPercent: number;
}
type Place = Pick<AgentlessOrder, "means" | "port" | "trust" | "account" | "snmp">;
type Served = Place & { close(): unknown };

async function serveBySnmp(disk: Disk): Promise<Served> {
  const { port, close } = await startResponder((request) =>
    serveObjects([
      ["1.3.6.1.2.1.1.1.0", text("A network storage")],
      [`${STORAGE}.2.1`, oid("1.3.6.1.2.1.25.2.1.4")],
      [`${STORAGE}.3.1`, text("/volume1")],
      [`${STORAGE}.4.1`, integer(BLOCK_BYTES)],
      [`${STORAGE}.5.1`, integer(BLOCKS)],
      [`${STORAGE}.6.1`, integer((disk.usedPercent * BLOCKS) / 100)],
    ])(request),
  );
  const snmp = { version: "2c", community: "public" } as const;
  return { means: "snmp", port, trust: { kind: "system" }, account: null, snmp, close };
}

function storageOf(disk: Disk) {
  return createObjectManager({
    classes: { [CIMV2]: DMTF_CLASSES, [INTEROP]: DMTF_CLASSES },
    providers: [
      provide(CIM_LocalFileSystem, {
        instances: () => [
          {
            ...{ CSCreationClassName: "CIM_ComputerSystem", CSName: "nas1" },
            ...{ CreationClassName: "CIM_LocalFileSystem", Name: "/volume1", Root: "/volume1" },
            FileSystemSize: BigInt(BLOCKS * BLOCK_BYTES),
            AvailableSpace: BigInt(((100 - disk.usedPercent) * BLOCKS * BLOCK_BYTES) / 100),
          },
        ],
      }),
    ],
    clock: systemClock,
  });
}

async function serveByCimXml(disk: Disk): Promise<Served> {
  const { port, stop } = await serveModel({ model: { manager: storageOf(disk) } as never });
  return { means: "cim-xml", port, trust: { kind: "plain" }, account: null, close: stop };
}

async function serveByWsman(disk: Disk): Promise<Served> {
  const { port, stop } = await startLoopbackServer({ objects: storageOf(disk) });
  return { means: "wsman", port, trust: { kind: "plain" }, account: ACCOUNT, close: stop };
}

it.each([
  ["SNMP", serveBySnmp],
  ["CIM-XML", serveByCimXml],
  ["WS-Management", serveByWsman],
])("a server looked at by %s fills its disk: one alert, which ends when there is room again", async (_, serve) => {
  const disk: Disk = { usedPercent: 40 };
  const { close, ...place } = await serve(disk);
  const folder = await mkdtemp(join(tmpdir(), "rusuban-filling-"));
  const clock = new FakeClock();
  const common = { clock, random: systemRandom, log: silentLog };
  const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  const inbox = createInbox({ database, clock, log: silentLog, onAlerts: () => {} });
  const list = createAgentlessList({
    database,
    seal: await openSecretSeal(join(folder, "key"), systemRandom),
    ...common,
  });
  const judge = createLookJudge({
    ...{ inbox, settings: { ...RULE_DEFAULTS, intervalMs: INTERVAL_MS }, thresholdsOf: list.thresholdsOf },
    ...{ isWatched: () => true, ...common },
  });
  let seen = Promise.withResolvers<HostReadings | undefined>();
  const watch = createAgentlessWatch({
    ...{ list, intervalMs: INTERVAL_MS, failuresMax: 3, ...common },
    // No spread: each look begins when the clock stands still, and is not overtaken by it.
    random: (bytes) => Buffer.alloc(bytes),
    ping: async () => ({ reachable: true, reason: "replies" }),
    onLook: (hostId, { readings }) => seen.resolve(judge.judge(hostId, readings)),
    onDown: (_, { reason }) => seen.reject(new Error(reason)),
  });
  await watch.start();
  onTestFinished(async () => {
    await watch.stop();
    await close();
    await inbox.stop();
    await database.destroy();
    await rm(folder, { recursive: true });
  });
  const order: AgentlessOrder = {
    ...{ name: "nas1", address: "127.0.0.1", path: null, namespace: null },
    ...place,
  };
  const added = await watch.add(order);
  const hostId = added?.hostId ?? "";

  // At once, when it has been added.
  let waitMs = 0;
  /** The state of the disk at the next looks, each an interval after the one before. */
  async function looks(count: number): Promise<(string | undefined)[]> {
    const states: (string | undefined)[] = [];
    for (let look = 0; look < count; look++) {
      await clock.advance(waitMs);
      waitMs = INTERVAL_MS * 0.9;
      const stated = await seen.promise;
      seen = Promise.withResolvers();
      states.push(
        stated?.readings.find(({ component, measure }) => component === "file system /volume1" && measure === "used")
          ?.state,
      );
    }
    return states;
  }
  const told = async () => (await inbox.page({ limit: 10, hostId })).items.toReversed();

  expect(await looks(2)).toEqual(["ok", "ok"]);
  expect(await told()).toEqual([]);
  disk.usedPercent = 96;
  expect(await looks(4)).toEqual(["ok", "critical", "critical", "critical"]);
  expect(await told()).toMatchObject([
    {
      ...{ kind: "raised", severity: "critical", state: "open", hostName: "nas1" },
      ...{ condition: "filesystem.filling", summary: "/volume1 is 96 % full: 16 MB of 410 MB free" },
    },
  ]);
  disk.usedPercent = 50;
  expect(await looks(3)).toEqual(["critical", "ok", "ok"]);
  expect(await told()).toMatchObject([
    { kind: "raised", state: "cleared" },
    {
      kind: "cleared",
      severity: "information",
      summary: expect.stringMatching(/^\/volume1 has room again after \d+ minutes: 50 % full/),
    },
  ]);
});
