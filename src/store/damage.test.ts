import { describe, expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { createMemoryMedium } from "./memory-medium.ts";
import { FORMAT_VERSION } from "./sealing.ts";
import type { Store } from "./store.ts";
import { backUp, createFixtureStore, openFixtureStore } from "./store-fixture.ts";

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
      flip(files, name, at);
      await expect(openFixtureStore(files)).rejects.toMatchObject({ name: "CorruptionError" });
    }
    for (const length of [0, 10, whole.length - 1]) {
      files.set(name, whole.subarray(0, length));
      await expect(openFixtureStore(files)).rejects.toMatchObject({ name: "CorruptionError" });
    }
  });

  it("does not matter while another one opens the store", async () => {
    const { files, first } = await storeWithTwoSnapshots();
    const store = await openFixtureStore(files);
    await store.addPassphrase("correct horse");
    await store.close();
    const [damaged] = filesOf(files, "keys/") as [string];
    flip(files, damaged, 60);
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
      flip(copy, `snapshots/${first}`, at);
      const store = await openFixtureStore(copy);
      expect(store.listSnapshots().map(({ id }) => id)).toEqual([second]);
      expect((await store.check()).problems).toMatchObject([{ what: `snapshots/${first}`, snapshots: [first] }]);
      await expect(store.collectGarbage()).rejects.toMatchObject({ name: "CorruptionError" });
      await store.close();
    }
  });

  it("cannot be passed off as another one", async () => {
    const { files, first, second } = await storeWithTwoSnapshots();
    const copy = new Map(files);
    copy.set(`snapshots/${first}`, files.get(`snapshots/${second}`) as Buffer);
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

  it("whose directory is damaged is left alone when there is no index either; collection stops before it deletes", async () => {
    const { files } = await storeWithTwoSnapshots();
    for (const name of filesOf(files, "index/")) files.delete(name);
    const [damaged] = filesOf(files, "packs/data/") as [string];
    flip(files, damaged, 60);
    const store = await openFixtureStore(files);
    const { problems } = await store.check();
    expect(problems.map(({ what }) => what)).toContain(damaged);
    expect(problems.filter(({ problem }) => problem === "is missing")).toHaveLength(1);
    await expect(store.collectGarbage()).rejects.toMatchObject({ name: "CorruptionError" });
    expect(files.has(damaged)).toBe(true);
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

  it("that could not be read for a moment is not taken for damaged", async () => {
    const { files, first } = await storeWithTwoSnapshots();
    const medium = createMemoryMedium(files);
    let failing = 0;
    const flaky = {
      ...medium,
      readRange: async (name: string, offset: number, length: number) => {
        if (failing > 0 && name.startsWith("packs/") && failing-- > 0)
          throw Object.assign(new Error("i/o error"), { code: "EIO" });
        return medium.readRange(name, offset, length);
      },
    };
    const store = await openFixtureStore(files, flaky);
    failing = 1;
    expect((await store.check({ readData: true })).problems.length).toBeGreaterThan(0);
    expect(await isRestorable(store, first)).toBe(true);
    await store.close();
  });
});
