import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { AGENT_LISTENS } from "../agent/settings.ts";
import { TARGET_NAMES } from "../firewall/targets.ts";
import { MANAGER_LISTENS } from "../manager/settings.ts";
import { FLOW_KEYS, type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import { createMemoryManager } from "./memory-manager.ts";
import { EXIT } from "./output.ts";
import { runRecorded } from "./run-recorded.ts";
import { sampleHost, sampleStatus } from "./sample-data.ts";

const directory = mkdtempSync(join(tmpdir(), "rusuban-render-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const WEB1 = ["--agent", "web1=10.77.2.20,fd77:2::20"];
const MANAGER = ["--manager", "10.77.1.10,fd77:1::10"];

/** Without a manager: asking one fails. */
const render = (...args: readonly string[]) =>
  runRecorded(["firewall", "render", ...args], {
    openApi: () => Promise.reject(new Error("nobody was to be asked")),
  });

interface Data {
  readonly rules: readonly { readonly flow: string; readonly ports: readonly { from: number; to: number }[] }[];
  readonly leftOut: readonly { readonly flow: string; readonly reason: string }[];
  readonly files: readonly { readonly name: string; readonly text: string }[];
}
const dataOf = async (...args: readonly string[]) => (await render("--json", ...args)).data as Data;
const flowsOf = async (...args: readonly string[]) => (await dataOf(...args)).rules.map(({ flow }) => flow);

describe("firewall render", () => {
  it("plans for hosts that are not installed yet, with no manager to ask", async () => {
    const { stdout, stderr, exitCode } = await render("--target", "csv", "--side", "between", ...WEB1, ...MANAGER);
    expect(stdout.split("\r\n")[0]).toMatch(/^No\.,Flow,From,/);
    expect(stdout).toContain(
      '"10.77.1.10, fd77:1::10",agent web1,"10.77.2.20, fd77:2::20",tcp,20300-20349,yes,Backup data connections',
    );
    expect(stderr).toContain(
      "left out: wsman-http: not in use; it is when: the operator allows plain HTTP for this host\n",
    );
    expect(exitCode).toBe(EXIT.done);
  });

  it("gives a host that is named several times all of its addresses, once each, and so the manager", async () => {
    const apart = ["--agent", "web1=fd77:2::20", "--agent", "web1=10.77.2.20", "--agent", "web1=10.77.2.20"];
    const manager = ["--manager", "fd77:1::10", "--manager", "main=10.77.1.10"];
    const { stdout } = await render("--target", "csv", "--side", "between", ...apart, ...manager);
    expect(stdout).toContain('manager main,"10.77.1.10, fd77:1::10",agent web1,"10.77.2.20, fd77:2::20",tcp');
    // The rules of an agent's host are for one, and this is one.
    expect((await render("--target", "nftables", ...apart, ...manager)).exitCode).toBe(EXIT.done);
    const two = await render("--target", "csv", ...WEB1, "--manager", "a=10.77.1.10", "--manager", "b=10.77.1.11");
    expect(two).toMatchObject({ exitCode: EXIT.usage, stdout: "" });
    expect(two.stderr).toContain("manager: a and b are two, and rules are for one manager");
  });

  it.each([
    [["--port", "manager-report=31999", "--port", "manager-report=31998"], "31999 and 31998 contradict each other"],
    [["--with", "snmp-trap", "--without", "snmp-trap"], "snmp-trap is also asked for"],
    [["--without", "all"], "no flow is left to let through"],
    [["--agent", "web1=10.77.2.20", "--manager", "fd77:1::10"], "no flow is left to let through"],
  ] as const)("writes nothing where the options contradict each other: %j", async (options, problem) => {
    const ends = (options as readonly string[]).includes("--agent") ? [] : [...WEB1, ...MANAGER];
    const { stdout, stderr, exitCode } = await render("--target", "ufw", ...ends, ...options);
    expect([stdout, exitCode]).toEqual(["", EXIT.usage]);
    expect(stderr).toContain(problem);
  });

  it.each(TARGET_NAMES)("writes for %s, in Japanese, on stdout", async (target) => {
    const side = target === "acl" ? "between" : "manager";
    const { stdout, exitCode } = await render("--target", target, "--side", side, ...WEB1, ...MANAGER, "--lang", "ja");
    expect([exitCode, stdout.length > 300, stdout.endsWith("\n")]).toEqual([EXIT.done, true, true]);
  });

  it("has the flows of this release by itself, and others where they are asked for or their party is declared", async () => {
    const base = ["--target", "table", ...WEB1, ...MANAGER] as const;
    const served: readonly FlowKey[] = [...MANAGER_LISTENS, ...AGENT_LISTENS, "ping", "backupData"];
    const usual = FLOW_KEYS.filter((key) => served.includes(key))
      .filter((key) => ([...flowOf(key).initiators, flowOf(key).listener] as string[]).includes("agent"))
      .map(flowName);
    expect(usual).toEqual(expect.arrayContaining(["ping", "manager-report", "backup-control", "backup-data"]));
    expect(await flowsOf(...base)).toEqual(usual);
    expect(await flowsOf(...base, "--without", "backup-data", "--without", "ping")).toEqual(
      usual.filter((flow) => flow !== "backup-data" && flow !== "ping"),
    );
    expect(await flowsOf(...base, "--with", "snmp-trap", "--mail-server", "192.0.2.25")).toEqual(
      expect.arrayContaining(["snmp-trap", "express-mail"]),
    );
    expect((await flowsOf(...base, "--with", "all")).length).toBeGreaterThan(12);
  });

  it("has plain HTTP for WS-Management only on Windows, and only when switched on", async () => {
    const base = ["--target", "table", ...WEB1, ...MANAGER] as const;
    expect(await flowsOf(...base, "--platform", "windows")).not.toContain("wsman-http");
    expect(await flowsOf(...base, "--platform", "linux", "--plain-http")).not.toContain("wsman-http");
    expect(await flowsOf(...base, "--platform", "windows", "--plain-http")).toContain("wsman-http");
  });

  it("follows changed ports, given by any name of the flow", async () => {
    for (const name of ["manager-report", "managerReport", "31134", "esm-07"]) {
      const { rules } = await dataOf("--target", "table", ...WEB1, ...MANAGER, "--port", `${name}=31999`);
      expect(rules.find(({ flow }) => flow === "manager-report")?.ports).toEqual([{ from: 31_999, to: 31_999 }]);
    }
  });

  it("writes files into a folder, scripts to be run", async () => {
    const out = join(directory, "new", "folder");
    const { stdout, stderr, exitCode } = await render("--target", "iptables", "--out", out, ...WEB1, ...MANAGER);
    expect([exitCode, stdout]).toEqual([EXIT.done, ""]);
    expect(stderr).toContain(`3 files in ${out}; run the .sh beside both .rules files as root`);
    expect(readFileSync(join(out, "rusuban-agent.rules.v6"), "utf8")).toContain("-s fd77:1::10/128");
    expect(statSync(join(out, "rusuban-agent-iptables.sh")).mode & 0o111).toBe(0o111);
  });

  it("says which folder it cannot write to", async () => {
    const file = join(directory, "a-file");
    writeFileSync(file, "");
    const { stderr, exitCode } = await render("--target", "csv", "--out", join(file, "below"), ...WEB1, ...MANAGER);
    expect(stderr).toContain(`rusuban: ${join(file, "below")}: cannot be written: ENOTDIR`);
    expect(stderr).toContain("name another folder with --out");
    expect(exitCode).toBe(EXIT.failed);
  });

  it("serves the original products", async () => {
    const esmpro = ["--target", "table", ...WEB1, ...MANAGER, "--profile", "esmpro", "--variant"] as const;
    expect((await flowsOf(...esmpro, "linux"))[0]).toBe("esm-02");
    expect(
      (await dataOf(...esmpro, "windows-server-2008", "--port", "esm-07=31999")).rules.map(
        ({ ports }) => ports[0]?.from,
      ),
    ).toEqual([80, 443, 6736, undefined, 162, 31_999, 31_136, 31_138]);
    const backupExec = [
      "--target",
      "table",
      "--side",
      "manager",
      ...WEB1,
      ...MANAGER,
      "--profile",
      "backup-exec",
    ] as const;
    const data = ["--port", "be-06=20300-20324", "--from", "be-07=browser", "--browser", "10.77.4.0/24"] as const;
    expect(await flowsOf(...backupExec, ...data)).toContain("be-07");
  });

  it.each([
    [["--target", "nftable"], 'target: "nftable" is unknown: did you mean nftables?'],
    [["--target", "nftables"], "no host is given\n  name one that the manager knows (--host NAME)"],
    [["--target", "nftables", ...WEB1], "the manager's address is not given\n  add --manager ADDRESS"],
    [["--target", "nftables", ...WEB1, "--agent", "web2=10.77.2.21", ...MANAGER], "for one host, 2 are given"],
    [["--target", "nftables", "--agent", "web1=10.77.2", ...MANAGER], 'agent web1: "10.77.2" is not an IP address'],
    [["--target", "nftables", "--agent", "=10.77.2.20", ...MANAGER], 'agent: "=10.77.2.20" is not NAME=ADDRESS'],
    [
      ["--target", "nftables", ...WEB1, "--manager", "manager.example"],
      'manager: "manager.example" is not an IP address',
    ],
    [["--target", "nftables", ...WEB1, "--manager", "::1"], 'manager: "::1" is loopback'],
    [
      ["--target", "aws", "--side", "between", ...WEB1, ...MANAGER],
      "aws has no rules for the side between: ask for agent or manager",
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "manger-report=1"],
      "port manger-report: there is no such flow: did you mean manager-report?",
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "manager-report"],
      '"manager-report" is not FLOW=PORT or FLOW=FROM-TO',
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "manager-report=70000"],
      '"manager-report=70000" is not FLOW=PORT',
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "ping=7"],
      "ports.ping: cannot be changed, because ICMP has no ports",
    ],
    [["--target", "csv", ...WEB1, ...MANAGER, "--port", "console=6106"], "6106/tcp is also the port of administration"],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "backup-data=20300-20310"],
      "holds 11 ports, 25 are needed (concurrent jobs: 1)",
    ],
    [["--target", "csv", ...WEB1, ...MANAGER, "--jobs", "26"], "holds 50 ports, 52 are needed (concurrent jobs: 26)"],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--port", "backup-data=40000-40049"],
      "takes for outgoing connections (32768-60999)",
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--with", "consle"],
      'with: there is no flow "consle": did you mean console?',
    ],
    [["--target", "csv", ...WEB1, ...MANAGER, "--variant", "windows-95"], 'variant: "windows-95" is unknown'],
    [["--target", "csv", ...WEB1, ...MANAGER, "--from", "be-07=browser"], "it is only for a --profile"],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--profile", "esmpr"],
      'there is no profile "esmpr"\n  did you mean esmpro?',
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--profile", "esmpro"],
      "add --variant with one of: windows, windows-server-2008, linux",
    ],
    [
      ["--target", "csv", ...WEB1, ...MANAGER, "--profile", "esmpro", "--variant", "linux", "--from", "esm-02=nobody"],
      'from esm-02: "nobody" is nobody: write ROW=PARTY',
    ],
    [
      ["--target", "nftables", ...WEB1, ...MANAGER, "--nft-table", "inet x; flush ruleset"],
      "is not a family and a table",
    ],
  ] as const)("refuses %j with exit code 2 and the next step", async (args, text) => {
    const { stderr, stdout, exitCode } = await render(...args);
    expect(stderr).toContain(text);
    expect([stdout, exitCode]).toEqual(["", EXIT.usage]);
  });

  it("takes an overlapping range where the operator says that it is reserved", async () => {
    const range = ["--port", "backup-data=40000-40049", "--allow-overlap"] as const;
    const { exitCode } = await render("--target", "csv", ...WEB1, ...MANAGER, ...range);
    expect(exitCode).toBe(EXIT.done);
  });
});

describe("firewall render for hosts that the manager knows", () => {
  const manager = createMemoryManager();
  manager.hosts = [
    sampleHost({ name: "web1", address: "10.77.2.20", ports: { backupControl: 10_444 } }),
    sampleHost({ id: "0193a1b2-0000-7000-8000-000000000002", name: "db1", address: "db1.example" }),
    sampleHost({
      id: "0193a1b2-0000-7000-8000-000000000003",
      name: "bmc1",
      address: "::ffff:10.77.2.99",
      means: "wsman",
    }),
    sampleHost({ id: "0193a1b2-0000-7000-8000-000000000004", name: "old", address: "10.77.2.98", state: "revoked" }),
  ];
  manager.overrides = { status: () => sampleStatus() };
  const ask = (...args: readonly string[]) =>
    runRecorded(["firewall", "render", "--target", "table", ...args], { manager });

  it("takes address, platform and moved ports from it, and says which range of data ports it assumes", async () => {
    const recorded = await ask("--json", "--host", "web1", ...MANAGER);
    const { rules } = recorded.data as Data;
    expect(rules.find(({ flow }) => flow === "backup-control")?.ports).toEqual([{ from: 10_444, to: 10_444 }]);
    expect(recorded.stderr).toContain("data ports: 20300-20349 is assumed");
  });

  it("speaks to a server without an agent only by what it is looked at with", async () => {
    const { rules } = (await ask("--json", "--host", "bmc1", ...MANAGER)).data as Data;
    expect(rules.map(({ flow }) => flow)).toEqual(["wsman-https", "ping"]);
  });

  it("opens the collection of Windows events to those that send them, and to others where that is asked for", async () => {
    const [id, name] = ["0193a1b2-0000-7000-8000-000000000006", "win1"];
    const collecting = createMemoryManager();
    const win1 = sampleHost({ id, name, address: "10.77.2.97", means: "windows-events" });
    collecting.hosts = [...manager.hosts.filter((host) => host.name !== "db1"), win1];
    const { flows, ...status } = sampleStatus();
    const own = { flow: "event-collector", transport: "tcp", address: "::", port: 15_986, listening: true } as const;
    collecting.overrides = { status: () => ({ ...status, flows: [...flows, { ...own, problem: null }] }) };
    const rulesOf = async (...args: readonly string[]) => {
      const line = ["firewall", "render", "--target", "table", "--json", ...args, ...MANAGER];
      return ((await runRecorded(line, { manager: collecting })).data as Data).rules;
    };
    const rules = await rulesOf("--host", "win1");
    expect(rules.map(({ flow, ports }) => [flow, ports[0]?.from])).toEqual([
      ["event-collector", 15_986],
      ["ping", undefined],
    ]);
    const others = ["--host", "web1", "--side", "between"];
    expect((await rulesOf(...others)).map(({ flow }) => flow)).not.toContain("event-collector");
    const asked = await rulesOf(...others, "--host", "bmc1", "--with", "event-collector");
    expect(asked.filter(({ flow }) => flow === "event-collector").length).toBeGreaterThan(0);
  });

  it("wants an address for a host that it knows by name only", async () => {
    const { stderr, exitCode } = await ask("--host", "db1", ...MANAGER);
    expect(stderr).toContain('host db1: the manager knows it as "db1.example"');
    expect(stderr).toContain("--agent db1=ADDRESS");
    expect(exitCode).toBe(EXIT.usage);
  });

  it("adds the addresses that are given to those that it knows", async () => {
    const csv = ["--target", "csv", "--side", "between", "--host", "web1", "--host", "db1"];
    const given = ["--agent", "web1=fd77:2::20", "--agent", "db1=10.77.2.30"];
    const { stdout } = await runRecorded(["firewall", "render", ...csv, ...given, ...MANAGER], { manager });
    expect(stdout).toContain('agent web1,"10.77.2.20, fd77:2::20",tcp,10444');
    expect(stdout).toContain("agent db1,10.77.2.30,tcp,10000");
  });

  it("names the hosts that there are where one is not known", async () => {
    const { stderr, exitCode } = await ask("--host", "web9", ...MANAGER);
    expect(stderr).toContain("host web9: there is no such host\n  did you mean web1");
    expect(exitCode).toBe(EXIT.failed);
  });

  it("covers all that are neither revoked nor on this very computer, on the manager's side, where none is named", async () => {
    const own = sampleHost({ id: "0193a1b2-0000-7000-8000-000000000005", name: "own", address: "127.0.0.1" });
    manager.hosts = [...manager.hosts.filter(({ name }) => name !== "db1"), own];
    const { stdout } = await ask("--side", "manager", ...MANAGER);
    expect(stdout).not.toContain("127.0.0.1");
    expect(stdout).toContain("web1 10.77.2.20; bmc1 10.77.2.99");
    expect(stdout).not.toContain("10.77.2.98");
  });
});

describe("firewall targets", () => {
  it("lists every target with the sides that it serves", async () => {
    const { stdout } = await runRecorded(["firewall", "targets"]);
    expect(
      stdout
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(" ")[0]),
    ).toEqual(TARGET_NAMES);
    expect(stdout).toMatch(/^acl .* between$/m);
  });
});
