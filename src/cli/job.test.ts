import { describe, expect, it } from "vitest";
import { ROUTES } from "../api/routes.ts";
import type { JobLogLine } from "../model/job.ts";
import { createMemoryManager, NOW_MS } from "./memory-manager.ts";
import { CommandError, EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost, sampleJob } from "./sample-data.ts";

const RUNNING = sampleJob();
const FAILED = sampleJob({
  id: "0193a1b4-0000-7000-8000-000000000002",
  kind: "restore",
  state: "failed",
  target: "/r",
  endedAtMs: NOW_MS - 1_000,
  reason: "backup-control to web1:10000: refused",
});
const LINES: JobLogLine[] = [
  { atMs: NOW_MS, level: "info", text: "started" },
  { atMs: NOW_MS + 1, level: "error", text: "\u001b[31m/etc/shadow: permission denied" },
];

function jobs() {
  const manager = createMemoryManager();
  manager.hosts = [sampleHost()];
  manager.jobs = [RUNNING, FAILED];
  manager.logLines = LINES;
  return { manager };
}

describe("job list", () => {
  it("shows a job a line", async () => {
    const { stdout } = await runRecorded(["job", "list"], jobs());
    expect(stdout).toMatch(/^ID +KIND +HOST +STATE +WHEN +TOOK +FILES +SIZE +PATHS\n/);
    expect(stdout).toMatch(/ backup +web1 +running +5 s ago +4 s +1,200 +3\.2 GB +\/etc\n/);
    expect(stdout).toMatch(/ restore +web1 +failed +5 s ago +3 s /);
  });

  it("passes its filters on and gives the page of the contract with --json", async () => {
    const args = [
      "job",
      "list",
      "--state",
      "failed",
      "--state",
      "partly",
      "--kind",
      "restore",
      "--host",
      "web1",
      "--json",
    ];
    const recorded = await runRecorded(args, jobs());
    expect(ROUTES.jobList.reply.parse(recorded.data)).toEqual({ items: [FAILED], next: null });
    expect(recorded.manager.heardOnce("jobList").query).toEqual({
      limit: 50,
      state: ["failed", "partly"],
      kind: "restore",
      host: sampleHost().id,
    });
  });
});

describe("job show", () => {
  it("shows why a job failed", async () => {
    const { stdout } = await runRecorded(["job", "show", FAILED.id], jobs());
    expect(stdout).toMatch(
      /^Kind +restore\nHost +web1\nState +failed\nReason +backup-control to web1:10000: refused\n/,
    );
    expect(stdout).toMatch(/\nRestored below +\/r\n/);
  });

  it("speaks Japanese, and gives the contract's job with --json", async () => {
    expect((await runRecorded(["job", "show", RUNNING.id, "--lang", "ja"], jobs())).stdout).toMatch(/状態 +実行中\n/);
    const recorded = await runRecorded(["job", "show", RUNNING.id, "--json", "--lang", "ja"], jobs());
    expect(ROUTES.jobShow.reply.parse(recorded.data)).toEqual(RUNNING);
  });
});

describe("job log", () => {
  it("shows the lines, what could act on a terminal written out", async () => {
    const { stdout, exitCode } = await runRecorded(["job", "log", FAILED.id], jobs());
    const [first = "", second = ""] = stdout.split("\n");
    expect(first).toMatch(/^20\S+ \S+ {2}info {2}started$/);
    expect(second).toMatch(/ {2}error {2}\\x1b\[31m\/etc\/shadow: permission denied$/);
    expect(exitCode).toBe(EXIT.done);
  });

  it("gives the contract's log with --json", async () => {
    const recorded = await runRecorded(["job", "log", FAILED.id, "--json"], jobs());
    expect(ROUTES.jobLog.reply.parse(recorded.data)).toEqual({ lines: LINES, next: 2, ended: true });
  });

  it("asks part after part of a long log", async () => {
    const { manager } = jobs();
    manager.logLines = Array.from({ length: 2_300 }, (_, index) => ({ atMs: NOW_MS, level: "info", text: `${index}` }));
    const recorded = await runRecorded(["job", "log", FAILED.id, "--json"], { manager });
    expect(recorded.data).toMatchObject({ lines: { length: 2_300 }, next: 2_300 });
    expect(manager.heard.filter(({ route }) => route === "jobLog").map(({ query }) => query)).toEqual(
      [0, 1_000, 2_000].map((from) => ({ from, limit: 1_000 })),
    );
  });

  it("follows to the end of the job, over a lost manager, one JSON object a line, and exits as the job ended", async () => {
    const { manager } = jobs();
    const parts = [
      { lines: LINES.slice(0, 1), next: 1, ended: false },
      { lines: [], next: 1, ended: false },
      { lines: LINES.slice(1), next: 2, ended: true },
    ];
    manager.overrides = { jobLog: () => parts.shift() ?? { lines: [], next: 2, ended: true } };
    const away = new CommandError("manager-unreachable", "refused");
    manager.failures = [undefined, undefined, away, away];
    const { stdout, stderr, exitCode } = await runRecorded(["job", "log", FAILED.id, "--follow", "--json"], {
      manager,
    });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual(LINES);
    expect([stderr, exitCode]).toEqual(["Lost the manager; trying again.\n", EXIT.failed]);
    expect(manager.heard.filter(({ route }) => route === "jobLog").map(({ query }) => query)).toEqual(
      [0, 1, 1].map((from) => ({ from, limit: 1_000, waitSeconds: 25 })),
    );
  });

  it("ends at Ctrl-C and says that the job goes on", async () => {
    const interruption = () => AbortSignal.abort();
    const { exitCode, stderr } = await runRecorded(["job", "log", RUNNING.id, "--follow"], { ...jobs(), interruption });
    expect([exitCode, stderr]).toEqual([EXIT.interrupted, "\nrusuban: Stopped following; the job goes on.\n"]);
  });
});

describe("job cancel", () => {
  it.each([
    [RUNNING, "backup web1: asked to stop\n"],
    [FAILED, "restore web1: had ended already (failed)\n"],
  ])("says what became of it (%#)", async (job, text) => {
    const { stdout, manager } = await runRecorded(["job", "cancel", job.id], jobs());
    expect(stdout).toBe(text);
    expect(manager.heardOnce("jobCancel").params).toEqual({ id: job.id });
  });
});
