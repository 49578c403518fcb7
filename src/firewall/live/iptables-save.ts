// The text of iptables-save(8) and of the files that distributions load when they start: the filter table, where it
// denies, and rules of ours in it. Lines are kept with their places, so that ours can be put in and taken out again.

import type { PortRange, Transport } from "../../ports/flow.ts";
import type { Direction } from "../rule.ts";
import type { Chain, ChainRule } from "./denial.ts";
import { denialOf } from "./denial.ts";
import { normalize, type Opening } from "./opening.ts";

export const OWN_CHAINS = { in: "RUSUBAN-IN", out: "RUSUBAN-OUT", forward: "RUSUBAN-FORWARD" } as const;
export const BUILT_IN = { in: "INPUT", out: "OUTPUT", forward: "FORWARD" } as const;
export const IPTABLES_JUMP_COMMENT = "rusuban:jump";

export interface SavedRule {
  readonly chain: string;
  /** As in the text, from `-A` on. */
  readonly text: string;
  readonly words: readonly string[];
  /** Index of its line in the text. */
  readonly line: number;
}

export interface SavedFilter {
  /** Chain to policy: `ACCEPT`, `DROP`, `-` for one that somebody made. */
  readonly policies: ReadonlyMap<string, string>;
  readonly rules: readonly SavedRule[];
  /** Of the `COMMIT` that ends the table. */
  readonly commitLine: number;
  readonly firstChainLine: number;
}

/** The filter table of the text; undefined where it has none. */
export function parseSaved(text: string): SavedFilter | undefined {
  const policies = new Map<string, string>();
  const rules: SavedRule[] = [];
  let firstChainLine = -1;
  let isFilter = false;
  for (const [line, content] of text.split("\n").entries()) {
    if (content.startsWith("*")) isFilter = content.trim() === "*filter";
    if (!isFilter) continue;
    const [, name, policy] = /^:(\S+) (\S+)/.exec(content) ?? [];
    if (name !== undefined && policy !== undefined) {
      if (firstChainLine < 0) firstChainLine = line;
      policies.set(name, policy);
    }
    // Counters may stand before it: `[12:840] -A INPUT …`.
    const [, rule] = /^(?:\[\d+:\d+\] )?(-A .*)$/.exec(content) ?? [];
    if (rule !== undefined) {
      const words = wordsOf(rule);
      rules.push({ chain: words[1] ?? "", text: rule, words, line });
    }
    if (content.trim() === "COMMIT") return { policies, rules, commitLine: line, firstChainLine };
  }
  return undefined;
}

/** Words with their quotes taken off: comments are the only ones that have some. */
function wordsOf(rule: string): string[] {
  return [...rule.matchAll(/"((?:\\.|[^"\\])*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? "") : quoted.replace(/\\(.)/g, "$1"),
  );
}

export function isOurs({ chain, words }: SavedRule): boolean {
  return isOwnChain(chain) || words.some(isOwnChain);
}

export function isOwnChain(name: string): boolean {
  return Object.values<string>(OWN_CHAINS).includes(name);
}

/** The rules of a chain that are not ours, in order. */
export function othersOf({ rules }: SavedFilter, chain: string): SavedRule[] {
  return rules.filter((rule) => rule.chain === chain && !isOurs(rule));
}

/** Where a built-in chain denies, counted without our rules. */
export function denialIn(filter: SavedFilter, chain: string) {
  const chains = chainsOf(filter);
  return denialOf(chains.get(chain) ?? { policy: "none", rules: [] }, chains);
}

/** All of them without our rules, as the search for denials takes them. */
export function chainsOf(filter: SavedFilter): ReadonlyMap<string, Chain> {
  return new Map([...filter.policies.keys()].map((name) => [name, chainOf(filter, name)]));
}

function chainOf(filter: SavedFilter, name: string): Chain {
  const policy = filter.policies.get(name);
  return {
    policy: policy === "DROP" ? "drop" : policy === "ACCEPT" ? "accept" : "none",
    rules: othersOf(filter, name).map((rule) => chainRuleOf(rule, filter)),
  };
}

function chainRuleOf({ words }: SavedRule, { policies }: SavedFilter): ChainRule {
  const at = words.findIndex((word) => word === "-j" || word === "-g");
  const target = words[at + 1] ?? "";
  const matches = words.slice(2, at < 0 ? undefined : at).join("\0");
  const isUnconditional = /^(?:-m\0comment\0--comment\0[^\0]*)?$/.test(matches);
  const verdict: ChainRule["verdict"] =
    target === "ACCEPT"
      ? "accept"
      : target === "DROP" || target === "REJECT"
        ? "deny"
        : target === "RETURN"
          ? "return"
          : policies.has(target)
            ? words[at] === "-g"
              ? { goto: target }
              : { jump: target }
            : "none";
  return { isUnconditional, verdict };
}

/** Whether the built-in chain leads to ours before it denies. */
export function isReached(filter: SavedFilter, direction: Direction): boolean {
  const chain = BUILT_IN[direction];
  const inChain = filter.rules.filter((rule) => rule.chain === chain);
  const jump = inChain.findIndex(({ words }) => words.at(-2) === "-j" && words.at(-1) === OWN_CHAINS[direction]);
  if (jump < 0) return false;
  const denial = denialIn(filter, chain);
  return !denial.denies || inChain.slice(0, jump).filter((rule) => !isOurs(rule)).length <= denial.index;
}

/** The text of one opening: `-A RUSUBAN-IN -s 10.0.0.1/32 -p tcp …`. It has one address a side and at most 15 ports. */
export function ruleTextOf({ direction, family, transport, from, to, ports, comment }: Opening): string {
  const icmp =
    family === 4 ? "-p icmp -m icmp --icmp-type echo-request" : "-p ipv6-icmp -m icmp6 --icmpv6-type echo-request";
  const list = ports
    .map((range) => (range.from === range.to ? `${range.from}` : `${range.from}:${range.to}`))
    .join(",");
  const match = ports.length === 1 ? `-m ${transport} --dport ${list}` : `-m multiport --dports ${list}`;
  return [
    `-A ${OWN_CHAINS[direction]}`,
    ...from.map((address) => `-s ${address}`),
    ...to.map((address) => `-d ${address}`),
    transport === "icmp" ? icmp : `-p ${transport} ${match}`,
    `-m comment --comment "${comment}" -j ACCEPT`,
  ].join(" ");
}

/** A rule of one of our chains as an opening; undefined for one that we did not write so. */
export function openingOfSaved({ words }: SavedRule, direction: Direction, family: 4 | 6): Opening | undefined {
  const draft = { from: [] as string[], to: [] as string[], ports: [] as PortRange[], comment: "" };
  let transport: Transport | undefined;
  for (let index = 2; index < words.length; index += 2) {
    const [option = "", value = ""] = [words[index], words[index + 1]];
    if (option === "-s") draft.from.push(value);
    else if (option === "-d") draft.to.push(value);
    else if (option === "-p")
      transport = { tcp: "tcp", udp: "udp", icmp: "icmp", "ipv6-icmp": "icmp" }[value] as Transport;
    else if (option === "--dport" || option === "--dports") draft.ports.push(...value.split(",").map(rangeOf));
    else if (option === "--comment") draft.comment = value;
    else if (/^--icmp(v6)?-type$/.test(option) && /^(8|128|echo-request)$/.test(value)) continue;
    else if (option === "-m" && /^(tcp|udp|multiport|comment|icmp6?)$/.test(value)) continue;
    else if (!(option === "-j" && value === "ACCEPT" && index === words.length - 2)) return undefined;
  }
  if (words.at(-1) !== "ACCEPT" || transport === undefined || Number.isNaN(draft.ports[0]?.from)) return undefined;
  if (transport !== "icmp" && draft.ports.length === 0) return undefined;
  return normalize({ direction, family, transport, ...draft });
}

function rangeOf(text: string): PortRange {
  const [from = "", to = from] = text.split(":");
  return { from: Number(from), to: Number(to) };
}
