import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import {
  bool,
  type Codec,
  decode,
  double,
  encode,
  enumeration,
  fixed,
  integer,
  list,
  mapped,
  nothing,
  opaque,
  optional,
  struct,
  text,
  u32,
  u64,
  union,
} from "./xdr.ts";

const Sample = struct({
  name: text(8),
  counts: list(u32, 3),
  mode: enumeration({ read: 1, write: 2 }),
  note: optional(text(4)),
});
const Either = union({ ping: [1, nothing], say: [7, struct({ words: text(8) })] });

// biome-ignore lint/suspicious/noExplicitAny: a table of codecs of every type.
const VECTORS: readonly [name: string, codec: Codec<any>, value: unknown, hex: string][] = [
  ["u32", u32, 0xfffffffe, "fffffffe"],
  ["u64", u64, 0x0102030405060708n, "0102030405060708"],
  ["integer", integer, -2, "fffffffffffffffe"],
  ["double", double, 1.5, "3ff8000000000000"],
  ["bool", bool, true, "00000001"],
  ["fixed", fixed(3), Buffer.from("abc"), "61626300"],
  ["opaque", opaque(5), Buffer.from("abcde"), "000000056162636465000000"],
  ["text", text(12), "留守", "00000006e79599e5ae880000"],
  ["list", list(u32, 4), [1, 2], "000000020000000100000002"],
  ["optional, absent", optional(u32), undefined, "00000000"],
  ["optional, present", optional(u32), 9, "0000000100000009"],
  ["union", Either, { kind: "say", words: "hi" }, "00000007000000026869" + "0000"],
  ["union of nothing", Either, { kind: "ping" }, "00000001"],
  [
    "struct",
    Sample,
    { name: "a", counts: [5], mode: "write", note: undefined },
    "000000016100000000000001000000050000000200000000",
  ],
];

describe("vectors", () => {
  it.each(VECTORS)("%s stands as declared, both ways", (_, codec, value, hex) => {
    expect(encode(codec, value).toString("hex")).toBe(hex);
    expect(decode(codec, Buffer.from(hex, "hex"))).toEqual(value);
  });

  it.each(VECTORS)("every prefix of %s is refused", (_, codec, __, hex) => {
    const whole = Buffer.from(hex, "hex");
    for (let length = 0; length < whole.length; length++) {
      expect(() => decode(codec, whole.subarray(0, length))).toThrow(WireError);
    }
  });

  it.each(VECTORS)("bytes behind %s are refused", (_, codec, __, hex) => {
    expect(() => decode(codec, Buffer.from(`${hex}00000000`, "hex"))).toThrow("4 bytes left over");
  });
});

describe("refusals name the field", () => {
  const path = (run: () => unknown) => {
    try {
      run();
    } catch (error) {
      return error instanceof WireError ? error.message : error;
    }
    return "no error";
  };
  it.each([
    ["a list longer than declared", "0000000000000004", "counts: 4 items declared, at most 3 are taken"],
    ["an unknown value", "0000000000000000000000ff", "mode: unknown value 0xff"],
    ["text that is not UTF-8", "00000001ff000000", "name: not UTF-8"],
    ["padding that is not zero", "0000000161000001", "name: padding is not zero"],
    ["a text of 4 GB", "ffffffff", "name: 4294967295 bytes declared, at most 8 are taken"],
    ["an item cut short", "00000000000000010000", "counts[0]: truncated: 4 bytes needed, 2 left"],
  ])("%s", (_, hex, message) => {
    expect(path(() => decode(Sample, Buffer.from(hex, "hex")))).toBe(message);
  });

  it("an encoder refuses what its declaration does not allow", () => {
    expect(path(() => encode(Sample, { name: "too long for it", counts: [], mode: "read", note: undefined }))).toBe(
      "name: 15 bytes declared, at most 8 are taken",
    );
    expect(path(() => encode(u32, -1))).toBe("-1 is not an unsigned 32-bit integer");
    expect(path(() => encode(integer, 2 ** 60))).toBe(`${2 ** 60} is not a safe integer`);
  });
});

it("any value survives a round trip", () => {
  const value = fc.record({
    name: fc.string({ maxLength: 2, unit: "grapheme-ascii" }),
    counts: fc.array(fc.nat(), { maxLength: 3 }),
    mode: fc.constantFrom("read" as const, "write" as const),
    note: fc.option(fc.string({ maxLength: 4, unit: "grapheme-ascii" }), { nil: undefined }),
  });
  fc.assert(
    fc.property(value, (sample) => {
      expect(decode(Sample, encode(Sample, sample))).toEqual(sample);
    }),
  );
});

it("a mapped codec turns one form into another", () => {
  const Hex = mapped(fixed(2), {
    toWire: (hex: string) => Buffer.from(hex, "hex"),
    fromWire: (bytes) => bytes.toString("hex"),
  });
  expect(decode(Hex, encode(Hex, "beef"))).toBe("beef");
});
