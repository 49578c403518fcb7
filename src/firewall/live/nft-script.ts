// The words of nft for rules of ours: chains of our own in the table that decides, or in a table of our own. One text is
// one transaction: all of it or nothing (nft(8), "-f").

import type { Direction } from "../rule.ts";
import { denialOf } from "./denial.ts";
import { chainRule, chainsOfTable, type NftChain, type NftRuleset } from "./nft-ruleset.ts";
import { JOB_PEERS, JOBS_COMMENT, type Opening, type PlacedOpening, portText } from "./opening.ts";

/** Our own table, for a host where nobody decides. */
export const OWN_TABLE = "inet rusuban";
export const JUMP_COMMENT = "rusuban:jump";
const CHAIN_OF = { in: "rusuban-in", out: "rusuban-out", forward: "rusuban-forward" } as const;
const HOOK_OF = { in: "input", out: "output", forward: "forward" } as const;
const DENYING = ", denying the rest";

/** What a place's text stands for. */
export interface NftPlace {
  readonly table: string;
  readonly chain: string;
  readonly direction: Direction;
  /** Only in our own table: what no opening lets through is dropped. */
  readonly denies: boolean;
}

export function ownPlace(direction: Direction, denies: boolean): string {
  return `${OWN_TABLE} ${HOOK_OF[direction]}${denies ? DENYING : ""}`;
}

export function placeText({ family, table, name }: Pick<NftChain, "family" | "table" | "name">): string {
  return `${family} ${table} ${name}`;
}

function placeOf({ place, opening }: PlacedOpening): NftPlace {
  const denies = place.endsWith(DENYING);
  const [family = "", table = "", chain = ""] = place.slice(0, denies ? -DENYING.length : undefined).split(" ");
  return { table: `${family} ${table}`, chain, direction: opening.direction, denies };
}

export function directionOfChain(name: string): Direction | undefined {
  return (["in", "out", "forward"] as const).find((direction) => CHAIN_OF[direction] === name);
}

/** What a table that drops by default must let through all the same, so that the host stays one (RFC 4890 §4.4). */
const BEFORE_DENYING = [
  "ct state established,related accept",
  "iif lo accept",
  "icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem, mld-listener-query, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept",
  "icmp type { destination-unreachable, time-exceeded, parameter-problem } accept",
  // Leases are renewed by broadcast, which connection tracking does not tie to its request.
  "udp sport 67 udp dport 68 accept",
  "ip6 saddr fe80::/10 udp sport 547 udp dport 546 accept",
];

export function rulesBeforeJump({ denies }: Pick<NftPlace, "denies">): readonly string[] {
  return denies ? BEFORE_DENYING : [];
}

/** The statements of one opening, without table and chain. */
export function ruleText(opening: Opening, tableFamily: string): string {
  const { family, transport, from, to, ports } = opening;
  const ip = family === 4 ? "ip" : "ip6";
  const comment = `comment "${opening.comment}"`;
  if (from.includes(JOB_PEERS)) return `${ip} saddr . tcp dport @${jobSet(family)} accept comment "${JOBS_COMMENT}"`;
  const hasAddress = from.length + to.length > 0;
  const what =
    transport === "icmp"
      ? `${family === 4 ? "icmp" : "icmpv6"} type echo-request`
      : `${transport} dport ${list(ports.map(portText))}`;
  return [
    ...(hasAddress || tableFamily !== "inet" || transport === "icmp" ? [] : [`meta nfproto ipv${family}`]),
    ...(from.length === 0 ? [] : [`${ip} saddr ${list(from)}`]),
    ...(to.length === 0 ? [] : [`${ip} daddr ${list(to)}`]),
    what,
    "accept",
    comment,
  ].join(" ");
}

function list(items: readonly string[]): string {
  return items.length === 1 ? `${items[0]}` : `{ ${items.join(", ")} }`;
}

export function jobSet(family: 4 | 6): string {
  return `rusuban-jobs${family}`;
}

function addJobSet(table: string, family: 4 | 6): string {
  return `add set ${table} ${jobSet(family)} { type ipv${family}_addr . inet_service; flags timeout; }`;
}

/** The text that makes exactly `entries` of ours be there. Empty where our things are neither there nor wanted. */
export function convergeScript(ruleset: NftRuleset, entries: readonly PlacedOpening[]): string {
  const wanted = groupByPlace(entries);
  const lines: string[] = [];
  const isOwnWanted = wanted.some(({ place }) => place.table === OWN_TABLE);
  if (ruleset.tables.includes(OWN_TABLE) && !isOwnWanted) lines.push(`delete table ${OWN_TABLE}`);
  if (isOwnWanted) lines.push(`add table ${OWN_TABLE}`);
  lines.push(...wanted.flatMap(({ place }) => (place.table === OWN_TABLE ? ownBaseChain(place) : [])));

  const existing = ruleset.chains.filter(({ name }) => directionOfChain(name) !== undefined);
  for (const chain of existing) {
    const table = `${chain.family} ${chain.table}`;
    if (table === OWN_TABLE && !isOwnWanted) continue; // It goes with its table.
    const direction = directionOfChain(chain.name) as Direction;
    const places = wanted.filter(({ place }) => place.table === table && place.direction === direction);
    // Jumps first: a chain that is jumped to cannot be deleted.
    if (table !== OWN_TABLE)
      lines.push(
        ...outdatedJumps(
          ruleset,
          chain,
          places.map(({ place }) => place.chain),
        ),
      );
    if (places.length > 0) continue;
    if (table === OWN_TABLE) lines.push(...deleteChain(table, HOOK_OF[direction]));
    lines.push(...deleteChain(table, chain.name));
  }
  for (const { place, openings } of wanted) lines.push(...contents(ruleset, place, openings));
  for (const set of ruleset.sets) {
    const [, table = "", family] = /^(\S+ \S+) rusuban-jobs([46])$/.exec(set) ?? [];
    const isWanted = wanted.some(
      ({ place, openings }) =>
        place.table === table && openings.some((each) => each.from.includes(JOB_PEERS) && `${each.family}` === family),
    );
    if (family !== undefined && !isWanted && (table !== OWN_TABLE || isOwnWanted)) lines.push(`delete set ${set}`);
  }
  return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
}

/** Lines for a file that a restart loads after everybody else's rules (persistence: nft-persistence.ts). */
export function bootScript(ruleset: NftRuleset, entries: readonly PlacedOpening[]): string {
  const lines = groupByPlace(entries).flatMap(({ place, openings }) => {
    if (place.table === OWN_TABLE) {
      return [`add table ${OWN_TABLE}`, ...ownBaseChain(place), ...chainContents(place, openings), ownJump(place)];
    }
    const base = baseChain(ruleset, place);
    const isByRule = base !== undefined && denialIn(ruleset, base).index < othersOf(base).length;
    // At the end where the policy denies; where a rule does, before all of them: a file knows no numbers of rules.
    const verb = isByRule ? "insert" : "add";
    return [
      ...chainContents(place, openings),
      `${verb} rule ${place.table} ${place.chain} jump ${CHAIN_OF[place.direction]} comment "${JUMP_COMMENT}"`,
    ];
  });
  return `${[...new Set(lines)].join("\n")}\n`;
}

interface PlaceAndOpenings {
  readonly place: NftPlace;
  readonly openings: readonly Opening[];
}

function groupByPlace(entries: readonly PlacedOpening[]): PlaceAndOpenings[] {
  const groups = new Map<string, { place: NftPlace; openings: Opening[] }>();
  for (const entry of entries) {
    const key = `${entry.place} ${entry.opening.direction}`;
    const group = groups.get(key) ?? { place: placeOf(entry), openings: [] };
    group.openings.push(entry.opening);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function ownBaseChain(place: NftPlace): string[] {
  const hook = HOOK_OF[place.direction];
  const policy = place.denies ? "drop" : "accept";
  return [
    `add chain ${OWN_TABLE} ${hook} { type filter hook ${hook} priority filter - 5; policy ${policy}; }`,
    `flush chain ${OWN_TABLE} ${hook}`,
    ...rulesBeforeJump(place).map((rule) => `add rule ${OWN_TABLE} ${hook} ${rule}`),
  ];
}

function ownJump({ direction }: NftPlace): string {
  return `add rule ${OWN_TABLE} ${HOOK_OF[direction]} jump ${CHAIN_OF[direction]} comment "${JUMP_COMMENT}"`;
}

function contents(ruleset: NftRuleset, place: NftPlace, openings: readonly Opening[]): string[] {
  const lines = chainContents(place, openings);
  if (place.table === OWN_TABLE) return [...lines, ownJump(place)];
  const base = baseChain(ruleset, place);
  if (base === undefined || isReached(ruleset, base)) return lines;
  const others = othersOf(base);
  const before = others[denialIn(ruleset, base).index];
  const target = `${place.table} ${place.chain}`;
  const jump = `jump ${CHAIN_OF[place.direction]} comment "${JUMP_COMMENT}"`;
  return [
    ...lines,
    before === undefined ? `add rule ${target} ${jump}` : `insert rule ${target} position ${before.handle} ${jump}`,
  ];
}

function chainContents({ table, direction }: NftPlace, openings: readonly Opening[]): string[] {
  const chain = `${table} ${CHAIN_OF[direction]}`;
  const [family = ""] = table.split(" ");
  return [
    ...openings.filter(({ from }) => from.includes(JOB_PEERS)).map((opening) => addJobSet(table, opening.family)),
    `add chain ${chain}`,
    `flush chain ${chain}`,
    ...openings.map((opening) => `add rule ${chain} ${ruleText(opening, family)}`),
  ];
}

function deleteChain(table: string, name: string): string[] {
  return [`flush chain ${table} ${name}`, `delete chain ${table} ${name}`];
}

/** Jumps to `chain` from where none is wanted, or from where it comes too late. */
function outdatedJumps(ruleset: NftRuleset, chain: NftChain, wantedFrom: readonly string[]): string[] {
  return ruleset.chains
    .filter(({ family, table }) => family === chain.family && table === chain.table)
    .flatMap((base) => {
      const keep = wantedFrom.includes(base.name) && isReached(ruleset, base);
      return base.rules
        .filter((rule) => jumpsTo(rule, chain.name))
        .slice(keep ? 1 : 0)
        .map(({ handle }) => `delete rule ${base.family} ${base.table} ${base.name} handle ${handle}`);
    });
}

function baseChain(ruleset: NftRuleset, place: NftPlace): NftChain | undefined {
  return ruleset.chains.find((chain) => placeText(chain) === `${place.table} ${place.chain}`);
}

function jumpsTo(rule: NftChain["rules"][number], name: string): boolean {
  const { verdict, isUnconditional } = chainRule(rule);
  return isUnconditional && typeof verdict === "object" && "jump" in verdict && verdict.jump === name;
}

function isOurJump(rule: NftChain["rules"][number]): boolean {
  const { verdict } = chainRule(rule);
  return typeof verdict === "object" && "jump" in verdict && directionOfChain(verdict.jump) !== undefined;
}

/** The rules of a chain that are not ours. */
export function othersOf(base: NftChain): NftChain["rules"] {
  return base.rules.filter((rule) => !isOurJump(rule));
}

/** Where a chain denies, our jump left out of the counting; past its end where it does not. */
export function denialIn(ruleset: NftRuleset, base: NftChain): { readonly denies: boolean; readonly index: number } {
  const rules = othersOf(base);
  const denial = denialOf({ policy: base.policy, rules: rules.map(chainRule) }, chainsOfTable(ruleset, base));
  return denial.denies ? denial : { denies: false, index: rules.length };
}

/** Whether the base chain jumps to our chain before it denies. */
export function isReached(ruleset: NftRuleset, base: NftChain): boolean {
  const jump = base.rules.findIndex(isOurJump);
  return jump >= 0 && jump <= denialIn(ruleset, base).index;
}
