import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../database/open-database.ts";
import { RULE_DEFAULTS, type RuleSettings } from "../../judging/thresholds.ts";
import { reading, unknownReading } from "../../model/create-reading.ts";
import type { Reading } from "../../model/reading.ts";
import type { HostThresholds } from "../../model/thresholds.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createInbox, type Inbox } from "../alerts/inbox.ts";
import { createAgentlessList } from "./agentless/agentless-list.ts";
import { createLookJudge } from "./look-judge.ts";
import { createThresholdDesk } from "./threshold-desk.ts";

const MINUTE_MS = 60_000;
const SETTINGS: RuleSettings = { ...RULE_DEFAULTS, intervalMs: MINUTE_MS };
const used = (value: number, name = "/var") =>
  reading(`file system ${name}`, "used", { value, unit: "ratio", summary: `${value * 100} % full` });
const failing: Reading = {
  ...{ component: "fan fan 2", measure: "healthy", value: 0, unit: "none" },
  ...{ state: "critical", summary: "failing (HealthState 25)" },
};
const healthy: Reading = { ...failing, value: 1, state: "ok", summary: "healthy" };

/** A manager's judge over its own database and inbox, with one server in the list. */
async function start({ quietedBy }: { quietedBy?: () => string | undefined } = {}) {
  const clock = new FakeClock();
  const common = { clock, random: systemRandom, log: silentLog };
  const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  const inbox = createInbox({ database, clock, log: silentLog, onAlerts: () => {}, ...(quietedBy && { quietedBy }) });
  const seal = { seal: (secret: string) => secret, open: (sealed: string) => sealed };
  const list = createAgentlessList({ database, seal, ...common });
  const target = await list.add({
    ...{ name: "nas1", address: "192.0.2.9", means: "ping", port: null, trust: { kind: "plain" } },
    ...{ account: null, path: null, namespace: null },
  });
  const hostId = target?.hostId ?? "";
  onTestFinished(async () => {
    await inbox.stop();
    await database.destroy();
  });
  let isWatched = true;
  let failures = 0;
  const flaky: Pick<Inbox, "raise" | "page"> = {
    page: inbox.page,
    async raise(id, alert) {
      if (failures-- > 0) throw new Error("disk full");
      await inbox.raise(id, alert);
    },
  };
  const open = () =>
    createLookJudge({
      ...{ inbox: flaky, settings: SETTINGS, thresholdsOf: list.thresholdsOf, isWatched: () => isWatched, ...common },
    });
  let judge = open();
  const desk = createThresholdDesk({ list, settings: SETTINGS, onChanged: (id) => judge.changed(id) });
  return {
    ...{ hostId, desk, inbox },
    begin: (...readings: readonly Reading[]) => judge.judge(hostId, { readAtMs: clock.now(), readings }),
    async look(...readings: readonly Reading[]) {
      await clock.advance(MINUTE_MS);
      const stated = await judge.judge(hostId, { readAtMs: clock.now(), readings });
      return stated?.readings.map(({ state }) => state);
    },
    /** Oldest first. */
    async told() {
      const { items } = await inbox.page({ limit: 100, hostId });
      return items
        .toReversed()
        .map((one) => `${one.kind} ${one.severity} ${one.condition} ${one.component} ${one.state}`);
    },
    restart() {
      judge = open();
    },
    remove: () => judge.remove(hostId),
    setWatched(value: boolean) {
      isWatched = value;
    },
    failOnce() {
      failures = 1;
    },
  };
}

const RAISED = "raised critical filesystem.filling file system /var";
const CLEARED = "cleared information filesystem.filling file system /var cleared";

describe("readings of a server without our agent", () => {
  it("raise an alert once, show its level, and end it when it is good again", async () => {
    const { look, told } = await start();
    expect(await look(used(0.97))).toEqual(["ok"]);
    expect(await look(used(0.97))).toEqual(["critical"]);
    expect(await look(used(0.98))).toEqual(["critical"]);
    expect(await told()).toEqual([`${RAISED} open`]);
    await look(used(0.5));
    expect(await look(used(0.5))).toEqual(["ok"]);
    expect(await told()).toEqual([`${RAISED} cleared`, CLEARED]);
  });

  it("are not told again after a restart of the manager, and end what an earlier run told", async () => {
    const { look, told, restart, inbox, hostId } = await start();
    await look(used(0.97));
    await look(used(0.97));
    restart();
    expect(await look(used(0.97))).toEqual(["critical"]);
    expect(await told()).toEqual([`${RAISED} open`]);
    restart();
    await look(used(0.1));
    expect(await told()).toEqual([`${RAISED} cleared`, CLEARED]);
    const [ended] = (await inbox.page({ limit: 1, hostId })).items;
    expect(ended?.summary).toBe("/var has room again after 2 minutes: 10 % full");
  });

  it("are judged by what the server says where it judges by itself", async () => {
    const { look, told } = await start();
    for (const one of [failing, failing, healthy, failing, healthy, healthy]) await look(one);
    expect(await told()).toEqual([
      "raised critical hardware.failing fan fan 2 cleared",
      "cleared information hardware.failing fan fan 2 cleared",
    ]);
  });

  it("are not gone while a part of the look fails", async () => {
    const { look, told } = await start();
    await look(used(0.97));
    await look(used(0.97));
    const failed = unknownReading("CIM_FileSystem", "answers", { unit: "none", reason: "it broke" });
    for (let times = 0; times < 10; times++) await look(failed);
    expect(await told()).toEqual([`${RAISED} open`]);
    for (let times = 0; times < 10; times++) await look(used(0.1, "/"));
    expect((await told()).at(-1)).toBe(CLEARED);
  });

  it("bother nobody in maintenance, but are kept", async () => {
    const { look, told } = await start({ quietedBy: () => "maintenance" });
    await look(used(0.97));
    await look(used(0.97));
    expect(await told()).toEqual([`${RAISED} acknowledged`]);
  });

  it("end what was told when the server is watched no more", async () => {
    const { look, told, setWatched } = await start();
    await look(used(0.97));
    await look(used(0.97));
    setWatched(false);
    await look(used(0.97));
    await look(used(0.97));
    expect(await told()).toEqual([`${RAISED} cleared`, CLEARED]);
  });

  it("are told when the database can take them again, once", async () => {
    const { look, told, failOnce } = await start();
    await look(used(0.97));
    failOnce();
    await look(used(0.97));
    expect(await told()).toEqual([]);
    await look(used(0.97));
    await look(used(0.97));
    expect(await told()).toEqual([`${RAISED} open`]);
  });

  it("are left alone when the server has been removed meanwhile", async () => {
    const { begin, remove, look } = await start();
    const begun = begin(used(0.97));
    remove();
    expect(await begun).toBeUndefined();
    // What was counted of it is forgotten.
    expect(await look(used(0.97))).toEqual(["ok"]);
  });
});

describe("thresholds of one server", () => {
  it("take the place of the manager's from the next look on", async () => {
    const { look, told, desk, hostId } = await start();
    await look(used(0.97));
    await look(used(0.97));
    const own: HostThresholds = { fileSystems: { "/var": { warning: 0.98, critical: null } } };
    expect(await desk.set(hostId, own)).toMatchObject({ own, effective: { memory: SETTINGS.memory } });
    await look(used(0.9), used(0.97, "/srv"));
    await look(used(0.9), used(0.97, "/srv"));
    expect(await told()).toEqual([
      `${RAISED} cleared`,
      CLEARED,
      "raised critical filesystem.filling file system /srv open",
    ]);
    await desk.set(hostId, {});
    expect(await desk.of(hostId)).toMatchObject({ own: {}, effective: { fileSystems: {} } });
  });

  it("that contradict each other are refused and change nothing", async () => {
    const { desk, hostId } = await start();
    const wrong = { memory: { warning: 0.9, critical: 0.5 } };
    await expect(desk.set(hostId, wrong)).rejects.toThrow("watch.memory.warning");
    expect((await desk.of(hostId))?.own).toEqual({});
    expect(await desk.of("no-such-host")).toBeUndefined();
    expect(await desk.set("no-such-host", {})).toBeUndefined();
  });
});
