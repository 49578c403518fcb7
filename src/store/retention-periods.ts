import { SettingsError } from "../runtime/errors.ts";

export const PERIOD_KINDS = ["hourly", "daily", "weekly", "monthly", "yearly"] as const;
export type PeriodKind = (typeof PERIOD_KINDS)[number];

export interface Periods {
  /** The period that a moment lies in, as text: `2026-03-01`, `2026-W09`. Two moments of one period have the same key. */
  keyOf(kind: PeriodKind, atMs: number): string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What a JavaScript date can hold. A clock beyond it is as wrong as one can be, and must break nothing. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** The calendar of a time zone (IANA name). SettingsError("timeZone") for one that is not known here. */
export function createPeriods(timeZone: string): Periods {
  const format = formatOf(timeZone);
  // Zones change their offset at quarters of an hour; so many snapshots share one that this spares most formatting.
  const dates = new Map<number, string>();
  const dateOf = (atMs: number) => {
    const quarter = Math.floor(atMs / (HOUR_MS / 4));
    const known = dates.get(quarter) ?? localDate(format, atMs);
    dates.set(quarter, known);
    return known;
  };
  return {
    keyOf(kind, atMs) {
      const at = Math.max(-DATE_MS_MAX + DAY_MS, Math.min(DATE_MS_MAX - DAY_MS, Number.isNaN(atMs) ? 0 : atMs));
      // In UTC: the hour that the end of summer time repeats is two hours.
      if (kind === "hourly") return `${new Date(at).toISOString().slice(0, -11)}h UTC`;
      const date = dateOf(at);
      switch (kind) {
        case "daily":
          return date;
        case "weekly":
          return isoWeek(date);
        case "monthly":
          return date.slice(0, -3);
        case "yearly":
          return date.slice(0, -6);
      }
    },
  };
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      ...{ timeZone, calendar: "iso8601", numberingSystem: "latn", era: "short" },
      ...{ year: "numeric", month: "2-digit", day: "2-digit" },
    });
  } catch {
    throw new SettingsError("timeZone", `${timeZone} is not a time zone; write it like Asia/Tokyo or UTC`);
  }
}

function localDate(format: Intl.DateTimeFormat, atMs: number): string {
  const parts = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const year = (parts.get("year") ?? "").padStart(4, "0");
  const era = parts.get("era")?.startsWith("B") ? "-" : "";
  return `${era}${year}-${parts.get("month")}-${parts.get("day")}`;
}

/** ISO 8601 §5.5.4: weeks begin on Monday; the week of the year's first Thursday is its first. */
function isoWeek(date: string): string {
  const match = /^(-?\d+)-(\d\d)-(\d\d)$/.exec(date);
  const day = new Date(0);
  day.setUTCFullYear(Number(match?.[1]), Number(match?.[2]) - 1, Number(match?.[3]));
  const thursday = new Date(day.getTime() + (4 - (day.getUTCDay() || 7)) * DAY_MS);
  const year = thursday.getUTCFullYear();
  const first = new Date(0);
  first.setUTCFullYear(year, 0, 1);
  const week = Math.floor((thursday.getTime() - first.getTime()) / DAY_MS / 7) + 1;
  return `${String(year).padStart(4, "0")}-W${String(week).padStart(2, "0")}`;
}

const UNITS: Readonly<Record<string, number>> = {
  h: HOUR_MS,
  d: DAY_MS,
  w: 7 * DAY_MS,
  m: 31 * DAY_MS,
  y: 366 * DAY_MS,
};

/** `36h`, `7d`, `1y6m`: years of 366 days, months of 31. Milliseconds; SettingsError("within") for anything else. */
export function parseRetentionDuration(text: string): number {
  if (!/^(\d{1,6}[hdwmy])+$/.test(text)) {
    throw new SettingsError("within", `${text} is no duration; write it like 36h, 7d, 2w, 6m, 1y or 1y6m`);
  }
  let sum = 0;
  for (const [, count, unit] of text.matchAll(/(\d+)([hdwmy])/g)) sum += Number(count) * (UNITS[unit as string] ?? 0);
  return sum;
}
