import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { pathJson, pathText } from "./store-bytes.ts";
import { visible } from "./visible.ts";

describe("a path of bytes", () => {
  it.each([
    ["plain", Buffer.from("/etc/hosts"), "/etc/hosts"],
    ["Japanese", Buffer.from("/家/留守番"), "/家/留守番"],
    ["a byte that begins nothing", Buffer.from([0x2f, 0x61, 0xff, 0x62]), "/a\\xffb"],
    ["a character cut off", Buffer.from([0x2f, 0xe7, 0x95]), "/\\xe7\\x95"],
    ["a replacement character of its own", Buffer.from("/\ufffd"), "/\ufffd"],
    ["that, and a wrong byte", Buffer.from([0xef, 0xbf, 0xbd, 0xff]), "\ufffd\\xff"],
    ["empty", Buffer.alloc(0), ""],
  ])("is text for people: %s", (_, bytes, text) => {
    expect(pathText(bytes)).toBe(text);
  });

  it("comes back from JSON byte by byte, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (array) => {
        const bytes = Buffer.from(array);
        const { path, rawPath } = pathJson(bytes);
        expect(rawPath === undefined ? Buffer.from(path) : Buffer.from(rawPath, "base64")).toEqual(bytes);
        expect(visible(visible(pathText(bytes)))).toBe(visible(pathText(bytes)));
      }),
    );
  });
});
