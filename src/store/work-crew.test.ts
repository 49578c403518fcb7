import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { chunkId } from "./chunk-id.ts";
import { createCutter, createGearTable } from "./chunker.ts";
import { assembleEncoded, decodeObject, encodeAndProve } from "./codec.ts";
import { SMALL_CHUNKS } from "./store-fixture.ts";
import { WorkCrew } from "./work-crew.ts";

const CHUNKING = { sizes: SMALL_CHUNKS, idKey: Buffer.alloc(32, 1), gearKey: Buffer.alloc(32, 2) };

const crews: WorkCrew[] = [];
function createCrew(): WorkCrew {
  const crew = new WorkCrew(CHUNKING);
  crews.push(crew);
  return crew;
}
afterEach(() => Promise.all(crews.splice(0).map((crew) => crew.close())));

/** Compresses to a half or so, and differs for each seed. */
function textOf(bytes: number, seed: number): Buffer {
  const words = Array.from({ length: 64 }, (_, index) => `word${(index * 7919 + seed) % 1000} `);
  let text = "";
  for (let at = seed; text.length < bytes; at = (Math.imul(at, 1_103_515_245) + 12_345) >>> 0)
    text += words[(at >>> 8) % words.length];
  return Buffer.from(text.slice(0, bytes));
}

/** What becomes of `object` in memory that holds other things as well. */
async function encodeWith(crew: WorkCrew, object: Buffer): Promise<Buffer> {
  const at = 100;
  const memory = new SharedArrayBuffer(at + object.length + 100);
  const all = Buffer.from(memory).fill(0xaa);
  object.copy(all, at);
  const { encodedBytes } = await crew.encode({ memory, at, bytes: object.length });
  const around = Buffer.concat([all.subarray(0, at), all.subarray(at + object.length)]);
  expect(around.equals(Buffer.alloc(200, 0xaa))).toBe(true);
  if (encodedBytes === 0) return assembleEncoded(Buffer.from(memory, at, object.length), undefined);
  return Buffer.from(Buffer.from(memory, at, encodedBytes));
}

/** As whoever waits does it: working meanwhile. */
async function settle<T>(crew: WorkCrew, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = () => {
    isDone = true;
    crew.changed();
  };
  work.then(done, done);
  await crew.workUntil(() => isDone);
  return work;
}

describe("the crew", () => {
  it("encodes as encoding here would, whoever does it", async () => {
    const crew = createCrew();
    const objects = [31, 100, 20_000, 300_000].flatMap((bytes) => [
      textOf(bytes, bytes),
      systemRandom(bytes),
      Buffer.alloc(bytes),
    ]);
    // Enough for threads to be started, and the rest is done here.
    const many = Array.from({ length: 8 }, () => objects).flat();
    const encoded = await settle(crew, Promise.all(many.map((object) => encodeWith(crew, object))));
    for (const [index, object] of many.entries()) {
      expect((encoded[index] as Buffer).equals(encodeAndProve(object))).toBe(true);
      expect((await decodeObject(encoded[index] as Buffer)).equals(object)).toBe(true);
    }
  });

  it("does what is queued in threads alone when there is much of it", async () => {
    const crew = createCrew();
    const objects = Array.from({ length: 6 }, (_, index) => textOf(1_000_000, index));
    const encoded = await Promise.all(objects.slice(0, 5).map((object) => encodeWith(crew, object)));
    for (const [index, bytes] of encoded.entries())
      expect((await decodeObject(bytes)).equals(objects[index] as Buffer)).toBe(true);
  });

  it("reads a file in slices and cuts and names it as in one piece", async () => {
    const crew = createCrew();
    const folder = mkdtempSync(join(tmpdir(), "rusuban-crew-"));
    const content = Buffer.concat([systemRandom(60_000), Buffer.alloc(30_000), textOf(50_000, 1)]);
    writeFileSync(join(folder, "file"), content);
    const fd = openSync(join(folder, "file"), "r");
    try {
      const found: [string, number][] = [];
      let left = Buffer.alloc(0);
      const slice = 16_384;
      for (let position = 0; ; ) {
        const memory = new SharedArrayBuffer(slice);
        const all = Buffer.from(memory);
        left.copy(all);
        const bytes = slice - left.length;
        const work = { memory, at: 0, filled: left.length, fd, position, bytes, isEnd: false };
        const { bytesRead, ends, ids } = await settle(crew, crew.cut(work));
        let at = 0;
        for (const [index, end] of ends.entries()) {
          found.push([Buffer.from(ids.subarray(index * 32, index * 32 + 32)).toString("hex"), end - at]);
          at = end;
        }
        position += bytesRead;
        if (bytesRead < bytes) break;
        left = Buffer.from(all.subarray(at));
      }
      const cutter = createCutter({ sizes: SMALL_CHUNKS, gear: createGearTable(CHUNKING.gearKey) });
      const wanted: [string, number][] = [];
      for (let from = 0; from < content.length; ) {
        const end = cutter(content, from, content.length) || content.length;
        wanted.push([chunkId(CHUNKING.idKey, "data", content.subarray(from, end)).toString("hex"), end - from]);
        from = end;
      }
      expect(found).toEqual(wanted);
    } finally {
      closeSync(fd);
      rmSync(folder, { recursive: true });
    }
  });

  it("hands on the system's error of a file that cannot be read", async () => {
    const crew = createCrew();
    const fd = openSync(tmpdir(), "r");
    try {
      const work = { memory: new SharedArrayBuffer(100), at: 0, filled: 0, fd, position: 0, bytes: 100, isEnd: true };
      await expect(settle(crew, crew.cut(work))).rejects.toMatchObject({ code: "EISDIR" });
    } finally {
      closeSync(fd);
    }
  });

  it("refuses an object that is too long, and goes on", async () => {
    const crew = createCrew();
    await expect(encodeWith(crew, Buffer.alloc(8 * 1024 * 1024 + 1))).rejects.toThrow(/above/);
    const object = textOf(100_000, 3);
    expect((await decodeObject(await settle(crew, encodeWith(crew, object)))).equals(object)).toBe(true);
  });

  it("refuses what is not done when it is dismissed", async () => {
    const crew = createCrew();
    const works = Array.from({ length: 8 }, (_, index) => encodeWith(crew, textOf(1_500_000, index)));
    const refusals = Promise.all(works.map((work) => expect(work).rejects.toThrow("dismissed")));
    await crew.close();
    await refusals;
    await expect(encodeWith(crew, textOf(10, 1))).rejects.toThrow("dismissed");
  });
});
