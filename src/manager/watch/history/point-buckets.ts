import { DAY_MS, HOUR_MS, MINUTE_MS } from "./hour-of-series.ts";

/** One point of a graph: what was read from `atMs` on, for a step. */
export interface HistoryPoint {
  readonly atMs: number;
  readonly average: number;
  readonly minimum: number;
  readonly maximum: number;
}

/** Steps that people read easily. */
const STEPS_MS = [1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS);
const LONG_STEPS_MS = [1, 2, 4, 6, 12].map((hours) => hours * HOUR_MS);

/** The finest step that shows the stretch in at most `pointsMax` points. */
export function stepOf(wanted: {
  readonly fromMs: number;
  readonly toMs: number;
  readonly pointsMax: number;
  readonly finestMs: number;
}): number {
  // Steps begin at round moments, so that a stretch touches one more than it is long.
  const steps = Math.max(1, wanted.pointsMax - 1);
  const least = Math.max(wanted.finestMs, (wanted.toMs - wanted.fromMs) / steps);
  const step = [...STEPS_MS, ...LONG_STEPS_MS].find((each) => each >= least);
  return step ?? Math.ceil(least / DAY_MS) * DAY_MS;
}

/** Puts samples together by step. An hour that is known only by its average weighs as much as its sixty minutes. */
export class PointBuckets {
  readonly #range: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number };
  readonly #buckets = new Map<number, { sum: number; weight: number; minimum: number; maximum: number }>();

  constructor(range: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number }) {
    this.#range = range;
  }

  /** NaN is no sample. */
  addMinute(atMs: number, value: number): void {
    if (!Number.isNaN(value)) this.#add(atMs, { average: value, minimum: value, maximum: value }, 1);
  }

  addHour(atMs: number, hour: Omit<HistoryPoint, "atMs">): void {
    this.#add(atMs, hour, HOUR_MS / MINUTE_MS);
  }

  points(): HistoryPoint[] {
    return [...this.#buckets]
      .sort(([a], [b]) => a - b)
      .map(([atMs, { sum, weight, minimum, maximum }]) => ({ atMs, average: sum / weight, minimum, maximum }));
  }

  #add(atMs: number, { average, minimum, maximum }: Omit<HistoryPoint, "atMs">, weight: number): void {
    const { fromMs, toMs, stepMs } = this.#range;
    const start = Math.floor(atMs / stepMs) * stepMs;
    if (start + stepMs <= fromMs || atMs > toMs) return;
    const bucket = this.#buckets.get(start) ?? {
      sum: 0,
      weight: 0,
      minimum: Number.POSITIVE_INFINITY,
      maximum: Number.NEGATIVE_INFINITY,
    };
    bucket.sum += average * weight;
    bucket.weight += weight;
    bucket.minimum = Math.min(bucket.minimum, minimum);
    bucket.maximum = Math.max(bucket.maximum, maximum);
    this.#buckets.set(start, bucket);
  }
}
