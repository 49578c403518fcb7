import { afterEach, describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { decodeObject, encodeAndProve } from "./codec.ts";
import { Encoder } from "./encoder.ts";

const encoders: Encoder[] = [];
function createEncoder(): Encoder {
  const encoder = new Encoder();
  encoders.push(encoder);
  return encoder;
}
afterEach(() => Promise.all(encoders.splice(0).map((encoder) => encoder.close())));

/** Compresses to a half or so, and differs for each seed. */
function textOf(bytes: number, seed: number): Buffer {
  const words = Array.from({ length: 64 }, (_, index) => `word${(index * 7919 + seed) % 1000} `);
  let text = "";
  for (let at = seed; text.length < bytes; at = (Math.imul(at, 1_103_515_245) + 12_345) >>> 0)
    text += words[(at >>> 8) % words.length];
  return Buffer.from(text.slice(0, bytes));
}

describe("the encoder", () => {
  it("gives for short and for long objects what encoding them here gives", async () => {
    const encoder = createEncoder();
    const objects = [1, 31, 16 * 1024, 16 * 1024 + 1, 300_000].flatMap((bytes) => [
      textOf(bytes, bytes),
      systemRandom(bytes),
      Buffer.alloc(bytes),
    ]);
    const encoded = await Promise.all(objects.map((object) => encoder.encode(encoder.hold(object))));
    for (const [index, object] of objects.entries()) {
      expect((encoded[index] as Buffer).equals(encodeAndProve(object))).toBe(true);
      expect((await decodeObject(encoded[index] as Buffer)).equals(object)).toBe(true);
    }
  });

  it("keeps its own copy: the caller may change what was held at once", async () => {
    const encoder = createEncoder();
    for (const bytes of [100, 200_000]) {
      const plaintext = textOf(bytes, 1);
      const before = Buffer.from(plaintext);
      const held = encoder.hold(plaintext);
      plaintext.fill(0);
      expect((await decodeObject(await encoder.encode(held))).equals(before)).toBe(true);
    }
  });

  it("uses memory again without mixing up what was in it", async () => {
    const encoder = createEncoder();
    for (let round = 0; round < 20; round++) {
      const objects = [textOf(150_000, round), textOf(90_000 + round, round + 100), textOf(200_000, round + 200)];
      const held = objects.map((object) => encoder.hold(object));
      encoder.letGo(encoder.hold(systemRandom(150_000)));
      const encoded = await Promise.all(held.map((object) => encoder.encode(object)));
      for (const [index, object] of objects.entries())
        expect((await decodeObject(encoded[index] as Buffer)).equals(object)).toBe(true);
    }
  });

  it("refuses an object that is too long, and goes on", async () => {
    const encoder = createEncoder();
    await expect(encoder.encode(encoder.hold(Buffer.alloc(8 * 1024 * 1024 + 1)))).rejects.toThrow(/above/);
    const object = textOf(100_000, 3);
    expect((await decodeObject(await encoder.encode(encoder.hold(object)))).equals(object)).toBe(true);
  });

  it("refuses what is still being encoded when it is closed", async () => {
    const encoder = createEncoder();
    const encoding = encoder.encode(encoder.hold(textOf(4_000_000, 5)));
    const refusal = expect(encoding).rejects.toThrow("encoding thread has ended");
    await encoder.close();
    await refusal;
  });
});
