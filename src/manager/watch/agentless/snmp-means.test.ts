import { describe, expect, it, onTestFinished } from "vitest";
import { READING_LIMITS } from "../../../model/reading.ts";
import {
  answer,
  integer,
  oid,
  type Respond,
  serveObjects,
  startResponder,
  text,
} from "../../../protocols/snmp/snmp-fixture.ts";
import { PeerError } from "../../../runtime/errors.ts";
import { SNMP_ROWS_MAX } from "./snmp-look.ts";
import { createSnmpMeans } from "./snmp-means.ts";
import { INTERFACES, INTERFACES_X, PROCESSORS, PROGRAMS, SCALARS, STORAGE_TYPES, STORAGES } from "./snmp-objects.ts";

const NEVER = new AbortController().signal;
const PATIENT = { timeoutMs: 10_000, retries: 1 };
const BRIEF = { timeoutMs: 50, retries: 0 };
const GAUGE = 0x42;
const TICKS = 0x43;
const COUNTER32 = 0x41;
const COUNTER64 = 0x46;

type Objects = [string, Buffer][];

function sorted(objects: Objects): Objects {
  const key = (name: string) =>
    name
      .split(".")
      .map((number) => number.padStart(10, "0"))
      .join(".");
  return objects.toSorted(([one], [other]) => (key(one) < key(other) ? -1 : 1));
}

/** A server as RFC 2790 and RFC 2863 have it: sizes in blocks, a drive of Windows, an interface with both widths. */
function serverAt({ ticks = 100_000n, wide = 0n, narrow = 0n, used = 750 } = {}): Objects {
  const row = (columns: Readonly<Record<string, string>>, index: number, values: Readonly<Record<string, Buffer>>) =>
    Object.entries(values).map(([name, value]): [string, Buffer] => [`${columns[name]}.${index}`, value]);
  const storage = (
    index: number,
    type: string,
    name: string,
    sizes: readonly [unit: number, size: bigint, used: number],
  ) =>
    row(STORAGES, index, {
      ...{ hrStorageType: oid(type), hrStorageDescr: text(name), hrStorageAllocationUnits: integer(sizes[0]) },
      ...{ hrStorageSize: integer(sizes[1]), hrStorageUsed: integer(sizes[2]) },
    });
  const port = (index: number, { name = `eth${index}`, type = 6, admin = 1, state = 1 } = {}) =>
    row(INTERFACES, index, {
      ...{ ifDescr: text(name), ifType: integer(type), ifAdminStatus: integer(admin), ifOperStatus: integer(state) },
      ...{ ifInOctets: integer(narrow, COUNTER32), ifInErrors: integer(0, COUNTER32) },
      ...{ ifOutOctets: integer(0, COUNTER32), ifOutErrors: integer(0, COUNTER32) },
    });
  return sorted([
    [SCALARS.sysDescr, text("A switch")],
    [SCALARS.sysUpTime, integer(ticks, TICKS)],
    [SCALARS.sysName, text("sw1")],
    [SCALARS.hrSystemProcesses, integer(42, GAUGE)],
    [SCALARS.laLoad5, integer(800)],
    ...row(PROCESSORS, 1, { hrProcessorFrwID: oid("0.0"), hrProcessorLoad: integer(10) }),
    ...row(PROCESSORS, 2, { hrProcessorFrwID: oid("0.0"), hrProcessorLoad: integer(30) }),
    ...storage(1, STORAGE_TYPES.ram, "Physical memory", [1_024, 1_000n, 250]),
    ...storage(2, STORAGE_TYPES.fixedDisk, "C:\\ Label:System  Serial Number 1a2b", [4_096, 1_000n, used]),
    // Three thousand million blocks, as 32 bits with a sign have them.
    ...storage(3, STORAGE_TYPES.fixedDisk, "/big", [4_096, 0xb2d05e00n, 0]),
    ...row(PROGRAMS, 1, { prNames: text("sshd"), prErrorFlag: integer(0) }),
    ...row(PROGRAMS, 2, {
      prNames: text("cron"),
      prErrorFlag: integer(1),
      prErrMessage: text("No cron process running"),
    }),
    ...port(1),
    ...port(2, { state: 2 }),
    ...port(3, { name: "lo", type: 24 }),
    ...port(4, { admin: 2 }),
    ...row(INTERFACES_X, 1, {
      ifName: text("Gi0/1"),
      ifHCInOctets: integer(wide, COUNTER64),
      ifHCOutOctets: integer(0, COUNTER64),
    }),
  ]);
}

async function start(
  respond: Respond,
  { access = { version: "2c", community: "public" } as const, patience = PATIENT } = {},
) {
  const responder = await startResponder((request) => respond(request));
  const means = createSnmpMeans(
    { address: "127.0.0.1", means: "snmp", port: responder.port, trust: { kind: "system" }, snmp: access },
    patience,
  );
  onTestFinished(() => {
    means.close();
    responder.close();
  });
  return { means, responder };
}

describe("a look by SNMP", () => {
  it("brings the names, measures and units that the other means bring", async () => {
    const { means } = await start(serveObjects(serverAt()));
    const { facts, readings } = await means.look(NEVER);
    expect(facts).toEqual({ operatingSystem: "A switch", hostname: "sw1" });
    expect(
      readings.map(({ component, measure, value, unit, state }) => [component, measure, value, unit, state]),
    ).toEqual([
      ["memory", "used", 0.25, "ratio", "ok"],
      ["memory", "available", 750 * 1024, "bytes", "ok"],
      ["load", "load5", 4, "none", "ok"],
      ["processor", "busy", 0.2, "ratio", "ok"],
      ["host", "uptime", 1_000, "seconds", "ok"],
      ["processes", "count", 42, "count", "ok"],
      ["file system C:", "used", 0.75, "ratio", "ok"],
      ["file system C:", "free", 250 * 4_096, "bytes", "ok"],
      ["file system /big", "used", 0, "ratio", "ok"],
      ["file system /big", "free", 3_000_000_000 * 4_096, "bytes", "ok"],
      ["service sshd", "running", 1, "none", "ok"],
      ["service cron", "running", 0, "none", "ok"],
      ["network port Gi0/1", "link", 1, "none", "ok"],
      ["network port eth2", "link", 0, "none", "ok"],
    ]);
  });

  it("tells what interfaces carry between two looks, over the end of a counter, and nothing after a restart", async () => {
    let now = serverAt({ ticks: 1_000n, wide: 2n ** 63n, narrow: 2n ** 32n - 100n });
    const { means } = await start((request) => serveObjects(now)(request));
    const received = async () =>
      (await means.look(NEVER)).readings
        .filter(({ measure }) => measure === "received")
        .map(({ component, value }) => [component, value]);
    expect(await received()).toEqual([]);
    now = serverAt({ ticks: 2_000n, wide: 2n ** 63n + 5_000n, narrow: 900n });
    expect(await received()).toEqual([
      ["network port Gi0/1", 500],
      ["network port eth2", 100],
    ]);
    now = serverAt({ ticks: 10n, wide: 7n, narrow: 7n });
    expect(await received()).toEqual([]);
  });
});

describe("a server that lies in a look", () => {
  const system = serverAt().filter(([name]) => name.startsWith("1.3.6.1.2.1.1."));

  it("with an endless table costs a bounded number of rows, and its row says so", async () => {
    const honest = serveObjects(system);
    let rows = 0;
    const { means, responder } = await start((request) => {
      const [first = ""] = request.oids;
      const column = STORAGES.hrStorageType;
      if (request.kind !== 0xa5 || !first.startsWith("1.3.6.1.2.1.25.2.3.1.")) return honest(request);
      rows += 1;
      return answer(
        request,
        request.oids.map(
          (name) =>
            [
              `${name.startsWith(column) ? column : name.split(".").slice(0, 11).join(".")}.${rows}`,
              integer(rows),
            ] as const,
        ),
      );
    });
    const { readings } = await means.look(NEVER);
    expect(readings).toContainEqual(expect.objectContaining({ component: "hrStorageTable", state: "unknown" }));
    expect(rows).toBeLessThanOrEqual(SNMP_ROWS_MAX + 1);
    expect(responder.requests()).toBeLessThan(SNMP_ROWS_MAX + 50);
  });

  it("with sizes that make no sense is unknown there and nowhere else", async () => {
    const objects = serverAt({ used: 5_000 });
    const { readings } = await (await start(serveObjects(objects))).means.look(NEVER);
    expect(readings.filter(({ state }) => state === "unknown").map(({ component }) => component)).toEqual([
      "file system C:",
    ]);
  });

  it("with more than is taken is cut, and says how much is left out", async () => {
    const many = Array.from({ length: 600 }, (_, place): Objects => {
      const at = place + 10;
      return [
        [`${STORAGES.hrStorageType}.${at}`, oid(STORAGE_TYPES.fixedDisk)],
        [`${STORAGES.hrStorageDescr}.${at}`, text(`/${at}`)],
        [`${STORAGES.hrStorageAllocationUnits}.${at}`, integer(1)],
        [`${STORAGES.hrStorageSize}.${at}`, integer(10)],
        [`${STORAGES.hrStorageUsed}.${at}`, integer(5)],
      ];
    });
    const { means } = await start(serveObjects(sorted([...system, ...many.flat()])));
    const { readings } = await means.look(NEVER);
    expect(readings).toHaveLength(READING_LIMITS.readings);
    expect(readings.at(-1)).toMatchObject({ component: "readings", measure: "left out", state: "unknown" });
  });

  it("and shows nothing has failed", async () => {
    const { means } = await start(serveObjects([["1.3.6.1.2.1.99.1.0", integer(1)]]));
    await expect(means.look(NEVER)).rejects.toThrow(PeerError);
    const steps = await means.check(NEVER);
    expect(steps.find(({ passed }) => passed === false)).toMatchObject({
      step: "path",
      what: expect.stringContaining("no system group"),
    });
  });
});

describe("the check of a server that is asked by SNMP", () => {
  const failure = async (respond: Respond, patience = BRIEF) => {
    const { means } = await start(respond, { patience });
    return (await means.check(NEVER)).filter(({ passed }) => passed === false);
  };
  const silent: Respond = () => null;

  it("finds everything right", async () => {
    const { means } = await start(serveObjects(serverAt()));
    expect((await means.check(NEVER)).map(({ step, passed }) => `${step}:${passed}`)).toEqual([
      ...["port:true", "version:true", "account:true", "path:true"],
    ]);
  });

  it("knows silence, another version, and a closed port", async () => {
    expect(await failure(silent)).toMatchObject([{ step: "port", what: expect.stringContaining("met with silence") }]);
    const old = serveObjects(serverAt());
    expect(
      await failure((request) => (request.version === 0 ? old(request) : null), { timeoutMs: 1_000, retries: 0 }),
    ).toMatchObject([{ step: "version", what: "version 2c is not answered, but version 1 is" }]);
    const { means, responder } = await start(silent, { patience: PATIENT });
    responder.close();
    expect((await means.check(NEVER))[0]).toMatchObject({
      step: "port",
      passed: false,
      what: expect.stringContaining("nothing listens"),
    });
  });
});
