import { setImmediate as yieldToOthers } from "node:timers/promises";
import type { Database } from "../../../database/open-database.ts";
import type { HostReadings, ReadingUnit } from "../../../model/reading.ts";
import { type Clock, every } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Service } from "../../../runtime/service.ts";
import { createHistoryTables, type HistoryTables, type StoredSeries } from "./history-tables.ts";
import { DAY_MS, HOUR_MS, HourOfSeries, MINUTE_MS, type SeriesName } from "./hour-of-series.ts";
import { HISTORY_LIMITS } from "./limits.ts";
import { type HistoryPoint, PointBuckets, stepOf } from "./point-buckets.ts";

// What readings were: a sample a minute for some days, then an average an hour, bounded in bytes on the disk. Times are
// the manager's: a host's clock may be wrong, and two hosts shall be comparable.

export interface HistorySettings {
  /** How long minutes are kept, in days. */
  readonly minutesDays: number;
  /** How long averages are kept, in days. */
  readonly hoursDays: number;
  readonly bytesMax: number;
}

export interface SeriesFacts {
  readonly component: string;
  readonly measure: string;
  readonly unit: ReadingUnit;
}

export interface HistoryQuery extends SeriesName {
  readonly fromMs: number;
  readonly toMs: number;
  /** At most `HISTORY_LIMITS.points`. */
  readonly pointsMax: number;
}

export interface HistoryAnswer {
  readonly unit: ReadingUnit;
  readonly stepSeconds: number;
  /** Oldest first; stretches without samples are left out. */
  readonly points: readonly HistoryPoint[];
}

export interface History extends Service {
  /** Notes one look at a host. Never throws, and waits for nothing. */
  take(hostId: string, readings: HostReadings): void;
  seriesOf(hostId: string): Promise<SeriesFacts[]>;
  /** Undefined where there is no such series. */
  read(query: HistoryQuery): Promise<HistoryAnswer | undefined>;
  /** Of a host that is no longer minded: what is stored stays until it is old. */
  remove(hostId: string): void;
}

interface HostSeries {
  /** By component and measure. */
  readonly current: Map<string, HourOfSeries>;
  readonly sequences: Map<string, number>;
  isKnown: boolean;
  isFull: boolean;
}

export function createHistory({
  database,
  settings,
  clock,
  log,
}: {
  readonly database: Database;
  readonly settings: HistorySettings;
  readonly clock: Clock;
  readonly log: Log;
}): History {
  const tables = createHistoryTables(database);
  const hosts = new Map<string, HostSeries>();
  let ended: HourOfSeries[] = [];
  let stopStoring = () => {};
  let storing: Promise<void> = Promise.resolve();
  let stopsAtMs = Number.POSITIVE_INFINITY;

  function take(hostId: string, { readings }: HostReadings): void {
    const nowMs = clock.now();
    const hour = Math.floor(nowMs / HOUR_MS);
    const host = hosts.get(hostId) ?? newHost();
    hosts.set(hostId, host);
    for (const { component, measure, value, unit } of readings) {
      if (value === null || !Number.isFinite(value)) continue;
      const key = keyOf({ component, measure });
      let series = host.current.get(key);
      if (series === undefined && host.current.size >= HISTORY_LIMITS.seriesPerHost) {
        tellFull(hostId, host);
        continue;
      }
      if (series === undefined || series.hour !== hour) {
        if (series?.isChanged) ended.push(series);
        series = new HourOfSeries({ hostId, component, measure }, unit, hour);
        host.current.set(key, series);
      }
      series.add(nowMs, value);
    }
  }

  function tellFull(hostId: string, host: HostSeries): void {
    if (host.isFull) return;
    host.isFull = true;
    const bound = HISTORY_LIMITS.seriesPerHost;
    log.warn(
      { host: hostId, seriesPerHost: bound },
      "history: the host has more series than are kept; the rest is not",
    );
  }

  /** Everything that the database does not have yet; while stopping, as much as there is time for. Gives back what is left. */
  async function store(): Promise<number> {
    const due = [...ended, ...[...hosts.values()].flatMap((host) => [...host.current.values()])].filter(
      (one) => one.isChanged,
    );
    ended = [];
    for (let start = 0; start < due.length; start += HISTORY_LIMITS.seriesPerCommit) {
      if (clock.now() >= stopsAtMs) return due.length - start;
      const part = due.slice(start, start + HISTORY_LIMITS.seriesPerCommit);
      const sequences = new Map<HourOfSeries, number>();
      for (const one of part) {
        const sequence = await sequenceOf(one);
        if (sequence !== undefined) sequences.set(one, sequence);
        else hosts.get(one.name.hostId)?.current.delete(keyOf(one.name));
      }
      await tables.store(part, sequences);
      await yieldToOthers(); // Alerts and the console come first.
    }
    forgetIdle();
    return 0;
  }

  async function sequenceOf(one: HourOfSeries): Promise<number | undefined> {
    const { hostId } = one.name;
    const host = hosts.get(hostId) ?? newHost();
    if (!host.isKnown) {
      for (const each of await tables.seriesOf(hostId)) host.sequences.set(keyOf(each), each.sequence);
      host.isKnown = true;
    }
    const known = host.sequences.get(keyOf(one.name));
    if (known !== undefined) return known;
    if (host.sequences.size >= HISTORY_LIMITS.seriesPerHost) {
      tellFull(hostId, host);
      return undefined;
    }
    const added = await tables.addSeries(one.name, one.unit, one.hour);
    host.sequences.set(keyOf(one.name), added);
    return added;
  }

  /** Series that have had no sample for an hour: a file system that was unmounted leaves no place taken. */
  function forgetIdle(): void {
    const hour = Math.floor(clock.now() / HOUR_MS);
    for (const [hostId, host] of hosts) {
      for (const [key, one] of host.current) if (one.hour < hour - 1 && !one.isChanged) host.current.delete(key);
      if (host.current.size === 0) hosts.delete(hostId);
    }
  }

  async function round(): Promise<void> {
    try {
      await store();
      await age(tables, settings, clock, () => clock.now() >= stopsAtMs);
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "history: could not be written; it is tried again");
    }
  }

  async function find({ hostId, component, measure }: SeriesName): Promise<StoredSeries | undefined> {
    const all = await tables.seriesOf(hostId);
    return all.find((one) => one.component === component && one.measure === measure);
  }

  return {
    name: "history",
    take,
    async seriesOf(hostId) {
      const stored: SeriesFacts[] = [...(await tables.seriesOf(hostId))];
      const current = [...(hosts.get(hostId)?.current.values() ?? [])].map(({ name, unit }) => ({ ...name, unit }));
      const all = new Map([...stored, ...current].map((one) => [keyOf(one), one]));
      return [...all.values()].map(({ component, measure, unit }) => ({ component, measure, unit }));
    },
    async read(query) {
      const { fromMs, toMs, pointsMax } = query;
      const stored = await find(query);
      const current = hosts.get(query.hostId)?.current.get(keyOf(query));
      const unit = stored?.unit ?? current?.unit;
      if (unit === undefined) return undefined;
      const nowMs = clock.now();
      const wanted = (days: number) => ({
        from: Math.floor(Math.max(fromMs, nowMs - (days + 1) * DAY_MS) / HOUR_MS),
        to: Math.floor(Math.min(toMs, nowMs + DAY_MS) / HOUR_MS),
      });
      const oldHours = stored ? await tables.hours(stored.sequence, wanted(settings.hoursDays)) : [];
      const minutes = stored ? await tables.minutes(stored.sequence, wanted(settings.minutesDays)) : [];
      const stepMs = stepOf({ fromMs, toMs, pointsMax, finestMs: oldHours.length > 0 ? HOUR_MS : MINUTE_MS });
      const buckets = new PointBuckets({ fromMs, toMs, stepMs });
      for (const hour of oldHours) buckets.addHour(hour.hour * HOUR_MS, hour);
      const latest = [...ended, ...(current === undefined ? [] : [current])].filter((one) => isOf(one, query));
      const inMemory = new Map(latest.map((one) => [one.hour, one.minutes]));
      for (const { hour, samples } of minutes) {
        const newer = inMemory.get(hour);
        inMemory.delete(hour);
        samples.forEach((sample, minute) => {
          const value = newer?.[minute];
          buckets.addMinute(
            hour * HOUR_MS + minute * MINUTE_MS,
            value === undefined || Number.isNaN(value) ? sample : value,
          );
        });
      }
      for (const [hour, samples] of inMemory) {
        for (const [minute, sample] of samples.entries())
          buckets.addMinute(hour * HOUR_MS + minute * MINUTE_MS, sample);
      }
      return { unit, stepSeconds: stepMs / 1_000, points: buckets.points() };
    },
    remove(hostId) {
      hosts.delete(hostId);
      ended = ended.filter((one) => one.name.hostId !== hostId);
    },
    async start() {
      stopStoring = every(clock, HISTORY_LIMITS.storeIntervalMs, () => {
        storing = round();
        return storing;
      });
    },
    async stop() {
      stopStoring();
      stopsAtMs = clock.now() + HISTORY_LIMITS.stopMs;
      await storing;
      try {
        const left = await store();
        if (left > 0) log.warn({ series: left }, "history: there was no time to write the last minutes of some series");
      } catch (error) {
        log.error({ reason: reasonOf(error) }, "history: the last minutes could not be written");
      }
    },
  };
}

/** Minutes that are old become averages; averages that are old, or too many, go. Ends early, in good order, when `isOver`. */
export async function age(
  tables: HistoryTables,
  settings: HistorySettings,
  clock: Clock,
  isOver = () => false,
): Promise<void> {
  const hourNow = Math.floor(clock.now() / HOUR_MS);
  const keptFrom = hourNow - settings.minutesDays * 24;
  for (;;) {
    const oldest = await tables.oldestMinutesHour();
    if (oldest === undefined || oldest >= hourNow - 1) break;
    if (oldest >= keptFrom && (await tables.bytes()) <= settings.bytesMax) break;
    while (await tables.condense(oldest)) {
      await yieldToOthers();
      if (isOver()) return;
    }
  }
  const dayNow = Math.floor(clock.now() / DAY_MS);
  await tables.forgetBefore(dayNow - settings.hoursDays);
  for (;;) {
    const oldest = await tables.oldestDay();
    if (oldest === undefined || oldest >= dayNow || (await tables.bytes()) <= settings.bytesMax) break;
    await tables.forgetBefore(oldest + 1);
  }
}

function newHost(): HostSeries {
  return { current: new Map(), sequences: new Map(), isKnown: false, isFull: false };
}

function keyOf({ component, measure }: Pick<SeriesName, "component" | "measure">): string {
  return `${component}\0${measure}`;
}

function isOf({ name }: HourOfSeries, wanted: SeriesName): boolean {
  return name.hostId === wanted.hostId && keyOf(name) === keyOf(wanted);
}
