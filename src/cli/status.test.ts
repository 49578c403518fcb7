import { describe, expect, it } from "vitest";
import { ROUTES } from "../api/routes.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleStatus } from "./sample-data.ts";

function managed() {
  const manager = createMemoryManager();
  manager.overrides = { status: () => sampleStatus() };
  return { manager };
}

describe("status", () => {
  it("shows counts, worst alerts first, and each listener with the reason where it is closed", async () => {
    const { stdout, stderr } = await runRecorded(["status"], managed());
    expect(stdout).toMatch(/^Version +0\.1\.0\nManager +m1\nRunning for +2 h 5 min\nHosts +up 3, unreachable 1\n/);
    expect(stdout).toMatch(/\nOpen alerts +critical 1, warning 2\nJobs +2 running, 1 queued\nSnapshots +42\n\n/);
    expect(stdout).toMatch(/\nadministration +:: +6106\/tcp +listening\n/);
    expect(stdout).toMatch(/\nsnmp-trap +:: +162\/udp +not open: needs root or CAP_NET_BIND_SERVICE\n$/);
    expect(stderr).toBe("");
  });

  it("speaks Japanese", async () => {
    const { stdout } = await runRecorded(["status"], { ...managed(), env: { LC_ALL: "ja_JP.UTF-8", LANG: "C" } });
    expect(stdout).toMatch(/ホスト +稼働中 3, 到達不能 1\n未確認の通報 +重大 1, 警告 2\n/);
  });

  it("gives the contract's status with --json", async () => {
    const recorded = await runRecorded(["status", "--json"], managed());
    expect(ROUTES.status.reply.parse(recorded.data)).toEqual(sampleStatus());
  });
});

describe("console link", () => {
  it("puts the link, and nothing else, on stdout", async () => {
    const { stdout, stderr, manager } = await runRecorded(["console", "link"]);
    expect(stdout).toBe("https://manager.example.org:8443/#link=secret-link\n");
    expect(stderr).toMatch(
      /^Open this in a browser, once, before 20.* \(in 15 min\)\. Whoever has it signs in as admin\.\n$/,
    );
    expect(manager.heardOnce("signInLink").body).toEqual({ account: "admin" });
  });

  it("takes an account and a time, and gives the contract's reply with --json", async () => {
    const recorded = await runRecorded(["console", "link", "--account", "tanaka", "--valid", "1h", "--json"]);
    expect(ROUTES.signInLink.reply.parse(recorded.data)).toMatchObject({ account: "tanaka", token: "secret-link" });
    expect(recorded.manager.heardOnce("signInLink").body).toEqual({ account: "tanaka", validSeconds: 3_600 });
  });
});
