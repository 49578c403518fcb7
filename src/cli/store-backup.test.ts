import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EXIT } from "./output.ts";
import { LATE_MS, makeStore, openHere, runStore, useFolders } from "./store-command-fixture.ts";

const folder = useFolders();

async function setUp() {
  const top = folder();
  const store = join(top, "store");
  const data = join(top, "data");
  mkdirSync(join(data, "sub"), { recursive: true });
  writeFileSync(join(data, "a.txt"), "alpha");
  writeFileSync(join(data, "sub", "b.tmp"), "beta");
  await makeStore(store);
  return { top, store, data };
}

interface SnapshotData {
  readonly snapshot: { id: string; files: number; bytesNew: number; parent: string | null; host: string };
  readonly problems: readonly { path: string; code: string }[];
  readonly problemCount: number;
}

const backUp = async (...args: readonly string[]) =>
  (await runStore(["backup", ...args, "--json"])).data as SnapshotData;

describe("store backup", () => {
  it("makes a snapshot and says what it holds", async () => {
    const { store, data } = await setUp();
    const { stdout, stderr, exitCode } = await runStore(["backup", store, data]);
    expect(stdout).toMatch(/^snapshot [0-9a-f-]{36}: 2 files, 9 B; new 9 B, stored as \d+ B; in less than 1 s\n$/);
    expect([stderr, exitCode]).toEqual(["", EXIT.done]);
  });

  it("gives the snapshot with --json", async () => {
    const { store, data } = await setUp();
    expect(await backUp(store, data, "--tag", "daily", "--tag", "x", "--host", "web1")).toEqual({
      snapshot: {
        ...{ id: expect.any(String), host: "web1", paths: [{ path: data }], tags: ["daily", "x"], parent: null },
        ...{ startedAtMs: LATE_MS, finishedAtMs: LATE_MS, files: 2, directories: expect.any(Number), bytes: 9 },
        ...{ bytesNew: 9, bytesAdded: expect.any(Number), problems: 0 },
      },
      problems: [],
      problemCount: 0,
    });
  });

  it("takes unchanged files from the newest snapshot of the same host and the same paths, in whatever order", async () => {
    const { store, data, top } = await setUp();
    const other = join(top, "other");
    writeFileSync(other, "other");
    const first = await backUp(store, data, other);
    expect(first.snapshot).toMatchObject({ parent: null, host: hostname() });
    expect((await backUp(store, other, data)).snapshot).toMatchObject({ parent: first.snapshot.id, bytesNew: 0 });
    expect((await backUp(store, data)).snapshot.parent).toBeNull();
    expect((await backUp(store, data, other, "--host", "web1")).snapshot.parent).toBeNull();
  });

  it("reads everything with --force, and takes another parent with --parent", async () => {
    const { store, data } = await setUp();
    const first = await backUp(store, data);
    const second = await backUp(store, data);
    expect(second.snapshot.parent).toBe(first.snapshot.id);
    expect((await backUp(store, data, "--force")).snapshot.parent).toBeNull();
    expect((await backUp(store, data, "--parent", first.snapshot.id)).snapshot.parent).toBe(first.snapshot.id);
    const unknown = await runStore(["backup", store, data, "--parent", "ffffffff", "--json"]);
    expect([unknown.exitCode, unknown.error.code]).toEqual([EXIT.failed, "not-found"]);
  });

  it("leaves out what matches, and the store itself, also where it is reached by a symlink", async () => {
    const { store, data, top } = await setUp();
    expect((await backUp(store, data, "--exclude", "*.tmp")).snapshot.files).toBe(1);
    const link = join(top, "link");
    symlinkSync(store, link);
    const { snapshot } = await backUp(link, top);
    expect(snapshot.files).toBe(3); // Two files and the symlink.
  });

  it("names what it could not read, keeps the rest and exits with 3", async () => {
    const { store, data } = await setUp();
    const gone = join(data, "gone\u001b[2J\n");
    const recorded = await runStore(["backup", store, join(data, "a.txt"), gone]);
    expect(recorded.exitCode).toBe(EXIT.partly);
    expect(recorded.stdout).toContain("1 files, 5 B");
    expect(recorded.stderr).toContain("could not be done as it should be: 1\n");
    expect(recorded.stderr).toContain("gone\\x1b[2J\\n: ");
    const { problems, problemCount } = await backUp(store, join(data, "a.txt"), gone);
    expect([problems, problemCount]).toEqual([[{ path: gone, code: "ENOENT", problem: expect.any(String) }], 1]);
  });

  it("fails where none of the paths is there, and where a pattern cannot be", async () => {
    const { store, data } = await setUp();
    const gone = await runStore(["backup", store, join(data, "gone"), "--json"]);
    expect([gone.exitCode, gone.error.message]).toEqual([EXIT.usage, expect.stringContaining("paths: ")]);
    const pattern = await runStore(["backup", store, data, "--exclude", "[a", "--json"]);
    expect([pattern.exitCode, pattern.error.message]).toEqual([EXIT.usage, expect.stringContaining("exclude: ")]);
    const opened = await openHere(store);
    expect(opened.listSnapshots()).toEqual([]);
    await opened.close();
  });

  it("shows on a terminal how far it is", async () => {
    const { store, data } = await setUp();
    const { stderr } = await runStore(["backup", store, data], { terminal: { columns: 60 } });
    expect(stderr).toContain("\r\u001b[2K2 files  9 B  0 B/s  new 9 B");
    expect(stderr.endsWith("\r\u001b[2K")).toBe(true);
  });

  it("stopped in the middle makes no snapshot, says so, and leaves the store good", async () => {
    const { store, data } = await setUp();
    for (let index = 0; index < 200; index++) writeFileSync(join(data, `f${index}`), `content ${index}`);
    await backUp(store, join(data, "sub"));
    const controller = new AbortController();
    let asked = 0;
    const clock = {
      now: () => LATE_MS,
      // Every look at the clock is a turn that has lasted too long.
      monotonic() {
        if (++asked === 100) controller.abort();
        return asked * 50;
      },
      after: () => () => {},
    };
    const stopped = await runStore(["backup", store, data], { clock, interruption: () => controller.signal });
    expect([stopped.stdout, stopped.exitCode]).toEqual(["", EXIT.interrupted]);
    expect(stopped.stderr).toContain("stopped: no snapshot was made. The store is good");
    const opened = await openHere(store);
    expect(opened.listSnapshots()).toHaveLength(1);
    expect((await opened.check({ readData: true })).problems).toEqual([]);
    await opened.close();
    expect((await backUp(store, data)).problemCount).toBe(0);
  });
});
