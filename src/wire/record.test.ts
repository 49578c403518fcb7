import fc from "fast-check";
import { expect, it } from "vitest";
import { WireError } from "../runtime/errors.ts";
import { encodeRecord, RecordReader } from "./record.ts";

it("a record is its length with the top bit set, then its bytes", () => {
  expect(encodeRecord(Buffer.from("abc")).toString("hex")).toBe("80000003616263");
});

it("every split of a stream gives the same records", () => {
  const bodies = [Buffer.from("one"), Buffer.alloc(0), Buffer.from("three, a longer one")];
  const stream = Buffer.concat(bodies.map(encodeRecord));
  for (let a = 0; a <= stream.length; a++) {
    for (let b = a; b <= stream.length; b++) {
      const reader = new RecordReader({ bytesMax: 64 });
      const got = [stream.subarray(0, a), stream.subarray(a, b), stream.subarray(b)].flatMap((part) =>
        reader.push(part),
      );
      expect(got).toEqual(bodies);
      expect(reader.isEmpty).toBe(true);
    }
  }
});

it("joins the fragments of one record", () => {
  const stream = Buffer.from("00000002" + "6162" + "00000000" + "80000001" + "63", "hex");
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 20, maxLength: 20 }), (sizes) => {
      const reader = new RecordReader({ bytesMax: 8 });
      const got: Buffer[] = [];
      let at = 0;
      for (const size of sizes) {
        got.push(...reader.push(stream.subarray(at, at + size)));
        at += size;
      }
      expect(got.map(String)).toEqual(["abc"]);
    }),
  );
});

it("refuses a record that is too long as soon as its length is known", () => {
  const reader = new RecordReader({ bytesMax: 100 });
  expect(() => reader.push(Buffer.from("80000065", "hex"))).toThrow(
    "record: 101 bytes declared, at most 100 are taken",
  );
});

it("refuses fragments that add up to too much, and endless empty ones", () => {
  const long = new RecordReader({ bytesMax: 4 });
  expect(() => long.push(Buffer.from("00000003616263" + "80000002", "hex"))).toThrow(WireError);
  const empty = new RecordReader({ bytesMax: 4, fragmentsMax: 3 });
  expect(() => empty.push(Buffer.from("00000000".repeat(4), "hex"))).toThrow("record: more than 3 fragments");
});

it("a long record in single bytes is put together, and costs no more than itself", () => {
  const body = Buffer.alloc(100_000, 7);
  const stream = encodeRecord(body);
  const reader = new RecordReader({ bytesMax: body.length });
  const got: Buffer[] = [];
  for (const byte of stream) got.push(...reader.push(Buffer.of(byte)));
  expect(got).toEqual([body]);
  expect(got[0]?.buffer.byteLength).toBeLessThan(2 * body.length);
});

it("holds nothing for a length that is only declared", () => {
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 1_000 }, () => new RecordReader({ bytesMax: 2 ** 24 }));
  for (const reader of readers) reader.push(Buffer.from("80ffffff00", "hex"));
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
});
