import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { OBJECT_BYTES_MAX } from "./chunk-sizes.ts";
import { decodeObject, encodeObject } from "./codec.ts";

function declare(coding: number, length: number, body: Buffer): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(coding, 0);
  header.writeUInt32LE(length, 1);
  return Buffer.concat([header, body]);
}

describe("the codec", () => {
  it("gives back any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 3000 }), async (bytes) => {
        expect((await decodeObject(await encodeObject(Buffer.from(bytes)))).equals(Buffer.from(bytes))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it("compresses text, in the pool when it is large, and keeps noise as it is", async () => {
    const text = Buffer.alloc(400_000, "the quick brown fox jumps over the lazy dog ");
    expect((await encodeObject(text)).length).toBeLessThan(2_000);
    expect((await decodeObject(await encodeObject(text))).equals(text)).toBe(true);
    for (const count of [0, 31, 2_000, 300_000]) {
      const noise = systemRandom(count);
      const encoded = await encodeObject(noise);
      expect(encoded.length).toBe(noise.length + 5);
      expect((await decodeObject(encoded)).equals(noise)).toBe(true);
    }
  });

  it("refuses every prefix and any byte more", async () => {
    for (const plaintext of [systemRandom(40), Buffer.alloc(500, "ab")]) {
      const encoded = await encodeObject(plaintext);
      for (let length = 0; length < encoded.length; length++) {
        await expect(decodeObject(encoded.subarray(0, length))).rejects.toMatchObject({ name: "WireError" });
      }
    }
    const raw = await encodeObject(systemRandom(40));
    await expect(decodeObject(Buffer.concat([raw, Buffer.alloc(1)]))).rejects.toMatchObject({ name: "WireError" });
  });

  it("refuses what it was not asked to allocate", async () => {
    const bomb = zstdCompressSync(Buffer.alloc(4 * 1024 * 1024));
    await expect(decodeObject(declare(1, 1000, bomb))).rejects.toMatchObject({ name: "WireError" });
    await expect(decodeObject(declare(1, OBJECT_BYTES_MAX + 1, bomb))).rejects.toThrow(/above/);
    await expect(decodeObject(declare(1, 4 * 1024 * 1024 + 1, bomb))).rejects.toThrow(/declares 4194305/);
    await expect(decodeObject(declare(2, 10, Buffer.alloc(10)))).rejects.toThrow(/unknown coding 2/);
    await expect(encodeObject(Buffer.alloc(OBJECT_BYTES_MAX + 1))).rejects.toMatchObject({ name: "WireError" });
  });
});
