import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { compareTrees } from "../../test/tree-comparer.ts";
import { systemRandom } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { createBackupFixture, LATE_CLOCK, useDirectories } from "./backup-fixture.ts";
import { EntryWriter } from "./entry-writer.ts";
import type { ExtractOptions } from "./extract-options.ts";
import { extract } from "./extractor.ts";
import { close, openDirectory } from "./file-calls.ts";
import { libc } from "./libc.ts";
import { RestoreCrew } from "./restore-crew.ts";
import { decodeTask, encodeTask, type RestoreTask } from "./restore-task.ts";
import { TemporaryNames } from "./temporary-names.ts";

const directory = useDirectories();
const THREADS = 2;

/** More files, more bytes and longer files than are restored without threads. */
async function backUpMany() {
  const from = mkdtempSync(join(tmpdir(), "rusuban-crew-"));
  for (let folder = 0; folder < 20; folder++) {
    mkdirSync(join(from, `d${folder}`));
    for (let index = 0; index < 20; index++)
      writeFileSync(join(from, `d${folder}`, `f${index}`), systemRandom(100 + ((folder * 20 + index) % 9) * 997));
  }
  // Its many parts come first: what follows meets threads that are running.
  writeFileSync(join(from, "a-long"), systemRandom(600 * 1024));
  writeFileSync(join(from, "late"), "the last to be walked to is not the last to be written");
  const { store, backUp } = await createBackupFixture();
  const { root } = await backUp(from);
  const restoreWith = (to: string, source: Partial<ChunkSource>, options: Partial<ExtractOptions> = {}) =>
    extract({
      source: { read: (kind, id) => store.read(kind, id), ...source },
      ...{ chunking: store.chunking, root, target: to, overwrite: "never", clock: LATE_CLOCK, threadsMax: THREADS },
      ...options,
    });
  return { from, store, restoreWith };
}

describe("a restore by several threads", () => {
  let made: Awaited<ReturnType<typeof backUpMany>>;
  beforeAll(async () => {
    made = await backUpMany();
  });
  afterAll(() => rmSync(made.from, { recursive: true }));

  it.each([0, 1, 3])("by %d threads gives the same tree", async (threadsMax) => {
    const { from, store, restoreWith } = made;
    const to = directory();
    const { problems, stats } = await restoreWith(to, { readEncoded: store.readEncoded }, { threadsMax });
    expect(problems).toEqual([]);
    expect(stats.files).toBe(402);
    expect(compareTrees(from, join(to, from), { timeToleranceNs: 1_000n }).differences).toEqual([]);
  });

  it("lists what is damaged, by path, and restores the rest", async () => {
    const { from, store, restoreWith } = made;
    const to = directory();
    let reads = 0;
    const { problems, stats } = await restoreWith(to, {
      async readEncoded(kind, id) {
        const encoded = await store.readEncoded(kind, id);
        // The last byte of every thirtieth chunk.
        if (++reads % 30 === 0) encoded[encoded.length - 1] = (encoded.at(-1) ?? 0) ^ 1;
        return encoded;
      },
    });
    expect(problems.length).toBeGreaterThan(0);
    expect(stats.files + problems.length).toBe(402);
    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(["damaged"]));
    const paths = problems.map(({ path }) => path.toString());
    expect(paths).toEqual([...paths].sort());
    const { differences } = compareTrees(from, join(to, from), { timeToleranceNs: 1_000n });
    expect(
      differences.filter((line) => !line.includes("missing")).filter((line) => /contents|size/.test(line)),
    ).toEqual([]);
    expect(differences.filter((line) => line.includes("missing"))).toHaveLength(problems.length);
  });

  it("ends at an aborted signal with nothing half made and no thread behind", async () => {
    const { from, store, restoreWith } = made;
    const to = directory();
    const abort = new AbortController();
    let reads = 0;
    const readEncoded: ChunkSource["readEncoded"] = (kind, id) => {
      if (++reads === 60) abort.abort(new Error("cancelled"));
      return store.readEncoded(kind, id);
    };
    await expect(restoreWith(to, { readEncoded }, { signal: abort.signal })).rejects.toThrow("cancelled");
    for (const folder of readdirSync(join(to, from))) {
      if (!folder.startsWith("d")) continue;
      for (const name of readdirSync(join(to, from, folder)))
        expect(readFileSync(join(to, from, folder, name)).equals(readFileSync(join(from, folder, name)))).toBe(true);
    }
  });

  it("ends with the failure of the store, not with a list of problems", async () => {
    const { store, restoreWith } = made;
    let reads = 0;
    const readEncoded: ChunkSource["readEncoded"] = (kind, id) =>
      ++reads > 60 ? Promise.reject(new Error("the connection broke")) : store.readEncoded(kind, id);
    await expect(restoreWith(directory(), { readEncoded })).rejects.toThrow("the connection broke");
  });
});

describe("a crew", () => {
  it("leaves a source its plaintexts: it may hand them out again", async () => {
    const { from, store, restoreWith } = await backUpMany();
    onTestFinished(() => rmSync(from, { recursive: true }));
    const kept = new Map<string, Buffer>();
    const to = directory();
    const { problems } = await restoreWith(to, {
      async read(kind, id) {
        const key = kind + id.toString("hex");
        const plaintext = kept.get(key) ?? Buffer.from(await store.read(kind, id));
        kept.set(key, plaintext);
        return plaintext;
      },
    });
    expect(problems).toEqual([]);
    expect([...kept.values()].filter(({ length }) => length === 0)).toEqual([]);
    expect(compareTrees(from, join(to, from), { timeToleranceNs: 1_000n }).differences).toEqual([]);
  });

  it.skipIf(libc() === undefined)("tells why a thread that could not write did not, by file and part", async () => {
    const idKey = systemRandom(32);
    const writer = new EntryWriter({ names: new TemporaryNames({ idKey, start: ".t", thread: 0 }) });
    const crew = new RestoreCrew({ idKey, start: ".t", writer, threadsMax: 1 });
    const opened = openDirectory(Buffer.from(directory()));
    const task = (): RestoreTask => ({
      chunks: [{ id: Buffer.alloc(32, 1), bytes: Buffer.from("x"), isEncoded: false }],
      files: [],
      parts: [{ fd: opened.fd, at: 0, id: Buffer.alloc(32, 1), offset: 0, length: 1 }],
    });
    // Whoever does it: this thread first, another one later.
    for (let turn = 0; turn < 8; turn++)
      expect(await crew.perform(task(), 1)).toEqual([
        { index: 0, isMissing: true, code: "damaged", problem: expect.stringContaining("does not match its id") },
      ]);
    close(opened.fd);
    await crew.close();
  });
});

it("a task is the same after its way to another thread", () => {
  const id = Buffer.alloc(32, 7);
  const rest = { type: "file", ctimeNs: 0n, inode: 0n, unsettled: false } as const;
  const node = {
    ...rest,
    ...{ name: Buffer.from([0xff, 10, 46]), mode: 0o4755, uid: 4_294_967_294, gid: 7 },
    ...{ mtimeNs: -1n, atimeNs: 4_102_444_800_123_456_789_000n, xattrsUnread: true, size: 12 },
    xattrs: [{ name: Buffer.from("user.x"), value: Buffer.from([0, 255]) }],
    content: {
      kind: "pieces",
      pieces: [
        { kind: "data", id, offset: 3, length: 5 },
        { kind: "hole", length: 7 },
      ],
    },
  } as const;
  const directory = { fd: 9, base: Buffer.from("/proc/self/fd/9/") };
  const task: RestoreTask = {
    chunks: [{ id, bytes: Buffer.from("encoded"), isEncoded: true }],
    files: [
      { directory, newcomers: { uid: 1, gid: 2 }, node },
      {
        directory,
        newcomers: undefined,
        node: { ...node, atimeNs: undefined, xattrs: undefined, xattrsUnread: false },
      },
    ],
    parts: [{ fd: 3, at: 2 ** 40, id, offset: 1, length: 2 }],
  };
  expect(decodeTask(encodeTask(task), [Buffer.from("encoded")])).toEqual(task);
  expect(() => decodeTask(encodeTask(task).subarray(0, -1), [Buffer.from("encoded")])).toThrow("ends early");
});
