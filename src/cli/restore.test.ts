import { describe, expect, it } from "vitest";
import { createMemoryManager, JOB_ID, NOW_MS } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost, sampleJob, sampleSnapshot } from "./sample-data.ts";

const WEB1 = sampleHost();
const WEB2 = sampleHost({ id: "0193a1b2-0000-7000-8000-000000000002", name: "web2" });
const NEWEST = sampleSnapshot({ id: "0193b1c0-0000-7000-8000-000000000001" });
const OLDER = sampleSnapshot();
const OLDEST = sampleSnapshot({ id: "0193a1c0-1111-7000-8000-000000000001", hostId: WEB2.id, hostName: "web2" });

function restores() {
  const manager = createMemoryManager();
  manager.hosts = [WEB1, WEB2];
  manager.snapshots = [NEWEST, OLDER, OLDEST];
  return { manager };
}

describe("restore", () => {
  it("asks for some paths of a snapshot by the beginning of its id", async () => {
    const args = ["restore", "0193b1c0", "/etc/nginx", "/etc/hosts", "--to", "/tmp/restored", "--overwrite", "always"];
    const { manager, stdout, exitCode } = await runRecorded(args, restores());
    expect(manager.heardOnce("restoreStart").body).toEqual({
      snapshot: NEWEST.id,
      paths: ["/etc/nginx", "/etc/hosts"],
      target: "/tmp/restored",
      overwrite: "always",
      dryRun: false,
    });
    expect([stdout, exitCode]).toEqual([`restore web1: job ${JOB_ID} was started\n`, EXIT.done]);
  });

  it("takes the newest snapshot of a host, and paths by their bytes", async () => {
    const args = ["restore", "latest", "--host", "web2", "--to", "/r", "--raw-path", "L2V0Yw=="];
    const { manager } = await runRecorded(args, restores());
    expect(manager.heardOnce("restoreStart").body).toEqual({
      snapshot: OLDEST.id,
      rawPaths: ["L2V0Yw=="],
      target: "/r",
      host: WEB2.id,
      dryRun: false,
    });
  });

  it("asks of which host, where latest could be of several", async () => {
    const { stderr, exitCode, manager } = await runRecorded(["restore", "latest", "--to", "/r"], restores());
    expect([stderr, exitCode]).toEqual([
      "rusuban: snapshot latest: there are several hosts\n  add --host with one of: web1, web2\n",
      EXIT.usage,
    ]);
    expect(manager.heard.map(({ route }) => route)).not.toContain("restoreStart");
  });

  it("lists the candidates where a beginning fits several snapshots", async () => {
    const recorded = await runRecorded(["restore", "0193a1c0", "--to", "/r", "--json"], restores());
    expect(recorded.error).toMatchObject({ code: "ambiguous", message: "snapshot 0193a1c0: several ids begin so" });
    expect(recorded.error.hint).toMatch(
      new RegExp(`^give one of: ${OLDER.id} \\(web1, 20.*\\), ${OLDEST.id} \\(web2, 20.*\\)$`),
    );
  });

  it("needs a directory to restore to", async () => {
    const { stderr, exitCode } = await runRecorded(["restore", "latest"], restores());
    expect([stderr, exitCode]).toEqual([
      "rusuban: required option '--to <directory>' not specified\n  `rusuban restore --help` shows what there is\n",
      EXIT.usage,
    ]);
  });

  it("refuses an overwrite rule that does not exist", async () => {
    const { exitCode, stderr } = await runRecorded(["restore", "latest", "--to", "/r", "--overwrite", "maybe"]);
    expect([exitCode, stderr.includes("never, always")]).toEqual([EXIT.usage, true]);
  });

  it("tells the outcome with --wait", async () => {
    const { manager } = restores();
    manager.jobSteps = [
      {
        ...sampleJob(),
        kind: "restore",
        id: JOB_ID,
        state: "done",
        startedAtMs: NOW_MS,
        endedAtMs: NOW_MS + 2_000,
        target: "/r",
      },
    ];
    const { stdout, exitCode } = await runRecorded(["restore", NEWEST.id, "--to", "/r", "--wait"], { manager });
    expect([stdout, exitCode]).toEqual(["restore web1: 1,200 files, 3.2 GB below /r, in 2 s\n", EXIT.done]);
  });

  it.each([
    ["done", EXIT.done],
    ["partly", EXIT.partly],
    ["failed", EXIT.failed],
  ] as const)(
    "shows what would be done with --dry-run: the job's log, and its end (%s) as exit code",
    async (state, exit) => {
      const { manager } = restores();
      manager.jobSteps = [{ state }];
      manager.logLines = [{ atMs: NOW_MS, level: "info", text: "would create /r/etc/hosts" }];
      const { stdout, exitCode } = await runRecorded(["restore", NEWEST.id, "--to", "/r", "--dry-run"], { manager });
      expect(manager.heardOnce("restoreStart").body).toMatchObject({ dryRun: true });
      expect(stdout).toMatch(/^20\d\d-.* {2}info {2}would create \/r\/etc\/hosts\n$/);
      expect(exitCode).toBe(exit);
    },
  );
});
