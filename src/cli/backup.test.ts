import { describe, expect, it } from "vitest";
import { ApiError } from "../api/api-error.ts";
import { ROUTES } from "../api/routes.ts";
import type { Job } from "../model/job.ts";
import { createMemoryManager, JOB_ID, NOW_MS } from "./memory-manager.ts";
import { CommandError, EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost } from "./sample-data.ts";
import { visible } from "./visible.ts";

const HOST = sampleHost();
const GIB = 1024 ** 3;
const none = { files: 0, bytes: 0, bytesSent: 0, problems: 0, current: "" };
const DONE: Partial<Job> = {
  state: "done",
  startedAtMs: NOW_MS,
  endedAtMs: NOW_MS + 95_000,
  snapshotId: "0193a1c0-0000-7000-8000-000000000009",
  progress: { ...none, files: 12_345, bytes: 3.5 * GIB, bytesSent: 0.25 * GIB },
};

function backups(...jobSteps: Partial<Job>[]) {
  const manager = createMemoryManager();
  manager.hosts = [HOST];
  manager.jobSteps = jobSteps;
  return { manager };
}

describe("backup", () => {
  it("starts the job and says how to look at it", async () => {
    const args = [
      "backup",
      "web1",
      "/etc",
      "/var/www",
      "--exclude",
      "*.iso",
      "--exclude",
      "/var/www/tmp",
      "--tag",
      "a",
    ];
    const { stdout, stderr, exitCode, manager } = await runRecorded(args, backups());
    expect(manager.heardOnce("backupStart").body).toEqual({
      host: HOST.id,
      paths: ["/etc", "/var/www"],
      excludes: ["*.iso", "/var/www/tmp"],
      tags: ["a"],
    });
    expect([stdout, exitCode]).toEqual([`backup web1: job ${JOB_ID} was started\n`, EXIT.done]);
    expect(stderr).toContain(`rusuban job show ${JOB_ID}`);
  });

  it("gives the contract's job with --json", async () => {
    const recorded = await runRecorded(["backup", "web1", "/etc", "--json"], backups());
    expect(ROUTES.backupStart.reply.parse(recorded.data)).toMatchObject({ id: JOB_ID, state: "queued" });
  });

  it("waits with --wait and tells the outcome in one line", async () => {
    const { stdout, stderr, exitCode } = await runRecorded(
      ["backup", "web1", "/etc", "--wait"],
      backups({ state: "running", progress: none }, DONE),
    );
    expect([stdout, stderr, exitCode]).toEqual([
      "backup web1: 12,345 files, 3.8 GB, sent 268 MB, in 1 min 35 s; snapshot 0193a1c0-0000-7000-8000-000000000009\n",
      "",
      EXIT.done,
    ]);
  });

  it("gives the job as it ended with --wait --json", async () => {
    const recorded = await runRecorded(["backup", "web1", "/etc", "--wait", "--json"], backups(DONE));
    expect(ROUTES.jobShow.reply.parse(recorded.data)).toMatchObject(DONE);
  });

  it("is done in part, with exit code 3, where entries could not be read, and names the first of them", async () => {
    const { manager } = backups({ ...DONE, state: "partly", progress: { ...none, problems: 12 } });
    manager.logLines = Array.from({ length: 13 }, (_, index) => ({
      atMs: NOW_MS,
      level: index === 0 ? "info" : "warning",
      text: index === 0 ? "started" : `/etc/${index}: permission denied`,
    }));
    const { stderr, exitCode, stdout } = await runRecorded(["backup", "web1", "/etc", "--wait"], { manager });
    expect([exitCode, stdout.startsWith("backup web1:")]).toEqual([EXIT.partly, true]);
    const lines = stderr.trimEnd().split("\n");
    expect([lines[0], lines[1], lines.length]).toEqual([
      "12 entries could not be done:",
      "  /etc/1: permission denied",
      12,
    ]);
    expect(lines.at(-1)).toBe(`\`rusuban job log ${JOB_ID}\` lists them all.`);
  });

  it.each([
    ["failed", "job-failed", "backup-control to web1:10000: refused"],
    ["canceled", "job-canceled", "the job was cancelled"],
  ] as const)("fails where the job %s", async (state, code, message) => {
    const steps = { ...DONE, state, reason: state === "failed" ? message : null };
    const recorded = await runRecorded(["backup", "web1", "/etc", "--wait", "--json"], backups(steps));
    expect(recorded.exitCode).toBe(EXIT.failed);
    expect(recorded.error).toEqual({
      code,
      message: `backup web1: ${message}`,
      hint: `\`rusuban job log ${JOB_ID}\` tells more`,
    });
  });

  it("ends at Ctrl-C with 130 and says that the job goes on", async () => {
    const interruption = () => AbortSignal.abort();
    const { stdout, stderr, exitCode } = await runRecorded(["backup", "web1", "/etc", "--wait"], {
      ...backups(),
      interruption,
    });
    expect([stdout, exitCode]).toEqual(["", EXIT.interrupted]);
    expect(stderr).toContain("the job goes on");
    const recorded = await runRecorded(["backup", "web1", "/etc", "--wait", "--json"], { ...backups(), interruption });
    expect(recorded.error).toMatchObject({ code: "interrupted" });
  });

  it("outlives a manager that is away for a while", async () => {
    const { manager } = backups({ state: "running", progress: none }, DONE);
    const away = new CommandError("manager-unreachable", "refused");
    manager.failures = [undefined, undefined, away, away, undefined, away];
    const { stderr, exitCode } = await runRecorded(["backup", "web1", "/etc", "--wait"], { manager });
    expect([exitCode, stderr]).toEqual([EXIT.done, "Lost the manager; waiting for it. The job goes on.\n".repeat(2)]);
  });

  it("gives up a manager that stays away for a minute", async () => {
    const { manager } = backups();
    const away = new CommandError("manager-unreachable", "refused");
    manager.failures = [undefined, undefined, ...Array.from({ length: 1_000 }, () => away)];
    const { exitCode, stderr } = await runRecorded(["backup", "web1", "/etc", "--wait"], { manager });
    expect([exitCode, stderr.endsWith("rusuban: refused\n")]).toEqual([EXIT.failed, true]);
    // A look each quarter of a second.
    expect(1_000 - manager.failures.length).toBeGreaterThan(230);
    expect(1_000 - manager.failures.length).toBeLessThan(250);
  });

  it("passes on what the manager refuses, with what to do", async () => {
    const { manager } = backups();
    manager.overrides = {
      backupStart: () => {
        throw new ApiError("host-unreachable", "backup-control to web1:10000: refused", "run rusuban doctor web1");
      },
    };
    const { stderr, exitCode } = await runRecorded(["backup", "web1", "/etc"], { manager });
    expect([stderr, exitCode]).toEqual([
      "rusuban: backup-control to web1:10000: refused\n  run rusuban doctor web1\n",
      EXIT.failed,
    ]);
  });
});

describe("progress", () => {
  const running = (files: number, bytes: number, current: string): Partial<Job> => ({
    state: "running",
    progress: { ...none, files, bytes, bytesSent: Math.floor(bytes / 2), current },
  });

  it("is one line that is redrawn on a terminal, cut to its width, the end of the path kept", async () => {
    const { stderr } = await runRecorded(["backup", "web1", "/", "--wait"], {
      ...backups(running(10, 0, "/a"), running(1_000, 25 * 1024 ** 2, `/var/${"x".repeat(90)}/end`), DONE),
      terminal: { columns: 80 },
    });
    const frames = stderr.split("\r\u001b[2K").slice(1);
    expect(frames.slice(0, 2)).toEqual(["backup web1: queued", "backup web1: 10 files  0 B  0 B/s  sent 0 B  /a"]);
    expect(frames[2]).toMatch(/^backup web1: 1,000 files {2}26 MB {2}[\d.]+ MB\/s {2}sent 13 MB {2}…x+\/end$/);
    expect(frames[2]).toHaveLength(79);
    expect([frames[3], frames.length]).toEqual(["", 4]);
    expect(stderr).not.toContain("\n");
  });

  it("is a plain line every five seconds where there is no terminal", async () => {
    const steps = Array.from({ length: 50 }, (_, index) => running(index, index * GIB, "/etc/passwd"));
    const { stderr } = await runRecorded(["backup", "web1", "/", "--wait"], backups(...steps, DONE));
    const lines = stderr.trimEnd().split("\n");
    expect(lines).toEqual([
      "backup web1: 19 files  20 GB  4.1 GB/s  sent 10 GB  /etc/passwd",
      "backup web1: 39 files  42 GB  4.3 GB/s  sent 21 GB  /etc/passwd",
    ]);
  });

  it("never sends a file's name raw to the terminal", async () => {
    const { stderr } = await runRecorded(["backup", "web1", "/", "--wait"], {
      ...backups(running(1, 1, "/tmp/\u001b]0;owned\u0007\u202e"), DONE),
      terminal: { columns: 200 },
    });
    expect(stderr).toContain("/tmp/\\x1b]0;owned\\x07\\u{202e}");
    const shown = stderr.replaceAll("\r\u001b[2K", "");
    expect(visible(shown)).toBe(shown);
  });
});
