import type { ReadingHistory } from "../api/host-routes.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Language } from "./language.tsx";

type ReadingUnit = ReadingHistory["unit"];

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `2 hours ago`, `たった今`: rounded down, so that nothing looks newer than it is. */
export function formatAge(ageMs: number, language: Language): string {
  if (ageMs < 5 * SECOND) return language === "ja" ? "たった今" : "just now";
  const format = new Intl.RelativeTimeFormat(language);
  if (ageMs < MINUTE) return format.format(-Math.floor(ageMs / SECOND), "second");
  if (ageMs < HOUR) return format.format(-Math.floor(ageMs / MINUTE), "minute");
  if (ageMs < 2 * DAY) return format.format(-Math.floor(ageMs / HOUR), "hour");
  return format.format(-Math.floor(ageMs / DAY), "day");
}

/** Date, time and zone, in the reader's zone. */
export function formatTime(atMs: number, language: Language): string {
  return new Date(atMs).toLocaleString(language === "ja" ? "ja-JP" : "en-GB", {
    dateStyle: "medium",
    timeStyle: "long",
  });
}

export function formatCount(count: number, language: Language): string {
  return count.toLocaleString(language);
}

/** A reading's value with its unit. */
export function formatValue(value: number, unit: ReadingUnit): string {
  if (unit === "ratio") return `${(value * 100).toFixed(1)} %`;
  if (unit === "bytes") return formatBytes(value);
  return unit === "seconds" ? `${value.toFixed(1)} s` : String(Number(value.toPrecision(4)));
}
