import { execFile, spawnSync } from "node:child_process";
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { foreignCalls } from "../../test/foreign-calls.ts";
import { compareTrees } from "../../test/tree-comparer.ts";
import { systemRandom } from "../runtime/random.ts";
import { createBackupFixture, useDirectories } from "./backup-fixture.ts";
import type { ScenarioResult } from "./exact-round-trip-fixture.ts";

const directory = useDirectories();
const isRoot = process.geteuid?.() === 0;
const scenario = fileURLToPath(new URL("exact-round-trip-fixture.ts", import.meta.url));
const needed = foreignCalls === undefined;
const IDENTICAL = { notMade: [], backupProblems: [], restoreProblems: [], differences: [] };

const execute = promisify(execFile);

async function run(command: string, ...args: string[]): Promise<ScenarioResult> {
  const { stdout } = await execute(command, args, { encoding: "utf8", maxBuffer: 1 << 26 });
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
}

/** Whether we may mount a file system of our own. */
const canMount =
  isRoot && spawnSync("unshare", ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" }).status === 0;

/** Thousands of entries on a machine that does other things, too. */
const SCENARIO_TIMEOUT_MS = 120_000;

describe.skipIf(needed)("the exact tree comes back identical (needs foreign calls)", () => {
  it.skipIf(!isRoot)(
    "as root: every name, time, mode, link, hole, attribute and device",
    { timeout: SCENARIO_TIMEOUT_MS },
    async () => {
      const { entries, ...result } = await run(process.execPath, scenario, directory());
      expect(result).toEqual(IDENTICAL);
      expect(entries).toBeGreaterThan(3_294);
    },
  );

  it.skipIf(!canMount)("as root on a tmpfs (needs to mount one)", { timeout: SCENARIO_TIMEOUT_MS }, async () => {
    const script = 'mount -t tmpfs tmpfs "$1" && exec "$2" "$3" "$1"';
    const args = ["-m", "sh", "-c", script, "sh", directory(), process.execPath, scenario];
    const { entries, ...result } = await run("unshare", ...args);
    expect(result).toEqual(IDENTICAL);
    expect(entries).toBeGreaterThan(3_294);
  });

  it("without root: everything that such a user can have made", { timeout: SCENARIO_TIMEOUT_MS }, async () => {
    const path = directory();
    spawnSync("chmod", ["755", path]);
    const { entries, ...result } = await run(process.execPath, scenario, path, ...(isRoot ? ["tree"] : []));
    expect(result).toEqual(IDENTICAL);
    expect(entries).toBeGreaterThan(3_270);
  });

  it.skipIf(!isRoot)(
    "saved by root, restored without: what is missing is listed, entry by entry, and nothing else is missing",
    { timeout: SCENARIO_TIMEOUT_MS },
    async () => {
      const path = directory();
      spawnSync("chmod", ["755", path]);
      const { restoreProblems, backupProblems } = await run(process.execPath, scenario, path, "restore");
      expect(backupProblems).toEqual([]);
      const from = join(path, "from");
      const { differences } = compareTrees(from, join(path, "to", from), { exact: true, ignoreOwners: true });
      // That the owner is another, and no more, is told of nearly all.
      const isOwner = ([, , problem]: readonly string[]) =>
        /^owner \d+:\d+ cannot be restored: EPERM[^;]*$/.test(problem ?? "");
      const told = restoreProblems.filter((problem) => !isOwner(problem)).map(([place]) => place.slice(from.length));
      const missing = differences.map((line) => /^(.*): (?:mode|attributes|missing) /s.exec(line)?.[1]);
      // A device that could not be made takes its further names along.
      expect([...new Set(missing)].sort()).toEqual([...new Set(told)].sort());
      const withheld = differences.filter((line) => line.includes(": mode ")).length;
      expect(withheld).toBeGreaterThan(20);
      // The group is one of the user's: it is given back, and set-group-id with it, but never set-user-id.
      const modeOf = (name: string) => {
        const { mode, gid } = statSync(join(path, "to", from, "modes", name));
        return [(mode & 0o7777).toString(8), gid];
      };
      expect(modeOf("file 2755")).toEqual(["2755", 2000]);
      expect(modeOf("file 6755")).toEqual(["2755", 2000]);
      expect(differences.filter((line) => / missing on the right$/.test(line)).length).toBeGreaterThan(5);
      expect(restoreProblems.every(([, code]) => code === "EPERM")).toBe(true);
      expect(restoreProblems.filter(([, , problem]) => problem.includes("/proc/"))).toEqual([]);
    },
  );
});

describe.skipIf(needed)("holes (needs foreign calls)", () => {
  const MEGABYTE = 2 ** 20;
  const makeSparse = (path: string, size: number, data: readonly (readonly [number, Buffer])[]) => {
    const fd = openSync(path, "w");
    for (const [offset, bytes] of data) writeSync(fd, bytes, 0, bytes.length, offset);
    ftruncateSync(fd, size);
    const isSparse = fstatSync(fd).blocks * 512 < size;
    closeSync(fd);
    return isSparse;
  };

  it("are not read, whatever their length, and cost no chunk", async () => {
    const [from, to] = [directory(), directory()];
    expect(makeSparse(join(from, "vast"), 2 ** 43, [[2 ** 42, Buffer.from("an island")]])).toBe(true);
    const { backUp, restore } = await createBackupFixture();
    const { stats, root, put } = await backUp(from);
    expect(put.data).toHaveLength(1);
    expect(stats.chunks).toBe(1);
    expect((await restore(root, to, { paths: [from] })).problems).toEqual([]);
    expect(compareTrees(from, join(to, from), { exact: true }).differences).toEqual([]);
  });

  it("that are filled leave the ids of the data beside them as they were", async () => {
    const from = directory();
    const path = join(from, "image");
    const data = [0, 10, 20, 30].map((at) => [at * MEGABYTE, systemRandom(2 * MEGABYTE)] as const);
    makeSparse(path, 40 * MEGABYTE, data);
    const { backUp } = await createBackupFixture();
    const first = await backUp(from);
    utimesSync(path, 1, 1);
    expect((await backUp(from)).put.data).toEqual([]);
    const filling = systemRandom(MEGABYTE / 2);
    const fd = openSync(path, "r+");
    writeSync(fd, filling, 0, filling.length, 15 * MEGABYTE);
    closeSync(fd);
    const { stats } = await backUp(from);
    expect(stats.newBytes).toBe(filling.length);
    expect(first.stats.newBytes).toBe(8 * MEGABYTE);
  });
});

describe.skipIf(needed)("extended attributes (needs foreign calls)", () => {
  const set = (path: string, value: string, name = "user.rusuban") =>
    foreignCalls?.setAttribute(Buffer.from(path), name, Buffer.from(value));

  it("that alone have changed are seen by the next backup, of files, directories and whatever has none", async () => {
    const from = directory();
    writeFileSync(join(from, "file"), "x");
    mkdirSync(join(from, "directory"));
    symlinkSync("file", join(from, "symlink"));
    const { backUp, restore } = await createBackupFixture();
    await backUp(from);
    for (const name of ["file", "directory"]) set(join(from, name), "new");
    if (isRoot) set(join(from, "symlink"), "new", "trusted.rusuban");
    const second = await backUp(from);
    expect(second.put.data).toEqual([]);
    // Unchanged now: the file's are taken from the parent.
    const third = await backUp(from);
    for (const { root } of [second, third]) {
      const to = directory();
      expect((await restore(root, to, { paths: [from] })).problems).toEqual([]);
      expect(compareTrees(from, join(to, from), { exact: true }).differences).toEqual([]);
    }
  });

  it("that an entry would inherit from the target's directory do not stay", async () => {
    const [from, to] = [directory(), directory()];
    for (const name of ["a", "b"]) mkdirSync(join(from, "inner", name), { recursive: true });
    writeFileSync(join(from, "inner", "file"), "x", { mode: 0o640 });
    const list = Buffer.alloc(4 + 5 * 8);
    list.writeUInt32LE(2);
    for (const [index, [tag, permissions, id]] of [
      [1, 7, 0xffffffff],
      [2, 5, 99],
      [4, 5, 0xffffffff],
      [16, 5, 0xffffffff],
      [32, 0, 0xffffffff],
    ].entries()) {
      list.writeUInt16LE(tag as number, 4 + index * 8);
      list.writeUInt16LE(permissions as number, 6 + index * 8);
      list.writeUInt32LE(id as number, 8 + index * 8);
    }
    mkdirSync(join(to, from, ".."), { recursive: true });
    foreignCalls?.setAttribute(Buffer.from(join(to, from, "..")), "system.posix_acl_default", list);
    const { backUp, restore } = await createBackupFixture();
    const { root } = await backUp(from);
    expect((await restore(root, to, { paths: [from] })).problems).toEqual([]);
    expect(compareTrees(from, join(to, from), { exact: true }).differences).toEqual([]);
  });

  it("that differ make an entry a changed one", async () => {
    const [from, to] = [directory(), directory()];
    writeFileSync(join(from, "file"), "x");
    writeFileSync(join(from, "other"), "x");
    set(join(from, "file"), "saved");
    const { backUp, restore } = await createBackupFixture();
    const { root } = await backUp(from);
    const options = { paths: [from], overwrite: "changed" } as const;
    await restore(root, to, options);
    set(join(to, from, "file"), "another");
    set(join(to, from, "other"), "one too many");
    expect((await restore(root, to, options)).stats).toMatchObject({ unchanged: 0, problems: 0 });
    expect(compareTrees(from, join(to, from), { exact: true }).differences).toEqual([]);
    expect((await restore(root, to, options)).stats).toMatchObject({ unchanged: 2, problems: 0 });
  });
});
