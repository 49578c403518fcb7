import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Database, openDatabase } from "../../../database/open-database.ts";
import type { Reading } from "../../../model/reading.ts";
import { CorruptionError } from "../../../runtime/errors.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { addHosts } from "../../alerts/fixtures/inbox-fixture.ts";
import { age, createHistory, type History, type HistorySettings } from "./history.ts";
import { createHistoryTables } from "./history-tables.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "./hour-of-series.ts";
import { HISTORY_LIMITS } from "./limits.ts";
import { stepOf } from "./point-buckets.ts";
import { decodeSamples, encodeSamples } from "./sample-block.ts";

/** The beginning of an hour and of a day. */
const START_MS = Math.ceil(1_800_000_000_000 / DAY_MS) * DAY_MS;
const SETTINGS: HistorySettings = { minutesDays: 2, hoursDays: 30, bytesMax: 1_000_000_000 };
const MEMORY = { hostId: "a", component: "memory", measure: "used" };

let clock: FakeClock;
let database: Database;
let history: History;
let warnings: string[];

beforeEach(async () => {
  clock = new FakeClock(START_MS);
  database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  await addHosts(database, "a", "b");
  warnings = [];
  history = open();
});
afterEach(() => database.destroy());

describe("the history of readings", () => {
  it("has an average for each minute, before and after it is stored", async () => {
    await look(0.2);
    await look(0.4);
    await clock.advance(MINUTE_MS);
    await look(0.9);
    const wanted = [pointAt(0, 0.3), pointAt(1, 0.9)];
    expect((await readAll())?.points).toEqual(wanted);
    await history.stop();
    expect((await readAll(open()))?.points).toEqual(wanted);
  });

  it("goes on in the same hour after a restart", async () => {
    await look(1);
    await history.stop();
    await clock.advance(MINUTE_MS);
    history = open();
    await look(2);
    expect((await readAll())?.points).toEqual([pointAt(0, 1), pointAt(1, 2)]);
    await history.stop();
    expect((await readAll(open()))?.points).toEqual([pointAt(0, 1), pointAt(1, 2)]);
  });

  it("stores by itself, so that a kill costs five minutes at most", async () => {
    await history.start();
    await look(1);
    await clock.advance(HISTORY_LIMITS.storeIntervalMs);
    await clock.advance(0);
    expect((await readAll(open()))?.points).toEqual([pointAt(0, 1)]);
    await history.stop();
  });

  it("writes at a stop as much as there is time for, and says what is lost", async () => {
    // Each look at the time takes a second.
    const slow = Object.create(clock, {
      now: { value: () => START_MS + 1_000 * ++looks },
    }) as typeof clock;
    let looks = 0;
    history = open(slow);
    const count = (HISTORY_LIMITS.seriesPerCommit * 4) / 5;
    for (const host of ["a", "b"]) {
      const readings = Array.from({ length: count }, (_, index) => ({ ...reading(1), component: `disk ${index}` }));
      history.take(host, { readAtMs: 0, readings });
    }
    looks = 0;
    await history.stop();
    expect(warnings).toEqual(["history: there was no time to write the last minutes of some series"]);
    const stored = await database.selectFrom("reading_minutes").selectAll().execute();
    expect(stored).toHaveLength(HISTORY_LIMITS.seriesPerCommit);
  });

  it("keeps an hour that ended while nothing was stored", async () => {
    await look(1);
    await clock.advance(HOUR_MS);
    await look(2);
    expect((await readAll())?.points).toEqual([pointAt(0, 1), pointAt(60, 2)]);
    await history.stop();
    expect((await readAll(open()))?.points).toEqual([pointAt(0, 1), pointAt(60, 2)]);
  });

  it("has nothing for what could not be read, and no zero", async () => {
    history.take("a", { readAtMs: 0, readings: [{ ...reading(0), value: null, state: "unknown" }] });
    history.take("a", { readAtMs: 0, readings: [reading(Number.NaN), reading(Number.POSITIVE_INFINITY)] });
    expect(await readAll()).toBeUndefined();
  });

  it("turns minutes into hours when they are old, with the least and the greatest", async () => {
    for (const value of [1, 2, 6]) {
      await look(value);
      await clock.advance(MINUTE_MS);
    }
    await history.stop();
    await clock.advance(SETTINGS.minutesDays * DAY_MS + HOUR_MS);
    await age(createHistoryTables(database), SETTINGS, clock);
    expect(await database.selectFrom("reading_minutes").selectAll().execute()).toEqual([]);
    const answer = await readAll(open());
    expect(answer).toEqual({
      unit: "ratio",
      stepSeconds: 3_600,
      points: [{ atMs: START_MS, average: 3, minimum: 1, maximum: 6 }],
    });
  });

  it("forgets what is older than it shall be, and the series with it", async () => {
    await look(1);
    await history.stop();
    const tables = createHistoryTables(database);
    await clock.advance(SETTINGS.minutesDays * DAY_MS + HOUR_MS);
    await age(tables, SETTINGS, clock);
    expect(await tables.seriesOf("a")).toHaveLength(1);
    await clock.advance(SETTINGS.hoursDays * DAY_MS);
    await age(tables, SETTINGS, clock);
    expect(await tables.seriesOf("a")).toEqual([]);
    expect(await tables.bytes()).toBe(0);
  });

  it("stays below its bytes: the oldest minutes become hours first, then the oldest days go", async () => {
    for (let day = 0; day < 3; day++) {
      for (let minute = 0; minute < 120; minute++) {
        await look(Math.sin(day + minute));
        await clock.advance(MINUTE_MS);
      }
      await clock.advance(DAY_MS - 120 * MINUTE_MS);
    }
    await history.stop();
    const tables = createHistoryTables(database);
    const before = await tables.bytes();
    expect(before).toBe(await countedBytes());
    await age(tables, { ...SETTINGS, minutesDays: 30, bytesMax: Math.floor(before / 2) }, clock);
    expect(await tables.bytes()).toBeLessThanOrEqual(before / 2);
    expect(await tables.bytes()).toBe(await countedBytes());
    const days = (await readAll(open()))?.points.map(({ atMs }) => Math.floor((atMs - START_MS) / DAY_MS));
    expect(new Set(days)).toEqual(new Set([0, 1, 2]));
    await age(tables, { ...SETTINGS, minutesDays: 30, bytesMax: 0 }, clock);
    expect(await readAll(open())).toBeUndefined();
  });

  it("takes only so many series of a host, says so once, and those of others still", async () => {
    const readings = Array.from({ length: HISTORY_LIMITS.seriesPerHost + 10 }, (_, index) => ({
      ...reading(1),
      component: `file system /${index}`,
    }));
    history.take("a", { readAtMs: 0, readings });
    history.take("a", { readAtMs: 0, readings });
    history.take("b", { readAtMs: 0, readings: [reading(1)] });
    await history.stop();
    const again = open();
    again.take("a", { readAtMs: 0, readings: readings.slice(-3) });
    await again.stop();
    expect(await again.seriesOf("a")).toHaveLength(HISTORY_LIMITS.seriesPerHost);
    expect(await again.seriesOf("b")).toHaveLength(1);
    expect(warnings).toHaveLength(2);
  });

  it("says that stored samples are damaged, and does not let them stop the ageing", async () => {
    await look(1);
    await history.stop();
    await database
      .updateTable("reading_minutes")
      .set({ samples: Buffer.from("no") })
      .execute();
    await expect(readAll(open())).rejects.toThrow(CorruptionError);
    await clock.advance(3 * DAY_MS);
    await age(createHistoryTables(database), SETTINGS, clock);
    expect(await readAll(open())).toMatchObject({ points: [] });
  });
});

describe("samples", () => {
  it("come back bit by bit, whatever they are", () => {
    const doubles = fc.array(fc.double(), { minLength: 60, maxLength: 60 });
    fc.assert(
      fc.property(doubles, (values) => {
        const samples = Float64Array.from(values);
        expect(decodeSamples(encodeSamples(samples), 60, "x")).toEqual(samples);
      }),
    );
  });

  it("that inflate to more than they should are refused", () => {
    expect(() => decodeSamples(encodeSamples(new Float64Array(100_000)), 60, "here")).toThrow(/^here: /);
  });
});

describe("the step of an answer", () => {
  it.each([
    ["an hour in 61 points", HOUR_MS, 61, MINUTE_MS],
    ["a day in 100 points", DAY_MS, 100, 15 * MINUTE_MS],
    ["a year in 400 points", 365 * DAY_MS, 400, DAY_MS],
    ["ten years in 100 points", 3_650 * DAY_MS, 101, 37 * DAY_MS],
  ])("of %s is one that people read easily", (_, lengthMs, pointsMax, stepMs) => {
    expect(stepOf({ fromMs: 0, toMs: lengthMs, pointsMax, finestMs: MINUTE_MS })).toBe(stepMs);
  });
});

function open(of = clock): History {
  const log = { ...silentLog, warn: (_: unknown, sentence: string) => warnings.push(sentence) };
  return createHistory({ database, settings: SETTINGS, clock: of, log: log as typeof silentLog });
}

async function look(value: number): Promise<void> {
  history.take("a", { readAtMs: 0, readings: [reading(value)] });
}

function reading(value: number): Reading {
  return { component: "memory", measure: "used", value, unit: "ratio", state: "ok", summary: "" };
}

function readAll(of: History = history) {
  return of.read({ ...MEMORY, fromMs: START_MS, toMs: clock.now() + DAY_MS, pointsMax: 1_000_000 });
}

function pointAt(minute: number, value: number) {
  const rounded = expect.closeTo(value, 9);
  return { atMs: START_MS + minute * MINUTE_MS, average: rounded, minimum: rounded, maximum: rounded };
}

async function countedBytes(): Promise<number> {
  const minutes = await database.selectFrom("reading_minutes").select("samples").execute();
  const hours = await database.selectFrom("reading_hours").select("samples").execute();
  return [...minutes, ...hours].reduce((sum, { samples }) => sum + samples.length, 0);
}
