// Windows is not here to ask. What is written is read by the documented grammar instead: PowerShell's tokens
// (about_Quoting_Rules, about_Parsing) and the parameters of NetSecurity's cmdlets.

import { describe, expect, it } from "vitest";
import { render } from "../renderer.ts";
import type { RuleSet, Side } from "../rule.ts";
import { addressesOf, rulesOn, topologyOf } from "../rule-set-fixture.ts";
import { HOSTILE_NAMES, hostileRules } from "./hostile-rules-fixture.ts";
import { netsh } from "./netsh.ts";
import { windows } from "./windows.ts";

const textOf = (renderer: typeof windows, ruleSet: RuleSet) =>
  render(renderer, ruleSet, { language: "ja" }).files[0]?.text ?? "";

/** PowerShell takes each of these for a single quote, and none of them is let through. */
const SINGLE_QUOTES = "'‘’‚‛";

/** A line's tokens: bare words, strings (marked by a leading '), commas and pipes; throws for what else has a meaning. */
function tokensOf(line: string): string[] {
  const tokens: string[] = [];
  let rest = line;
  while (rest !== "") {
    const [all = "", text, word, sign] = /^\s*(?:'([^'‘’‚‛]*)'|([A-Za-z0-9.:/_-]+)|([,|]))/.exec(rest) ?? [];
    if (all === "") throw new Error(`not understood: ${rest}`);
    tokens.push(text === undefined ? (word ?? sign ?? "") : `'${text}`);
    rest = rest.slice(all.length);
  }
  return tokens;
}

interface Call {
  readonly command: string;
  readonly parameters: ReadonlyMap<string, readonly string[]>;
}

function callOf(line: string): Call {
  const [command = "", ...tokens] = tokensOf(line);
  const parameters = new Map<string, string[]>();
  let name = "";
  for (const token of tokens) {
    if (token === "|") break;
    if (token.startsWith("-")) {
      name = token;
      if (parameters.has(name)) throw new Error(`${name} is given twice`);
      parameters.set(name, []);
    } else if (token !== ",") parameters.get(name)?.push(token.replace(/^'/, ""));
  }
  return { command, parameters };
}

function callsIn(text: string): Call[] {
  const lines = text.replace(/^\uFEFF/, "").split("\r\n");
  return lines.filter((line) => /^New-NetFirewallRule /.test(line)).map(callOf);
}

/** New-NetFirewallRule, as its reference has it; a rule of ours uses these and no others. */
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  "-Name": /^[^|*?]{1,255}$/,
  "-DisplayName": /^.{1,255}$/u,
  "-Description": /^.{0,255}$/u,
  "-Group": /^Rusuban (agent|manager)$/,
  "-Direction": /^(Inbound|Outbound)$/,
  "-Action": /^Allow$/,
  "-Profile": /^Any$/,
  "-Protocol": /^(TCP|UDP|ICMPv4|ICMPv6)$/,
  "-LocalPort": /^\d{1,5}(-\d{1,5})?$/,
  "-RemotePort": /^\d{1,5}(-\d{1,5})?$/,
  "-IcmpType": /^(8|128)$/,
  "-RemoteAddress": /^(Any|[0-9a-f.:]+(\/\d{1,3})?)$/,
};

describe.each(["agent", "manager"] as const)("PowerShell for the %s's host", (side: Side) => {
  const text = textOf(windows, rulesOn(side));
  const calls = callsIn(text);

  it("is UTF-8 with the mark that Windows PowerShell wants, and has its lines end in CR LF", () => {
    expect(text.startsWith("\uFEFF#")).toBe(true);
    expect(text.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
  });

  it("has nothing but its group's removal and calls with documented parameters", () => {
    const lines = text.replace(/^\uFEFF/, "").split("\r\n");
    const other = lines.filter((line) => line !== "" && !/^(#|New-NetFirewallRule )/.test(line));
    expect(other).toEqual([
      "$ErrorActionPreference = 'Stop'",
      `Remove-NetFirewallRule -Group 'Rusuban ${side}' -ErrorAction SilentlyContinue`,
    ]);
    expect(calls.length).toBeGreaterThan(10);
    for (const { command, parameters } of calls) {
      expect(command).toBe("New-NetFirewallRule");
      for (const [name, values] of parameters) {
        expect(values.length).toBeGreaterThan(0);
        for (const value of values) expect(value).toMatch(PARAMETERS[name] ?? /^$(?!unknown parameter)/);
      }
    }
  });

  it("names each rule once, and each with protocol, port and peer in the right direction", () => {
    const names = calls.map(({ parameters }) => parameters.get("-Name")?.[0]);
    expect(new Set(names).size).toBe(names.length);
    for (const { parameters } of calls) {
      const protocol = parameters.get("-Protocol")?.[0];
      const inbound = parameters.get("-Direction")?.[0] === "Inbound";
      expect(parameters.has("-RemoteAddress")).toBe(true);
      expect(parameters.has("-IcmpType")).toBe(protocol?.startsWith("ICMP"));
      expect(parameters.has("-LocalPort")).toBe(inbound && !protocol?.startsWith("ICMP"));
      expect(parameters.has("-RemotePort")).toBe(!inbound && !protocol?.startsWith("ICMP"));
    }
  });

  it.each(HOSTILE_NAMES)("keeps %j inside one string", (name) => {
    const hostile = textOf(windows, hostileRules(side, name));
    expect(callsIn(hostile).length).toBe(callsIn(textOf(windows, hostileRules(side, "web1"))).length);
    for (const { parameters } of callsIn(hostile)) {
      for (const value of parameters.get("-Description") ?? [])
        for (const quote of SINGLE_QUOTES) expect(value).not.toContain(quote);
    }
  });
});

/** `netsh advfirewall firewall add rule` (netsh's own help): name=value, values with spaces in double quotes. */
const NETSH =
  /^netsh advfirewall firewall add rule name="rusuban-(?:agent|manager)-(?:in|out)-[a-z0-9-]+" description="[A-Za-z0-9 ._:/(),@+=-]*" dir=(in|out) action=allow profile=any protocol=(?:(?:tcp|udp) (localport|remoteport)=\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*|icmpv4:8,any|icmpv6:128,any) remoteip=(?:any|[0-9a-f.:/]+(?:,[0-9a-f.:/]+)*)$/;

describe.each(["agent", "manager"] as const)("netsh for the %s's host", (side: Side) => {
  const linesOf = (ruleSet: RuleSet) =>
    textOf(netsh, ruleSet)
      .split("\r\n")
      .filter((line) => line !== "");

  it("is ASCII, and every line is a remark, a deletion by name or a rule by netsh's grammar", () => {
    const lines = linesOf(rulesOn(side));
    const rules = lines.filter((line) => line.includes(" add rule "));
    expect(rules.length).toBeGreaterThan(10);
    for (const line of lines) {
      expect(line).toMatch(/^\p{ASCII}*$/u);
      if (line.includes(" add rule ")) {
        const [, direction, port] = NETSH.exec(line) ?? [];
        expect([line, direction]).not.toEqual([line, undefined]);
        expect(port ?? "").toMatch(direction === "in" ? /^(localport)?$/ : /^(remoteport)?$/);
      } else
        expect(line).toMatch(
          /^(@echo off$|rem |netsh advfirewall firewall delete rule name="rusuban-[a-z0-9-]+" >nul$)/,
        );
    }
  });

  it("deletes every name that it adds, and never all", () => {
    const lines = linesOf(rulesOn(side));
    const named = (part: string) =>
      lines.flatMap((line) => (line.includes(part) ? (/name="([^"]+)"/.exec(line)?.[1] ?? []) : []));
    const deleted = new Set(named(" delete rule "));
    expect(deleted.has("all")).toBe(false);
    for (const name of named(" add rule ")) expect(deleted).toContain(name);
  });

  it("keeps every line within what cmd.exe takes, however many agents there are", () => {
    const many = Array.from({ length: 1_000 }, (_, index) => `2001:db8:ffff:ffff:ffff:ffff:${index + 4096}:ffff`);
    const topology = topologyOf({ others: { browser: addressesOf("browser", ...many) } });
    const lines = linesOf(rulesOn("manager", { topology, flows: ["console"] }));
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(8_191);
    const addresses = lines.flatMap((line) => /remoteip=(.*)$/.exec(line)?.[1]?.split(",") ?? []);
    expect(addresses).toHaveLength(1_000);
  });

  it.each(HOSTILE_NAMES)("makes of %j a remark and a description", (name) => {
    for (const line of linesOf(hostileRules(side, name))) if (line.includes(" add rule ")) expect(line).toMatch(NETSH);
  });
});
