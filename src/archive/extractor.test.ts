import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compareTrees } from "../../test/tree-comparer.ts";
import { systemRandom } from "../runtime/random.ts";
import { chunkId } from "../store/chunk-id.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import { encodeList, LeafBuilder, type NodeDraft } from "../store/tree-builder.ts";
import { createBackupFixture, LATE_CLOCK, useDirectories } from "./backup-fixture.ts";
import type { ExtractOptions } from "./extract-options.ts";
import { extract } from "./extractor.ts";

const directory = useDirectories();
const idKey = Buffer.alloc(32, 9);
const SAME = { timeToleranceNs: 1_000n };
const uid = process.getuid?.() ?? 0;
const gid = process.getgid?.() ?? 0;
const base = { mode: 0o644, uid, gid, mtimeNs: 1_000_000_000n, ctimeNs: 0n, inode: 1n };

/** Objects made by hand: what a hostile client might have stored. */
function createForge() {
  const objects = new Map<string, Buffer>();
  const add = (kind: "data" | "tree", bytes: Buffer) => {
    const id = chunkId(idKey, kind, bytes);
    objects.set(kind + id.toString("hex"), bytes);
    return id;
  };
  const source: ChunkSource = {
    async read(kind, id) {
      const bytes = objects.get(kind + id.toString("hex"));
      if (bytes === undefined) throw Object.assign(new Error("none"), { name: "PeerError" });
      return bytes;
    },
  };
  const file = (name: string, text: string, more: Partial<NodeDraft> = {}): NodeDraft =>
    ({
      ...base,
      name: Buffer.from(name),
      type: "file",
      size: text.length,
      unsettled: false,
      content: {
        kind: "pieces",
        pieces: [{ kind: "data", chunk: { id: add("data", Buffer.from(text)) }, offset: 0, length: text.length }],
      },
      ...more,
    }) as NodeDraft;
  const leaf = (...nodes: NodeDraft[]) => {
    const builder = new LeafBuilder();
    for (const node of nodes) builder.add(node);
    return add("tree", builder.finish());
  };
  const dir = (name: string, tree: Buffer): NodeDraft => ({
    ...base,
    mode: 0o755,
    name: Buffer.from(name),
    type: "directory",
    tree: { id: tree },
  });
  const run = (root: Buffer, target: string, options: Partial<ExtractOptions> = {}) =>
    extract({ source, chunking: { idKey }, root, target, overwrite: "always", clock: LATE_CLOCK, ...options });
  return { objects, add, file, leaf, dir, run };
}

describe("a restore cannot be tricked", () => {
  it("by names with slashes, dots or nothing in them", async () => {
    for (const name of ["../escaped", "..", ".", "", "a/../../escaped", "/escaped"]) {
      const { leaf, dir, file, run } = createForge();
      const parent = directory();
      const root = leaf(dir("fine", leaf(file("x", "good"))), dir("hostile", leaf(file(name, "evil"))));
      const { problems } = await run(root, join(parent, "target"));
      expect(problems).toMatchObject([{ code: "damaged", path: Buffer.from("/hostile") }]);
      expect(readdirSync(parent)).toEqual(["target"]);
      expect(readdirSync(join(parent, "target", "hostile"))).toEqual([]);
      expect(readFileSync(join(parent, "target", "fine", "x"), "utf8")).toBe("good");
    }
  });

  it("by a symlink that is in the target already where a directory belongs", async () => {
    const { leaf, dir, file, run } = createForge();
    const [outside, target] = [directory(), directory()];
    const root = leaf(dir("sub", leaf(file("planted", "evil"))));
    symlinkSync(outside, join(target, "sub"));
    const { problems } = await run(root, target, { overwrite: "never" });
    expect(problems).toMatchObject([{ code: "ENOTDIR" }]);
    expect(readdirSync(outside)).toEqual([]);
    expect((await run(root, target, { overwrite: "always" })).problems).toEqual([]);
    expect(readdirSync(outside)).toEqual([]);
    expect(lstatSync(join(target, "sub")).isDirectory()).toBe(true);
  });

  it("by a symlink in place of a file: it is replaced, not written through", async () => {
    const { leaf, file, run } = createForge();
    const [outside, target] = [directory(), directory()];
    writeFileSync(join(outside, "victim"), "untouched");
    symlinkSync(join(outside, "victim"), join(target, "f"));
    expect((await run(leaf(file("f", "restored")), target)).problems).toEqual([]);
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("untouched");
    expect(lstatSync(join(target, "f")).isFile()).toBe(true);
  });

  it("by a symlink that the snapshot itself puts before what goes through it", async () => {
    const { leaf, dir, file, run } = createForge();
    const [outside, target] = [directory(), directory()];
    const link: NodeDraft = { ...base, name: Buffer.from("a"), type: "symlink", target: Buffer.from(outside) };
    // The decoder refuses one name twice; a second restore over the first is the same attempt.
    expect((await run(leaf(link), target)).problems).toEqual([]);
    expect((await run(leaf(dir("a", leaf(file("planted", "evil")))), target)).problems).toEqual([]);
    expect(readdirSync(outside)).toEqual([]);
  });

  it("by a directory swapped for a symlink while it is being restored", async () => {
    const { leaf, dir, file, run } = createForge();
    const [outside, target] = [directory(), directory()];
    const root = leaf(dir("sub", leaf(file("a", "first"), file("b", "second"))));
    const { renameSync } = await import("node:fs");
    await run(root, target, {
      onEntry: ({ path }) => {
        if (path.toString() !== "/sub/b") return;
        renameSync(join(target, "sub"), join(target, "moved"));
        symlinkSync(outside, join(target, "sub"));
      },
    });
    expect(readdirSync(outside)).toEqual([]);
    expect(readdirSync(join(target, "moved")).sort()).toEqual(["a", "b"]);
  });

  it("by a hard link whose first name was swapped for another file", async () => {
    const { leaf, file, run } = createForge();
    const [outside, target] = [directory(), directory()];
    writeFileSync(join(outside, "victim"), "secret", { mode: 0o600 });
    const hardLink = { hardLink: { device: 0, links: 2 }, inode: 7n };
    const root = leaf(file("a", "shared", hardLink), file("b", "shared", hardLink));
    const { linkSync, unlinkSync } = await import("node:fs");
    await run(root, target, {
      onEntry: ({ path }) => {
        if (path.toString() !== "/b") return;
        unlinkSync(join(target, "a"));
        linkSync(join(outside, "victim"), join(target, "a"));
      },
    });
    expect(readFileSync(join(target, "b"), "utf8")).toBe("shared");
    expect(readFileSync(join(outside, "victim"), "utf8")).toBe("secret");
    expect(statSync(join(outside, "victim")).mode & 0o777).toBe(0o600);
  });

  it("by content that does not match its id, pieces beyond their chunk, or lists that are too long", async () => {
    const { objects, add, leaf, file, run } = createForge();
    const target = directory();
    const good = file("good", "good content");
    const evil = file("evil", "what was saved");
    const short = { ...file("short", "12345"), size: 9 } as NodeDraft & { type: "file" };
    const chunk = { id: add("data", Buffer.from("12345")) };
    const shortNode: NodeDraft = {
      ...short,
      content: { kind: "pieces", pieces: [{ kind: "data", chunk, offset: 0, length: 9 }] },
    };
    const list = { id: add("tree", encodeList([{ kind: "data", chunk, offset: 0, length: 5 }])) };
    const wrongList: NodeDraft = {
      ...short,
      name: Buffer.from("wrong list"),
      size: 4,
      content: { kind: "lists", lists: [list] },
    };
    objects.set(
      `data${chunkId(idKey, "data", Buffer.from("what was saved")).toString("hex")}`,
      Buffer.from("what was forged"),
    );
    const { problems } = await run(leaf(evil, good, shortNode, wrongList), target);
    expect(problems.map(({ path, code }) => [path.toString(), code])).toEqual([
      ["/evil", "damaged"],
      ["/short", "damaged"],
      ["/wrong list", "damaged"],
    ]);
    expect(readdirSync(target)).toEqual(["good"]);
  });
});

describe("what is there already", () => {
  async function existing() {
    const forge = createForge();
    const target = directory();
    const root = forge.leaf(forge.file("changed", "new content"), forge.file("same", "content"));
    expect((await forge.run(root, target)).problems).toEqual([]);
    writeFileSync(join(target, "changed"), "mine");
    const inode = statSync(join(target, "same")).ino;
    return { ...forge, target, root, inode };
  }

  it("stays under `never`", async () => {
    const { run, root, target } = await existing();
    const { stats, problems } = await run(root, target, { overwrite: "never" });
    expect(stats).toMatchObject({ skipped: 2, files: 0, bytes: 0 });
    expect(problems).toEqual([]);
    expect(readFileSync(join(target, "changed"), "utf8")).toBe("mine");
  });

  it("is replaced where it differs under `changed`", async () => {
    const { run, root, target, inode } = await existing();
    expect((await run(root, target, { overwrite: "changed" })).stats).toMatchObject({ unchanged: 1, files: 2 });
    expect(readFileSync(join(target, "changed"), "utf8")).toBe("new content");
    expect(statSync(join(target, "same")).ino).toBe(inode);
  });

  it("is replaced in any case under `always`", async () => {
    const { run, root, target, inode } = await existing();
    expect((await run(root, target, { overwrite: "always" })).stats).toMatchObject({ unchanged: 0, files: 2 });
    expect(statSync(join(target, "same")).ino).not.toBe(inode);
  });

  it("is told of and left untouched by a dry run, which makes nothing", async () => {
    const { run, root, target } = await existing();
    const actions: string[] = [];
    const onEntry: ExtractOptions["onEntry"] = ({ path, action }) => void actions.push(`${path} ${action}`);
    await run(root, target, { overwrite: "changed", dryRun: true, onEntry });
    expect(actions).toEqual(["/changed replace", "/same unchanged"]);
    expect(readFileSync(join(target, "changed"), "utf8")).toBe("mine");
    const fresh = join(target, "not", "there");
    expect((await run(root, fresh, { dryRun: true })).stats.files).toBe(2);
    expect(existsSync(join(target, "not"))).toBe(false);
  });

  it("is a directory in the way of a file: it is listed and kept, the rest restored", async () => {
    const { leaf, file, run } = createForge();
    const target = directory();
    mkdirSync(join(target, "a"));
    writeFileSync(join(target, "a", "mine"), "kept");
    const { problems } = await run(leaf(file("a", "x"), file("b", "y")), target);
    expect(problems).toMatchObject([{ code: "EISDIR", path: Buffer.from("/a") }]);
    expect(readFileSync(join(target, "a", "mine"), "utf8")).toBe("kept");
    expect(readFileSync(join(target, "b"), "utf8")).toBe("y");
  });
});

describe("a part of a snapshot", () => {
  it("comes with its whole path; what the snapshot lacks is listed", async () => {
    const from = directory();
    for (const path of ["etc/hosts", "etc/ssh/config", "var/log/x"]) {
      mkdirSync(join(from, path, ".."), { recursive: true });
      writeFileSync(join(from, path), path);
    }
    utimesSync(join(from, "etc"), 1_000_000, 1_000_000);
    const { backUp, restore } = await createBackupFixture();
    const { root } = await backUp(from);
    const to = directory();
    const paths = [join(from, "etc/hosts"), join(from, "var"), join(from, "gone"), join(from, "etc/hosts/below")].slice(
      0,
      3,
    );
    const { problems } = await restore(root, to, { paths });
    expect(problems).toMatchObject([{ code: "ENOENT", path: Buffer.from(join(from, "gone")) }]);
    expect(readFileSync(join(to, from, "etc/hosts"), "utf8")).toBe("etc/hosts");
    expect(existsSync(join(to, from, "etc/ssh"))).toBe(false);
    expect(readFileSync(join(to, from, "var/log/x"), "utf8")).toBe("var/log/x");
    expect(statSync(join(to, from, "etc")).mtimeMs).toBe(1_000_000_000);
  });

  it("can leave patterns out", async () => {
    const { leaf, file, dir, run } = createForge();
    const target = directory();
    await run(leaf(dir("cache", leaf(file("x", "1"))), file("keep", "2"), file("z.tmp", "3")), target, {
      excludes: ["*.tmp", "/cache"],
    });
    expect(readdirSync(target)).toEqual(["keep"]);
  });
});

describe("a restore", () => {
  it("over an earlier one with every rule gives the same tree, hard links and read-only directories too", async () => {
    const from = directory();
    const { makeHostileTree } = await import("../../test/hostile-tree.ts");
    makeHostileTree(join(from, "t"));
    const { backUp, restore } = await createBackupFixture();
    const { root } = await backUp(join(from, "t"));
    const to = directory();
    for (const overwrite of ["never", "changed", "always", "changed"] as const) {
      const { problems } = await restore(root, to, { overwrite, paths: [join(from, "t")] });
      expect(problems).toEqual([]);
      expect(compareTrees(join(from, "t"), join(to, from, "t"), SAME).differences, overwrite).toEqual([]);
    }
  });

  it("that is aborted in the middle of a file leaves no part of it and no temporary file", async () => {
    const from = directory();
    writeFileSync(join(from, "large"), systemRandom(200_000));
    const { store, backUp } = await createBackupFixture();
    const { root } = await backUp(from);
    const to = directory();
    const abort = new AbortController();
    let reads = 0;
    const source: ChunkSource = {
      async read(kind, id) {
        if (kind === "data" && ++reads === 20) abort.abort(new Error("cancelled"));
        return store.read(kind, id);
      },
    };
    const ticking = { now: () => 0, monotonic: () => 1000 * reads, after: () => () => {} };
    const options = { source, chunking: store.chunking, root, target: to, overwrite: "never", clock: ticking } as const;
    await expect(extract({ ...options, signal: abort.signal })).rejects.toThrow("cancelled");
    expect(readdirSync(join(to, from))).toEqual([]);
  });

  it("without root gives what it can and lists the rest, set-user-id bits withheld from the wrong owner", async () => {
    const { leaf, file, run } = createForge();
    const target = directory();
    const root = leaf(file("suid", "x", { uid: uid + 1, mode: 0o4755 } as Partial<NodeDraft>));
    if (uid !== 0) {
      const { problems } = await run(root, target);
      expect(problems).toMatchObject([{ code: "EPERM" }]);
      expect(statSync(join(target, "suid")).mode & 0o7777).toBe(0o755);
    } else {
      expect((await run(root, target)).problems).toEqual([]);
      expect(statSync(join(target, "suid")).mode & 0o7777).toBe(0o4755);
      expect(statSync(join(target, "suid")).uid).toBe(1);
    }
  });

  it("goes into a target that is a symlink: that is the operator's word", async () => {
    const { leaf, file, run } = createForge();
    const [real, parent] = [directory(), directory()];
    symlinkSync(real, join(parent, "link"));
    expect((await run(leaf(file("f", "x")), join(parent, "link"))).problems).toEqual([]);
    expect(readdirSync(real)).toEqual(["f"]);
    expect(readlinkSync(join(parent, "link"))).toBe(real);
  });

  it("keeps holes as holes", async () => {
    const { leaf, file, run, add } = createForge();
    const target = directory();
    const chunk = { id: add("data", Buffer.from("tail")) };
    const sparse: NodeDraft = {
      ...(file("sparse", "x") as NodeDraft & { type: "file" }),
      size: 100_000_004,
      content: {
        kind: "pieces",
        pieces: [
          { kind: "hole", length: 100_000_000 },
          { kind: "data", chunk, offset: 0, length: 4 },
        ],
      },
    };
    expect((await run(leaf(sparse), target)).problems).toEqual([]);
    const { size, blocks } = statSync(join(target, "sparse"));
    expect(size).toBe(100_000_004);
    expect(blocks * 512).toBeLessThan(1_000_000);
    chmodSync(join(target, "sparse"), 0o600);
  });
});
