import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeHostileTree } from "../../test/hostile-tree.ts";
import { compareTrees } from "../../test/tree-comparer.ts";
import { systemRandom } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { findNode, listTree } from "../store/snapshot-tree.ts";
import type { Store } from "../store/store.ts";
import { createBackupFixture, useDirectories } from "./backup-fixture.ts";

const directory = useDirectories();
const sourceOf = (store: Store): ChunkSource => ({ read: (kind, id) => store.read(kind, id) });
const SAME = { timeToleranceNs: 1_000n };

async function namesIn(store: Store, root: Buffer, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { node } of listTree(sourceOf(store), root, { path: Buffer.from(path) }))
    names.push(node.name.toString());
  return names;
}

describe("a round trip", () => {
  it("brings back a hostile tree with every name, link, mode, owner and time", async () => {
    const from = join(directory(), "tree");
    makeHostileTree(from);
    const to = directory();
    const { store, backUp, restore } = await createBackupFixture();
    const { snapshot, problems, stats } = await backUp(from);
    expect(problems).toEqual([]);
    const result = await restore(snapshot.root, to, { paths: [from] });
    expect(result.problems).toEqual([]);
    const { differences, entries } = compareTrees(from, join(to, from), SAME);
    expect(differences).toEqual([]);
    expect(entries).toBeGreaterThan(45);
    expect(stats.files + stats.directories).toBeGreaterThan(entries);
    expect((await store.check({ readData: true })).problems).toEqual([]);
  });

  it("keeps a directory of 4,000 entries, split over several trees", async () => {
    const from = directory();
    for (let index = 0; index < 4_000; index++) symlinkSync("x".repeat(55), join(from, `entry-${index}`));
    const to = directory();
    const { store, backUp, restore } = await createBackupFixture();
    const first = await backUp(from);
    expect(first.put.tree.length).toBeGreaterThan(5);
    expect((await restore(first.snapshot.root, to, { paths: [from] })).problems).toEqual([]);
    expect(compareTrees(from, join(to, from), SAME).differences).toEqual([]);
    // One entry more changes its own leaf and what leads to it, not the leaves after it.
    symlinkSync("x", join(from, "entry-0-more"));
    expect((await backUp(from)).put.tree.length).toBeLessThan(10);
    expect((await findNode(sourceOf(store), first.snapshot.root, Buffer.from(join(from, "entry-3999"))))?.type).toBe(
      "symlink",
    );
  });

  it("keeps a file of thousands of pieces", async () => {
    const from = directory();
    const to = directory();
    writeFileSync(join(from, "long"), systemRandom(5_500_000));
    const { backUp, restore } = await createBackupFixture();
    const first = await backUp(from);
    expect(first.stats.chunks).toBeGreaterThan(2_048);
    expect((await restore(first.snapshot.root, to, { paths: [from] })).problems).toEqual([]);
    expect(compareTrees(from, join(to, from), SAME).differences).toEqual([]);
    expect((await backUp(from)).put.data).toEqual([]);
    appendFileSync(join(from, "long"), "one byte more");
    expect((await backUp(from)).put.data.length).toBeLessThanOrEqual(2);
  });
});

describe("files read beside the walk", () => {
  it("come into the same trees in whatever order they are done", async () => {
    const from = directory();
    for (let index = 0; index < 30; index++) {
      const folder = join(from, `folder-${index % 3}`);
      mkdirSync(folder, { recursive: true });
      const bytes = index % 5 === 0 ? 3_000_000 : index % 2 === 0 ? 150_000 : 500;
      writeFileSync(join(folder, `file-${index}`), systemRandom(bytes + index));
    }
    const to = directory();
    const { backUp, restore } = await createBackupFixture();
    const first = await backUp(from);
    expect(first.problems).toEqual([]);
    expect((await restore(first.snapshot.root, to, { paths: [from] })).problems).toEqual([]);
    expect(compareTrees(from, join(to, from), SAME).differences).toEqual([]);
    for (let round = 0; round < 3; round++) {
      // Nothing is known to be unchanged: all is read again.
      const again = await backUp(from, { parent: undefined });
      expect(again.put.data).toEqual([]);
      // Others work beside us in the system's directory for temporary files: what leads to ours may have changed.
      expect(again.put.tree.length).toBeLessThanOrEqual(1);
    }
  });

  it("end with the backup when the sink refuses one, and leave no handle open", async () => {
    const from = directory();
    for (let index = 0; index < 8; index++) writeFileSync(join(from, `file-${index}`), systemRandom(2_000_000));
    const handles = () => readdirSync("/proc/self/fd").map((fd) => readlinkOrNothing(`/proc/self/fd/${fd}`));
    const { backUp } = await createBackupFixture();
    const sink = {
      missing: async (_: unknown, ids: readonly Buffer[]) => ids.map(() => true),
      put: async () => Promise.reject(new Error("no room for this")),
    };
    await expect(backUp(from, { sink })).rejects.toThrow("no room for this");
    expect(handles().filter((path) => path.startsWith(from))).toEqual([]);
  });
});

function readlinkOrNothing(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}

describe("a second backup", () => {
  it("puts nothing and makes the same tree when nothing has changed", async () => {
    const from = join(directory(), "tree");
    makeHostileTree(from);
    const { store, backUp } = await createBackupFixture();
    const first = await backUp(from);
    const second = await backUp(from);
    expect(second.put.data).toEqual([]);
    // Others work beside us in the system's directory for temporary files: what leads to ours may have changed.
    expect(second.put.tree.length).toBeLessThanOrEqual(1);
    const path = Buffer.from(from);
    const before = await findNode(sourceOf(store), first.root, path);
    expect(await findNode(sourceOf(store), second.root, path)).toEqual(before);
    expect(second.stats).toMatchObject({ newBytes: 0, bytes: first.stats.bytes, files: first.stats.files });
  });

  it("puts what has changed and the trees that lead to it, and no more", async () => {
    const from = directory();
    for (const name of ["a", "b", "c"]) {
      mkdirSync(join(from, name, "inner"), { recursive: true });
      for (let index = 0; index < 20; index++) writeFileSync(join(from, name, "inner", `${index}`), systemRandom(500));
    }
    const { backUp, restore } = await createBackupFixture();
    await backUp(from);
    writeFileSync(join(from, "b", "inner", "7"), systemRandom(500));
    const second = await backUp(from);
    expect(second.stats.newBytes).toBe(500);
    expect(second.put.data).toHaveLength(1);
    // inner, b, the directory given, and those above it.
    expect(second.put.tree.length).toBeLessThanOrEqual(2 + from.split("/").length);
    const to = directory();
    await restore(second.snapshot.root, to, { paths: [from] });
    expect(compareTrees(from, join(to, from), SAME).differences).toEqual([]);
  });

  it("sees a change that keeps size and mtime, by ctime", async () => {
    const from = directory();
    const path = join(from, "sneaky");
    writeFileSync(path, "before");
    utimesSync(path, 1_000_000, 1_000_000);
    const { backUp, restore } = await createBackupFixture();
    await backUp(from);
    writeFileSync(path, "after!");
    utimesSync(path, 1_000_000, 1_000_000);
    const { snapshot } = await backUp(from);
    const to = directory();
    await restore(snapshot.root, to, { paths: [from] });
    expect(readFileSync(join(to, path), "utf8")).toBe("after!");
  });

  it("reads a file again that had just changed when it was read: a tick's later change may bear the same times", async () => {
    const from = directory();
    writeFileSync(join(from, "racy"), "one");
    const { backUp, store } = await createBackupFixture();
    const now = {
      now: () => Number(statSync(join(from, "racy")).ctimeMs) + 1,
      monotonic: () => 0,
      after: () => () => {},
    };
    const first = await backUp(from, { clock: now });
    const node = async (root: Buffer) => findNode(sourceOf(store), root, Buffer.from(join(from, "racy")));
    expect(await node(first.root)).toMatchObject({ unsettled: true });
    const second = await backUp(from);
    expect(await node(second.root)).toMatchObject({ unsettled: false });
    expect(second.stats.chunks).toBe(1);
    expect((await backUp(from)).stats.chunks).toBe(0);
  });

  it("reads files again whose chunks the store has lost", async () => {
    const from = directory();
    writeFileSync(join(from, "file"), systemRandom(5000));
    const { store, files, backUp } = await createBackupFixture();
    const first = await backUp(from);
    await store.close();
    const [pack] = [...files.keys()].filter((name) => name.startsWith("packs/data/")) as [string];
    files.delete(pack);
    const { openFixtureStore } = await import("../store/store-fixture.ts");
    const reopened = await openFixtureStore(files);
    const again = await (await import("./backup-fixture.ts")).backUp(reopened, [from]);
    expect(again.stats.newBytes).toBe(5000);
    // Not the roots: others work beside us in the system's directory for temporary files.
    const inside = (root: Buffer) => findNode(sourceOf(reopened), root, Buffer.from(from));
    expect(await inside(again.root)).toEqual(await inside(first.root));
    expect((await reopened.check({ readData: true })).problems).toEqual([]);
  });

  it("finds a renamed directory's contents in the store", async () => {
    const from = directory();
    mkdirSync(join(from, "old"));
    for (let index = 0; index < 400; index++) writeFileSync(join(from, "old", `${index}`), systemRandom(5_000));
    writeFileSync(join(from, "old", "large"), systemRandom(3_000_000));
    const { backUp } = await createBackupFixture();
    await backUp(from);
    renameSync(join(from, "old"), join(from, "new"));
    expect((await backUp(from)).stats.newBytes).toBeLessThan(1_500_000);
  });
});

describe("what cannot be read", () => {
  it.skipIf(process.getuid?.() === 0)(
    "is listed with its bytes and code (root reads everything: run as another user)",
    async () => {
      const from = directory();
      writeFileSync(join(from, "secret"), "x");
      chmodSync(join(from, "secret"), 0);
      const { backUp } = await createBackupFixture();
      expect((await backUp(from)).problems).toMatchObject([{ code: "EACCES" }]);
    },
  );

  it("vanishing files, files that turn into FIFOs and files that shrink or grow do not stop or hang the backup", async () => {
    const from = directory();
    for (const name of ["1 trigger", "2 vanishes", "3 turns", "4 shrinks", "5 grows", "6 stays"]) {
      writeFileSync(join(from, name), systemRandom(name.startsWith("1") ? 400_000 : 200_000));
    }
    const { store, backUp } = await createBackupFixture();
    let isChanged = false;
    const change = () => {
      if (isChanged) return;
      isChanged = true;
      unlinkSync(join(from, "2 vanishes"));
      unlinkSync(join(from, "3 turns"));
      spawnSync("mkfifo", [join(from, "3 turns")]);
    };
    let reads = 0;
    const clock = {
      now: () => 8e12,
      // Each look at the clock is a moment between two steps of the archiver.
      monotonic: () => {
        if (++reads === 3) change();
        if (reads > 3) {
          if (statSync(join(from, "4 shrinks")).size > 1000 && reads % 5 === 0)
            truncateSync(join(from, "4 shrinks"), 1000);
          if (reads < 3000) appendFileSync(join(from, "5 grows"), "more");
        }
        return reads;
      },
      after: () => () => {},
    };
    const result = await backUp(from, { clock });
    const codes = Object.fromEntries(
      result.problems.map(({ path, code }) => [path.toString().split("/").at(-1), code]),
    );
    expect(codes["5 grows"]).toBe("changed");
    expect(codes["6 stays"]).toBeUndefined();
    expect(await namesIn(store, result.root, from)).toContain("6 stays");
    const turned = await findNode(sourceOf(store), result.root, Buffer.from(join(from, "3 turns")));
    expect(turned?.type === "fifo" || codes["3 turns"] === "replaced").toBe(true);
    expect(result.stats.problems).toBe(result.problems.length);
  });

  it("is a missing root only: the others are kept; none at all is an error", async () => {
    const from = directory();
    writeFileSync(join(from, "here"), "x");
    const { store } = await createBackupFixture();
    const { backUp: backUpAll } = await import("./backup-fixture.ts");
    const result = await backUpAll(store, [join(from, "here"), join(from, "gone")]);
    expect(result.problems).toMatchObject([{ code: "ENOENT", path: Buffer.from(join(from, "gone")) }]);
    expect(await namesIn(store, result.root, from)).toEqual(["here"]);
    await expect(backUpAll(store, [join(from, "gone")])).rejects.toMatchObject({ name: "SettingsError" });
  });

  it("never opens a FIFO that waits for a writer", async () => {
    const from = directory();
    spawnSync("mkfifo", [join(from, "pipe")]);
    const { store, backUp } = await createBackupFixture();
    const { root, problems } = await backUp(from);
    expect(problems).toEqual([]);
    expect((await findNode(sourceOf(store), root, Buffer.from(join(from, "pipe"))))?.type).toBe("fifo");
  });

  it("ends the backup when the sink refuses, and when the signal aborts", async () => {
    const from = directory();
    for (let index = 0; index < 50; index++) writeFileSync(join(from, `${index}`), systemRandom(200_000));
    const { backUp } = await createBackupFixture();
    const refusing = {
      missing: async (_: string, ids: readonly Buffer[]) => ids.map(() => true),
      put: async () => {
        throw Object.assign(new Error("no space left"), { code: "ENOSPC" });
      },
      read: async () => Buffer.alloc(0),
    };
    await expect(backUp(from, { sink: refusing })).rejects.toMatchObject({ code: "ENOSPC" });
    await expect(backUp(from, { signal: AbortSignal.abort(new Error("cancelled")) })).rejects.toThrow("cancelled");
  });
});

describe("what is left out", () => {
  it("follows patterns, cache tags and file system bounds", async () => {
    const from = directory();
    for (const path of [
      "keep/a.txt",
      "keep/b.tmp",
      "node_modules/x/y",
      "cache/CACHEDIR.TAG",
      "cache/big",
      "plain/CACHEDIR.TAG",
      "plain/big",
    ]) {
      mkdirSync(join(from, path, ".."), { recursive: true });
      writeFileSync(join(from, path), "x");
    }
    writeFileSync(join(from, "cache/CACHEDIR.TAG"), "Signature: 8a477f597d28d172789f06886806bc55\n# made by a test");
    const { store, backUp } = await createBackupFixture();
    const { root } = await backUp(from, {
      excludes: ["*.tmp", "node_modules"],
      excludeCaches: true,
      oneFileSystem: true,
    });
    const found: string[] = [];
    for await (const { path } of listTree(sourceOf(store), root, { path: Buffer.from(from), recursive: true })) {
      found.push(path.toString().slice(from.length + 1));
    }
    expect(found).toEqual([
      "cache",
      "cache/CACHEDIR.TAG",
      "keep",
      "keep/a.txt",
      "plain",
      "plain/CACHEDIR.TAG",
      "plain/big",
    ]);
  });

  const hasMount = statSync("/dev").dev !== statSync("/dev/shm").dev;
  it.skipIf(!hasMount)("keeps a mount point empty when it stays on one file system", async () => {
    const { store, backUp } = await createBackupFixture();
    const { root } = await backUp("/dev", { oneFileSystem: true, excludes: ["/dev/char", "/dev/block", "/dev/disk"] });
    const shm = await findNode(sourceOf(store), root, Buffer.from("/dev/shm"));
    expect(shm?.type).toBe("directory");
    expect(await namesIn(store, root, "/dev/shm")).toEqual([]);
  });

  it("takes several roots as one tree, one inside the other too", async () => {
    const from = directory();
    mkdirSync(join(from, "a", "b"), { recursive: true });
    mkdirSync(join(from, "c"));
    writeFileSync(join(from, "a", "b", "f"), "1");
    writeFileSync(join(from, "a", "other"), "2");
    linkSync(join(from, "a", "other"), join(from, "c", "linked"));
    const { store } = await createBackupFixture();
    const { backUp: backUpAll } = await import("./backup-fixture.ts");
    const { root, paths } = await backUpAll(store, [join(from, "a", "b"), join(from, "c"), join(from, "c", "linked")]);
    expect(paths).toHaveLength(3);
    expect(await namesIn(store, root, from)).toEqual(["a", "c"]);
    expect(await namesIn(store, root, join(from, "a"))).toEqual(["b"]);
    expect(await namesIn(store, root, join(from, "c"))).toEqual(["linked"]);
    rmSync(join(from, "c"), { recursive: true });
  });
});
