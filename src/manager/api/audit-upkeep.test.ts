import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type Database, openDatabase } from "../../database/open-database.ts";
import { createReadableLog } from "../../net/loopback-fixture.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { createAuditTrail } from "./account-tables.ts";
import { createAuditUpkeep, trimAudit } from "./audit-upkeep.ts";

const DAY_MS = 86_400_000;
const NOW = Date.parse("2026-11-22T00:00:00Z");
let clock: FakeClock;
let database: Database;

beforeEach(async () => {
  clock = new FakeClock(NOW);
  database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  onTestFinished(() => database.destroy());
});

/** One entry at each of these times, named by its place. */
async function write(times: readonly number[]): Promise<void> {
  const audit = createAuditTrail(database);
  for (const [index, atMs] of times.entries()) {
    await audit.add({ atMs, actor: "jo", address: "::1", action: "host.add", subject: `${index}`, details: {} });
  }
}

async function left(): Promise<string[]> {
  const rows = await database.selectFrom("audit_entries").select("subject").orderBy("sequence").execute();
  return rows.map(({ subject }) => subject);
}

describe("the audit trail", () => {
  it("keeps the newest entries where there are too many", async () => {
    await write(Array.from({ length: 10 }, () => NOW));
    expect(await trimAudit(database, { days: 1, entriesMax: 4, nowMs: NOW })).toBe(6);
    expect(await left()).toEqual(["6", "7", "8", "9"]);
    expect(await trimAudit(database, { days: 1, entriesMax: 4, nowMs: NOW })).toBe(0);
    await write([NOW]);
    expect(await trimAudit(database, { days: 1, entriesMax: 4, nowMs: NOW })).toBe(1);
  });

  it("keeps what is young enough, to the millisecond", async () => {
    await write([NOW - 3 * DAY_MS, NOW - 2 * DAY_MS - 1, NOW - 2 * DAY_MS, NOW]);
    expect(await trimAudit(database, { days: 2, entriesMax: 100, nowMs: NOW })).toBe(2);
    expect(await left()).toEqual(["2", "3"]);
  });

  it("loses nothing in its middle to a clock that was wrong for a while", async () => {
    await write([NOW - DAY_MS, NOW - 900 * DAY_MS, NOW]);
    expect(await trimAudit(database, { days: 2, entriesMax: 100, nowMs: NOW })).toBe(0);
    expect(await left()).toHaveLength(3);
  });

  it("is trimmed whole, however much there is, and may be empty", async () => {
    expect(await trimAudit(database, { days: 1, entriesMax: 4, nowMs: NOW })).toBe(0);
    await write(Array.from({ length: 2_345 }, () => NOW - 9 * DAY_MS));
    expect(await trimAudit(database, { days: 2, entriesMax: 10_000, nowMs: NOW })).toBe(2_345);
    expect(await left()).toEqual([]);
  });

  it("is trimmed at the start and each hour, and the log says how much went", async () => {
    const log = createReadableLog();
    const upkeep = createAuditUpkeep({ database, bounds: { days: 2, entriesMax: 2 }, clock, log });
    await write([NOW, NOW, NOW]);
    await upkeep.start();
    await log.until('"taken":1');
    expect(await left()).toEqual(["1", "2"]);
    await clock.advance(2 * DAY_MS + 3_600_000);
    await log.until('"taken":2');
    expect(await left()).toEqual([]);
    await upkeep.stop();
  });
});
