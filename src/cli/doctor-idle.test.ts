import { describe, expect, it } from "vitest";
import type { DoctorReport, IdleExamination } from "../api/doctor-routes.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost } from "./sample-data.ts";

const ID = "0193c000-0000-7000-8000-00000000d0c7";
const host = sampleHost();
const REPORT: DoctorReport = {
  host: host.name,
  hostId: host.id,
  address: "10.77.2.20",
  startedAtMs: 1,
  tookMs: 251_000,
  via: "backup-control",
  entries: [
    {
      flow: "backup-data",
      family: "ipv4",
      direction: "manager-to-agent",
      transport: "tcp",
      ports: "20300-20349",
      from: "10.77.1.10",
      to: "10.77.2.20",
      state: "partly",
      causes: ["idle-cut"],
      proven: true,
      where: ["between"],
      failedPorts: "",
      idle: { seconds: 60, shortLives: true, longLives: false },
      hops: null,
      evidence: [],
      nextTest: null,
      commands: [],
    },
  ],
  paste: null,
};

function waiting(steps: readonly Partial<IdleExamination>[]) {
  const manager = createMemoryManager();
  manager.hosts = [host];
  const run: IdleExamination = {
    id: ID,
    hostId: host.id,
    idleSeconds: 60,
    state: "running",
    startedAtMs: 1,
    secondsLeft: 250,
    problem: "",
    report: null,
  };
  const left = [...steps];
  manager.overrides = {
    doctorIdleStart: ({ body }) => ({ ...run, idleSeconds: body.idleSeconds }),
    doctorIdleShow: () => ({ ...run, ...left.shift() }),
    doctorIdleCancel: () => ({ ...run, state: "cancelled" }),
  };
  return manager;
}

describe("doctor HOST --idle", () => {
  it("waits for the report and shows it; 60 seconds where nothing is said", async () => {
    const manager = waiting([{ state: "done", report: REPORT }]);
    const { stdout, stderr, exitCode } = await runRecorded(["doctor", host.name, "--idle"], { manager });
    expect(manager.heardOnce("doctorIdleStart").body).toEqual({ idleSeconds: 60 });
    expect(stderr).toContain("leaving connections idle for 60 s and for 240 s");
    expect(stdout).toContain("idle connections are cut");
    expect(exitCode).toBe(EXIT.partly);
  });

  it("cancels the examination at Ctrl-C", async () => {
    const manager = waiting([]);
    const interruption = () => AbortSignal.abort();
    const { exitCode } = await runRecorded(["doctor", host.name, "--idle", "5"], { manager, interruption });
    expect(manager.heardOnce("doctorIdleCancel").params).toEqual({ id: ID });
    expect(exitCode).toBe(EXIT.interrupted);
  });

  it("says why it failed, and that somebody else ended it", async () => {
    const failed = waiting([{ state: "failed", problem: "no way" }]);
    const first = await runRecorded(["doctor", host.name, "--idle"], { manager: failed });
    expect([first.exitCode, first.stderr]).toEqual([EXIT.failed, expect.stringContaining("no way")]);
    const ended = waiting([{ state: "cancelled" }]);
    const second = await runRecorded(["doctor", host.name, "--idle"], { manager: ended });
    expect([second.exitCode, second.stderr]).toEqual([EXIT.failed, expect.stringContaining("somebody else")]);
  });

  it.each(["0", "291", "1.5", "soon"])("refuses %s seconds before it asks anybody", async (seconds) => {
    const manager = waiting([]);
    const { stderr, exitCode } = await runRecorded(["doctor", host.name, `--idle=${seconds}`], { manager });
    expect([exitCode, manager.heard]).toEqual([EXIT.usage, []]);
    expect(stderr).toContain("from 1 to 290");
  });
});
