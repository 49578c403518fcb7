import { describe, expect, it } from "vitest";
import { ROUTES } from "../api/routes.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleEntry, sampleHost, sampleSnapshot } from "./sample-data.ts";

const SNAPSHOT = sampleSnapshot({ problems: 2 });
const ENTRIES = [
  sampleEntry({ name: "nginx", kind: "directory", mode: 0o755, size: 4_096 }),
  sampleEntry(),
  sampleEntry({ name: "log", kind: "symlink", mode: 0o777, linkTarget: "/var/log", uid: 33, gid: 33 }),
  sampleEntry({ name: "bad\ufffdname\n", rawName: "YmFk/25hbWUK" }),
];

function store() {
  const manager = createMemoryManager();
  manager.hosts = [sampleHost()];
  manager.snapshots = [SNAPSHOT];
  manager.entries = ENTRIES;
  return { manager };
}

describe("snapshot list", () => {
  it("shows a snapshot a line", async () => {
    const { stdout, stderr } = await runRecorded(["snapshot", "list"], store());
    expect(stdout).toMatch(/^ID +HOST +WHEN +FILES +SIZE +ADDED +PROBLEMS +PATHS\n/);
    expect(stdout).toMatch(/\n0193a1c0 +web1 +20\S+ \S+ \(3 h ago\) +12,345 +4\.3 GB +315 MB +2 +\/etc \/var\/www\n$/);
    expect(stderr).toBe("");
  });

  it("gives the page of the contract with --json, of one host where asked for", async () => {
    const recorded = await runRecorded(["snapshot", "list", "--host", "web1", "--json"], store());
    expect(ROUTES.snapshotList.reply.parse(recorded.data)).toEqual({ items: [SNAPSHOT], next: null });
    expect(recorded.manager.heardOnce("snapshotList").query).toEqual({ limit: 50, host: sampleHost().id });
  });

  it("says how to make the first one", async () => {
    expect((await runRecorded(["snapshot", "list"])).stderr).toContain("rusuban backup HOST DIR --wait");
  });
});

describe("snapshot show", () => {
  it("shows one with all its numbers, `latest` without a host where there is one host", async () => {
    const { stdout } = await runRecorded(["snapshot", "show", "latest"], store());
    expect(stdout).toMatch(/^Host {16}web1\nPaths {15}\/etc\n {20}\/var\/www\n/);
    expect(stdout).toMatch(/Took {16}1 min 5 s\n/);
  });

  it("says that there is none yet", async () => {
    const { manager } = store();
    manager.snapshots = [];
    const recorded = await runRecorded(["snapshot", "show", "latest", "--json"], { manager });
    expect([recorded.exitCode, recorded.error.code]).toEqual([EXIT.failed, "not-found"]);
  });

  it.each(["xyz", "0193ffff", "../etc"])("says that there is no snapshot %s", async (ref) => {
    const recorded = await runRecorded(["snapshot", "show", ref, "--json"], store());
    expect(recorded.error).toEqual({
      code: "not-found",
      message: `snapshot ${ref}: there is no such snapshot`,
      hint: "`rusuban snapshot list` shows what there is",
    });
  });
});

describe("snapshot ls", () => {
  it("lists a directory as ls does, with names that could act on a terminal written out", async () => {
    const { stdout, manager } = await runRecorded(["snapshot", "ls", "0193a1c0", "/etc"], store());
    const [, ...lines] = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.replace(/20\S+ \S+/, "WHEN").replaceAll(/ +/g, " "))).toEqual([
      "drwxr-xr-x 0:0 - WHEN nginx/",
      "-rw-r--r-- 0:0 1.5 kB WHEN nginx.conf",
      "lrwxrwxrwx 33:33 - WHEN log -> /var/log",
      "-rw-r--r-- 0:0 1.5 kB WHEN bad\ufffdname\\n",
    ]);
    expect(manager.heardOnce("snapshotEntries")).toMatchObject({
      params: { snapshot: SNAPSHOT.id },
      query: { path: "/etc" },
    });
  });

  it("gives the page of the contract with --json, bytes of names included", async () => {
    const recorded = await runRecorded(["snapshot", "ls", "latest", "--raw-path", "L2V0Yw==", "--json"], store());
    expect(ROUTES.snapshotEntries.reply.parse(recorded.data)).toEqual({ items: ENTRIES, next: null });
    expect(recorded.manager.heardOnce("snapshotEntries").query).toMatchObject({ rawPath: "L2V0Yw==" });
  });
});
