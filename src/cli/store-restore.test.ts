import { mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatBytes } from "../model/quantity.ts";
import { EXIT } from "./output.ts";
import { LATE_MS, makeStore, runStore, useFolders } from "./store-command-fixture.ts";

const folder = useFolders();
/** A name of bytes that are no UTF-8, with what a terminal would obey. */
const EVIL = Buffer.concat([Buffer.from("evil\u001b[2J"), Buffer.from([0xff]), Buffer.from("\n\u202ex")]);

async function setUp() {
  const top = folder();
  const store = join(top, "store");
  const data = join(top, "data");
  const target = join(top, "restored");
  mkdirSync(join(data, "sub"), { recursive: true });
  writeFileSync(join(data, "a.txt"), "alpha");
  writeFileSync(join(data, "sub", "b.txt"), "beta");
  writeFileSync(Buffer.concat([Buffer.from(`${data}/`), EVIL]), "evil");
  utimesSync(join(data, "a.txt"), 1_000, 1_000);
  await makeStore(store);
  await runStore(["backup", store, data, "--tag", "whole"]);
  return { top, store, data, target };
}

describe("store restore", () => {
  it("restores whole paths below the directory, and says how much", async () => {
    const { store, data, target } = await setUp();
    const { stdout, stderr, exitCode } = await runStore(["restore", store, "latest", "--to", target]);
    expect([stdout, stderr, exitCode]).toEqual([
      `restored 3 files, 13 B below ${target}, in less than 1 s\n`,
      "",
      EXIT.done,
    ]);
    expect(readFileSync(join(target, data, "a.txt"), "utf8")).toBe("alpha");
    expect(statSync(join(target, data, "a.txt")).mtimeMs).toBe(1_000_000);
    expect(readdirSync(join(target, data), { encoding: "buffer" })).toContainEqual(EVIL);
  });

  it("restores single paths, also by their bytes, and leaves out what matches", async () => {
    const { store, data, target } = await setUp();
    const one = await runStore(["restore", store, "latest", join(data, "sub"), "--to", target, "--json"]);
    expect(one.data).toMatchObject({ target, dryRun: false, files: 1, bytes: 4, problemCount: 0, problems: [] });
    const raw = Buffer.concat([Buffer.from(`${data}/`), EVIL]).toString("base64");
    const evil = await runStore(["restore", store, "latest", "--raw-path", raw, "--to", `${target}2`, "--json"]);
    expect(evil.data).toMatchObject({ files: 1, bytes: 4 });
    const rest = await runStore(["restore", store, "latest", "--exclude", "*.txt", "--to", `${target}3`, "--json"]);
    expect(rest.data).toMatchObject({ files: 1 });
  });

  it("leaves what is there, replaces it where it differs, or always", async () => {
    const { store, data, target } = await setUp();
    await runStore(["restore", store, "latest", "--to", target]);
    const changed = join(target, data, "a.txt");
    writeFileSync(changed, "mine");
    const never = await runStore(["restore", store, "latest", "--to", target]);
    expect(never.stderr).toContain("3 files were there already and stayed; --overwrite changed would replace");
    expect(readFileSync(changed, "utf8")).toBe("mine");
    const rule = ["restore", store, "latest", "--to", target, "--overwrite"];
    expect((await runStore([...rule, "changed", "--json"])).data).toMatchObject({ files: 3, unchanged: 2, bytes: 5 });
    expect(readFileSync(changed, "utf8")).toBe("alpha");
    expect((await runStore([...rule, "always", "--json"])).data).toMatchObject({ files: 3, bytes: 13 });
    expect((await runStore([...rule, "sometimes"])).exitCode).toBe(EXIT.usage);
  });

  it("says with --dry-run what would change, entry by entry, and changes nothing", async () => {
    const { store, data, target } = await setUp();
    mkdirSync(join(target, data), { recursive: true });
    writeFileSync(join(target, data, "a.txt"), "mine");
    const line = ["restore", store, "latest", "--to", target, "--overwrite", "changed", "--dry-run"];
    const { stdout, stderr } = await runStore(line);
    expect(stdout).toContain(`replace    ${join(data, "a.txt")}\n`);
    expect(stdout).toContain(`create     ${join(data, "sub", "b.txt")}\n`);
    expect(stdout).toContain(`create     ${data}/evil\\x1b[2J\\xff\\n\\u{202e}x\n`);
    expect(stderr).toMatch(/^would create 3, replace 1, leave \d+ unchanged, leave 0 alone\n$/);
    const { entries } = (await runStore([...line, "--json"])).data as { entries: readonly object[] };
    expect(entries).toContainEqual({ path: join(data, "a.txt"), action: "replace" });
    const evil = Buffer.concat([Buffer.from(`${data}/`), EVIL]);
    const raw = { path: evil.toString("utf8"), rawPath: evil.toString("base64") };
    expect(entries).toContainEqual({ ...raw, action: "create" });
    expect(readdirSync(join(target, data))).toEqual(["a.txt"]);
  });

  it("names what it could not restore and exits with 3", async () => {
    const { store, data, target } = await setUp();
    const gone = join(data, "gone");
    const recorded = await runStore(["restore", store, "latest", join(data, "a.txt"), gone, "--to", target]);
    expect([recorded.exitCode, recorded.stdout]).toEqual([EXIT.partly, expect.stringContaining("restored 1 files")]);
    expect(recorded.stderr).toBe(`could not be done as it should be: 1\n  ${gone}: is not in the snapshot\n`);
  });

  it("takes `latest` of a host, a path, a tag; says so where there is none", async () => {
    const { store, data, target } = await setUp();
    await runStore(["backup", store, join(data, "sub"), "--host", "web1"]);
    const filesOf = async (...filter: readonly string[]) => {
      const { data } = await runStore(["restore", store, "latest", ...filter, "--to", target, "--dry-run", "--json"]);
      return (data as { files: number }).files;
    };
    expect(await filesOf()).toBe(1);
    expect(await filesOf("--tag", "whole")).toBe(3);
    expect(await filesOf("--path", data)).toBe(3);
    expect(await filesOf("--host", "web1")).toBe(1);
    const none = await runStore(["restore", store, "latest", "--host", "web2", "--to", target, "--json"]);
    expect([none.error.code, none.exitCode]).toEqual(["not-found", EXIT.failed]);
    expect(none.error.hint).toContain("rusuban store snapshots");
  });

  it("shows on a terminal how much is left", async () => {
    const { store, data, target } = await setUp();
    for (let index = 0; index < 100; index++) writeFileSync(join(data, `f${index}`), `content ${index}`);
    await runStore(["backup", store, data]);
    let now = 0;
    const clock = { now: () => LATE_MS, monotonic: () => (now += 50), after: () => () => {} };
    const { stderr } = await runStore(["restore", store, "latest", "--to", target], {
      clock,
      terminal: { columns: 100 },
    });
    expect(stderr).toMatch(/\d+ files {2}[\d.]+ k?B of 1\.0 kB {2}[\d.]+ k?B\/s {2}.* left/);
    expect(stderr).toMatch(/B\/s {2}\S*data\/f7\d/);
  });

  it("shows of a part, too, how much is left", async () => {
    const { store, data, target } = await setUp();
    for (let index = 0; index < 300; index++) writeFileSync(join(data, `f${index}`), `content ${index}`);
    await runStore(["backup", store, data]);
    let now = 0;
    const clock = { now: () => LATE_MS, monotonic: () => (now += 50), after: () => () => {} };
    const { stderr } = await runStore(["restore", store, "latest", "--to", target, "--exclude", "f1*"], {
      clock,
      terminal: { columns: 200 },
    });
    // f0 and f2 to f9, f20 to f99, f200 to f299, and the one that is there anyway.
    const bytes = [...Array(300).keys()].filter((index) => !`${index}`.startsWith("1"));
    const total = bytes.reduce((sum, index) => sum + `content ${index}`.length, 0);
    expect(stderr).toMatch(new RegExp(`B of ${formatBytes(total).replace(".", "\\.")} `));
  });

  it("stopped in the middle says how to go on", async () => {
    const { store, target } = await setUp();
    const controller = new AbortController();
    let asked = 0;
    const clock = {
      now: () => LATE_MS,
      monotonic() {
        if (++asked === 6) controller.abort();
        return asked * 50;
      },
      after: () => () => {},
    };
    const world = { clock, interruption: () => controller.signal };
    const stopped = await runStore(["restore", store, "latest", "--to", target, "--json"], world);
    expect([stopped.exitCode, stopped.error.code]).toEqual([EXIT.interrupted, "interrupted"]);
    expect(stopped.error.message).toContain("`--overwrite changed` goes on");
    const again = await runStore(["restore", store, "latest", "--to", target, "--overwrite", "changed"]);
    expect(again.exitCode).toBe(EXIT.done);
  });
});

describe("store ls", () => {
  it("lists one level, or everything below, with hostile names visible", async () => {
    const { store, data } = await setUp();
    const { stdout } = await runStore(["ls", store, "latest", data]);
    expect(stdout.trimEnd().split("\n")).toHaveLength(3);
    expect(stdout).toMatch(/^-rw\S+ {2}\d+:\d+ +5 B {2}1970-01-01 \S+ {2}\/.*\/a\.txt$/m);
    expect(stdout).toContain("/evil\\x1b[2J\\xff\\n\\u{202e}x\n");
    expect(stdout).toContain("/sub/\n");
    expect((await runStore(["ls", store, "latest", data, "--recursive"])).stdout).toContain("/sub/b.txt\n");
  });

  it("gives exact values with --json", async () => {
    const { store, data } = await setUp();
    const listed = await runStore(["ls", store, "latest", join(data, "a.txt"), "--json"]);
    expect(listed.data).toEqual({
      snapshot: expect.any(String),
      entries: [
        {
          ...{ path: join(data, "a.txt"), kind: "file", mode: statSync(join(data, "a.txt")).mode & 0o7777 },
          ...{ uid: process.getuid?.(), gid: process.getgid?.(), size: 5, modifiedAtMs: 1_000_000, linkTarget: null },
        },
      ],
    });
  });

  it("says where a path is not in the snapshot", async () => {
    const { store } = await setUp();
    const { error, exitCode } = await runStore(["ls", store, "latest", "/gone", "--json"]);
    expect([error.code, exitCode]).toEqual(["not-found", EXIT.failed]);
  });
});
