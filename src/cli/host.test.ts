import { describe, expect, it } from "vitest";
import { ROUTES } from "../api/routes.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost } from "./sample-data.ts";

const WEB1 = sampleHost({ openAlerts: 2, worstOpenSeverity: "critical", readingState: "warning" });
const WEB2 = sampleHost({
  id: "0193a1b2-0000-7000-8000-000000000002",
  name: "web2",
  state: "unreachable",
  readingState: null,
  lastSeenAtMs: null,
  lastSnapshot: null,
});
const DB = sampleHost({ id: "77770000-0000-4000-8000-000000000003", name: "データベース" });

function fleet() {
  const manager = createMemoryManager();
  manager.hosts = [WEB1, WEB2, DB];
  return { manager };
}

describe("host list", () => {
  it("shows each host in a line, aligned also where names are wide", async () => {
    const { stdout, stderr, exitCode } = await runRecorded(["host", "list"], fleet());
    const [head = "", web1 = "", web2 = "", database = "", ...others] = stdout.split("\n");
    expect(head).toMatch(/^NAME +STATE +READINGS +OPEN ALERTS +LAST BACKUP +LAST SEEN +ADDRESS +ID$/);
    expect(web1).toMatch(
      /^web1 +up +warning +2 \(critical\) +3 h ago +12 s ago +192\.0\.2\.11 +0193a1b2-0000-7000-8000-000000000001$/,
    );
    expect(web2).toMatch(/^web2 +unreachable +- +0 +never +never +192\.0\.2\.11 /);
    expect(database).toMatch(/ 77770000$/);
    expect(web1.indexOf("up")).toBe(database.indexOf("up") + "データベース".length);
    expect([others, stderr, exitCode]).toEqual([[""], "", EXIT.done]);
  });

  it("speaks Japanese", async () => {
    const { stdout } = await runRecorded(["host", "list", "--lang", "ja"], fleet());
    expect(stdout).toMatch(/^名前 +状態 +計測 +未確認の通報/);
    expect(stdout).toMatch(/web2 +到達不能/);
    expect(stdout).toContain("2 (重大)");
  });

  it("colours states on a terminal only, and never instead of words", async () => {
    const { stdout } = await runRecorded(["host", "list"], { ...fleet(), color: true });
    expect(stdout).toContain("\u001b[31munreachable\u001b[39m");
    for (const args of [
      ["host", "list", "--no-color"],
      ["--no-color", "host", "list"],
    ]) {
      expect((await runRecorded(args, { ...fleet(), color: true })).stdout).not.toContain("\u001b");
    }
  });

  it("gives the page of the contract with --json", async () => {
    const recorded = await runRecorded(["host", "list", "--json"], fleet());
    expect(ROUTES.hostList.reply.parse(recorded.data)).toEqual({ items: [WEB1, WEB2, DB], next: null });
    expect(recorded.stderr).toBe("");
  });

  it("passes its filters on", async () => {
    const { manager } = await runRecorded(
      ["host", "list", "--state", "up", "--state", "unknown", "--text", "web"],
      fleet(),
    );
    expect(manager.heardOnce("hostList").query).toEqual({ limit: 200, state: ["up", "unknown"], text: "web" });
  });

  it("says how to go on where there is more", async () => {
    const { stdout, stderr } = await runRecorded(["host", "list", "--limit", "2"], fleet());
    expect(stdout.trim().split("\n")).toHaveLength(3);
    expect(stderr).toBe("There is more: add --limit 4 or --after at-2.\n");
    const rest = await runRecorded(["host", "list", "--after", "at-2", "--json"], fleet());
    expect(rest.data).toMatchObject({ items: [{ name: "データベース" }] });
  });

  it("asks for page after page where more than one page was asked for", async () => {
    const manager = createMemoryManager();
    manager.hosts = Array.from({ length: 450 }, (_, index) =>
      sampleHost({ id: `0193a1b2-0000-7000-8000-${String(index).padStart(12, "0")}`, name: `h${index}` }),
    );
    const recorded = await runRecorded(["host", "list", "--limit", "401", "--json"], { manager });
    expect(recorded.data).toMatchObject({ next: "at-401" });
    expect(manager.heard.map(({ query }) => query)).toEqual([
      { limit: 200 },
      { limit: 200, after: "at-200" },
      { limit: 1, after: "at-400" },
    ]);
  });

  it("tells a newcomer what to do first, and leaves stdout empty", async () => {
    const { stdout, stderr, exitCode } = await runRecorded(["host", "list"]);
    expect([stdout, exitCode]).toEqual(["", EXIT.done]);
    expect(stderr).toContain("`rusuban host token`");
  });
});

describe("host show", () => {
  it("says how the subscription at a server without our agent stands, where there is one", async () => {
    const manager = createMemoryManager();
    const failing = {
      ...({ state: "failing", reason: "CIM-Indication set-up needs ping" } as const),
      ...{ checkedAtMs: 1_790_000_000_000, expiresAtMs: null },
    };
    manager.hosts = [{ ...WEB1, means: "cim-xml", subscription: failing }, WEB2];
    const { stdout } = await runRecorded(["host", "show", "web1"], { manager });
    expect(stdout).toMatch(/Indications +NOT subscribed, tried 20\d\d-.*: CIM-Indication set-up needs ping/);
    const without = await runRecorded(["host", "show", "web2"], { manager });
    expect(without.stdout).not.toContain("Indications");
  });

  it("shows the host and its readings", async () => {
    const { manager } = fleet();
    manager.readings = {
      readAtMs: WEB1.readAtMs ?? 0,
      readings: [
        { component: "memory", measure: "used", value: 0.5, unit: "ratio", state: "ok", summary: "8 of 16 GiB" },
        { component: "service sshd", measure: "running", value: null, unit: "none", state: "unknown", summary: "?" },
      ],
    };
    const { stdout, stderr } = await runRecorded(["host", "show", "web1"], { manager });
    expect(stdout).toMatch(/^Name {14}web1\nState {13}up\n/);
    expect(stdout).toMatch(/Last backup +20\d\d-.* \(3 h ago\)\n/);
    expect(stdout).toMatch(/ok {6} +memory used +8 of 16 GiB\nunknown +service sshd running +\?\n/);
    expect(stderr).toBe("");
  });

  it("says where there are no readings yet", async () => {
    expect((await runRecorded(["host", "show", "web1"], fleet())).stderr).toBe(
      "No readings yet since the manager started.\n",
    );
  });

  it("finds a host by a unique beginning of its id", async () => {
    const recorded = await runRecorded(["host", "show", "7777", "--json"], fleet());
    expect(recorded.data).toEqual({ host: DB, readings: null });
  });

  it("lists the candidates where the beginning fits several", async () => {
    const { stdout, stderr, exitCode } = await runRecorded(["host", "show", "0193a1b2"], fleet());
    expect([stdout, exitCode]).toEqual(["", EXIT.failed]);
    expect(stderr).toBe(
      `rusuban: host 0193a1b2: several hosts have an id that begins so\n  give one of: web1 (${WEB1.id}), web2 (${WEB2.id})\n`,
    );
  });

  it("names the hosts that a wrong name is near to, in either form and language", async () => {
    const recorded = await runRecorded(["host", "show", "wbe1", "--json"], fleet());
    expect(recorded.error).toEqual({
      code: "not-found",
      message: "host wbe1: there is no such host",
      hint: "did you mean web1?",
    });
    expect(recorded.stderr).toBe("");
    const japanese = await runRecorded(["host", "show", "wbe1"], { ...fleet(), env: { LANG: "ja_JP.UTF-8" } });
    expect(japanese.stderr).toBe("rusuban: ホスト wbe1 は見つかりません\n  もしかして: web1\n");
  });
});

describe("host indications", () => {
  it("subscribes at a server that is minded already, and no more", async () => {
    const on = await runRecorded(["host", "indications", "web1", "on"], fleet());
    expect(on.stdout).toMatch(/^web1: its indications are subscribed to\. /);
    expect(on.manager.heardOnce("hostIndications")).toMatchObject({
      params: { host: WEB1.id },
      body: { subscribed: true },
    });
    const off = await runRecorded(["host", "indications", "web1", "off", "--json"], fleet());
    expect(off.manager.heardOnce("hostIndications").body).toEqual({ subscribed: false });
    expect(ROUTES.hostIndications.reply.parse(off.data).subscription).toBeNull();
    const wrong = await runRecorded(["host", "indications", "web1", "maybe"], fleet());
    expect([wrong.exitCode, wrong.manager.heard]).toEqual([EXIT.usage, []]);
  });
});

describe("host names", () => {
  it("tells what is in a host's certificate, and gives it others", async () => {
    const told = await runRecorded(["host", "names", "web1"], fleet());
    expect(told.stdout).toMatch(/^Given +web1\.example$/m);
    expect(told.stdout).toMatch(/^In the certificate +\S+, web1\.example$/m);
    expect(told.manager.heardOnce("hostNames").params).toEqual({ host: WEB1.id });
    const given = await runRecorded(["host", "names", "web1", "a.example", "192.0.2.9", "--json"], fleet());
    expect(given.manager.heardOnce("hostNamesSet").body).toEqual({ names: ["a.example", "192.0.2.9"] });
    expect(ROUTES.hostNamesSet.reply.parse(given.data).given).toEqual(["a.example", "192.0.2.9"]);
  });

  it("takes all away with --none, and refuses that beside names", async () => {
    const { manager } = await runRecorded(["host", "names", "web1", "--none"], fleet());
    expect(manager.heardOnce("hostNamesSet").body).toEqual({ names: [] });
    const both = await runRecorded(["host", "names", "web1", "a.example", "--none"]);
    expect([both.exitCode, both.manager.heard]).toEqual([EXIT.usage, []]);
  });
});

describe("host thresholds", () => {
  const body = (recorded: Awaited<ReturnType<typeof runRecorded>>) =>
    recorded.manager.heardOnce("hostThresholdsSet").body;

  it("tells from where on a server's readings are bad, and for whom that is set", async () => {
    const { stdout, manager } = await runRecorded(["host", "thresholds", "web1"], fleet());
    expect(stdout).toMatch(/^filesystem +85 % +95 % +all servers$/m);
    expect(stdout).toMatch(/^memory +80 % +- +this server$/m);
    expect(stdout).toMatch(/^load +4 +12 +all servers$/m);
    expect(stdout).toMatch(/^filesystem:\/archive +- +- +this server$/m);
    expect(manager.heard.some(({ route }) => route === "hostThresholdsSet")).toBe(false);
  });

  it("changes what is named, and leaves the rest as it is", async () => {
    const set = ["--set", "load=2,8.5", "--set", "filesystem:/a=b=90%,-", "--set", "processor=off"];
    expect(body(await runRecorded(["host", "thresholds", "web1", ...set], fleet()))).toEqual({
      memory: { warning: 0.8, critical: null },
      load: { warning: 2, critical: 8.5 },
      processor: { warning: null, critical: null },
      fileSystems: { "/archive": { warning: null, critical: null }, "/a=b": { warning: 0.9, critical: null } },
    });
    const unset = ["--unset", "memory", "--unset", "filesystem:/archive"];
    expect(body(await runRecorded(["host", "thresholds", "web1", ...unset], fleet()))).toEqual({});
  });

  it.each([
    "memory",
    "memory=1",
    "memory=120%,-",
    "load=85%,-",
    "swap=1,1",
    "filesystem:=off",
    "=off",
    "constructor=off",
  ])("refuses %s and asks for nothing", async (text) => {
    const { exitCode, manager, stderr } = await runRecorded(["host", "thresholds", "web1", "--set", text], fleet());
    expect([exitCode, manager.heard]).toEqual([EXIT.usage, []]);
    expect(stderr).toContain("memory=90%,97%");
  });
});

describe("host add --by snmp", () => {
  const ADD = ["host", "add", "sw1", "192.0.2.50", "--by", "snmp"];
  const env = { RUSUBAN_HOST_PASSWORD: "correct horse", RUSUBAN_HOST_PRIVACY_PASSWORD: "battery staple" };
  const added = (recorded: Awaited<ReturnType<typeof runRecorded>>) => recorded.manager.heardOnce("hostAdd").body;

  it("signs and encrypts with version 3 where an account is given", async () => {
    const recorded = await runRecorded([...ADD, "--account", "monitor", "--cipher", "aes256"], { env });
    expect(added(recorded)).toEqual({
      ...{ name: "sw1", address: "192.0.2.50", means: "snmp" },
      snmp: {
        ...{ version: "3", user: "monitor" },
        authentication: { protocol: "sha256", password: "correct horse" },
        privacy: { protocol: "aes256", password: "battery staple" },
      },
    });
    expect(recorded.stderr).not.toContain("on the way");
  });

  it("takes a community for the old versions, and weaker levels, only when asked, and says what that means", async () => {
    const old = await runRecorded([...ADD, "--snmp-version", "2c"], { env });
    expect(added(old)).toMatchObject({ snmp: { version: "2c", community: "correct horse" } });
    expect(old.stderr).toContain("can answer in its name");
    const open = await runRecorded([...ADD, "--account", "monitor", "--level", "authNoPriv"], { env });
    expect(added(open)).toMatchObject({ snmp: { version: "3", privacy: null } });
    expect(open.stderr).toContain("Without privacy");
    const none = await runRecorded([...ADD, "--account", "monitor", "--level", "noAuthNoPriv"], { env: {} });
    expect(added(none)).toMatchObject({ snmp: { version: "3", authentication: null, privacy: null } });
  });

  it.each([
    [[...ADD], env],
    [[...ADD, "--snmp-version", "3"], env],
    [[...ADD, "--snmp-version", "2c", "--account", "monitor"], env],
    [[...ADD, "--snmp-version", "1", "--hash", "sha"], env],
    [[...ADD, "--account", "monitor", "--plain"], env],
    [[...ADD, "--account", "monitor"], { ...env, RUSUBAN_HOST_PASSWORD: "short" }],
    [[...ADD, "--account", "monitor"], {}],
    [["host", "add", "sw1", "192.0.2.50", "--by", "ping", "--snmp-version", "2c"], env],
  ])("refuses %j", async (args, given) => {
    const { exitCode, manager } = await runRecorded(args, { env: given });
    expect([exitCode, manager.heard]).toEqual([EXIT.usage, []]);
  });
});

describe("host token", () => {
  it("puts the line to paste, and nothing else, on stdout", async () => {
    const { stdout, stderr, manager } = await runRecorded(["host", "token", "--name", "web3", "--valid", "2h"]);
    expect(stdout).toBe("rusuban agent enroll secret-token\n");
    expect(stderr).toMatch(/once, before 20\d\d-/);
    expect(manager.heardOnce("hostToken").body).toEqual({ name: "web3", validSeconds: 7_200 });
  });

  it("takes names for the host's certificate", async () => {
    const names = ["--certificate-name", "web3.example", "--certificate-name", "192.0.2.9"];
    const { manager } = await runRecorded(["host", "token", ...names]);
    expect(manager.heardOnce("hostToken").body).toEqual({ certificateNames: ["web3.example", "192.0.2.9"] });
  });

  it("gives the contract's reply with --json", async () => {
    const recorded = await runRecorded(["host", "token", "--json"]);
    expect(ROUTES.hostToken.reply.parse(recorded.data)).toMatchObject({ name: null, token: "secret-token" });
  });

  it("refuses a time that the contract does not allow, before asking", async () => {
    const { stderr, exitCode, manager } = await runRecorded(["host", "token", "--valid", "5s"]);
    expect([exitCode, manager.heard]).toEqual([EXIT.usage, []]);
    expect(stderr).toContain("'5s' is invalid");
  });
});

describe("host remove", () => {
  const removals = (manager: ReturnType<typeof createMemoryManager>) =>
    manager.heard.filter(({ route }) => route === "hostRemove").map(({ params }) => params);

  it("refuses where there is nobody to ask", async () => {
    const { stderr, exitCode, manager } = await runRecorded(["host", "remove", "web1"], fleet());
    expect([exitCode, removals(manager)]).toEqual([EXIT.usage, []]);
    expect(stderr).toContain("--dry-run, then add --yes");
  });

  it("does it with --yes", async () => {
    const { stdout, exitCode, manager } = await runRecorded(["host", "remove", "web1", "--yes"], fleet());
    expect([stdout, exitCode, removals(manager)]).toEqual(["web1: revoked\n", EXIT.done, [{ host: WEB1.id }]]);
  });

  it("only tells with --dry-run", async () => {
    const { stdout, manager } = await runRecorded(["host", "remove", "web1", "--dry-run", "--yes"], fleet());
    expect(stdout).toContain("would be revoked");
    expect(removals(manager)).toEqual([]);
    const recorded = await runRecorded(["host", "remove", "web1", "--dry-run", "--json"], fleet());
    expect(recorded.data).toEqual({ id: WEB1.id, name: "web1", removed: false });
  });

  it.each([
    ["yes", 1, EXIT.done],
    [" はい ", 1, EXIT.done],
    ["y", 0, EXIT.failed],
    ["", 0, EXIT.failed],
  ])("asks on a terminal; the answer %j removes %i", async (answer, count, exit) => {
    const questions: string[] = [];
    const ask = async (question: string) => {
      questions.push(question);
      return answer;
    };
    const { exitCode, manager } = await runRecorded(["host", "remove", "web1"], { ...fleet(), ask });
    expect([removals(manager).length, exitCode]).toEqual([count, exit]);
    expect(questions).toEqual([`Revoke web1 (${WEB1.id})? Type yes to go on: `]);
  });
});

describe("a manager of another version", () => {
  it("is told apart from a failure, in one line", async () => {
    const { manager } = fleet();
    manager.hosts = [{ ...WEB1, state: "dreaming" as "up" }];
    const recorded = await runRecorded(["host", "show", "web1", "--json"], { manager });
    expect(recorded.error).toMatchObject({
      code: "unexpected-reply",
      message: expect.stringContaining("expects: state: "),
    });
  });
});

describe("host rename", () => {
  it("tells both names", async () => {
    const { stdout, manager } = await runRecorded(["host", "rename", "web1", "front"], fleet());
    expect(stdout).toBe("web1 is now called front\n");
    expect(manager.heardOnce("hostChange")).toMatchObject({ params: { host: WEB1.id }, body: { name: "front" } });
  });
});
