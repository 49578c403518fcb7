// What the three tables for the firewall team have in common. A table says replies in words, because who reads it may
// have either kind of firewall.

import type { Language } from "../../ports/flow.ts";
import { formatAddress } from "../address.ts";
import { RULE_PARTY_TITLES } from "../conversation.ts";
import { oneLine } from "../harmless.ts";
import { portText } from "../port-list.ts";
import { ANY, type Endpoint, type Peer, type Rule, type RuleSet, type Side } from "../rule.ts";

export const TABLE_SIDES: readonly Side[] = ["agent", "manager", "between"];

const CAPTIONS = {
  en: [
    "No.",
    "Flow",
    "From",
    "Source address",
    "To",
    "Destination address",
    "Protocol",
    "Port",
    "Replies",
    "What it is for",
  ],
  ja: ["No.", "フロー", "発信元", "発信元アドレス", "宛先", "宛先アドレス", "プロトコル", "ポート", "戻り通信", "用途"],
} as const satisfies Record<Language, readonly string[]>;

const WORDS = {
  en: {
    any: "any",
    unknown: "this host",
    yes: "yes",
    no: "none",
    echo: "echo request",
    echoReply: "echo reply",
    leftOut: "Left out",
    noRules: "No rules.",
  },
  ja: {
    any: "すべて",
    unknown: "このホスト",
    yes: "あり",
    no: "なし",
    echo: "エコー要求",
    echoReply: "エコー応答",
    leftOut: "対象外",
    noRules: "規則はありません。",
  },
} as const satisfies Record<Language, Readonly<Record<string, string>>>;

export function tableHead(language: Language): readonly string[] {
  return CAPTIONS[language];
}

export function tableWords(language: Language): (typeof WORDS)[Language] {
  return WORDS[language];
}

/** A row a rule; every cell is one line. */
export function tableRows({ rules }: RuleSet, language: Language): string[][] {
  return rules.map((rule, index) =>
    [
      String(index + 1),
      rule.flow,
      nameOf(rule.from, language),
      addressesOf(rule.from, language),
      nameOf(rule.to, language),
      addressesOf(rule.to, language),
      rule.transport,
      portsOf(rule, language),
      repliesOf(rule, language),
      rule.title[language],
    ].map(oneLine),
  );
}

function nameOf(peer: Peer, language: Language): string {
  if (peer === ANY) return WORDS[language].any;
  const title = RULE_PARTY_TITLES[peer.party][language];
  return peer.name === peer.party || peer.name === "agents" ? title : `${title} ${peer.name}`;
}

function addressesOf(peer: Peer, language: Language): string {
  if (peer === ANY) return WORDS[language].any;
  if (peer.addresses.length === 0) return WORDS[language].unknown;
  const hosts = new Set(peer.addresses.map(({ host }) => host));
  return hosts.size < 2 ? peer.addresses.map(formatAddress).join(", ") : byHost(peer);
}

/** `web1 10.77.2.20, fd77:2::20; web2 10.77.2.21`. */
function byHost({ addresses }: Endpoint): string {
  const hosts = new Map<string, string[]>();
  for (const address of addresses)
    hosts.set(address.host, [...(hosts.get(address.host) ?? []), formatAddress(address)]);
  return [...hosts].map(([host, list]) => `${host} ${list.join(", ")}`).join("; ");
}

function portsOf({ transport, ports }: Rule, language: Language): string {
  return transport === "icmp" ? WORDS[language].echo : ports.map((range) => portText(range, "-")).join(", ");
}

function repliesOf({ transport, isAnswered }: Rule, language: Language): string {
  const { no, yes, echoReply } = WORDS[language];
  if (!isAnswered) return no;
  return transport === "icmp" ? echoReply : yes;
}
