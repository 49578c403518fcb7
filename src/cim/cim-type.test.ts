import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { CimDateTime } from "./cim-date-time.ts";
import { CIM_TYPES, type CimType, formatCimText, misfitOf, parseCimText } from "./cim-type.ts";
import { ObjectPath } from "./object-path.ts";

describe("values as text", () => {
  it.each<[CimType, string, unknown]>([
    ["boolean", "TRUE", true],
    ["boolean", " 0 ", false],
    ["string", " kept ", " kept "],
    ["char16", "é", "é"],
    ["uint8", "255", 255],
    ["sint8", "-128", -128],
    ["uint16", "0xFFFF", 65_535],
    ["uint32", "+4294967295", 4_294_967_295],
    ["sint32", "-2147483648", -2_147_483_648],
    ["uint64", "18446744073709551615", 18_446_744_073_709_551_615n],
    ["sint64", "-9223372036854775808", -9_223_372_036_854_775_808n],
    ["uint16", "101b", 5],
    ["real64", "-1.5E+3", -1500],
    ["real32", "0.1", Math.fround(0.1)],
    ["real64", "INF", Infinity],
  ])("%s %j", (type, text, value) => {
    expect(parseCimText(type, text)).toBe(value);
    expect(misfitOf(type, parseCimText(type, text))).toBeNull();
  });

  it("reads datetimes in both forms, and references", () => {
    expect(String(parseCimText("datetime", " 2026-11-22T12:00:00Z "))).toBe("20261122120000.000000+000");
    expect(String(parseCimText("datetime", "00000001000000.000000:000"))).toBe("00000001000000.000000:000");
    expect(parseCimText("reference", 'CIM_Fan.DeviceID="1"')).toBeInstanceOf(ObjectPath);
  });

  it.each<[CimType, string]>([
    ["boolean", "yes"],
    ["char16", "ab"],
    ["uint8", "256"],
    ["uint8", "-1"],
    ["sint16", "32768"],
    ["uint64", "18446744073709551616"],
    ["uint32", "1.0"],
    ["uint32", "1e3"],
    ["uint32", ""],
    ["uint32", "9".repeat(100)],
    ["real64", "1,5"],
    ["datetime", "today"],
  ])("refuses %s %j", (type, text) => {
    expect(() => parseCimText(type, text)).toThrow(WireError);
  });

  it.each<[string, Parameters<typeof formatCimText>[0]]>([
    ["true", true],
    ["18446744073709551615", 18_446_744_073_709_551_615n],
    ["-INF", -Infinity],
    ["NaN", Number.NaN],
    ["00000001000000.000000:000", CimDateTime.interval(86_400_000)],
  ])("writes %s", (text, value) => {
    expect(formatCimText(value)).toBe(text);
  });

  it("knows which value a type cannot carry", () => {
    const values = [true, "ab", 256, -1, 1.5, 2n ** 64n, CimDateTime.at(0), ObjectPath.parse("CIM_Fan")];
    const fitting = CIM_TYPES.map((type) => [type, values.filter((value) => misfitOf(type, value) === null)]);
    expect(Object.fromEntries(fitting)).toEqual({
      boolean: [true],
      string: ["ab"],
      char16: [],
      datetime: [values[6]],
      reference: [values[7]],
      uint8: [],
      uint16: [256],
      uint32: [256],
      uint64: [],
      sint8: [-1],
      sint16: [256, -1],
      sint32: [256, -1],
      sint64: [],
      real32: [256, -1, 1.5],
      real64: [256, -1, 1.5],
    });
  });
});
