import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonText, visible } from "./visible.ts";

const HOSTILE = [
  ["an ANSI sequence", "\u001b[2J\u001b[31mred", "\\x1b[2J\\x1b[31mred"],
  ["an OSC that sets the title", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
  ["an 8-bit control sequence introducer", "\u009b31m", "\\x9b31m"],
  ["line breaks", "a\nb\r\u2028c", "a\\nb\\r\\u{2028}c"],
  ["a right-to-left override", "exe.\u202efdp", "exe.\\u{202e}fdp"],
  ["isolates and zero width", "a\u2066b\u200bc\ufeff", "a\\u{2066}b\\u{200b}c\\u{feff}"],
  ["tag characters", "a\u{e0041}", "a\\u{e0041}"],
  ["half of a pair", "a\ud800", "a\\u{d800}"],
  ["backspaces and delete", "rm\b\b\u007f", "rm\\x08\\x08\\x7f"],
] as const;

describe("visible text", () => {
  it.each(HOSTILE)("writes out %s", (_, text, shown) => {
    expect(visible(text)).toBe(shown);
  });

  it.each(["/var is 96 % full", "ファイルシステム /var が「満杯」", "naïve 𠮷 👩‍👩‍👧 €", "C:\\Users"])(
    "leaves %j alone",
    (text) => {
      expect(visible(text)).toBe(text);
    },
  );
});

describe("JSON text", () => {
  it.each(HOSTILE)("escapes %s and still means it", (_, text) => {
    const json = jsonText({ text, list: [text] }, 2);
    expect(visible(json.replaceAll("\n", ""))).toBe(json.replaceAll("\n", ""));
    expect(JSON.parse(json)).toEqual({ text, list: [text] });
  });

  it("is what was given, for any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const json = jsonText({ [text]: text });
        expect(visible(json)).toBe(json);
        expect(JSON.parse(json)).toEqual({ [text]: text });
      }),
    );
  });
});
