import type { Reading, ReadingUnit } from "../../../model/reading.ts";
import { ProtobufWriter } from "../../../wire/protobuf-writer.ts";

/** One value of one series at one moment. */
export interface ForwardedSample {
  readonly host: string;
  readonly component: string;
  readonly measure: string;
  readonly unit: ReadingUnit;
  readonly value: number;
  /** By the manager's clock. */
  readonly atMs: number;
}

/** Null where there is nothing to forward: what could not be read has no value. */
export function toSample(host: string, { component, measure, unit, value }: Reading, atMs: number) {
  return value === null ? null : { host, component, measure, unit, value, atMs };
}

/** The same names as at `/metrics`, so that a dashboard fits both. */
export function metricName(unit: ReadingUnit): string {
  return unit === "none" ? "rusuban_reading" : `rusuban_reading_${unit}`;
}

/** prometheus.WriteRequest (Remote-Write 1.0 §Protocol): labels sorted by name, samples of a series by time. */
export function encodeWriteRequest(samples: readonly ForwardedSample[]): Buffer {
  const series = new Map<string, { labels: [string, string][]; samples: ForwardedSample[] }>();
  for (const sample of samples) {
    const { host, component, measure, unit } = sample;
    const key = JSON.stringify([host, component, measure, unit]);
    const labels: [string, string][] = [
      ["__name__", metricName(unit)],
      ["component", component],
      ["host", host],
      ["measure", measure],
    ];
    const one = series.get(key) ?? { labels, samples: [] };
    one.samples.push(sample);
    series.set(key, one);
  }
  const request = new ProtobufWriter();
  for (const { labels, samples: ofSeries } of series.values()) {
    const timeSeries = new ProtobufWriter();
    for (const [name, value] of labels) {
      timeSeries.bytes(1, new ProtobufWriter().bytes(1, name).bytes(2, value).finish());
    }
    for (const { value, atMs } of ofSeries.toSorted((a, b) => a.atMs - b.atMs)) {
      timeSeries.bytes(
        2,
        new ProtobufWriter()
          .double(1, value)
          .int64(2, BigInt(Math.trunc(atMs)))
          .finish(),
      );
    }
    request.bytes(1, timeSeries.finish());
  }
  return request.finish();
}
