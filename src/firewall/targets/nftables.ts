// Chains of our own inside the table that decides: an accept in a table of our own would open nothing, because packets
// still pass the other tables, and one that drops them wins (man nft, "accept"). So the operator's chains jump here.

import { type Address, formatAddress } from "../address.ts";
import { harmless } from "../harmless.ts";
import { portText } from "../port-list.ts";
import { headLines, type NftPlace, never, type Renderer, sidePrefix } from "../renderer.ts";
import { type ReplyPeers, replyPeers } from "../reply-peers.ts";
import { byFamily, COMMENT_MARK, type Direction, type FamilyRule, markOf, type RuleSet, type Side } from "../rule.ts";

/** libnftnl keeps 128 bytes with the terminating zero. */
const COMMENT_BYTES_MAX = 127;

export const nftables: Renderer = {
  name: "nftables",
  title: { en: "nftables", ja: "nftables" },
  sides: ["agent", "manager", "between"],
  portsPerRuleMax: null,
  isStateful: true,
  use: {
    en: "run the .sh beside the .nft as root: it loads both chains and the jumps to them in one step, and may be run again; to keep them, have /etc/nftables.conf include the .nft and jump to its chains",
    ja: "root で .sh を実行してください(一度に読み込み、繰り返し実行できます)。恒久化するには /etc/nftables.conf から .nft を include し、チェインへの jump を加えてください",
  },
  refuse: never,
  render(ruleSet, { language, nftPlace }) {
    const head = headLines(nftables, ruleSet, language).map((line) => `# ${line}\n`);
    const chains = nftChains(ruleSet);
    const prefix = sidePrefix(ruleSet.side);
    return [
      { name: `${prefix}.nft`, text: `${head.join("")}\n${nftRules(chains, nftPlace)}` },
      { name: `${prefix}-nftables.sh`, text: loader({ head, chains, place: nftPlace, file: `${prefix}.nft` }) },
    ];
  },
};

/** A chain of ours, and the direction of the operator's chain that jumps to it. */
export interface NftChain {
  readonly name: string;
  readonly direction: Direction;
  /** Rules in nft's own words, each with its comment. */
  readonly rules: readonly string[];
}

/** Both of a host's chains are always there, because each carries the other's replies. */
export function nftChains({ side, rules }: RuleSet): NftChain[] {
  const directions: readonly Direction[] = side === "between" ? ["forward"] : ["in", "out"];
  return directions.map((direction) => ({
    name: `rusuban_${side}_${direction}`,
    direction,
    rules: [
      ...replyPeers(rules, OWN_END[direction]).map((peers) => established(peers, side)),
      ...(rules.length === 0 ? [] : [related(side)]),
      ...rules
        .filter((rule) => rule.direction === direction)
        .flatMap(byFamily)
        .map(opening),
    ],
  }));
}

const OWN_END = { in: "destination", out: "source", forward: "neither" } as const;

/** ICMP errors about these connections come from any router on the way; "packet too big" is one of them. */
function related(side: Side): string {
  return `ct state related meta l4proto { icmp, ipv6-icmp } counter accept comment "${markOf(side)}errors"`;
}

/** The whole text for `nft -f`: creates what is missing, empties it and fills it, as one transaction. */
export function nftRules(chains: readonly NftChain[], { table }: NftPlace): string {
  const created = chains.map(({ name }) => `\tchain ${name} {\n\t}\n`).join("");
  const emptied = chains.map(({ name }) => `flush chain ${table} ${name}\n`).join("");
  const filled = chains.map(
    ({ name, rules }) => `\tchain ${name} {\n${rules.map((rule) => `\t\t${rule}\n`).join("")}\t}\n`,
  );
  return `table ${table} {\n${created}}\n${emptied}table ${table} {\n${filled.join("")}}\n`;
}

function established({ family, sources, destinations }: ReplyPeers, side: Side): string {
  return words([
    ends({ family, sources, destinations }),
    "ct state established counter accept",
    `comment "${markOf(side)}replies"`,
  ]);
}

function opening(rule: FamilyRule): string {
  const { direction, sources, destinations } = rule;
  return words([
    // A host's own address is not named: it may have more of them than are declared.
    ends({
      ...rule,
      sources: direction === "out" ? null : sources,
      destinations: direction === "in" ? null : destinations,
    }),
    packet(rule),
    "ct state new counter accept",
    `comment "${harmless(rule.comment, { bytesMax: COMMENT_BYTES_MAX })}"`,
  ]);
}

function ends({ family, sources, destinations }: ReplyPeers): string {
  const ip = family === 4 ? "ip" : "ip6";
  if (sources === null && destinations === null) return `meta nfproto ${family === 4 ? "ipv4" : "ipv6"}`;
  return words([
    sources === null ? "" : `${ip} saddr ${list(sources)}`,
    destinations === null ? "" : `${ip} daddr ${list(destinations)}`,
  ]);
}

function packet({ transport, ports, family }: FamilyRule): string {
  if (transport === "icmp") return family === 4 ? "icmp type echo-request" : "icmpv6 type echo-request";
  return `${transport} dport ${set(ports.map((range) => portText(range, "-")))}`;
}

function list(addresses: readonly Address[]): string {
  return set(addresses.map(formatAddress));
}

function set(items: readonly string[]): string {
  return items.length === 1 ? (items[0] ?? "") : `{ ${items.join(", ")} }`;
}

function words(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" ");
}

function loader({
  head,
  chains,
  place: { table, chains: hooks },
  file,
}: {
  head: readonly string[];
  chains: readonly NftChain[];
  place: NftPlace;
  file: string;
}): string {
  return `#!/bin/sh
${head.join("")}set -eu
cd "$(dirname "$0")"

# hook CHAIN OURS: the line that sends CHAIN through OURS first, unless it does so already or is not there.
hook() {
  if ! nft list chain ${table} "$1" >/dev/null 2>&1; then
    echo "table ${table} has no chain $1: nothing is filtered there, nothing to open" >&2
  elif ! nft list chain ${table} "$1" | grep -q "jump $2"; then
    echo "insert rule ${table} $1 jump $2 comment \\"${COMMENT_MARK}jump\\""
  fi
}
{
  cat ${file}
${chains.map(({ name, direction }) => `  hook ${hooks[direction]} ${name}\n`).join("")}} | nft -f -
`;
}
