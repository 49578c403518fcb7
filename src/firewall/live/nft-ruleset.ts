// What `nft -j list ruleset` says (libnftables-json(5)), as far as it matters here: tables, chains and hooks, where they
// deny, and the rules of ours read back as openings.

import type { PortRange } from "../../ports/flow.ts";
import { PeerError } from "../../runtime/errors.ts";
import type { Direction } from "../rule.ts";
import type { Chain, ChainRule } from "./denial.ts";
import { JOB_PEERS, normalize, type Opening } from "./opening.ts";

export interface NftRule {
  readonly handle: number;
  readonly comment: string;
  readonly expressions: readonly Json[];
}

export interface NftChain {
  readonly table: string;
  readonly family: string;
  readonly name: string;
  readonly hook: string | null;
  readonly type: string | null;
  readonly policy: "accept" | "drop" | "none";
  readonly rules: NftRule[];
}

export interface NftRuleset {
  readonly version: string;
  /** `inet filter`. */
  readonly tables: readonly string[];
  readonly chains: readonly NftChain[];
  /** `inet filter rusuban-jobs4`. */
  readonly sets: readonly string[];
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export function parseNftRuleset(text: string): NftRuleset {
  const items = record(JSON.parse(text)).nftables;
  if (!Array.isArray(items)) throw new PeerError("unexpected-output", "nft -j list ruleset: no list of objects");
  const tables: string[] = [];
  const sets: string[] = [];
  const chains = new Map<string, NftChain>();
  let version = "";
  for (const item of items as readonly Json[]) {
    const [kind = "", content = null] = Object.entries(record(item))[0] ?? [];
    const { family, table, name, chain, hook, type, policy, handle, comment, expr, version: told } = record(content);
    const place = `${textIn(family)} ${textIn(table)}`;
    if (kind === "metainfo") version = textIn(told);
    if (kind === "table") tables.push(`${textIn(family)} ${textIn(name)}`);
    if (kind === "set" || kind === "map") sets.push(`${place} ${textIn(name)}`);
    if (kind === "chain") {
      const hookName = typeof hook === "string" ? hook : null;
      chains.set(`${place} ${textIn(name)}`, {
        table: textIn(table),
        family: textIn(family),
        name: textIn(name),
        hook: hookName,
        type: typeof type === "string" ? type : null,
        policy: hookName === null ? "none" : policy === "drop" ? "drop" : "accept",
        rules: [],
      });
    }
    if (kind === "rule") {
      const rule = { handle: Number(handle), comment: textIn(comment), expressions: Array.isArray(expr) ? expr : [] };
      chains.get(`${place} ${textIn(chain)}`)?.rules.push(rule);
    }
  }
  return { version, tables, chains: [...chains.values()], sets };
}

/** The chains of one table as the search for denials takes them. */
export function chainsOfTable(ruleset: NftRuleset, { family, table }: Pick<NftChain, "family" | "table">) {
  const own = ruleset.chains.filter((chain) => chain.family === family && chain.table === table);
  return new Map<string, Chain>(own.map(({ name, policy, rules }) => [name, { policy, rules: rules.map(chainRule) }]));
}

/** Statements that decide nothing. */
const IDLE = ["counter", "log", "notrack", "mangle"];

export function chainRule({ expressions }: NftRule): ChainRule {
  let verdict: ChainRule["verdict"] = "none";
  let isUnconditional = true;
  for (const expression of expressions) {
    const [kind = "", value = null] = Object.entries(record(expression))[0] ?? [];
    if (kind === "accept" || kind === "return") verdict = kind;
    else if (kind === "drop" || kind === "reject") verdict = "deny";
    else if (kind === "jump") verdict = { jump: textIn(record(value).target) };
    else if (kind === "goto") verdict = { goto: textIn(record(value).target) };
    else if (!IDLE.includes(kind)) isUnconditional = false;
  }
  return { isUnconditional, verdict };
}

/** A rule in one of our chains as an opening; undefined for one that we did not write so. */
export function openingOfRule(
  { expressions, comment }: NftRule,
  { direction, tableFamily }: { readonly direction: Direction; readonly tableFamily: string },
): Opening | undefined {
  const draft: Draft = { from: [], to: [], ports: [] };
  if (tableFamily === "ip") draft.family = 4;
  if (tableFamily === "ip6") draft.family = 6;
  for (const [index, expression] of expressions.entries()) {
    const [kind = "", value = null] = Object.entries(record(expression))[0] ?? [];
    if (kind === "counter") continue;
    if (kind === "accept" && index === expressions.length - 1) continue;
    if (kind !== "match" || !readMatch(record(value), draft)) return undefined;
  }
  const { family, transport, from, to, ports } = draft;
  const isAccept = expressions.some((expression) => "accept" in record(expression));
  if (!isAccept || family === undefined || transport === undefined) return undefined;
  return normalize({ direction, family, transport, from, to, ports, comment });
}

interface Draft {
  family?: 4 | 6;
  transport?: Opening["transport"];
  from: readonly string[];
  to: readonly string[];
  ports: readonly PortRange[];
}

/** Takes one match into the draft; false where it is none of those that we write. */
function readMatch({ op, left, right }: { readonly [key: string]: Json }, draft: Draft): boolean {
  if (op !== "==" || right === undefined) return false;
  const { payload, meta, concat } = record(left);
  if (meta !== undefined && record(meta).key === "nfproto") {
    draft.family = right === "ipv6" ? 6 : 4;
    return right === "ipv4" || right === "ipv6";
  }
  if (concat !== undefined) {
    // Peer and port of a running job, in one set.
    if (!Array.isArray(concat) || concat.length !== 2 || !/^@rusuban-jobs[46]$/.test(textIn(right))) return false;
    draft.family = textIn(right).endsWith("6") ? 6 : 4;
    draft.transport = "tcp";
    draft.from = [JOB_PEERS];
    return true;
  }
  const { protocol, field } = record(payload ?? null);
  if ((protocol === "ip" || protocol === "ip6") && (field === "saddr" || field === "daddr")) {
    const addresses = elementsOf(right).map(addressText);
    if (addresses.includes(undefined)) return false;
    draft.family = protocol === "ip6" ? 6 : 4;
    draft[field === "saddr" ? "from" : "to"] = addresses as readonly string[];
    return true;
  }
  if ((protocol === "tcp" || protocol === "udp") && field === "dport") {
    const ports = elementsOf(right).map(portRangeOf);
    if (ports.includes(undefined)) return false;
    draft.transport = protocol;
    draft.ports = ports as readonly PortRange[];
    return true;
  }
  if ((protocol === "icmp" || protocol === "icmpv6") && field === "type" && right === "echo-request") {
    draft.transport = "icmp";
    draft.family = protocol === "icmpv6" ? 6 : 4;
    return true;
  }
  return false;
}

function elementsOf(right: Json): readonly Json[] {
  const { set } = record(right);
  return Array.isArray(set) ? set : [right];
}

function addressText(element: Json): string | undefined {
  if (typeof element === "string") return element.startsWith("@") ? undefined : element;
  const { prefix, range } = record(element);
  if (prefix !== undefined) return `${textIn(record(prefix).addr)}/${Number(record(prefix).len)}`;
  return Array.isArray(range) ? `${textIn(range[0])}-${textIn(range[1])}` : undefined;
}

function portRangeOf(element: Json): PortRange | undefined {
  if (typeof element === "number") return { from: element, to: element };
  const { range } = record(element);
  return Array.isArray(range) ? { from: Number(range[0]), to: Number(range[1]) } : undefined;
}

function record(value: unknown): { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: Json }) : {};
}

function textIn(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}
