import type { Command } from "commander";
import { describe, expect, it } from "vitest";
import type { Account } from "../api/account-routes.ts";
import type { Maintenance } from "../api/maintenance-routes.ts";
import { COMMANDS } from "./command-list.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { createRecorder } from "./output-recorder.ts";
import { createProgram } from "./program.ts";
import { everyCommand } from "./run-program.ts";
import { createHastyClock, runRecorded } from "./run-recorded.ts";
import { sampleAlert, sampleEntry, sampleHost, sampleJob, sampleSnapshot, sampleStatus } from "./sample-data.ts";
import { visible } from "./visible.ts";
import { defaultDataDirectory, languageOf, type World } from "./world.ts";

const world: World = {
  output: createRecorder(),
  env: {},
  clock: createHastyClock(),
  homeDirectory: "/home/jo",
  terminal: undefined,
  ask: undefined,
  interruption: () => new AbortController().signal,
  openApi: async () => createMemoryManager().api,
};

const CALLED_WITHOUT_MANAGER = ["up", "manager", "agent", "store", "ports", "firewall", "doctor", "cim"];

async function paths(): Promise<string[][]> {
  const program = await createProgram({ world, language: "en" }, () => true);
  const pathOf = (command: Command): string[] =>
    command.parent === null ? [] : [...pathOf(command.parent as Command), command.name()];
  return everyCommand(program).map(pathOf);
}

describe.each(await paths().then((all) => all.map((path) => ({ path, line: ["rusuban", ...path].join(" ") }))))(
  "$line",
  ({ path, line }) => {
    it.each(["en", "ja"])("has help with an example in %s", async (language) => {
      const { stdout, stderr } = await runRecorded([...path, "--help", "--lang", language]);
      // Of `ports` only the texts of the map are translated.
      const isTranslated = path[0] !== "ports";
      const heading = language === "ja" && isTranslated ? "例:" : "Examples:";
      const [, examples = ""] = stdout.split(`\n${heading}\n`);
      const isPortsGroup = path.length === 1 && path[0] === "ports";
      if (!isPortsGroup) expect(examples).toMatch(new RegExp(`^ {2}${line}`));
      expect(stdout).toContain(language === "ja" ? "使い方: rusuban" : "Usage: rusuban");
      expect(stdout).toContain("--json");
      if (language === "en") expect(stdout).not.toMatch(/[\p{scx=Hiragana}\p{scx=Katakana}]/u);
      else if (isTranslated) expect(stdout.split("\n\n")[1]).toMatch(/[\p{scx=Hiragana}\p{scx=Katakana}]/u);
      expect(stderr).toBe("");
    });
  },
);

describe("the command line", () => {
  it("loads a command only when it is called", async () => {
    const loaded: string[] = [];
    await createProgram({ world, language: "en" }, ({ name }) => {
      loaded.push(name);
      return false;
    });
    expect(loaded).toEqual(COMMANDS.map(({ name }) => name));
  });

  it("shows its version, in the envelope with --json", async () => {
    expect((await runRecorded(["--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await runRecorded(["--version", "--json"])).data).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
    });
  });

  it.each([
    [["hots"], "unknown command 'hots'", "Did you mean host?"],
    [["host", "lst"], "unknown command 'lst'", "Did you mean list?"],
    [["xyzzy"], "unknown command 'xyzzy'", "`rusuban --help` shows what there is"],
    [["host", "list", "--stat", "up"], "unknown option '--stat'", "Did you mean --state?"],
    [["host", "show"], "missing required argument 'host'", "`rusuban host show --help` shows what there is"],
    [
      ["host", "show", "a", "b"],
      "too many arguments for 'show'. Expected 1 argument but got 2: a, b.",
      "`rusuban host show --help` shows what there is",
    ],
    [
      ["host", "list", "--state"],
      "option '--state <state>' argument missing",
      "`rusuban host list --help` shows what there is",
    ],
    [["host"], "which command?", "`rusuban host --help` shows what there is"],
  ])("refuses %j with exit code 2, says what is wrong and what to do", async (args, message, hint) => {
    const recorded = await runRecorded([...args, "--json"]);
    expect(recorded.exitCode).toBe(EXIT.usage);
    expect(recorded.error).toEqual({ code: "usage", message, hint });
    if (message === "which command?") return; // Its help is on stderr, for people.
    expect(recorded.stderr).toBe("");
    const plain = await runRecorded(args);
    expect([plain.stdout, plain.stderr, plain.exitCode]).toEqual(["", `rusuban: ${message}\n  ${hint}\n`, EXIT.usage]);
  });

  it.each([
    [["hots"], "不明なコマンドです: hots", "もしかして: host"],
    [["host", "list", "--stat"], "不明なオプションです: --stat", "もしかして: --state"],
    [["host", "show"], "引数 host が必要です", "使い方は `rusuban host show --help` で確認できます"],
    [["host", "show", "a", "b"], "引数が多すぎます(1 個のところ 2 個)", "使い方は"],
    [["alert", "list", "--state"], "オプション --state <state> に値が必要です", "使い方は"],
    [["restore", "latest"], "オプション --to <directory> は必須です", "使い方は"],
    [["alert", "list", "--limit", "x"], "オプション --limit <n> の値 'x' は使えません。", "使い方は"],
  ])("refuses %j in Japanese", async (args, message, hint) => {
    const { stderr } = await runRecorded(args, { env: { LANG: "ja_JP.UTF-8" } });
    expect(stderr).toContain(`rusuban: ${message}`);
    expect(stderr).toContain(`\n  ${hint}`);
  });

  it("shows the help of a group on stderr where no command of it is named", async () => {
    const { stdout, stderr, exitCode } = await runRecorded(["host"]);
    expect([stdout, exitCode]).toEqual(["", EXIT.usage]);
    expect(stderr).toContain("rename");
  });

  it("shows the help of a command behind `help`", async () => {
    const { stdout } = await runRecorded(["help", "backup"]);
    expect(stdout).toContain("Usage: rusuban backup [options] <host> <directory...>");
  });

  it("takes the data folder anywhere on the line, and the folder of the XDG rules otherwise", async () => {
    const asked: string[] = [];
    const manager = createMemoryManager();
    const openApi = async ({ dataDirectory }: { dataDirectory: string }) => {
      asked.push(dataDirectory);
      return manager.api;
    };
    for (const args of [
      ["--data", "/a", "host", "list"],
      ["host", "--data", "/b", "list"],
      ["host", "list", "--data=/c"],
      ["host", "list"],
    ]) {
      await runRecorded(args, { openApi });
    }
    expect(asked).toEqual(["/a", "/b", "/c", "/home/jo/.local/share/rusuban"]);
  });

  it.each([
    [{}, "/home/jo/.local/share/rusuban"],
    [{ XDG_DATA_HOME: "/srv/data/" }, "/srv/data/rusuban"],
    [{ XDG_DATA_HOME: "relative" }, "/home/jo/.local/share/rusuban"],
    [{ XDG_DATA_HOME: "" }, "/home/jo/.local/share/rusuban"],
  ])("keeps data, with %j, in %s", (env, directory) => {
    expect(defaultDataDirectory({ env, homeDirectory: "/home/jo" })).toBe(directory);
  });

  it.each([
    [{}, "en"],
    [{ LANG: "ja_JP.UTF-8" }, "ja"],
    [{ LANG: "ja" }, "ja"],
    [{ LC_ALL: "C", LANG: "ja_JP.UTF-8" }, "en"],
    [{ LC_ALL: "", LC_MESSAGES: "ja_JP", LANG: "en_US" }, "ja"],
    [{ LANG: "jav_ID" }, "en"],
  ] as const)("speaks, with %j, %s", (env, language) => {
    expect(languageOf(env)).toBe(language);
  });
});

describe("a hostile manager", () => {
  const EVIL = "x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e\nrm -rf\r\u200b";

  function hostile() {
    const manager = createMemoryManager();
    const { facts } = sampleHost();
    const evilFacts = Object.fromEntries(Object.keys(facts).map((key) => [key, EVIL])) as typeof facts;
    manager.hosts = [sampleHost({ name: EVIL, address: EVIL, facts: evilFacts })];
    manager.readings = {
      readAtMs: 0,
      readings: [{ component: EVIL, measure: EVIL, value: 1, unit: "none", state: "ok", summary: EVIL }],
    };
    manager.alerts = [
      sampleAlert({
        summary: EVIL,
        component: EVIL,
        condition: EVIL,
        hostName: EVIL,
        details: [{ name: EVIL, value: EVIL }],
      }),
    ];
    const progress = { files: 1, bytes: 1, bytesSent: 1, problems: 1, current: EVIL };
    manager.jobs = [
      sampleJob({ hostName: EVIL, paths: [EVIL], requestedBy: EVIL, reason: EVIL, target: EVIL, progress }),
    ];
    manager.jobSteps = [
      { hostName: EVIL, progress },
      { state: "partly", hostName: EVIL, progress, snapshotId: EVIL },
    ];
    manager.logLines = [{ atMs: 0, level: "error", text: EVIL }];
    manager.snapshots = [sampleSnapshot({ hostName: EVIL, paths: [EVIL], jobId: EVIL })];
    manager.entries = [sampleEntry({ kind: "symlink", name: EVIL, linkTarget: EVIL })];
    manager.eventConnections = [
      { messages: [["e1", { kind: "alert", alert: manager.alerts[0] }]], ending: new Error(EVIL) },
    ];
    const { flows, ...status } = sampleStatus();
    const window: Maintenance = {
      id: EVIL,
      scope: { kind: "group", group: EVIL },
      schedule: { kind: "recurring", cron: EVIL, timeZone: EVIL, seconds: 60 },
      ...{ note: EVIL, createdBy: EVIL, createdAtMs: 0, underWay: true, next: { fromMs: 0, toMs: 1 } },
    };
    const account: Account = {
      ...{ name: EVIL, role: "viewer", hasPassword: false, createdAtMs: 0, disabledAtMs: null, sessions: 0 },
      lastUsedAtMs: null,
    };
    manager.overrides = {
      status: () => ({
        ...status,
        version: EVIL,
        managerId: EVIL,
        flows: flows.map((flow) => ({ ...flow, flow: EVIL, address: EVIL, problem: flow.problem && EVIL })),
      }),
      hostToken: () => ({ token: EVIL, line: EVIL, name: EVIL, expiresAtMs: 0 }),
      signInLink: () => ({ account: EVIL, url: EVIL, token: EVIL, expiresAtMs: 0 }),
      accountList: () => ({ items: [account] }),
      accountChange: () => account,
      hostNames: () => ({ hostId: EVIL, given: [EVIL], signed: [EVIL] }),
      hostNamesSet: () => ({ hostId: EVIL, given: [EVIL], signed: [EVIL] }),
      hostChange: () => sampleHost({ name: EVIL, group: EVIL }),
      hostAdd: () => sampleHost({ name: EVIL, address: EVIL }),
      hostDiscover: () => ({
        found: [{ address: EVIL, ping: true, means: [{ means: "wsman", port: 1, certificate: EVIL }], hostName: EVIL }],
      }),
      hostCheck: () => ({ hostId: EVIL, steps: [{ step: "ping", passed: true, what: EVIL }] }),
      groupList: () => ({ items: [{ group: EVIL, hosts: 1, unwatched: 0, state: "ok", openAlerts: 0 }] }),
      maintenanceList: () => ({ items: [window] }),
      maintenanceAdd: () => window,
      hostSeries: () => ({ hostId: EVIL, series: [{ component: EVIL, measure: EVIL, unit: "none" }] }),
      hostHistory: () => ({
        ...{ hostId: EVIL, component: EVIL, measure: EVIL, unit: "none", stepSeconds: 60 },
        points: [{ atMs: 0, average: 1, minimum: 1, maximum: 1 }],
      }),
      doctorExamine: () => ({
        ...{ host: EVIL, hostId: EVIL, address: EVIL, startedAtMs: 0, tookMs: 0, via: null, paste: EVIL },
        entries: [
          {
            ...{ flow: EVIL, family: "ipv4", direction: "manager-to-agent", transport: "tcp", ports: EVIL, from: EVIL },
            ...{ to: EVIL, state: "closed", causes: [EVIL], proven: true, where: ["between"], failedPorts: EVIL },
            idle: null,
            hops: null,
            evidence: [{ en: EVIL, ja: EVIL }],
            nextTest: { en: EVIL, ja: EVIL },
            commands: [{ where: "between", firewall: "", command: { en: EVIL, ja: EVIL } }],
          },
        ],
      }),
    };
    return manager;
  }

  const id = sampleHost().id;
  const lines = [
    ["status"],
    ["host", "list"],
    ["host", "show", id],
    ["host", "show", "nothing"],
    ["host", "token"],
    ["host", "history", id],
    ["host", "history", id, "a", "b"],
    ["host", "add", "a", "b", "--by", "ping"],
    ["host", "check", id],
    ["host", "discover", "192.0.2.1"],
    ["host", "groups"],
    ["host", "group", id, "a/b"],
    ["host", "watch", id, "off"],
    ["maintenance", "list"],
    ["maintenance", "add", "--for", "1h"],
    ["maintenance", "end", id],
    ["host", "names", id],
    ["host", "names", id, "b"],
    ["host", "indications", id, "on"],
    ["host", "thresholds", id],
    ["account", "list"],
    ["account", "disable", "b"],
    ["account", "enable", "b"],
    ["host", "rename", id, "b"],
    ["host", "remove", id, "--dry-run"],
    ["host", "remove", id, "--yes"],
    ["alert", "list"],
    ["alert", "show", sampleAlert().id],
    ["alert", "show", "nothing"],
    ["alert", "ack", sampleAlert().id],
    ["alert", "test"],
    ["alert", "follow"],
    ["backup", id, "/etc"],
    ["backup", id, "/etc", "--wait"],
    ["restore", sampleSnapshot().id, "--to", "/r", "--dry-run"],
    ["snapshot", "list"],
    ["snapshot", "show", "latest"],
    ["snapshot", "ls", "latest"],
    ["job", "list"],
    ["job", "show", sampleJob().id],
    ["job", "log", sampleJob().id],
    ["job", "log", sampleJob().id, "--follow"],
    ["job", "cancel", sampleJob().id],
    ["console", "link"],
    ["doctor", id],
  ];

  it.each(lines.flatMap((line) => [line, [...line, "--json"]]))(
    "sends nothing raw to the terminal: %s %s %s",
    async (...line) => {
      const controller = new AbortController();
      const manager = hostile();
      let opened = 0;
      const api = {
        ...manager.api,
        events: (...args: Parameters<typeof manager.api.events>) => {
          if (opened++ > 0) controller.abort();
          return manager.api.events(...args);
        },
      };
      const { stdout, stderr } = await runRecorded(
        line.filter((word) => word !== undefined),
        {
          manager,
          openApi: async () => api,
          interruption: () => controller.signal,
        },
      );
      expect(stdout.length + stderr.length).toBeGreaterThan(0);
      for (const shown of [...stdout.split("\n"), ...stderr.split("\n")]) expect(visible(shown)).toBe(shown);
      if (line.includes("--json") && !line.includes("follow") && !line.includes("--follow")) JSON.parse(stdout);
    },
  );

  it("reaches every command that speaks to a manager", async () => {
    const called = new Set(lines.map((line) => line.slice(0, 2).join(" ")));
    const program = await createProgram({ world, language: "en" }, () => true);
    const leaves = (await paths()).filter((path) => path.length > 0 && !CALLED_WITHOUT_MANAGER.includes(path[0] ?? ""));
    const all = leaves.map((path) => path.join(" "));
    const ends = all.filter((path) => !all.some((other) => other.startsWith(`${path} `)) && path !== "completion");
    expect(program.name()).toBe("rusuban");
    for (const end of ends)
      expect(
        [...called].some((line) => line === end || line.startsWith(`${end} `)),
        end,
      ).toBe(true);
    expect(ends).toHaveLength(37);
  });

  it("keeps exact values in JSON all the same", async () => {
    const recorded = await runRecorded(["alert", "show", sampleAlert().id, "--json"], { manager: hostile() });
    expect(recorded.data).toMatchObject({ summary: EVIL });
  });
});
