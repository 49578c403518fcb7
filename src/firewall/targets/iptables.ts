// Chains of our own, refilled as a whole, so that running it again doubles nothing; one rule a flow and pair of
// addresses, so that a listing tells which line serves what.

import { type Address, formatCidr } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portLists, portText } from "../port-list.ts";
import { headLines, never, type Renderer, sidePrefix } from "../renderer.ts";
import { type ReplyPeers, replyPeers } from "../reply-peers.ts";
import { byFamily, type Direction, type FamilyRule, markOf, type RuleSet, type Side } from "../rule.ts";

/** xt_comment keeps 256 bytes with the terminating zero. */
const COMMENT_BYTES_MAX = 255;
/** xt_multiport's limit; a range counts as two. */
const PORTS_MAX = 15;

export const iptables: Renderer = {
  name: "iptables",
  title: { en: "iptables and ip6tables", ja: "iptables・ip6tables" },
  sides: ["agent", "manager", "between"],
  portsPerRuleMax: PORTS_MAX,
  isStateful: true,
  use: {
    en: "run the .sh beside both .rules files as root; it may be run again; to keep the rules: netfilter-persistent save (Debian, Ubuntu), or service iptables save and service ip6tables save (package iptables-services)",
    ja: "root で .sh を実行してください(繰り返し実行できます)。恒久化: netfilter-persistent save(Debian・Ubuntu)、または service iptables save と service ip6tables save(iptables-services)",
  },
  refuse: never,
  render(ruleSet, { language }) {
    const head = headLines(iptables, ruleSet, language)
      .map((line) => `# ${line}\n`)
      .join("");
    const prefix = sidePrefix(ruleSet.side);
    return [
      { name: `${prefix}.rules.v4`, text: head + iptablesRules(ruleSet, 4) },
      { name: `${prefix}.rules.v6`, text: head + iptablesRules(ruleSet, 6) },
      { name: `${prefix}-iptables.sh`, text: loader(head, ruleSet.side) },
    ];
  },
};

const SHORT: Readonly<Record<Side, string>> = { agent: "AGENT", manager: "MANAGER", between: "BETWEEN" };
/** The built-in chain that jumps to ours. */
const HOOKS: Readonly<Record<Direction, string>> = { in: "INPUT", out: "OUTPUT", forward: "FORWARD" };
const OWN_END = { in: "destination", out: "source", forward: "neither" } as const;

/** Our chains by the built-in one that jumps to each. */
export function iptablesChains(
  side: Side,
): { readonly name: string; readonly hook: string; readonly direction: Direction }[] {
  const directions: readonly Direction[] = side === "between" ? ["forward"] : ["in", "out"];
  return directions.map((direction) => ({
    name: `RUSUBAN-${SHORT[side]}-${direction.toUpperCase()}`,
    hook: HOOKS[direction],
    direction,
  }));
}

/** The text for `iptables-restore --noflush`, or for family 6 `ip6tables-restore --noflush`. */
export function iptablesRules({ side, rules }: RuleSet, family: 4 | 6): string {
  const chains = iptablesChains(side);
  const lines = chains.flatMap(({ name, direction }) =>
    [
      ...replyPeers(rules, OWN_END[direction])
        .filter((peers) => peers.family === family)
        .flatMap((peers) => established(peers, side)),
      ...(rules.length === 0
        ? []
        : [`-p ${icmp(family)} -m conntrack --ctstate RELATED${comment(`${markOf(side)}errors`)}`]),
      ...rules
        .filter((rule) => rule.direction === direction)
        .flatMap(byFamily)
        .filter((rule) => rule.family === family)
        .flatMap(openings),
    ].map((line) => `-A ${name} ${line} -j ACCEPT\n`),
  );
  const declared = chains.map(({ name }) => `:${name} - [0:0]\n`);
  const emptied = chains.map(({ name }) => `-F ${name}\n`);
  return `*filter\n${[...declared, ...emptied, ...lines].join("")}COMMIT\n`;
}

function established({ sources, destinations }: ReplyPeers, side: Side): string[] {
  return ends(sources, destinations).map(
    (pair) => `${pair}-m conntrack --ctstate ESTABLISHED${comment(`${markOf(side)}replies`)}`,
  );
}

function openings(rule: FamilyRule): string[] {
  const { direction, sources, destinations } = rule;
  // A host's own address is not named: it may have more of them than are declared.
  const pairs = ends(direction === "out" ? null : sources, direction === "in" ? null : destinations);
  const rest = packets(rule).map((packet) => `${packet} -m conntrack --ctstate NEW${comment(rule.comment)}`);
  return pairs.flatMap((pair) => rest.map((packet) => pair + packet));
}

/** `-s A -d B `, for each pair. */
function ends(sources: readonly Address[] | null, destinations: readonly Address[] | null): string[] {
  const from = sources === null ? [""] : sources.map((address) => `-s ${formatCidr(address)} `);
  const to = destinations === null ? [""] : destinations.map((address) => `-d ${formatCidr(address)} `);
  return from.flatMap((source) => to.map((destination) => source + destination));
}

function packets({ transport, ports, family }: FamilyRule): string[] {
  if (transport === "icmp") {
    return [family === 4 ? "-p icmp --icmp-type echo-request" : "-p ipv6-icmp --icmpv6-type echo-request"];
  }
  return portLists(ports, PORTS_MAX).map((list) => {
    const text = list.map((range) => portText(range, ":")).join(",");
    return `-p ${transport} ${list.length === 1 ? "--dport" : "-m multiport --dports"} ${text}`;
  });
}

function icmp(family: 4 | 6): string {
  return family === 4 ? "icmp" : "ipv6-icmp";
}

function comment(text: string): string {
  return ` -m comment --comment "${harmless(text, { bytesMax: COMMENT_BYTES_MAX })}"`;
}

function loader(head: string, side: Side): string {
  const prefix = sidePrefix(side);
  const hooks = iptablesChains(side).map(
    ({ name, hook }) => `hook iptables ${hook} ${name}\nhook ip6tables ${hook} ${name}\n`,
  );
  return `#!/bin/sh
${head}set -eu
cd "$(dirname "$0")"

# hook PROGRAM CHAIN OURS: CHAIN goes through OURS first, however often this is run.
hook() {
  "$1" -w -C "$2" -j "$3" 2>/dev/null || "$1" -w -I "$2" 1 -j "$3"
}
# Both are read before either is loaded.
iptables-restore --noflush --test <${prefix}.rules.v4
ip6tables-restore --noflush --test <${prefix}.rules.v6
iptables-restore --noflush --wait <${prefix}.rules.v4
ip6tables-restore --noflush --wait <${prefix}.rules.v6
${hooks.join("")}`;
}
