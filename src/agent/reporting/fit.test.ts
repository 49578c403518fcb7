import fc from "fast-check";
import { expect, it } from "vitest";
import {
  ALERT_CATEGORIES,
  ALERT_KINDS,
  type Alert,
  type AlertCategory,
  type AlertKind,
  SEVERITIES,
  type Severity,
} from "../../model/alert.ts";
import { fitText } from "../../model/fit-text.ts";
import type { HostReadings, ReadingState } from "../../model/reading.ts";
import { AlertMessage, ReportRequest } from "../../protocols/report/messages.ts";
import { decode, encode } from "../../wire/xdr.ts";
import { fitAlert, fitReadings } from "./fit.ts";
import { alertOf } from "./fixtures/alert-fixture.ts";

const hostile = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "\ud800",
    "a\udc00b",
    "\u0000",
    "'; --",
    "\u202e",
    "💣".repeat(2_000),
    "é".repeat(3_000),
    "x".repeat(9_000),
  ),
);

it.each([
  ["short", 10, "short"],
  ["exactly ten", 11, "exactly ten"],
  ["one too many", 11, "one too …"],
  ["ééé", 5, "é…"],
  ["ééé", 4, "…"],
  ["💣💣", 7, "💣…"],
  ["💣💣", 6, "…"],
  ["a\ud800b", 10, "a\ufffdb"],
])("%j in %i bytes is %j", (text, bytes, cut) => {
  expect(fitText(text, bytes)).toBe(cut);
});

it("what is cut fits, is whole characters, and begins as it did", () => {
  fc.assert(
    fc.property(hostile, fc.integer({ min: 3, max: 100 }), (text, bytesMax) => {
      const cut = fitText(text, bytesMax);
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(bytesMax);
      expect(cut.isWellFormed()).toBe(true);
      if (cut !== text.toWellFormed()) expect(text.toWellFormed().startsWith(cut.slice(0, -1))).toBe(true);
    }),
  );
});

it("whatever is raised can be told", () => {
  const anything: fc.Arbitrary<Alert> = fc.record({
    id: fc.uuid().map((id) => id.toUpperCase()),
    raisedAtMs: fc.oneof(fc.double(), fc.integer()),
    severity: fc.constantFrom(...(Object.keys(SEVERITIES) as Severity[])),
    category: fc.constantFrom(...(Object.keys(ALERT_CATEGORIES) as AlertCategory[])),
    kind: fc.constantFrom(...(Object.keys(ALERT_KINDS) as AlertKind[])),
    component: hostile,
    condition: hostile,
    summary: hostile,
    details: fc.array(fc.record({ name: hostile, value: hostile }), { maxLength: 70, size: "max" }),
  });
  fc.assert(
    fc.property(anything, (alert) => {
      const fitted = fitAlert(alert, { nowMs: 5 });
      expect(decode(AlertMessage, encode(AlertMessage, fitted))).toEqual(fitted);
    }),
    { numRuns: 50 },
  );
});

it("leaves alone what fits", () => {
  const alert = alertOf(1, { details: [{ name: "free", value: "1 GB" }] });
  expect(fitAlert(alert, { nowMs: 5 })).toEqual(alert);
});

it("says how many details are left out", () => {
  const details = Array.from({ length: 100 }, (_, n) => ({ name: `${n}`, value: "" }));
  const fitted = fitAlert(alertOf(1, { details }), { nowMs: 5 }).details;
  expect(fitted).toHaveLength(64);
  expect(fitted.at(-1)).toEqual({ name: "…", value: "37 further details are left out" });
});

it("refuses an alert whose id is no UUID: nobody could acknowledge it", () => {
  expect(() => fitAlert(alertOf(1, { id: "one" }), { nowMs: 5 })).toThrow("an alert's id is a UUID, not one");
});

it("whatever was read can be told, and what is no number was not read", () => {
  const anything: fc.Arbitrary<HostReadings> = fc.record({
    readAtMs: fc.maxSafeInteger(),
    readings: fc.array(
      fc.record({
        component: hostile,
        measure: hostile,
        value: fc.oneof(fc.double(), fc.constant(null)),
        unit: fc.constant("bytes" as const),
        state: fc.constantFrom<ReadingState>("ok", "unknown", "warning", "critical"),
        summary: hostile,
      }),
      { maxLength: 600, size: "max" },
    ),
  });
  fc.assert(
    fc.property(anything, (readings) => {
      const fitted = fitReadings(readings);
      const message = fitted.readings.map((reading) => ({ ...reading, value: reading.value ?? undefined }));
      encode(ReportRequest, { kind: "readings", readAtMs: fitted.readAtMs, readings: message });
      for (const { value, state } of fitted.readings) if (value === null) expect(state).toBe("unknown");
    }),
    { numRuns: 30 },
  );
});
