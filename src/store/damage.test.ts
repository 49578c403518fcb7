import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { FORMAT_VERSION } from "./sealing.ts";
import { openStore, type Store } from "./store.ts";
import { backUp, createFixtureStore, FIXTURE_NEEDS, openFixtureStore } from "./store-fixture.ts";
import { twinOf } from "./twin-files.ts";

// One flipped bit, a cut tail and a swap in every class of file: what is damaged is named, everything else works.

async function storeWithTwoSnapshots() {
  const { store, files } = await createFixtureStore();
  const first = await backUp(store, { a: systemRandom(3000) });
  const second = await backUp(store, { b: systemRandom(3000) });
  await store.close();
  return { files, first, second };
}

function filesOf(files: Map<string, Buffer>, folder: string): string[] {
  return [...files.keys()].filter((name) => name.startsWith(folder)).sort();
}

function flip(files: Map<string, Buffer>, name: string, at: number): void {
  const bytes = Buffer.from(files.get(name) as Buffer);
  bytes[at] = (bytes[at] as number) ^ 0x10;
  files.set(name, bytes);
}

/** In the file and in its copy. */
function flipBoth(files: Map<string, Buffer>, name: string, at: number): void {
  flip(files, name, at);
  flip(files, twinOf(name), at);
}

/** Positions all over a file: header, salt, middle, tail. */
function positions(bytes: Buffer): number[] {
  const last = bytes.length - 1;
  return [0, 8, 9, 12, 40, 45, Math.floor(last / 2), last - 20, last].filter((at) => at >= 0 && at <= last);
}

async function isRestorable(store: Store, id: string): Promise<boolean> {
  const report = await store.check({ readData: true });
  return store.findSnapshot(id) !== undefined && !report.problems.some(({ snapshots }) => snapshots.includes(id));
}

describe("a damaged key file", () => {
  it("is told apart from a wrong passphrase at every byte", async () => {
    const { files } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "keys/") as [string];
    const whole = files.get(name) as Buffer;
    for (let at = 0; at < whole.length; at++) {
      files.set(name, whole);
      files.set(twinOf(name), whole);
      flipBoth(files, name, at);
      await expect(openFixtureStore(files)).rejects.toMatchObject({ name: "CorruptionError" });
    }
    for (const length of [0, 10, whole.length - 1]) {
      files.set(name, whole.subarray(0, length));
      files.set(twinOf(name), whole.subarray(0, length));
      await expect(openFixtureStore(files)).rejects.toMatchObject({ name: "CorruptionError" });
    }
  });

  it("does not matter while its copy is whole: the copy opens the store, and repair makes it good", async () => {
    const { files, first } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "keys/") as [string];
    const whole = files.get(name) as Buffer;
    for (const at of positions(whole)) {
      files.set(name, whole);
      flip(files, name, at);
      const store = await openFixtureStore(files);
      expect((await store.check()).problems).toMatchObject([{ kind: "damaged", what: name, snapshots: [] }]);
      expect((await store.repair()).left).toEqual([]);
      expect(files.get(name)).toEqual(whole);
      expect(await isRestorable(store, first)).toBe(true);
      await store.close();
    }
  });

  it("does not matter while another one opens the store", async () => {
    const { files, first } = await storeWithTwoSnapshots();
    const store = await openFixtureStore(files);
    await store.addPassphrase("correct horse");
    await store.close();
    const [damaged] = filesOf(files, "keys/") as [string];
    flipBoth(files, damaged, 60);
    const reopened = await openFixtureStore(files);
    expect(await isRestorable(reopened, first)).toBe(true);
    await reopened.close();
  });

  it("of a newer format is refused as such, not as damage", async () => {
    const { files } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "keys/") as [string];
    const newer = Buffer.from((files.get(name) as Buffer).subarray(0, -32));
    newer[8] = FORMAT_VERSION + 1;
    const { hash } = await import("node:crypto");
    files.set(name, Buffer.concat([newer, hash("sha256", newer, "buffer")]));
    await expect(openFixtureStore(files)).rejects.toMatchObject({
      name: "SettingsError",
      message: /format 2 is newer than 1/,
    });
  });
});

describe("a damaged index file", () => {
  it("costs nothing: the packs themselves are read", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "index/") as [string];
    const whole = files.get(name) as Buffer;
    for (const at of positions(whole)) {
      const copy = new Map(files);
      flip(copy, name, at);
      const store = await openFixtureStore(copy);
      expect(await isRestorable(store, first)).toBe(true);
      expect(await isRestorable(store, second)).toBe(true);
      await store.close();
    }
  });
});

describe("a damaged snapshot", () => {
  it("is named; the others restore; nothing is collected while it cannot be read", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    for (const at of positions(files.get(`snapshots/${first}`) as Buffer)) {
      const copy = new Map(files);
      flipBoth(copy, `snapshots/${first}`, at);
      const store = await openFixtureStore(copy);
      expect(store.listSnapshots().map(({ id }) => id)).toEqual([second]);
      expect((await store.check()).problems).toMatchObject([{ what: `snapshots/${first}`, snapshots: [first] }]);
      await expect(store.collectGarbage()).rejects.toMatchObject({ name: "CorruptionError" });
      const { left, recovered } = await store.repair();
      expect(left).toMatchObject([{ what: `snapshots/${first}`, snapshots: [first] }]);
      // Its contents were found again, under a new id and on hold.
      for (const id of recovered) {
        await store.releaseHold(id);
        await store.forgetSnapshot(id);
      }
      await store.forgetSnapshot(first);
      expect((await store.collectGarbage()).packsDeleted).toBeGreaterThan(0);
      expect((await store.check({ readData: true })).problems).toEqual([]);
      expect(copy.get(`damaged/snapshots/${first}`)).toBeDefined();
      await store.close();
    }
  });

  it("is replaced by its copy, and made anew by repair", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    for (const at of positions(files.get(`snapshots/${first}`) as Buffer)) {
      const copy = new Map(files);
      flip(copy, `snapshots/${first}`, at);
      const store = await openFixtureStore(copy);
      expect(store.listSnapshots().map(({ id }) => id)).toEqual([first, second]);
      await store.collectGarbage();
      expect(await store.repair()).toMatchObject({
        found: { problems: [{ what: `snapshots/${first}`, snapshots: [] }] },
        left: [],
      });
      expect(copy.get(`snapshots/${first}`)).toEqual(files.get(`snapshots/${first}`));
      await store.close();
    }
  });

  it("list that is lost altogether comes back from the packs, with the index", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    for (const name of [...files.keys()]) if (!name.startsWith("packs/")) files.delete(name);
    const store = await openFixtureStore(files);
    expect(store.listSnapshots().map(({ id }) => id)).toEqual([first, second]);
    const { actions, left } = await store.repair();
    expect(actions).toContainEqual({ kind: "indexed", what: "index/", detail: "4 packs, when the store was opened" });
    expect(left).toEqual([]);
    await store.close();
    const reopened = await openFixtureStore(files);
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
    await reopened.close();
  });

  it("cannot be passed off as another one", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const copy = new Map(files);
    for (const name of [`snapshots/${first}`, twinOf(`snapshots/${first}`)])
      copy.set(name, files.get(`snapshots/${second}`) as Buffer);
    const store = await openFixtureStore(copy);
    expect(store.findSnapshot(first)).toBeUndefined();
    await store.close();
  });
});

describe("a damaged pack", () => {
  it("is found by a check that reads data, which names the snapshot it touches and no other", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const report: string[] = [];
    for (const name of filesOf(files, "packs/data/")) {
      const copy = new Map(files);
      flip(copy, name, (copy.get(name) as Buffer).length - 5);
      const store = await openFixtureStore(copy);
      expect((await store.check()).problems).toEqual([]);
      const { problems } = await store.check({ readData: true });
      expect(problems).toHaveLength(1);
      expect(problems[0]?.problem).toMatch(/does not match its seal/);
      report.push(...(problems[0]?.snapshots ?? []));
      await store.close();
    }
    expect(report.sort()).toEqual([first, second].sort());
  });

  it("of trees is found by any check", async () => {
    const { files } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "packs/tree/") as [string];
    flip(files, name, (files.get(name) as Buffer).length - 5);
    const store = await openFixtureStore(files);
    expect((await store.check()).problems).toHaveLength(1);
    await store.close();
  });

  it("whose directory is damaged is read by the index, and reported", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const [name] = filesOf(files, "packs/data/") as [string];
    flip(files, name, 60);
    const store = await openFixtureStore(files);
    expect(await isRestorable(store, first)).toBe(true);
    expect(await isRestorable(store, second)).toBe(true);
    expect((await store.check()).problems).toMatchObject([{ what: name, snapshots: [] }]);
    await store.close();
  });

  it("whose directory is damaged is left alone when there is no index either, by collection too", async () => {
    const { files } = await storeWithTwoSnapshots();
    for (const name of filesOf(files, "index/")) files.delete(name);
    const [damaged] = filesOf(files, "packs/data/") as [string];
    flip(files, damaged, 60);
    const store = await openFixtureStore(files);
    const { problems } = await store.check();
    expect(problems.map(({ what }) => what)).toContain(damaged);
    expect(problems).toContainEqual(expect.objectContaining({ kind: "missing", what: "objects" }));
    await store.collectGarbage();
    expect(files.has(damaged)).toBe(true);
    expect((await store.repair()).left).toEqual([]);
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await store.close();
  });

  it("that lost its tail loses only what was there, and the next backup brings it again", async () => {
    const { store, files } = await createFixtureStore();
    const content = { a: systemRandom(3000), b: systemRandom(3000) };
    const id = await backUp(store, content);
    await store.close();
    const [name] = filesOf(files, "packs/data/") as [string];
    files.set(name, (files.get(name) as Buffer).subarray(0, -100));
    const reopened = await openFixtureStore(files);
    expect(await isRestorable(reopened, id)).toBe(false);
    await backUp(reopened, content);
    expect(await isRestorable(reopened, id)).toBe(true);
    await reopened.close();
  });

  it("is refused when it takes the place of another", async () => {
    const { files } = await storeWithTwoSnapshots();
    const [one, two] = filesOf(files, "packs/data/") as [string, string];
    files.set(one, files.get(two) as Buffer);
    const store = await openFixtureStore(files);
    const { problems } = await store.check({ readData: true });
    expect(problems.map(({ what }) => what)).toContain(one);
    await store.close();
  });

  for (const code of ["EIO", "EMFILE"]) {
    it(`that could not be read for a moment (${code}) is read again, and nothing is said`, async () => {
      const { files, first } = await storeWithTwoSnapshots();
      const { store, fail } = await openFlaky(files);
      fail({ times: 2, code });
      expect((await store.check({ readData: true })).problems).toEqual([]);
      expect(await isRestorable(store, first)).toBe(true);
      await store.close();
    });
  }

  it("that cannot be read at all is called unreadable, not damaged, and repair leaves it where it is", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const before = new Map(files);
    const [name] = filesOf(files, "packs/data/") as [string];
    const { store, fail } = await openFlaky(files);
    fail({ times: 1e9, code: "EMFILE", name });
    const { problems } = await store.check({ readData: true });
    expect(problems).toMatchObject([{ kind: "unreadable", what: name, snapshots: [expect.any(String)] }]);
    expect(["/a", "/b"]).toContain(problems[0]?.files[0]?.path.toString());
    expect((await store.repair()).left).toMatchObject([{ kind: "unreadable", what: name }]);
    for (const [file, bytes] of before) if (!file.startsWith("verified/")) expect(files.get(file)).toBe(bytes);
    fail({ times: 0, code: "" });
    expect(await isRestorable(store, first)).toBe(true);
    expect(await isRestorable(store, second)).toBe(true);
    await store.close();
  });
});

/** A store whose medium fails to read when told to; its clock waits for nothing. */
async function openFlaky(files: Map<string, Buffer>) {
  const medium = createMemoryMedium(files);
  let left = { times: 0, code: "", name: "" };
  const flaky = {
    ...medium,
    readRange: async (name: string, offset: number, length: number) => {
      if (left.times > 0 && name.startsWith(left.name === "" ? "packs/data/" : left.name)) {
        left.times--;
        throw Object.assign(new Error(`${left.code} from the test`), { code: left.code });
      }
      return medium.readRange(name, offset, length);
    },
  };
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    after(_delayMs: number, callback: () => void) {
      const timer = setImmediate(callback);
      return () => clearImmediate(timer);
    },
  };
  const store = await openStore({ ...FIXTURE_NEEDS, clock, medium: flaky });
  return { store, fail: (how: { times: number; code: string; name?: string }) => (left = { name: "", ...how }) };
}
