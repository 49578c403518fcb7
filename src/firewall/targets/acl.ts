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
  readonly list: string;
  readonly family: 4 | 6;
  readonly remark: string;
  readonly text: string;
}

function lists({ rules }: RuleSet): string {
  const lines = rules.flatMap(byFamily).flatMap((rule) => [...linesThere(rule), ...linesBack(rule), ...tooBig(rule)]);
  const all = new Map<string, Map<string, Line>>();
  for (const line of lines) {
    const key = `${line.family} ${line.list}`;
    const list = all.get(key) ?? new Map<string, Line>();
    all.set(key, list);
    if (!list.has(line.text)) list.set(line.text, line);
  }
  return [...all.values()].map((list) => listText([...list.values()])).join("");
}

function listText(lines: readonly Line[]): string {
  const [first] = lines;
  if (first === undefined) return "";
  const command = first.family === 4 ? `ip access-list extended ${first.list}` : `ipv6 access-list ${first.list}-V6`;
  let remark = "";
  const body = lines.map((line) => {
    const isNew = line.remark !== remark;
    remark = line.remark;
    return `${isNew ? ` remark ${line.remark}\n` : ""} ${line.text}\n`;
  });
  return `no ${command}\n${command}\n${body.join("")}!\n`;
}

function linesThere(rule: FamilyRule): Line[] {
  const { transport, ports, family } = rule;
  const what =
    transport === "icmp" ? [family === 4 ? " echo" : " echo-request"] : ports.map((range) => ` ${port(range)}`);
  return pairs(rule).flatMap(([source, destination]) =>
    what.map((to) => line(rule, rule.from, `permit ${transport} ${source} ${destination}${to}`)),
  );
}

function linesBack(rule: FamilyRule): Line[] {
  const { transport, ports, isAnswered } = rule;
  if (!isAnswered) return [];
  return pairs(rule).flatMap(([source, destination]) => {
    if (transport === "icmp") return [line(rule, rule.to, `permit icmp ${destination} ${source} echo-reply`)];
    const state = transport === "tcp" ? " established" : "";
    return ports.map((range) =>
      line(rule, rule.to, `permit ${transport} ${destination} ${port(range)} ${source} gt ${WELL_KNOWN_MAX}${state}`),
    );
  });
}

/** Any router on the way may say that a packet does not fit: without these lines large transfers hang (RFC 2923 §2.1, RFC 4890 §4.3.1). */
function tooBig(rule: FamilyRule): Line[] {
  if (rule.transport !== "tcp") return [];
  return pairs(rule).flatMap(([source, destination]) => [
    line(rule, rule.from, `permit icmp any ${destination} packet-too-big`),
    line(rule, rule.to, `permit icmp any ${source} packet-too-big`),
  ]);
}

function line({ family, comment }: FamilyRule, sender: Peer, text: string): Line {
  const party = sender === ANY ? "any" : sender.party;
  const remark = harmless(comment, { bytesMax: REMARK_BYTES_MAX, ascii: true });
  return { list: `RUSUBAN-FROM-${party.toUpperCase()}`, family, remark, text };
}

function pairs({ sources, destinations }: FamilyRule): (readonly [string, string])[] {
  const names = (list: readonly Address[] | null) => list?.map(host) ?? ["any"];
  return names(sources).flatMap((source) => names(destinations).map((destination) => [source, destination] as const));
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
