import { expect, it, vi } from "vitest";
import type { Reading } from "../../model/reading.ts";
import { createLatestReadings, READINGS_BYTES_PER_HOST } from "./latest-readings.ts";

const reading = (given: Partial<Reading> = {}): Reading => ({
  component: "memory",
  measure: "used",
  value: 0.5,
  unit: "ratio",
  state: "ok",
  summary: "half",
  ...given,
});

it("knows the last look of each host until it is removed", () => {
  const onReadings = vi.fn();
  const latest = createLatestReadings({ onReadings });
  latest.take("a", { readAtMs: 1, readings: [reading()] });
  latest.take("a", { readAtMs: 2, readings: [reading({ value: 0.6 })] });
  latest.take("__proto__", { readAtMs: 3, readings: [] });
  expect(latest.of("a")).toEqual({ readAtMs: 2, readings: [reading({ value: 0.6 })] });
  expect(latest.of("b")).toBeUndefined();
  expect(latest.of("__proto__")?.readAtMs).toBe(3);
  expect(onReadings).toHaveBeenCalledTimes(3);
  latest.remove("a");
  expect(latest.of("a")).toBeUndefined();
});

it("leaves out what is beyond a host's bound, and says so in a reading that is not fine", () => {
  const latest = createLatestReadings({ onReadings() {} });
  const many = Array.from({ length: 512 }, (_, n) => reading({ component: `${n}`, summary: "x".repeat(1_000) }));
  latest.take("a", { readAtMs: 1, readings: many });
  const kept = latest.of("a")?.readings ?? [];
  const left = 512 - (kept.length - 1);
  expect(kept.at(-1)).toMatchObject({ component: "readings", value: left, state: "unknown" });
  const bytes = kept.reduce((sum, { component, measure, summary }) => sum + (component + measure + summary).length, 0);
  expect(bytes).toBeLessThan(READINGS_BYTES_PER_HOST + 200);
  expect(bytes).toBeGreaterThan(READINGS_BYTES_PER_HOST * 0.95);
});
