// The same for Windows without the PowerShell module (Windows Server 2008, 2008 R2). A rule is known by its name alone,
// so every name that could be ours is deleted first, and lists of addresses are cut to what a command line holds.

import { FLOW_KEYS, flowName } from "../../ports/port-map.ts";
import { PROFILES } from "../../ports/profiles/profiles.ts";
import { type Address, formatAddress } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portText } from "../port-list.ts";
import { headLines, never, type Renderer, sidePrefix } from "../renderer.ts";
import { ANY, byFamily, type Rule, type RuleSet, remoteOf, type Side } from "../rule.ts";

/** cmd.exe takes lines of 8,191 characters; an address with its comma has at most 44. */
const ADDRESSES_PER_LINE_MAX = 150;
const TEXT_BYTES_MAX = 200;

export const netsh: Renderer = {
  name: "netsh",
  title: { en: "Windows Firewall (netsh)", ja: "Windows ファイアウォール(netsh)" },
  sides: ["agent", "manager"],
  portsPerRuleMax: null,
  isStateful: true,
  use: {
    en: "run as administrator; replaces the rules of these names, leaves all others alone, and lasts",
    ja: "run as administrator; replaces the rules of these names, leaves all others alone, and lasts",
  },
  refuse: never,
  render(ruleSet) {
    // English and ASCII only: a command file has no way to say its encoding.
    const head = headLines(netsh, ruleSet, "en").map((line) => `rem ${ascii(line)}`);
    const lines = ["@echo off", ...head, ...deletions(ruleSet.side), ...additions(ruleSet), ""];
    return [{ name: `${sidePrefix(ruleSet.side)}-netsh.cmd`, text: lines.join("\r\n") }];
  },
};

function ruleName(side: Side, { direction, flow }: Pick<Rule, "direction" | "flow">): string {
  return `${sidePrefix(side)}-${direction}-${flow}`;
}

function deletions(side: Side): string[] {
  const flows = [...FLOW_KEYS.map(flowName), ...PROFILES.flatMap(({ rows }) => rows.map(({ id }) => id))];
  return (["in", "out"] as const).flatMap((direction) =>
    flows.map((flow) => `netsh advfirewall firewall delete rule name="${ruleName(side, { direction, flow })}" >nul`),
  );
}

function additions({ side, rules }: RuleSet): string[] {
  return rules.flatMap((rule) => {
    const begin = `netsh advfirewall firewall add rule name="${ruleName(side, rule)}" description="${ascii(rule.comment)}" dir=${rule.direction} action=allow profile=any`;
    return packets(rule).flatMap(({ text, addresses }) =>
      remotes(addresses).map((remote) => `${begin} ${text} remoteip=${remote}`),
    );
  });
}

function packets(rule: Rule): { text: string; addresses: readonly Address[] | null }[] {
  if (rule.transport === "icmp") {
    return byFamily(rule).map(({ family, direction, sources, destinations }) => ({
      text: family === 4 ? "protocol=icmpv4:8,any" : "protocol=icmpv6:128,any",
      addresses: direction === "in" ? sources : destinations,
    }));
  }
  const ports = rule.ports.map((range) => portText(range, "-")).join(",");
  const peer = remoteOf(rule);
  // The listening port is the remote one when it is we who call.
  const side = rule.direction === "in" ? "localport" : "remoteport";
  return [
    {
      text: `protocol=${rule.transport} ${side}=${ports}`,
      addresses: peer === ANY || peer === null ? null : peer.addresses,
    },
  ];
}

function remotes(addresses: readonly Address[] | null): string[] {
  if (addresses === null) return ["any"];
  const lists: string[] = [];
  for (let start = 0; start < addresses.length; start += ADDRESSES_PER_LINE_MAX) {
    lists.push(
      addresses
        .slice(start, start + ADDRESSES_PER_LINE_MAX)
        .map(formatAddress)
        .join(","),
    );
  }
  return lists;
}

function ascii(text: string): string {
  return harmless(text, { bytesMax: TEXT_BYTES_MAX, ascii: true });
}
