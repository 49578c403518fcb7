import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseDuration, parseExpiration } from "./duration.ts";

describe("xs:duration", () => {
  it.each([
    ["PT60.000S", 60_000],
    ["PT600.000000S", 600_000],
    ["PT0.500S", 500],
    ["PT10M", 600_000],
    ["PT1H30M", 5_400_000],
    ["P1DT2H", 93_600_000],
    ["P1Y", 31_536_000_000],
    ["P2M", 5_184_000_000],
    ["-PT5S", -5_000],
    [" PT5S\n", 5_000],
    ["PT0S", 0],
  ])("reads %s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(["", "P", "PT", "P1DT", "60", "PT1.S", "PT-1S", "1H", "PT1S1M", "PT99999999999S", "p1d", "P1D garbage"])(
    "takes %j for no duration",
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});

describe("an expiration", () => {
  const now = Date.UTC(2026, 10, 22, 12, 0, 0);
  it.each([
    ["PT10M", 600_000],
    ["2026-11-22T12:10:00Z", 600_000],
    ["2026-11-22T21:10:00+09:00", 600_000],
    ["2026-11-22T11:59:59Z", -1_000],
  ])("of %s is told as time from now", (text, ms) => {
    expect(parseExpiration(text, now)).toBe(ms);
  });

  it.each(["2026-11-22T12:10:00", "2026-11-22", "2026-13-40T12:10:00Z", "tomorrow", ""])("%j is none", (text) => {
    expect(parseExpiration(text, now)).toBeUndefined();
  });
});
