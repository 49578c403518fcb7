// Access lists of a router that keeps no state, in the words of Cisco IOS. Both directions are spelled out: the reply
// comes from the listening port to a port of the caller's choice (above 1023 everywhere), and for TCP it must carry ACK or RST
// (`established`), so that nobody can begin from there. One list for the packets of each party, to be applied inbound
// where they enter; no list of ours ends in a deny, so that neighbour discovery's implicit permits stay in force.

import type { PortRange } from "../../ports/flow.ts";
import type { Address } from "../address.ts";
import { isSingle } from "../address.ts";
import { harmless } from "../harmless.ts";
import { headLines, never, type Renderer, sidePrefix } from "../renderer.ts";
import { ANY, byFamily, type FamilyRule, type Peer, type RuleSet } from "../rule.ts";

/** IOS takes remarks of at most 100 characters. */
const REMARK_BYTES_MAX = 100;
const HEAD_BYTES_MAX = 400;
/** No system calls from a port below. */
const WELL_KNOWN_MAX = 1_023;

export const acl: Renderer = {
  name: "acl",
  title: { en: "stateless router access lists (Cisco IOS)", ja: "ルータのステートレス ACL(Cisco IOS)" },
  sides: ["between"],
  portsPerRuleMax: 2,
  isStateful: false,
  use: {
    en: "paste in configuration mode; apply each list inbound on the interface where that party's packets enter, or merge its lines into the list that is there: an access list denies what it does not permit",
    ja: "paste in configuration mode; apply each list inbound on the interface where that party's packets enter, or merge its lines into the list that is there: an access list denies what it does not permit",
  },
  refuse: never,
  render(ruleSet) {
    // A router's configuration is ASCII.
    const head = headLines(acl, ruleSet, "en").map(
      (line) => `! ${harmless(line, { bytesMax: HEAD_BYTES_MAX, ascii: true })}\n`,
    );
    return [{ name: `${sidePrefix(ruleSet.side)}.acl`, text: `${head.join("")}${lists(ruleSet)}end\n` }];
  },
};

interface Line {
  readonly family: 4 | 6;
  readonly remark: string;
  readonly text: string;
}

function lists({ rules }: RuleSet): string {
  const all = new Map<string, Map<string, Line>>();
  for (const rule of rules) {
    const remark = harmless(rule.comment, { bytesMax: REMARK_BYTES_MAX, ascii: true });
    for (const each of byFamily(rule)) {
      const lists = { there: listOf(all, each, rule.from), back: listOf(all, each, rule.to) };
      const add = (list: Map<string, Line>, text: string) => {
        if (!list.has(text)) list.set(text, { family: each.family, remark, text });
      };
      for (const text of linesThere(each)) add(lists.there, text);
      for (const text of linesBack(each)) add(lists.back, text);
      for (const [text, way] of tooBig(each)) add(lists[way], text);
    }
  }
  return [...all].map(([name, list]) => listText(name, [...list.values()])).join("");
}

/** The lines of one sender in one family, by what they say: a line that is there stands for all that would repeat it. */
function listOf(all: Map<string, Map<string, Line>>, { family }: FamilyRule, sender: Peer): Map<string, Line> {
  const party = sender === ANY ? "any" : sender.party;
  const name = `RUSUBAN-FROM-${party.toUpperCase()}`;
  const key = family === 4 ? `ip access-list extended ${name}` : `ipv6 access-list ${name}-V6`;
  const list = all.get(key) ?? new Map<string, Line>();
  all.set(key, list);
  return list;
}

function listText(command: string, lines: readonly Line[]): string {
  if (lines.length === 0) return "";
  let remark = "";
  const body = lines.map((line) => {
    const isNew = line.remark !== remark;
    remark = line.remark;
    return `${isNew ? ` remark ${line.remark}\n` : ""} ${line.text}\n`;
  });
  return `no ${command}\n${command}\n${body.join("")}!\n`;
}

function linesThere(rule: FamilyRule): string[] {
  const { transport, ports, family } = rule;
  const what =
    transport === "icmp" ? [family === 4 ? " echo" : " echo-request"] : ports.map((range) => ` ${port(range)}`);
  return pairs(rule).flatMap(([source, destination]) =>
    what.map((to) => `permit ${transport} ${source} ${destination}${to}`),
  );
}

function linesBack(rule: FamilyRule): string[] {
  const { transport, ports, isAnswered } = rule;
  if (!isAnswered) return [];
  return pairs(rule).flatMap(([source, destination]) => {
    if (transport === "icmp") return [`permit icmp ${destination} ${source} echo-reply`];
    const state = transport === "tcp" ? " established" : "";
    return ports.map(
      (range) => `permit ${transport} ${destination} ${port(range)} ${source} gt ${WELL_KNOWN_MAX}${state}`,
    );
  });
}

/** Any router on the way may say that a packet does not fit: without these lines large transfers hang (RFC 2923 §2.1, RFC 4890 §4.3.1). */
function tooBig({ transport, sources, destinations }: FamilyRule): (readonly [text: string, way: "there" | "back"])[] {
  if (transport !== "tcp") return [];
  return [
    ...namesOf(destinations).map((name) => [`permit icmp any ${name} packet-too-big`, "there"] as const),
    ...namesOf(sources).map((name) => [`permit icmp any ${name} packet-too-big`, "back"] as const),
  ];
}

function pairs({ sources, destinations }: FamilyRule): (readonly [string, string])[] {
  const names = namesOf(destinations);
  return namesOf(sources).flatMap((source) => names.map((destination) => [source, destination] as const));
}

function namesOf(addresses: readonly Address[] | null): readonly string[] {
  return addresses?.map(host) ?? ["any"];
}

/** `host 192.0.2.1`, `192.0.2.0 0.0.0.255` (a wildcard mask), `2001:db8::/32`. */
function host(address: Address): string {
  if (isSingle(address)) return `host ${address.address}`;
  if (address.family === 6) return `${address.address}/${address.prefix}`;
  const wildcard = 2 ** (32 - address.prefix) - 1;
  const parts = [24, 16, 8, 0].map((shift) => Math.floor(wildcard / 2 ** shift) % 256);
  return `${address.address} ${parts.join(".")}`;
}

function port({ from, to }: PortRange): string {
  return from === to ? `eq ${from}` : `range ${from} ${to}`;
}
