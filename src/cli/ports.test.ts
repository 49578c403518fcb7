import { Command } from "commander";
import { describe, expect, it } from "vitest";
import { FLOW_KEYS, flowName } from "../ports/port-map.ts";
import { createPortBook, type PortOverrides } from "../ports/port-settings.ts";
import { displayWidth } from "../runtime/display-width.ts";
import { EXIT } from "./output.ts";
import { createRecorder } from "./output-recorder.ts";
import { portsCommand } from "./ports.ts";
import { runProgram } from "./run-program.ts";

async function run(line: string, { env = {}, overrides = {} }: { env?: object; overrides?: PortOverrides } = {}) {
  const output = createRecorder();
  const command = portsCommand({ output, env: { ...env }, portBook: () => createPortBook(overrides) });
  await runProgram(new Command("rusuban").addCommand(command), ["ports", ...line.split(" ").filter(Boolean)], output);
  return output;
}

/** The one line that starts with `start`. */
function lineOf(text: string, start: string): string {
  const [line, ...others] = text.split("\n").filter((each) => each.startsWith(start));
  if (line === undefined || others.length > 0) throw new Error(`not one line starts with ${start}:\n${text}`);
  return line;
}

describe("ports list", () => {
  it("shows a line for every flow, in the order of the map", async () => {
    const { stdout, stderr, exitCode } = await run("list");
    const [head, ...lines] = stdout.trimEnd().split("\n");
    expect(head).toMatch(/^FLOW +DIRECTION +PORT +TLS +TITLE$/);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(FLOW_KEYS.map(flowName));
    expect(lineOf(stdout, "manager-report ")).toMatch(/agent → manager +31134\/tcp +always +Manager report/);
    expect([stderr, exitCode]).toEqual(["", undefined]);
  });

  it("shows the seed rows when asked", async () => {
    expect(lineOf((await run("list --seed")).stdout, "administration ")).toContain(" be-03 be-11 be-12 ");
    expect((await run("list")).stdout).not.toContain("be-03");
  });

  it("keeps the columns of the Japanese table aligned on a terminal", async () => {
    const { stdout } = await run("list --lang ja");
    const lines = stdout.trimEnd().split("\n").slice(1);
    const starts = lines.map((line) => displayWidth(line.split(/\d+(?:-\d+)?\/(?:tcp|udp)|icmp/)[0] ?? ""));
    expect(new Set(starts).size).toBe(1);
  });

  it("gives scripts every fact of every flow", async () => {
    const { ok, data } = JSON.parse((await run("list --json")).stdout);
    expect([ok, data.flows.length]).toEqual([true, FLOW_KEYS.length]);
    expect(data.flows.find(({ flow }: { flow: string }) => flow === "manager-report")).toMatchObject({
      key: "managerReport",
      port: 31_134,
      defaultPort: 31_134,
      transport: "tcp",
      initiators: ["agent"],
      listener: "manager",
      setting: "ports.managerReport",
      condition: null,
      seedRows: ["esm-07"],
    });
  });

  it("shows ports as the settings have them", async () => {
    const overrides = { managerReport: 41_134, backupData: { from: 21_300, to: 21_349 } };
    const { stdout } = await run("list", { overrides });
    expect(lineOf(stdout, "manager-report ")).toContain(" 41134/tcp ");
    expect(lineOf(stdout, "backup-data ")).toContain(" 21300-21349/tcp ");
    const { data } = JSON.parse((await run("explain manager-report --json", { overrides })).stdout);
    expect(data).toMatchObject({ port: 41_134, defaultPort: 31_134 });
  });

  it("tells of settings that cannot be honoured, with the exit code for them", async () => {
    const { stdout, exitCode } = await run("list --json", { overrides: { console: 0 } });
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: "settings" } });
    expect(exitCode).toBe(EXIT.usage);
  });
});

describe("ports explain", () => {
  it("draws the direction and says what is needed to open, move or miss the port", async () => {
    const { stdout } = await run("explain manager-report");
    expect(stdout).toBe(
      [
        "manager-report  Manager report (TCP/IP in-band)",
        "",
        "  agent ──tcp 31134──▶ manager",
        "",
        "The agent hands each alert to the manager and keeps it until the manager has committed it.",
        "",
        "what runs on it  acknowledged alert reports (src/protocols/report)",
        "who begins       agent",
        "TLS              always: TLS 1.3, and both sides prove who they are",
        "in use           always",
        "to change it     set ports.managerReport (environment: RUSUBAN_PORTS_MANAGER_REPORT)",
        "seed rows        esm-07  NEC ESMPRO: Manager report (TCP/IP in-band)",
        "when closed      Alerts wait in the agent's spool and arrive late; nothing is lost, but nobody is told in time.",
        "",
      ].join("\n"),
    );
  });

  it("draws a line for each party that begins, aligned in Japanese too", async () => {
    const { stdout } = await run("explain snmp-trap --lang ja");
    expect(stdout).toContain("  エージェント ──udp 162──▶ マネージャ\n  機器         ──udp 162──▶ マネージャ\n");
  });

  it("draws ICMP without a port, a range with both ends, and marks loopback", async () => {
    expect((await run("explain ping")).stdout).toContain("manager ──icmp echo──▶ agent");
    expect((await run("explain backup-data")).stdout).toContain("manager ──tcp 20300-20349──▶ agent");
    expect((await run("explain cim-xml-loopback")).stdout).toContain("never a rule between hosts");
  });

  it("says what the port was before the settings moved it", async () => {
    const { stdout } = await run("explain console", { overrides: { console: 8443 } });
    expect(stdout).toContain("web browser ──tcp 8443──▶ manager");
    expect(stdout).toContain("RUSUBAN_PORTS_CONSOLE, default 50104)");
  });

  it.each(FLOW_KEYS)("has something to say about %s in both languages", async (key) => {
    for (const lang of ["en", "ja"]) {
      const { stdout, exitCode } = await run(`explain ${flowName(key)} --lang ${lang}`);
      expect(exitCode).toBeUndefined();
      expect(stdout).toContain("──▶");
      expect(stdout).not.toMatch(/undefined|null|\[object/);
    }
  });

  it.each([
    ["manager-reprot", "unknown-flow", "did you mean manager-report?"],
    ["zzzzz", "unknown-flow", "`rusuban ports list` shows all of them"],
    ["443", "ambiguous-flow", "explain one of them: express-web, exchange-online"],
  ])("helps who typed %s", async (text, code, hint) => {
    const { stdout, exitCode } = await run(`explain ${text} --json`);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code, hint } });
    expect(exitCode).toBe(EXIT.usage);
    expect((await run(`explain ${text}`)).stderr).toContain(`\n  ${hint}\n`);
  });
});

describe("ports profile", () => {
  it("shows the rows of a product beside our flows, with what the document says besides", async () => {
    const { stdout } = await run("profile backup-exec");
    expect(lineOf(stdout, "be-03")).toMatch(/not stated → manager +3527, 6106\/tcp +manager-peer, administration /);
    expect(lineOf(stdout, "be-02")).toMatch(/ none +- +Device and Media Service$/);
    expect(stdout).toContain("be-02  It has no port: owning the storage is a part of the manager itself");
    expect(stdout).toContain("be-06  1024-65535: service table");
    expect(stdout).toContain("be-04  not in the text, likely: initiator is probably the agent's host");
  });

  it("shows only what holds for a variant", async () => {
    const { stdout } = await run("profile esmpro --variant windows-server-2008");
    expect(lineOf(stdout, "esm-01")).toContain(" 80 (windows-server-2008)/tcp ");
    expect(stdout).not.toContain("5985/tcp");
    expect(stdout).not.toContain("esm-03");
  });

  it("gives scripts the whole profile with the flows' public names", async () => {
    const { data } = JSON.parse((await run("profile esmpro --variant linux --json")).stdout);
    expect(data).toMatchObject({ name: "esmpro", variant: "linux" });
    expect(data.rows.find(({ id }: { id: string }) => id === "esm-07").flows).toEqual(["manager-report"]);
    expect(data.traps).toHaveLength(13);
  });

  it("lists the profiles when none is named", async () => {
    const { stdout } = await run("profile");
    expect(lineOf(stdout, "esmpro")).toMatch(/NEC ESMPRO +windows, windows-server-2008, linux$/);
    expect(JSON.parse((await run("profile --json")).stdout).data.profiles).toHaveLength(2);
  });

  it.each([
    ["profile esmpr", "did you mean esmpro? (there are esmpro, backup-exec)"],
    ["profile esmpro --variant linx", "did you mean linux?"],
    ["profile backup-exec --variant linux", "it has none"],
  ])("helps who typed %s", async (line, hint) => {
    const { stdout, stderr, exitCode } = await run(line);
    expect([stdout, exitCode]).toEqual(["", EXIT.usage]);
    expect(stderr).toContain(hint);
  });
});

describe("the language", () => {
  it.each([
    [{ LANG: "ja_JP.UTF-8" }, "フロー"],
    [{ LANG: "ja" }, "フロー"],
    [{ LANG: "ja_JP.UTF-8", LC_ALL: "C" }, "FLOW"],
    [{ LANG: "C", LC_MESSAGES: "ja_JP" }, "フロー"],
    [{ LANG: "jav_ID" }, "FLOW"],
    [{}, "FLOW"],
  ])("with %j begins the list with %s", async (env, word) => {
    expect((await run("list", { env })).stdout.startsWith(word)).toBe(true);
  });

  it("is the flag's where there is one", async () => {
    expect((await run("list --lang en", { env: { LANG: "ja_JP.UTF-8" } })).stdout).toMatch(/^FLOW/);
  });
});

describe("wrong use", () => {
  it.each([
    ["list --lang fr", "Allowed choices are en, ja."],
    ["explain", "missing required argument 'flow'"],
    ["lst", "Did you mean list?"],
    ["list --sede", "Did you mean --seed?"],
    ["", "Usage: rusuban ports"],
  ])("of `ports %s` exits with 2 and says what is wrong", async (line, message) => {
    const { stdout, stderr, exitCode } = await run(line);
    expect([stdout, exitCode]).toEqual(["", EXIT.usage]);
    expect(stderr).toContain(message);
  });

  it("is told as the envelope where --json was given", async () => {
    const { stdout, stderr } = await run("lst --json");
    expect(JSON.parse(stdout)).toEqual({
      ok: false,
      error: { code: "usage", message: "unknown command 'lst'", hint: "Did you mean list?" },
    });
    expect(stderr).toBe("");
  });

  it("prints help to stdout with examples, and that is no failure", async () => {
    const { stdout, exitCode } = await run("explain --help");
    expect([stdout.includes("rusuban ports explain 31134"), exitCode]).toEqual([true, undefined]);
  });
});
