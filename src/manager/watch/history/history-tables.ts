import type { Transaction } from "kysely";
import { withParameters } from "../../../database/compiled-query.ts";
import type { Database } from "../../../database/open-database.ts";
import type { Schema } from "../../../database/schema.ts";
import type { ReadingUnit } from "../../../model/reading.ts";
import { CorruptionError } from "../../../runtime/errors.ts";
import { HOURS_PER_DAY, type HourOfSeries, MINUTES_PER_HOUR, type SeriesName, summarise } from "./hour-of-series.ts";
import { HISTORY_LIMITS } from "./limits.ts";
import { decodeSamples, encodeSamples } from "./sample-block.ts";

// History in the database: minutes lie by hour, hours by day. Minutes become hours when they are old, in the transaction
// that deletes them, so that a restart at any moment neither loses nor doubles an hour.

/** Average, least and greatest. */
const SAMPLES_PER_HOUR = 3;
const KEYS_PER_QUERY_MAX = 500;
const DAY_SAMPLES = HOURS_PER_DAY * SAMPLES_PER_HOUR;

export interface StoredSeries extends SeriesName {
  readonly sequence: number;
  readonly unit: ReadingUnit;
}

/** One hour of a series that is known by its average only. */
export interface HourSample {
  readonly hour: number;
  readonly average: number;
  readonly minimum: number;
  readonly maximum: number;
}

export interface HistoryTables {
  seriesOf(hostId: string): Promise<readonly StoredSeries[]>;
  /** Writes hours, at most `seriesPerCommit`. What an earlier run wrote of the same hour is merged in. */
  store(hours: readonly HourOfSeries[], sequenceOf: ReadonlyMap<HourOfSeries, number>): Promise<void>;
  addSeries(name: SeriesName, unit: ReadingUnit, hour: number): Promise<number>;
  minutes(series: number, range: Range): Promise<{ hour: number; samples: Float64Array }[]>;
  hours(series: number, range: Range): Promise<HourSample[]>;
  oldestMinutesHour(): Promise<number | undefined>;
  /** Turns some of the minutes of this hour into averages; false when none are left. */
  condense(hour: number): Promise<boolean>;
  /** Removes averages of days before this one, and series that have nothing left. */
  forgetBefore(day: number): Promise<void>;
  bytes(): Promise<number>;
  oldestDay(): Promise<number | undefined>;
}

/** Both ends are part of it. */
interface Range {
  readonly from: number;
  readonly to: number;
}

export function createHistoryTables(database: Database): HistoryTables {
  const statements = compileStatements(database);
  return {
    async seriesOf(hostId) {
      const rows = await database.selectFrom("reading_series").selectAll().where("host_id", "=", hostId).execute();
      return rows.map((row) => ({
        sequence: row.sequence,
        hostId: row.host_id,
        component: row.component,
        measure: row.measure,
        unit: row.unit,
      }));
    },

    async addSeries({ hostId, component, measure }, unit, hour) {
      const row = await database
        .insertInto("reading_series")
        .values({ host_id: hostId, component, measure, unit, last_hour: hour })
        .returning("sequence")
        .executeTakeFirstOrThrow();
      return row.sequence;
    },

    store: (hours, sequenceOf) =>
      database.transaction().execute(async (transaction) => {
        const volumes = new Volumes();
        for (const one of hours) {
          const series = sequenceOf.get(one);
          if (series === undefined) continue;
          if (!one.isComplete) {
            const stored = withParameters(statements.minutesOf, [one.hour, series]);
            const [row] = (await transaction.executeQuery(stored)).rows;
            const place = placeOf("reading_minutes", one.hour, series);
            one.complete(row && decodeSamples(row.samples, MINUTES_PER_HOUR, place), row?.samples.length ?? 0);
          }
          const samples = encodeSamples(one.minutes);
          await transaction.executeQuery(withParameters(statements.putMinutes, [one.hour, series, samples]));
          if (one.storedBytes === 0) {
            await transaction.executeQuery(withParameters(statements.setLastHour, [one.hour, series]));
          }
          volumes.add("minutes", dayOf(one.hour), samples.length - one.storedBytes);
          one.storedBytes = samples.length;
          one.isChanged = false;
        }
        await volumes.write(transaction);
      }),

    async minutes(series, range) {
      const found: { hour: number; samples: Float64Array }[] = [];
      for (const part of partsOf(range)) {
        const rows = await database
          .selectFrom("reading_minutes")
          .select(["hour", "samples"])
          .where("hour", "in", part)
          .where("series", "=", series)
          .execute();
        for (const { hour, samples } of rows) {
          const place = placeOf("reading_minutes", hour, series);
          found.push({ hour, samples: decodeSamples(samples, MINUTES_PER_HOUR, place) });
        }
      }
      return found;
    },

    async hours(series, { from, to }) {
      const found: HourSample[] = [];
      for (const part of partsOf({ from: dayOf(from), to: dayOf(to) })) {
        const rows = await database
          .selectFrom("reading_hours")
          .select(["day", "samples"])
          .where("day", "in", part)
          .where("series", "=", series)
          .execute();
        for (const { day, samples } of rows) found.push(...hoursOfDay(day, decodeDay(samples, day, series)));
      }
      return found.filter(({ hour }) => hour >= from && hour <= to);
    },

    async oldestMinutesHour() {
      const row = await database
        .selectFrom("reading_minutes")
        .select("hour")
        .orderBy("hour")
        .limit(1)
        .executeTakeFirst();
      return row?.hour;
    },

    condense: (hour) =>
      database.transaction().execute(async (transaction) => {
        const rows = await transaction
          .selectFrom("reading_minutes")
          .select(["series", "samples"])
          .where("hour", "=", hour)
          .limit(HISTORY_LIMITS.seriesPerCommit)
          .execute();
        const volumes = new Volumes();
        const day = dayOf(hour);
        for (const { series, samples } of rows) {
          volumes.add("minutes", day, -samples.length);
          const summary = summarise(readableOr(samples, placeOf("reading_minutes", hour, series)));
          if (summary === undefined) continue;
          const before = await transaction
            .selectFrom("reading_hours")
            .select("samples")
            .where("day", "=", day)
            .where("series", "=", series)
            .executeTakeFirst();
          const hours =
            before === undefined
              ? new Float64Array(DAY_SAMPLES).fill(Number.NaN)
              : decodeDay(before.samples, day, series);
          hours.set([summary.average, summary.minimum, summary.maximum], (hour % HOURS_PER_DAY) * SAMPLES_PER_HOUR);
          const after = encodeSamples(hours);
          await transaction
            .insertInto("reading_hours")
            .values({ day, series, samples: after })
            .onConflict((conflict) => conflict.columns(["day", "series"]).doUpdateSet({ samples: after }))
            .execute();
          volumes.add("hours", day, after.length - (before?.samples.length ?? 0));
        }
        const done = rows.map((row) => row.series);
        if (done.length > 0) {
          const doomed = transaction.deleteFrom("reading_minutes").where("hour", "=", hour);
          await doomed.where("series", "in", done).execute();
        }
        await volumes.write(transaction);
        return rows.length > 0;
      }),

    async forgetBefore(day) {
      await database.deleteFrom("reading_hours").where("day", "<", day).execute();
      await database.deleteFrom("reading_volumes").where("day", "<", day).where("grain", "=", "hours").execute();
      await database.deleteFrom("reading_volumes").where("bytes", "<=", 0).execute();
      await database
        .deleteFrom("reading_series")
        .where("last_hour", "<", day * HOURS_PER_DAY)
        .where(({ not, exists, selectFrom, ref }) =>
          not(exists(selectFrom("reading_hours").select("day").where("series", "=", ref("reading_series.sequence")))),
        )
        .where(({ not, exists, selectFrom, ref }) =>
          not(
            exists(selectFrom("reading_minutes").select("hour").where("series", "=", ref("reading_series.sequence"))),
          ),
        )
        .execute();
    },

    async bytes() {
      const row = await database
        .selectFrom("reading_volumes")
        .select(({ fn }) => fn.sum<number>("bytes").as("bytes"))
        .executeTakeFirst();
      return Number(row?.bytes ?? 0);
    },

    async oldestDay() {
      const row = await database.selectFrom("reading_hours").select("day").orderBy("day").limit(1).executeTakeFirst();
      return row?.day;
    },
  };
}

/** Those of `store`, which writes some ten thousand rows at a time: building them took longer than running them. */
function compileStatements(database: Database) {
  return {
    putMinutes: database
      .insertInto("reading_minutes")
      .values({ hour: 0, series: 0, samples: new Uint8Array() })
      .onConflict((conflict) =>
        conflict.columns(["hour", "series"]).doUpdateSet(({ ref }) => ({ samples: ref("excluded.samples") })),
      )
      .compile(),
    setLastHour: database.updateTable("reading_series").set({ last_hour: 0 }).where("sequence", "=", 0).compile(),
    minutesOf: database
      .selectFrom("reading_minutes")
      .select("samples")
      .where("hour", "=", 0)
      .where("series", "=", 0)
      .compile(),
  };
}

function decodeDay(samples: Uint8Array, day: number, series: number): Float64Array {
  return decodeSamples(samples, DAY_SAMPLES, placeOf("reading_hours", day, series));
}

function hoursOfDay(day: number, samples: Float64Array): HourSample[] {
  return Array.from({ length: HOURS_PER_DAY }, (_, hour) => {
    const [average = Number.NaN, minimum = Number.NaN, maximum = Number.NaN] = samples.subarray(
      hour * SAMPLES_PER_HOUR,
      (hour + 1) * SAMPLES_PER_HOUR,
    );
    return { hour: day * HOURS_PER_DAY + hour, average, minimum, maximum };
  }).filter(({ average }) => !Number.isNaN(average));
}

/** Samples that are damaged say so when they are read; in ageing they are none, or they would stand in the way for ever. */
function readableOr(samples: Uint8Array, place: string): Iterable<number> {
  try {
    return decodeSamples(samples, MINUTES_PER_HOUR, place);
  } catch (error) {
    if (error instanceof CorruptionError) return [];
    throw error;
  }
}

/** Keys one by one: time leads in both tables, and a stretch of it would read all series. */
function* partsOf({ from, to }: Range): Generator<number[]> {
  for (let start = from; start <= to; start += KEYS_PER_QUERY_MAX) {
    yield Array.from({ length: Math.min(KEYS_PER_QUERY_MAX, to - start + 1) }, (_, index) => start + index);
  }
}

function dayOf(hour: number): number {
  return Math.floor(hour / HOURS_PER_DAY);
}

function placeOf(table: string, time: number, series: number): string {
  return `${table} ${time}/${series}`;
}

/** Changes of reading_volumes, written once a transaction. */
class Volumes {
  readonly #changes = new Map<string, { day: number; grain: "minutes" | "hours"; bytes: number }>();

  add(grain: "minutes" | "hours", day: number, bytes: number): void {
    const key = `${grain} ${day}`;
    const change = this.#changes.get(key) ?? { day, grain, bytes: 0 };
    change.bytes += bytes;
    this.#changes.set(key, change);
  }

  async write(transaction: Transaction<Schema>): Promise<void> {
    for (const change of this.#changes.values()) {
      await transaction
        .insertInto("reading_volumes")
        .values(change)
        .onConflict((conflict) =>
          conflict
            .columns(["day", "grain"])
            .doUpdateSet(({ eb, ref }) => ({ bytes: eb(ref("reading_volumes.bytes"), "+", change.bytes) })),
        )
        .execute();
    }
  }
}
