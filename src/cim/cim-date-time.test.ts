import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { CimDateTime } from "./cim-date-time.ts";

describe("a datetime of CIM", () => {
  it.each([
    ["a moment", "19980525133015.000000-300", "1998-05-25T13:30:15-05:00", Date.parse("1998-05-25T18:30:15Z")],
    [
      "microseconds",
      "20261122120000.123456+000",
      "2026-11-22T12:00:00.123456Z",
      Date.parse("2026-11-22T12:00:00Z") + 123.456,
    ],
    ["Japan", "20260102030405.000000+540", "2026-01-02T03:04:05+09:00", Date.parse("2026-01-01T18:04:05Z")],
    ["a leap day", "20240229000000.000000+000", "2024-02-29T00:00:00Z", Date.parse("2024-02-29T00:00:00Z")],
    ["an interval", "00000001132312.000000:000", "P1DT13H23M12S", (86_400 + 13 * 3600 + 23 * 60 + 12) * 1000],
    ["no time", "00000000000000.000000:000", "P0DT0H0M0S", 0],
  ])("stands in both forms: %s", (_, text, iso, milliseconds) => {
    const value = CimDateTime.parse(text);
    expect([value.iso, value.milliseconds]).toEqual([iso, milliseconds]);
    expect(CimDateTime.parseIso(iso).text).toBe(text);
  });

  it.each([
    ["a day", "19980525******.******+000"],
    ["a month", "199805********.******+000"],
    ["coarse fractions", "19980525133015.123***-300"],
    ["hours of an interval", "0000000113****.******:000"],
  ])("may leave the right end open: %s", (_, text) => {
    const value = CimDateTime.parse(text);
    expect([value.isPartial, value.milliseconds, value.iso]).toEqual([true, null, null]);
  });

  it.each([
    "",
    "1998-05-25",
    "19981325133015.000000-300",
    "19980532133015.000000-300",
    "20230229000000.000000+000",
    "19980525243015.000000-300",
    "19980525136015.000000-300",
    "19980525133015.000000*300",
    "1998**25133015.000000-300",
    "19980525133015.0*0000-300",
    "00000001242312.000000:000",
    "00000001132312.000000:001",
    "19980525133015.000000-3000",
  ])("is refused: %j", (text) => {
    expect(() => CimDateTime.parse(text)).toThrow(WireError);
  });

  it.each(["P", "PT", "P1DT", "yesterday", "2026-13-01T00:00:00Z", "2026-01-01T00:00", "-P1D"])(
    "is refused as ISO: %j",
    (text) => {
      expect(() => CimDateTime.parseIso(text)).toThrow(WireError);
    },
  );

  it("keeps any moment and any length through both forms", () => {
    const moment = fc.date({ min: new Date("0001-01-01"), max: new Date("9998-12-31"), noInvalidDate: true });
    fc.assert(
      fc.property(
        moment,
        fc.integer({ min: -840, max: 840 }),
        fc.integer({ min: 0, max: 2 ** 42 }),
        (date, offset, length) => {
          const at = CimDateTime.at(date.getTime(), offset);
          const interval = CimDateTime.interval(length);
          expect(at.milliseconds).toBe(date.getTime());
          expect(interval.milliseconds).toBe(length);
          for (const value of [at, interval]) {
            expect(CimDateTime.parse(value.text).text).toBe(value.text);
            expect(CimDateTime.parseIso(value.iso ?? "").milliseconds).toBe(value.milliseconds);
          }
        },
      ),
    );
  });
});
