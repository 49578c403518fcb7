import { describe, expect, it } from "vitest";
import { ApiError } from "../api/api-error.ts";
import { ROUTES } from "../api/routes.ts";
import { createMemoryManager, TEST_ALERT_IDS } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleAlert, sampleHost } from "./sample-data.ts";

const FULL = sampleAlert();
const SEEN = sampleAlert({
  id: "0193a1b3-0000-7000-8000-000000000002",
  severity: "warning",
  state: "acknowledged",
  acknowledgedAtMs: FULL.raisedAtMs + 30_000,
  acknowledgedBy: "tanaka",
  summary: "load is 12.0",
});
const OTHER = sampleAlert({ id: "0193ffff-0000-7000-8000-000000000003", severity: "information", hostName: "web2" });

function inbox() {
  const manager = createMemoryManager();
  manager.hosts = [sampleHost()];
  manager.alerts = [FULL, SEEN, OTHER];
  return { manager };
}

describe("alert list", () => {
  it("shows what is open, the severity as a word", async () => {
    const { stdout, stderr, manager } = await runRecorded(["alert", "list"], inbox());
    expect(stdout).toMatch(/^SEVERITY +STATE +HOST +WHEN +ID +WHAT\n/);
    expect(stdout).toMatch(/\ncritical +open +web1 +2 min ago +0193a1b3 +\/var is 96 % full\n/);
    expect(stdout).not.toContain("load is 12.0");
    expect(stderr).toBe("");
    expect(manager.heardOnce("alertList").query).toMatchObject({ state: ["open"], limit: 50 });
  });

  it("shows all states with --all, and ids as long as they need to be", async () => {
    const { stdout, manager } = await runRecorded(["alert", "list", "--all", "--lang", "ja"], inbox());
    expect(stdout).toMatch(/重大 +未確認 +web1 +2分前 +0193a1b3-0000-7000-8000-000000000001 /);
    expect(stdout).toMatch(/警告 +確認済み /);
    expect(stdout).toMatch(/情報 +未確認 +web2 +2分前 +0193ffff /);
    expect(manager.heardOnce("alertList").query).not.toHaveProperty("state");
  });

  it("passes its filters on, the host by its id", async () => {
    const args = ["alert", "list", "--severity", "major", "--host", "web1", "--text", "var", "--limit", "7"];
    const { manager } = await runRecorded(args, inbox());
    expect(manager.heardOnce("alertList").query).toEqual({
      limit: 7,
      state: ["open"],
      severityMin: "major",
      host: sampleHost().id,
      text: "var",
    });
  });

  it("gives the page of the contract with --json", async () => {
    const recorded = await runRecorded(["--json", "alert", "list", "--all"], inbox());
    expect(ROUTES.alertList.reply.parse(recorded.data)).toEqual({ items: [FULL, SEEN, OTHER], next: null });
  });

  it("refuses a severity that does not exist and names those that do", async () => {
    const { stderr, exitCode } = await runRecorded(["alert", "list", "--severity", "huge"], inbox());
    expect(exitCode).toBe(EXIT.usage);
    expect(stderr).toContain("Allowed choices are information, warning, minor, major, critical, fatal");
  });
});

describe("alert show", () => {
  it("shows everything, the details last", async () => {
    const { stdout } = await runRecorded(["alert", "show", SEEN.id], inbox());
    expect(stdout).toMatch(/^Summary {7}load is 12\.0\nSeverity {6}warning\nState {9}acknowledged\n/);
    expect(stdout).toMatch(/Acknowledged {2}20\d\d-.* ago\) tanaka\n/);
    expect(stdout).toMatch(/\n\nfree {2}1\.2 GiB\n$/);
  });

  it("finds an alert by a unique beginning and gives the contract's alert with --json", async () => {
    const recorded = await runRecorded(["alert", "show", "0193ffff", "--json"], inbox());
    expect(ROUTES.alertShow.reply.parse(recorded.data)).toEqual(OTHER);
  });

  it("lists the candidates where the beginning fits several", async () => {
    const recorded = await runRecorded(["alert", "show", "0193a1b3", "--json"], inbox());
    expect(recorded.exitCode).toBe(EXIT.failed);
    expect(recorded.error).toMatchObject({ code: "ambiguous" });
    expect(recorded.error.hint).toContain(`${FULL.id} (web1: /var is 96 % full), ${SEEN.id}`);
  });

  it.each(["nonsense", "abcd", "0193a1b3-0000-7000-8000-00000000ffff"])(
    "says that there is no alert %s",
    async (ref) => {
      const recorded = await runRecorded(["alert", "show", ref, "--json"], inbox());
      expect(recorded.error).toEqual({
        code: "not-found",
        message: `alert ${ref}: there is no such alert`,
        hint: "`rusuban alert list --all` shows what there is",
      });
    },
  );
});

describe("alert ack", () => {
  it("acknowledges what is named", async () => {
    const { stdout, stderr, exitCode, manager } = await runRecorded(["alert", "ack", FULL.id, SEEN.id], inbox());
    expect(manager.heardOnce("alertAcknowledge").body).toEqual({ ids: [FULL.id, SEEN.id] });
    expect([stdout, stderr, exitCode]).toEqual(["1 acknowledged\n", "1 already acknowledged or cleared\n", EXIT.done]);
  });

  it("acknowledges everything open with --all, a thousand at a time", async () => {
    const manager = createMemoryManager();
    manager.alerts = Array.from({ length: 2_500 }, (_, index) =>
      sampleAlert({ id: `0193a1b3-0000-7000-8000-${String(index).padStart(12, "0")}` }),
    );
    const recorded = await runRecorded(["alert", "ack", "--all", "--json"], { manager });
    expect(recorded.data).toMatchObject({ acknowledged: { length: 2_500 }, unchanged: [], unknown: [] });
    expect(manager.heard.filter(({ route }) => route === "alertAcknowledge")).toHaveLength(3);
  });

  it("is done in part where one was gone meanwhile", async () => {
    const { manager } = inbox();
    manager.overrides = { alertAcknowledge: ({ body }) => ({ acknowledged: [], unchanged: [], unknown: body.ids }) };
    const { exitCode, stderr } = await runRecorded(["alert", "ack", FULL.id], { manager });
    expect([exitCode, stderr]).toEqual([EXIT.partly, `1 gone: ${FULL.id}\n`]);
  });

  it("asks which, where nothing is named", async () => {
    const { exitCode, stderr, manager } = await runRecorded(["alert", "ack"], inbox());
    expect([exitCode, manager.heard]).toEqual([EXIT.usage, []]);
    expect(stderr).toContain("--all");
  });
});

describe("alert test", () => {
  it("asks the only host there is", async () => {
    const recorded = await runRecorded(["alert", "test", "--json"], inbox());
    expect(recorded.data).toEqual({ host: "web1", ids: [TEST_ALERT_IDS[0]], committed: null });
    expect(recorded.manager.heardOnce("alertTest").body).toEqual({ host: sampleHost().id });
  });

  it("asks which, where there are several hosts", async () => {
    const { manager } = inbox();
    manager.hosts.push(sampleHost({ id: OTHER.id, name: "web2" }));
    const { exitCode, stderr } = await runRecorded(["alert", "test"], { manager });
    expect([exitCode, stderr]).toEqual([
      EXIT.usage,
      "rusuban: alert test: there are several hosts\n  give one of: web1, web2\n",
    ]);
  });

  it("waits with --wait until the manager has committed them all", async () => {
    const { manager } = inbox();
    let looks = 0;
    manager.overrides = {
      alertShow: ({ params }) => {
        if (++looks === 4) manager.alerts.push(...TEST_ALERT_IDS.map((id) => sampleAlert({ id })));
        const alert = manager.alerts.find(({ id }) => id === params.id);
        if (alert === undefined) throw new ApiError("not-found", "not yet");
        return alert;
      },
    };
    const { stdout, exitCode } = await runRecorded(["alert", "test", "web1", "--count", "2", "--wait"], { manager });
    expect([stdout, exitCode]).toEqual(["2 of 2 committed by the manager after less than 1 s\n", EXIT.done]);
    expect(looks).toBe(5);
  });

  it("fails after a minute where they do not arrive, and says where they are", async () => {
    const recorded = await runRecorded(["alert", "test", "web1", "--wait", "--json"], inbox());
    expect(recorded.exitCode).toBe(EXIT.failed);
    expect(recorded.error).toMatchObject({
      code: "timeout",
      message: "1 of 1 test alerts missing after 1 min",
    });
    expect(recorded.error.hint).toContain("web1's spool");
  });

  it("ends at Ctrl-C and says that the alerts go on", async () => {
    const interruption = () => AbortSignal.abort();
    const { exitCode, stderr } = await runRecorded(["alert", "test", "web1", "--wait"], { ...inbox(), interruption });
    expect([exitCode, stderr]).toEqual([130, "\nrusuban: stopped waiting; the alerts are on their way\n"]);
  });
});
