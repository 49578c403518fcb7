import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import { CimError } from "../../../cim/cim-error.ts";
import { CimInstance } from "../../../cim/cim-instance.ts";
import { sampleHouse } from "../../../cim/fixtures/sample-house.ts";
import { openDatabase } from "../../../database/open-database.ts";
import { createTestAuthority, MANAGER } from "../../../net/loopback-fixture.ts";
import { serveModel } from "../../../protocols/cim-xml/server-fixture.ts";
import { ACCOUNT, startLoopbackServer } from "../../../protocols/wsman/loopback-fixture.ts";
import { systemClock } from "../../../runtime/clock.ts";
import { CorruptionError } from "../../../runtime/errors.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { systemRandom } from "../../../runtime/random.ts";
import { type AgentlessOrder, createAgentlessList } from "./agentless-list.ts";
import { type Enumerate, INSTANCES_PER_LOOK_MAX, lookByCim } from "./cim-look.ts";
import { createCimXmlMeans } from "./cim-xml-means.ts";
import { discover } from "./discovery.ts";
import type { Means } from "./means.ts";
import { createPoller, POLL_LIMITS, type PollerNeeds } from "./poller.ts";
import { openSecretSeal } from "./sealed-secret.ts";
import type { Target } from "./target.ts";
import { createWsmanMeans } from "./wsman-means.ts";

const TARGET: Target = {
  ...{ hostId: "a", name: "web1", address: "127.0.0.1", port: null, path: null, namespace: null, account: null },
  means: "ping",
  trust: { kind: "plain" },
};
const NEVER = new AbortController().signal;
const NO_CHOICE = { properties: [] };

/** What both protocols see of the sample: two file systems, two fans, one of them failing, and no operating system. */
const SAMPLE_LOOK = [
  ["file system /", "used", 0.75, "ok"],
  ["file system /", "free", 2 ** 38, "ok"],
  ["file system /var", "used", 0.75, "ok"],
  ["file system /var", "free", 2 ** 62, "ok"],
  ["fan fan 1", "healthy", 1, "ok"],
  ["fan fan 2", "healthy", 0, "critical"],
] as const;

async function looked(means: Means) {
  const { readings } = await means.look(NEVER);
  return readings
    .filter(({ component }) => component !== "memory")
    .map(({ component, measure, value, state }) => [component, measure, value, state]);
}

describe("a look over WS-Management", () => {
  async function start(changes: Partial<Target> = {}) {
    const server = await startLoopbackServer({ objects: sampleHouse({ clock: systemClock }) });
    const target: Target = { ...TARGET, means: "wsman", port: server.port, account: ACCOUNT, ...changes };
    const means = createWsmanMeans(target, { clock: systemClock, random: systemRandom });
    onTestFinished(async () => {
      means.close();
      await server.stop();
    });
    return means;
  }

  it("sees what the server tells, and how healthy it says it is", async () => {
    expect(await looked(await start())).toEqual(SAMPLE_LOOK);
  });

  it.each<[string, Partial<Target>, string]>([
    ["everything", {}, "port:true certificate:true account:true path:true"],
    [
      "the account",
      { account: { ...ACCOUNT, password: "wrong" } },
      "port:true certificate:true account:false path:null",
    ],
    ["the path", { path: "/elsewhere" }, "port:true certificate:true account:true path:false"],
    ["the port", { port: 1 }, "port:false certificate:null account:null path:null"],
  ])("checks %s", async (_, changes, wanted) => {
    const steps = await (await start(changes)).check(NEVER);
    expect(steps.map(({ step, passed }) => `${step}:${passed}`).join(" ")).toBe(wanted);
    for (const { passed, what } of steps) if (passed === false) expect(what).not.toBe("");
  });
});

it("a look over CIM-XML sees the same", async () => {
  const manager = sampleHouse({ clock: systemClock });
  const served = await serveModel({ model: { manager } as never });
  const target: Target = { ...TARGET, means: "cim-xml", port: served.port };
  const means = createCimXmlMeans(target, { clock: systemClock });
  onTestFinished(async () => {
    means.close();
    await served.stop();
  });
  expect(await looked(means)).toEqual(SAMPLE_LOOK);
});

describe("a look at Windows", () => {
  // Values as Win32_OperatingSystem, Win32_LogicalDisk and Win32_Processor document them (learn.microsoft.com, CIMWin32):
  // all are text, because WS-Management carries no types.
  const WINDOWS: Readonly<Record<string, readonly Readonly<Record<string, string | null>>[]>> = {
    Win32_OperatingSystem: [
      {
        Caption: "Microsoft Windows Server 2022 Standard",
        CSName: "WIN1",
        OSArchitecture: "64-bit",
        TotalVisibleMemorySize: "16776248",
        FreePhysicalMemory: "4194062",
        LastBootUpTime: "20261121070315.500000+540",
        LocalDateTime: "20261122070315.500000+540",
      },
    ],
    Win32_Processor: [{ LoadPercentage: "10" }, { LoadPercentage: "30" }, { LoadPercentage: null }],
    Win32_LogicalDisk: [
      { DeviceID: "C:", Size: "100000000000", FreeSpace: "25000000000" },
      { DeviceID: "D:", Size: null, FreeSpace: null },
    ],
  };

  function enumerating(tables: typeof WINDOWS, fails: Readonly<Record<string, Error>> = {}): Enumerate {
    return async function* (className) {
      const failure = fails[className];
      if (failure !== undefined) throw failure;
      for (const row of tables[className] ?? []) {
        const properties = Object.entries(row).map(([name, value]) => ({
          ...{ name, type: "string" as const, isArray: false, value },
        }));
        yield new CimInstance({ className, properties });
      }
    };
  }
  const options = { family: "windows", isMissing: (error: unknown) => error instanceof CimError } as const;

  it("reads facts, memory, processors, disks and how long it has been up", async () => {
    const { facts, readings } = await lookByCim(enumerating(WINDOWS), options);
    expect(facts).toEqual({
      operatingSystem: "Microsoft Windows Server 2022 Standard",
      hostname: "WIN1",
      architecture: "64-bit",
    });
    expect(readings.map(({ component, measure, value, state }) => [component, measure, value, state])).toEqual([
      ["memory", "used", 0.75, "ok"],
      ["memory", "available", 4194062 * 1024, "ok"],
      ["host", "uptime", 86_400, "ok"],
      ["processor", "busy", 0.2, "ok"],
      ["file system C:", "used", 0.75, "ok"],
      ["file system C:", "free", 25_000_000_000, "ok"],
      ["file system D:", "used", null, "unknown"],
    ]);
  });

  it("leaves out a class that is not there, says of one that fails that it is unknown, and fails without the system", async () => {
    const missing = new CimError("INVALID_CLASS", "no such class");
    const fails = { Win32_Processor: missing, Win32_LogicalDisk: new Error("it broke") };
    const { readings } = await lookByCim(enumerating(WINDOWS, fails), options);
    expect(readings.map(({ component, state }) => [component, state]).slice(3)).toEqual([
      ["Win32_LogicalDisk", "unknown"],
    ]);
    await expect(lookByCim(enumerating(WINDOWS, { Win32_OperatingSystem: missing }), options)).rejects.toBe(missing);
  });

  it("believes no server that names disks without end", async () => {
    let given = 0;
    const endless: Enumerate = async function* (className) {
      if (className === "Win32_OperatingSystem") yield* enumerating(WINDOWS)(className, NO_CHOICE);
      else if (className === "Win32_LogicalDisk") {
        for (;;) {
          given += 1;
          yield* enumerating({ x: [{ DeviceID: `D${given}`, Size: "2", FreeSpace: "1" }] })("x", NO_CHOICE);
        }
      }
    };
    await lookByCim(endless, options);
    expect(given).toBe(INSTANCES_PER_LOOK_MAX + 1);
  });
});

it.each([
  ["DMTF", "dmtf", "42"],
  ["DMTF, of nothing that is known", "dmtf", null],
  ["Windows", "windows", "42"],
] as const)("a look asks for every property that it reads, in the classes of %s", async (_, family, value) => {
  const unasked: string[] = [];
  const enumerate: Enumerate = async function* (className, { properties }) {
    const told = new CimInstance({ className, properties: [] });
    yield Object.assign(told, {
      get(name: string) {
        if (!properties.includes(name)) unasked.push(`${className}.${name}`);
        return value;
      },
    });
  };
  const { readings } = await lookByCim(enumerate, { family, isMissing: () => false });
  expect(readings.length).toBeGreaterThan(0);
  expect(unasked).toEqual([]);
});

describe("the poller", () => {
  const INTERVAL_MS = 60_000;

  async function start(look: (target: Target) => Promise<void>, targets: readonly Target[] = [TARGET]) {
    const clock = new FakeClock();
    const happened: string[] = [];
    let [atOnce, atOnceMost] = [0, 0];
    const needs: PollerNeeds = {
      meansOf: (target) => ({
        async look() {
          atOnce += 1;
          atOnceMost = Math.max(atOnceMost, atOnce);
          try {
            await look(target);
          } finally {
            atOnce -= 1;
          }
          return { facts: {}, readings: [] };
        },
        check: async () => [],
        close: () => happened.push(`closed ${target.name}`),
      }),
      ping: async () => ({ reachable: false, reason: "no reply" }),
      intervalMs: INTERVAL_MS,
      failuresMax: 3,
      onLook: ({ name }) => happened.push(`saw ${name}`),
      onDown: ({ name }, { ping, reason }) => happened.push(`${name} is down: ${ping}, ${reason}`),
      clock,
      random: systemRandom,
      log: silentLog,
    };
    const poller = createPoller(needs);
    for (const target of targets) poller.add(target);
    await poller.start();
    return { clock, happened, poller, atOnceMost: () => atOnceMost };
  }

  it("looks at a server once an interval", async () => {
    const { clock, happened, poller } = await start(async () => {});
    await clock.advance(INTERVAL_MS * 10);
    expect(happened.length).toBeGreaterThanOrEqual(9);
    expect(happened.length).toBeLessThanOrEqual(12);
    await poller.stop();
    expect(happened.at(-1)).toBe("closed web1");
  });

  it("says that a server is down after so many failures in a row, and then asks less often", async () => {
    let isDown = true;
    const { clock, happened, poller } = await start(async () => {
      if (isDown) throw new Error("refused");
    });
    await clock.advance(INTERVAL_MS * 2);
    expect(happened).toEqual([]);
    await clock.advance(INTERVAL_MS * 2);
    expect(happened).toContain("web1 is down: no answer, refused");
    await clock.advance(INTERVAL_MS * 56);
    expect(happened.length).toBeLessThan(15);
    isDown = false;
    await clock.advance(INTERVAL_MS * 10);
    expect(happened.at(-1)).toBe("saw web1");
    await poller.stop();
  });

  it("never looks at more at once than it may, and gets to all", async () => {
    const targets = Array.from({ length: 300 }, (_, index) => ({ ...TARGET, hostId: `h${index}`, name: `h${index}` }));
    const going: (() => void)[] = [];
    const { clock, happened, poller, atOnceMost } = await start(
      () => new Promise<void>((resolve) => going.push(resolve)),
      targets,
    );
    await clock.advance(INTERVAL_MS);
    while (going.length > 0) {
      going.shift()?.();
      await clock.advance(0);
    }
    expect(atOnceMost()).toBe(POLL_LIMITS.atOnce);
    expect(new Set(happened).size).toBe(300);
    await poller.stop();
  });

  it("looks at once at a server that is added, and never again at one that is removed", async () => {
    const { clock, happened, poller } = await start(async () => {}, []);
    poller.add(TARGET);
    await clock.advance(0);
    expect(happened).toEqual(["saw web1"]);
    poller.remove(TARGET.hostId);
    await clock.advance(INTERVAL_MS * 3);
    expect(happened).toEqual(["saw web1", "closed web1"]);
    await poller.stop();
  });
});

describe("discovery", () => {
  it("finds who answers ping, and who speaks TLS at a port of ours, with the certificate's fingerprint", async () => {
    const authority = await createTestAuthority();
    const identity = await authority.identify(MANAGER, { names: ["127.0.0.1"] });
    const server = createTlsServer(identity.secureContextOptions()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const closed = createTcpServer().listen(0, "127.0.0.1");
    await once(closed, "listening");
    const [open, free] = [server, closed].map((one) => (one.address() as AddressInfo).port);
    closed.close();
    onTestFinished(async () => {
      server.close();
      await authority.remove();
    });
    const found = await discover(["127.0.0.1", "127.0.0.2"], {
      ping: async (address) => ({ reachable: address === "127.0.0.1", reason: "" }),
      portFor: (means) => (means === "wsman" ? (open ?? 0) : (free ?? 0)),
      clock: systemClock,
    });
    expect(found).toEqual([
      {
        address: "127.0.0.1",
        ping: true,
        means: [{ means: "wsman", port: open, certificate: expect.stringMatching(/fingerprint [0-9a-f]{64}$/) }],
      },
      { address: "127.0.0.2", ping: false, means: [] },
    ]);
  });
});

describe("the list of servers without an agent", () => {
  async function open() {
    const folder = await mkdtemp(join(tmpdir(), "rusuban-agentless-"));
    const clock = new FakeClock();
    const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
    onTestFinished(async () => {
      await database.destroy();
      await rm(folder, { recursive: true });
    });
    const keyFile = join(folder, "key");
    const list = async () =>
      createAgentlessList({
        database,
        seal: await openSecretSeal(keyFile, systemRandom),
        ...{ clock, random: systemRandom, log: silentLog },
      });
    return { database, keyFile, list };
  }
  const { hostId: _, ...PLAIN } = TARGET;
  const ORDER: AgentlessOrder = { ...PLAIN, means: "wsman", account: { name: "monitor", password: "correct horse" } };

  it("keeps a password sealed, and gives it back after a restart", async () => {
    const { database, list } = await open();
    const added = await (await list()).add(ORDER);
    expect(await (await list()).all()).toEqual([added]);
    const rows = JSON.stringify(await database.selectFrom("agentless_hosts").selectAll().execute());
    expect(rows).toContain("monitor");
    expect(rows).not.toContain("correct");
    expect(rows).not.toContain(Buffer.from("correct horse").toString("base64").slice(0, 8));
  });

  it("keeps the secrets of SNMP sealed, and gives them back after a restart", async () => {
    const { database, list } = await open();
    const added = await (await list()).add({
      ...{ ...PLAIN, means: "snmp", name: "switch1" },
      snmp: {
        ...{ version: "3", user: "monitor", authentication: { protocol: "sha256", password: "correct horse" } },
        privacy: { protocol: "aes", password: "battery staple" },
      },
    });
    expect(await (await list()).all()).toEqual([added]);
    const rows = JSON.stringify(await database.selectFrom("agentless_hosts").selectAll().execute());
    for (const secret of ["correct horse", "battery staple"]) {
      expect(rows).not.toContain(secret);
      expect(rows).not.toContain(Buffer.from(secret).toString("base64").slice(0, 8));
    }
  });

  it("writes down a port that is not the port map's, by its flow, for firewall rules", async () => {
    const { database, list } = await open();
    const all = await list();
    await all.add({ ...PLAIN, means: "wsman", name: "a", port: 44_301, trust: { kind: "system" } });
    await all.add({ ...PLAIN, means: "snmp", name: "b", port: 44_302 });
    await all.add({ ...PLAIN, means: "cim-xml", name: "c" });
    const rows = await database.selectFrom("hosts").select("ports").orderBy("name").execute();
    expect(rows.map(({ ports }) => JSON.parse(ports))).toEqual([{ wsmanHttps: 44_301 }, { snmpGet: 44_302 }, {}]);
  });

  it("refuses a name that another host has", async () => {
    const { list } = await open();
    const all = await list();
    await all.add(ORDER);
    expect(await all.add({ ...ORDER, means: "ping" })).toBeUndefined();
  });

  it("leaves out whose password was moved to another host, or sealed with another key, and looks at the rest", async () => {
    const { database, keyFile, list } = await open();
    const one = await (await list()).add(ORDER);
    const two = await (await list()).add({ ...ORDER, name: "web2" });
    const three = await (await list()).add({ ...PLAIN, name: "web3" });
    const rows = await database.selectFrom("agentless_hosts").selectAll().execute();
    const sealed = rows.find(({ host_id }) => host_id === one?.hostId)?.sealed_password;
    await database
      .updateTable("agentless_hosts")
      .set({ sealed_password: sealed ?? null })
      .where("host_id", "=", two?.hostId ?? "")
      .execute();
    expect((await (await list()).all()).map(({ name }) => name)).toEqual(["web1", "web3"]);
    await expect((await list()).find(two?.hostId ?? "")).rejects.toThrow(CorruptionError);
    await writeFile(keyFile, "0".repeat(64));
    expect((await (await list()).all()).map(({ hostId }) => hostId)).toEqual([three?.hostId]);
  });
});
