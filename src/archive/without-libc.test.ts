import { linkSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { foreignCalls } from "../../test/foreign-calls.ts";
import { makeHostileTree } from "../../test/hostile-tree.ts";
import { compareTrees } from "../../test/tree-comparer.ts";
import { findNode } from "../store/snapshot-tree.ts";
import { createBackupFixture, useDirectories } from "./backup-fixture.ts";
import { libc, loadLibc } from "./libc.ts";

// Another system, another C library, a package that was not installed: Node's own calls do what they can.

let isThere = false;

vi.mock("./libc.ts", async (original) => {
  const actual = await original<typeof import("./libc.ts")>();
  const missing = () => {
    throw Object.assign(new Error("Cannot find module 'koffi'"), { code: "MODULE_NOT_FOUND" });
  };
  return { ...actual, libc: () => (isThere ? actual.libc() : actual.loadLibc(missing)) };
});

const directory = useDirectories();

describe("without the foreign function package", () => {
  it("nothing is loaded, whatever goes wrong with it", () => {
    expect(libc()).toBeUndefined();
    const wrong = {
      load: () => {
        throw new Error("cannot open shared object");
      },
      errno: () => 0,
      sizeof: () => 8,
    };
    expect(loadLibc(() => wrong as never)).toBeUndefined();
    expect(loadLibc(() => ({ ...wrong, sizeof: () => 4 }) as never)).toBeUndefined();
  });

  it("a tree comes back but for what is said once a job", async () => {
    const [from, to] = [join(directory(), "tree"), directory()];
    makeHostileTree(from);
    const { backUp, restore } = await createBackupFixture();
    const backup = await backUp(from);
    expect(backup.problems).toMatchObject([{ path: Buffer.from("/"), code: "unsupported" }]);
    expect(backup.problems[0]?.problem).toContain("no extended attributes");
    const restored = await restore(backup.root, to, { paths: [from] });
    expect(restored.problems).toMatchObject([{ path: Buffer.from("/"), code: "unsupported" }]);
    expect(restored.problems[0]?.problem).toContain("to the microsecond");
    expect(compareTrees(from, join(to, from), { timeToleranceNs: 1_000n }).differences).toEqual([]);
  });

  it.skipIf(foreignCalls === undefined)(
    "unchanged entries get their attributes as soon as they can be read, and none are taken away meanwhile (needs foreign calls)",
    async () => {
      const [from, to, without] = [directory(), directory(), directory()];
      mkdirSync(join(from, "directory"));
      writeFileSync(join(from, "file"), "x");
      linkSync(join(from, "file"), join(from, "other name"));
      for (const name of ["file", "directory"])
        foreignCalls?.setAttribute(Buffer.from(join(from, name)), "user.x", Buffer.from("y"));
      const { store, backUp, restore } = await createBackupFixture();
      const source = { read: store.read.bind(store) };
      const fileOf = (root: Buffer) => findNode(source, root, Buffer.from(join(from, "file")));
      const first = await backUp(from);
      expect(await fileOf(first.root)).toMatchObject({ xattrs: undefined, xattrsUnread: true });
      isThere = true;
      try {
        const second = await backUp(from);
        expect(second.put.data).toEqual([]);
        expect(await fileOf(second.root)).toMatchObject({ xattrsUnread: false, xattrs: [{ value: Buffer.from("y") }] });
        await restore(second.root, to, { paths: [from] });
        // What the first does not know, it does not take.
        expect((await restore(first.root, to, { paths: [from], overwrite: "changed" })).stats.unchanged).toBe(2);
        expect(compareTrees(from, join(to, from), { exact: true }).differences).toEqual([]);
        isThere = false;
        const { problems } = await restore(second.root, without, { paths: [from] });
        expect(problems.map(({ path, code }) => [path.toString(), code])).toEqual([
          ["/", "unsupported"],
          [join(from, "directory"), "ENOSYS"],
          [join(from, "file"), "ENOSYS"],
        ]);
        expect(statSync(join(without, from, "file")).nlink).toBe(2);
      } finally {
        isThere = false;
      }
    },
  );
});
