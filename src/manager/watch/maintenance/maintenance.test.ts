import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../database/open-database.ts";
import type { InboxAlert } from "../../../model/alert.ts";
import type { MaintenanceSchedule, MaintenanceScope } from "../../../model/maintenance.ts";
import { SettingsError } from "../../../runtime/errors.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { systemRandom } from "../../../runtime/random.ts";
import { addHosts, alertOf } from "../../alerts/fixtures/inbox-fixture.ts";
import { createInbox } from "../../alerts/inbox.ts";
import { MAINTENANCE_WINDOWS_MAX, type MaintenanceCalendar, openMaintenanceCalendar } from "./maintenance-calendar.ts";
import { checkSchedule, nextOccurrence, occurrenceAt } from "./maintenance-times.ts";

const HOUR_MS = 3_600_000;
const GROUPS: Readonly<Record<string, string>> = { a: "tokyo/web", b: "tokyo2" };
const at = (text: string) => Date.parse(text);
/** Sundays from 2:00 to 4:00 in Tokyo. */
const SUNDAYS: MaintenanceSchedule = { kind: "recurring", cron: "0 2 * * 0", timeZone: "Asia/Tokyo", seconds: 7_200 };

describe("the times of maintenance", () => {
  it.each([
    ["2026-11-22T01:59:59+09:00", false],
    ["2026-11-22T02:00:00+09:00", true],
    ["2026-11-22T03:59:59+09:00", true],
    ["2026-11-22T04:00:00+09:00", false],
    ["2026-11-23T02:30:00+09:00", false],
    ["2026-11-29T02:00:01+09:00", true],
  ])("that recur: %s is inside: %s", (moment, inside) => {
    expect(occurrenceAt(SUNDAYS, at(moment)) !== undefined).toBe(inside);
  });

  it("give the one under way, or the next", () => {
    const first = { fromMs: at("2026-11-22T02:00:00+09:00"), toMs: at("2026-11-22T04:00:00+09:00") };
    expect(nextOccurrence(SUNDAYS, first.fromMs - 1)).toEqual(first);
    expect(nextOccurrence(SUNDAYS, first.toMs - 1)).toEqual(first);
    expect(nextOccurrence(SUNDAYS, first.toMs)?.fromMs).toBe(at("2026-11-29T02:00:00+09:00"));
    expect(nextOccurrence({ kind: "once", fromMs: 1, toMs: 2 }, 2)).toBeUndefined();
  });

  it.each<[string, MaintenanceSchedule, RegExp]>([
    ["ends before it begins", { kind: "once", fromMs: 2, toMs: 2 }, /ends \(2\) before it begins \(2\)/],
    ["has a wrong time zone", { ...SUNDAYS, timeZone: "Asia/Tokio" }, /timeZone: "Asia\/Tokio" is no time zone/],
    ["has six fields", { ...SUNDAYS, cron: "* * * * * *" }, /cron: .* has not five fields/],
    ["is no cron", { ...SUNDAYS, cron: "a 2 * * 0" }, /cron: "a 2 \* \* 0": /],
    ["has a month too many", { ...SUNDAYS, cron: "0 2 1 13 *" }, /cron: /],
  ])("are refused where the schedule %s", (_, schedule, problem) => {
    expect(() => checkSchedule(schedule)).toThrow(SettingsError);
    expect(() => checkSchedule(schedule)).toThrow(problem);
  });
});

describe("maintenance", () => {
  let clock: FakeClock;
  let database: Database;
  let calendar: MaintenanceCalendar;

  const open = () =>
    openMaintenanceCalendar({ database, groupOf: (id) => GROUPS[id] ?? "", clock, random: systemRandom });
  const add = (scope: MaintenanceScope, { inMs = 0, lengthMs = HOUR_MS, note = "" } = {}) => {
    const fromMs = clock.now() + inMs;
    const schedule: MaintenanceSchedule = { kind: "once", fromMs, toMs: fromMs + lengthMs };
    return calendar.add({ scope, schedule, note, createdBy: "tanaka" });
  };

  beforeEach(async () => {
    clock = new FakeClock();
    database = await openDatabase({ file: ":memory:", clock, log: silentLog });
    await addHosts(database, "a", "b");
    calendar = await open();
  });
  afterEach(() => database.destroy());

  it.each<[string, MaintenanceScope, string]>([
    ["every host", { kind: "all" }, "a b"],
    ["one host", { kind: "host", hostId: "b" }, "b"],
    ["a group", { kind: "group", group: "tokyo/web" }, "a"],
    ["what lies below a group, and not what only begins like it", { kind: "group", group: "tokyo" }, "a"],
  ])("concerns %s", async (_, scope, concerned) => {
    await add(scope);
    expect(["a", "b"].filter((id) => calendar.windowOf(id)).join(" ")).toBe(concerned);
  });

  it("begins and ends in time, and outlives a restart", async () => {
    await add({ kind: "all" }, { inMs: HOUR_MS });
    expect(calendar.windowOf("a")).toBeUndefined();
    await clock.advance(HOUR_MS);
    calendar = await open();
    expect(calendar.windowOf("a")).toMatchObject({ createdBy: "tanaka" });
    await clock.advance(HOUR_MS);
    expect(calendar.windowOf("a")).toBeUndefined();
  });

  it("ends when it is taken back", async () => {
    const added = await add({ kind: "all" });
    expect(await calendar.remove(added?.id ?? "")).toBe(true);
    expect(await calendar.remove(added?.id ?? "")).toBe(false);
    expect([calendar.windowOf("a"), (await open()).list()]).toEqual([undefined, []]);
  });

  it("has a bound, and forgets what is past before it refuses", async () => {
    for (let index = 0; index < MAINTENANCE_WINDOWS_MAX; index++) await add({ kind: "all" });
    expect(await add({ kind: "all" })).toBeUndefined();
    await clock.advance(HOUR_MS);
    expect(await add({ kind: "all" })).toBeDefined();
    expect(calendar.list()).toHaveLength(1);
  });

  it("acknowledges alerts as they come: they are kept, told, and open for nobody", async () => {
    const told: InboxAlert[] = [];
    const inbox = createInbox({
      database,
      quietedBy: (hostId) => calendar.windowOf(hostId)?.note,
      onAlerts: (alerts) => told.push(...alerts),
      clock,
      log: silentLog,
    });
    await add({ kind: "host", hostId: "a" }, { note: "maintenance: kernel" });
    await inbox.store("a", [alertOf(1), alertOf(2, { kind: "raised" })]);
    await inbox.store("b", [alertOf(3)]);
    expect(told.map(({ hostId, state, acknowledgedBy }) => [hostId, state, acknowledgedBy])).toEqual([
      ["a", "acknowledged", "maintenance: kernel"],
      ["a", "acknowledged", "maintenance: kernel"],
      ["b", "open", null],
    ]);
    expect((await inbox.counts()).byState).toEqual({ open: 1, acknowledged: 2, cleared: 0 });
    await inbox.store("a", [alertOf(4, { kind: "cleared" })]);
    expect((await inbox.counts()).byState.cleared).toBeGreaterThan(0);
  });
});
