import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatAge, formatCount, formatDuration, formatMoment } from "./quantities.ts";

describe("counts", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1_000, "1,000"],
    [1_234_567, "1,234,567"],
  ])("%i is %s", (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

describe("durations", () => {
  it.each([
    [-5, "less than 1 s", "1秒未満"],
    [999, "less than 1 s", "1秒未満"],
    [59_999, "59 s", "59秒"],
    [60_000, "1 min", "1分"],
    [65_000, "1 min 5 s", "1分5秒"],
    [3_600_000 + 5 * 60_000 + 9_000, "1 h 5 min", "1時間5分"],
    [2 * 86_400_000, "2 d", "2日"],
  ])("of %i ms are %s and %s", (milliseconds, en, ja) => {
    expect([formatDuration(milliseconds, "en"), formatDuration(milliseconds, "ja")]).toEqual([en, ja]);
  });
});

describe("ages", () => {
  it.each([
    [0, "just now", "たった今"],
    [-12_000, "12 s ago", "12秒前"],
    [-119_000, "1 min ago", "1分前"],
    [-3 * 3_600_000, "3 h ago", "3時間前"],
    [-40 * 86_400_000, "40 d ago", "40日前"],
    [300_000, "in 5 min", "5分後"],
  ])("of %i ms from now are %s and %s", (fromNow, en, ja) => {
    const now = 1_800_000_000_000;
    expect([formatAge(now + fromNow, now, "en"), formatAge(now + fromNow, now, "ja")]).toEqual([en, ja]);
  });
});

describe("moments", () => {
  const zone = process.env.TZ;
  beforeAll(() => {
    process.env.TZ = "Asia/Tokyo";
  });
  afterAll(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  it("are in this computer's time zone", () => {
    expect(formatMoment(Date.UTC(2026, 10, 22, 15, 4, 5))).toBe("2026-11-23 00:04:05");
  });

  it("beyond what a date can hold are shown as the number they are", () => {
    expect(formatMoment(9e15)).toBe("9000000000000000");
  });
});
