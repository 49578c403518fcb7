import { describe, expect, it } from "vitest";
import type { DoctorEntry, DoctorReport } from "../api/doctor-routes.ts";
import { ROUTES } from "../api/routes.ts";
import { exitOf } from "./doctor-verdict.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost } from "./sample-data.ts";

const OPEN: DoctorEntry = {
  flow: "manager-report",
  family: "ipv6",
  direction: "agent-to-manager",
  transport: "tcp",
  ports: "31134",
  from: "fd77:2::20",
  to: "fd77:1::10",
  state: "open",
  causes: [],
  proven: true,
  where: [],
  failedPorts: "",
  idle: null,
  hops: null,
  evidence: [{ en: "port 31134: connected", ja: "ポート 31134: 接続" }],
  nextTest: null,
  commands: [],
};
const CLOSED: DoctorEntry = {
  ...OPEN,
  flow: "backup-control",
  family: "ipv4",
  direction: "manager-to-agent",
  ports: "10000",
  from: "10.77.1.10",
  to: "10.77.2.20",
  state: "closed",
  causes: ["middle-missing-rule", "middle-drop"],
  proven: false,
  where: ["between"],
  evidence: [{ en: "port 10000: ETIMEDOUT", ja: "ポート 10000: ETIMEDOUT" }],
  nextTest: { en: "look at the counters", ja: "カウンタを確認" },
  commands: [{ where: "between", firewall: "nftables", command: { en: "nft add\u001b[2J", ja: "nft add" } }],
};

function examined(entries: readonly DoctorEntry[], changed: Partial<DoctorReport> = {}) {
  const manager = createMemoryManager();
  const host = sampleHost();
  manager.hosts = [host];
  const report: DoctorReport = {
    host: host.name,
    hostId: host.id,
    address: "10.77.2.20",
    startedAtMs: 1,
    tookMs: 4_200,
    via: "manager-report",
    entries: [...entries],
    paste: null,
    ...changed,
  };
  manager.overrides = { doctorExamine: () => report };
  return { manager, host };
}

describe("doctor HOST", () => {
  it("shows a line for each flow and family, and below it what is wrong, how it is known and what mends it", async () => {
    const { manager, host } = examined([CLOSED, OPEN]);
    const { stdout, stderr, exitCode } = await runRecorded(["doctor", host.name], { manager });
    expect(stdout).toMatch(
      /\nbackup-control +IPv4 +manager → agent +10000\/tcp +closed +middle-missing-rule or middle-drop +the firewall in between\n/,
    );
    expect(stdout).toMatch(/\nmanager-report +IPv6 +agent → manager +31134\/tcp +open\n/);
    expect(stdout).toContain(
      "what is wrong: a firewall in between has no rule for it or a firewall in between drops it",
    );
    expect(stdout).toContain("how it is known: port 10000: ETIMEDOUT");
    expect(stdout).toContain("what decides: look at the counters");
    expect(stdout).toContain("what mends it (the firewall in between, nftables): nft add");
    expect(stdout).not.toContain("\u001b");
    expect(stderr).toContain("Tested from both ends in 4.2 s");
    expect(exitCode).toBe(EXIT.failed);
  });

  it("speaks Japanese", async () => {
    const { manager, host } = examined([CLOSED]);
    const { stdout } = await runRecorded(["doctor", host.name], { manager, env: { LANG: "ja_JP.UTF-8" } });
    expect(stdout).toContain("不通");
    expect(stdout).toContain(
      "状況: 途中のファイアウォールに許可規則がありません または 途中のファイアウォールが破棄しています",
    );
  });

  it("gives the contract's report with --json", async () => {
    const { manager, host } = examined([CLOSED, OPEN]);
    const recorded = await runRecorded(["doctor", host.name, "--json"], { manager });
    expect(ROUTES.doctorExamine.reply.parse(recorded.data)).toMatchObject({ entries: [CLOSED, OPEN] });
  });

  it("prints the line to paste where the host cannot be asked, and hands the answer on", async () => {
    const { manager, host } = examined([OPEN], { via: null, paste: "TOKEN" });
    const { stdout, stderr } = await runRecorded(["doctor", host.name], { manager });
    expect(stdout.trimEnd().split("\n").at(-1)).toBe("rusuban doctor answer TOKEN");
    expect(stderr).toContain("could not be asked over any flow");
    const again = examined([OPEN]);
    const readInput = async () => "  signed-answer\n";
    await runRecorded(["doctor", again.host.name, "--answer", "-"], { manager: again.manager, readInput });
    expect(again.manager.heardOnce("doctorExamine").body).toEqual({ answer: "signed-answer" });
  });

  it.each([
    [["open", "open"], EXIT.done],
    [["open", "closed", "unknown"], EXIT.failed],
    [["open", "partly"], EXIT.partly],
    [["open", "unknown"], EXIT.partly],
  ] as const)("ends with the worst of %s", (states, code) => {
    expect(exitOf(states.map((state) => ({ state })))).toBe(code);
  });
});

describe("doctor explain", () => {
  it("says what a code means and which flows and rows to check", async () => {
    const { stdout } = await runRecorded(["doctor", "explain", "0xE0000F02"]);
    expect(stdout).toContain("could not connect to the remote computer");
    expect(stdout).toMatch(/check: .*backup-control/);
    expect(stdout).toMatch(/rows: be-05, be-06, be-01/);
  });

  it("refuses to make up a meaning", async () => {
    const { stderr, exitCode } = await runRecorded(["doctor", "explain", "all", "is", "well"]);
    expect(stderr).toContain("nothing in this line is a code, a flow, a port or an error that is known here");
    expect(exitCode).toBe(EXIT.failed);
  });
});
