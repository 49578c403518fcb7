// PowerShell for Windows Defender Firewall. Rules belong to a group of our own, which is emptied first; Windows lets
// replies through by itself, and its stealth mode answers nothing for ports without a listener, whatever rules say.

import type { Language } from "../../ports/flow.ts";
import { type Address, formatAddress } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portText } from "../port-list.ts";
import { headLines, never, type Renderer, sidePrefix } from "../renderer.ts";
import { ANY, byFamily, type Rule, type RuleSet, remoteOf } from "../rule.ts";

const TEXT_BYTES_MAX = 240;

export const windows: Renderer = {
  name: "windows",
  title: { en: "Windows Defender Firewall (PowerShell)", ja: "Windows Defender ファイアウォール(PowerShell)" },
  sides: ["agent", "manager"],
  portsPerRuleMax: null,
  isStateful: true,
  use: {
    en: "run as administrator in PowerShell; replaces the group's rules, leaves all others alone, and lasts",
    ja: "管理者として PowerShell で実行してください(このグループの規則だけを置き換えます。恒久的です)",
  },
  refuse: never,
  render(ruleSet, { language }) {
    const head = headLines(windows, ruleSet, language).map((line) => `# ${line}`);
    const lines = [...head, ...script(ruleSet, language), ""];
    // Windows PowerShell reads a file as UTF-8 only with this mark before it.
    return [{ name: `${sidePrefix(ruleSet.side)}-windows.ps1`, text: `\uFEFF${lines.join("\r\n")}` }];
  },
};

function script({ side, rules }: RuleSet, language: Language): string[] {
  const group = quoted(`Rusuban ${side}`);
  return [
    "#Requires -RunAsAdministrator",
    "$ErrorActionPreference = 'Stop'",
    `Remove-NetFirewallRule -Group ${group} -ErrorAction SilentlyContinue`,
    ...rules.flatMap((rule, index) => {
      const name = `${sidePrefix(side)}-${rule.direction}-${rule.flow}-${index + 1}`;
      return packets(rule).map(({ suffix, text }) =>
        [
          `New-NetFirewallRule -Name ${quoted(name + suffix)}`,
          `-DisplayName ${quoted(`Rusuban: ${rule.title[language]} (${rule.flow}${suffix})`)}`,
          `-Description ${quoted(rule.comment)} -Group ${group}`,
          `-Direction ${rule.direction === "in" ? "Inbound" : "Outbound"} -Action Allow -Profile Any`,
          `${text} | Out-Null`,
        ].join(" "),
      );
    }),
  ];
}

/** What is sent to whom: one rule, or for ICMP one for each protocol. */
function packets(rule: Rule): { suffix: string; text: string }[] {
  if (rule.transport === "icmp") {
    return byFamily(rule).map(({ family, direction, sources, destinations }) => {
      const type = family === 4 ? "-Protocol ICMPv4 -IcmpType 8" : "-Protocol ICMPv6 -IcmpType 128";
      return { suffix: `-v${family}`, text: `${type} ${remote(direction === "in" ? sources : destinations)}` };
    });
  }
  const ports = rule.ports.map((range) => quoted(portText(range, "-"))).join(",");
  // The listening port is the remote one when it is we who call.
  const side = rule.direction === "in" ? "-LocalPort" : "-RemotePort";
  const peer = remoteOf(rule);
  const addresses = peer === ANY || peer === null ? null : peer.addresses;
  return [{ suffix: "", text: `-Protocol ${rule.transport.toUpperCase()} ${side} ${ports} ${remote(addresses)}` }];
}

function remote(addresses: readonly Address[] | null): string {
  return `-RemoteAddress ${addresses === null ? "Any" : addresses.map((each) => quoted(formatAddress(each))).join(",")}`;
}

/** In single quotes nothing is expanded; the quotes themselves, of which PowerShell knows five, do not pass `harmless`. */
function quoted(text: string): string {
  return `'${harmless(text, { bytesMax: TEXT_BYTES_MAX })}'`;
}
