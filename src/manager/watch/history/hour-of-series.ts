import type { ReadingUnit } from "../../../model/reading.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const MINUTES_PER_HOUR = 60;
export const HOURS_PER_DAY = 24;

/** One measure of one component of one host. */
export interface SeriesName {
  readonly hostId: string;
  readonly component: string;
  readonly measure: string;
}

/** The hour under way of a series: the average of each minute so far, NaN where nothing was read. */
export class HourOfSeries {
  readonly name: SeriesName;
  readonly unit: ReadingUnit;
  /** Hours since 1970. */
  readonly hour: number;
  readonly minutes = new Float64Array(MINUTES_PER_HOUR).fill(Number.NaN);
  /** Whether the database does not have all of it yet. */
  isChanged = false;
  /** Whether what an earlier run of the manager wrote of this hour is in it. */
  isComplete = false;
  /** What the database's copy takes. */
  storedBytes = 0;
  #minute = -1;
  #sum = 0;
  #count = 0;

  constructor(name: SeriesName, unit: ReadingUnit, hour: number) {
    this.name = name;
    this.unit = unit;
    this.hour = hour;
  }

  /** `atMs` lies in this hour. */
  add(atMs: number, value: number): void {
    const minute = Math.floor((atMs % HOUR_MS) / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#sum = 0;
      this.#count = 0;
    }
    this.#sum += value;
    this.#count += 1;
    this.minutes[minute] = this.#sum / this.#count;
    this.isChanged = true;
  }

  /** Takes in what was stored, where this run has nothing newer. */
  complete(stored: Float64Array | undefined, storedBytes: number): void {
    stored?.forEach((value, minute) => {
      if (Number.isNaN(this.minutes[minute])) this.minutes[minute] = value;
    });
    this.storedBytes = storedBytes;
    this.isComplete = true;
  }
}

/** Average, least and greatest of some samples; undefined where all are NaN. */
export function summarise(
  samples: Iterable<number>,
): { readonly average: number; readonly minimum: number; readonly maximum: number } | undefined {
  let [sum, count, minimum, maximum] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const sample of samples) {
    if (Number.isNaN(sample)) continue;
    sum += sample;
    count += 1;
    minimum = Math.min(minimum, sample);
    maximum = Math.max(maximum, sample);
  }
  return count === 0 ? undefined : { average: sum / count, minimum, maximum };
}
