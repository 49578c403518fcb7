// Rules for people who run one of the original products: from the rows of its port document instead of our port map.
// What the document does not say is not made up: such a row is left out until the operator says it.

import { type PortRange, type Text, TRANSPORTS, type Transport } from "../ports/flow.ts";
import { type Profile, type ProfileRow, type ProfileVariant, rowsFor } from "../ports/profiles/profile.ts";
import { SettingsError } from "../runtime/errors.ts";
import { type Conversation, rulesAt } from "./conversation.ts";
import { checkDataRange } from "./data-range.ts";
import { mergeRanges } from "./port-list.ts";
import type { RuleParty, RuleSet, Side } from "./rule.ts";
import type { Topology } from "./topology.ts";

interface ProfileNeeds {
  readonly side: Side;
  readonly topology: Topology;
  readonly profile: Profile;
  /** Null only for a profile without variants. */
  readonly variant: ProfileVariant | null;
  /** Changed ports by row: `esm-07`. */
  readonly ports: ReadonlyMap<string, PortRange>;
  /** Who begins, for rows whose document does not say. */
  readonly initiators: ReadonlyMap<string, RuleParty>;
  /** For the size of a range of data ports. */
  readonly concurrentJobs?: number;
  readonly allowOverlap?: boolean;
}

/** Throws SettingsError, naming the row, for a change that cannot be honoured and for a range that nobody chose. */
export function deriveProfileRules(needs: ProfileNeeds): RuleSet {
  const { profile, variant, side, topology } = needs;
  const rows = variant === null ? profile.rows : rowsFor(profile, variant);
  for (const [what, ids] of [
    ["port", needs.ports.keys()],
    ["from", needs.initiators.keys()],
  ] as const) {
    for (const id of ids) requireRow(profile, rows, { what, id });
  }
  return rulesAt(
    side,
    topology,
    rows.filter(({ scope }) => scope === "network").flatMap((row) => conversationsOf(row, needs)),
  );
}

function requireRow(
  profile: Profile,
  rows: readonly ProfileRow[],
  { what, id }: { readonly what: string; readonly id: string },
): void {
  if (rows.some((row) => row.id === id)) return;
  const elsewhere = profile.rows.some((row) => row.id === id);
  throw new SettingsError(
    `${what} ${id}`,
    elsewhere
      ? "this row does not exist in the chosen variant: leave it out, or choose another --variant"
      : `${profile.name} has no such row: it has ${rows.map((row) => row.id).join(", ")}`,
  );
}

function conversationsOf(row: ProfileRow, needs: ProfileNeeds): Conversation[] {
  const { transport, to } = row;
  const from = needs.initiators.get(row.id) ?? row.from;
  if (!isTransport(transport) || to === null) return []; // The document says that it has no port.
  const named = { flow: row.id, title: row.feature, transport, to, isAnswered: !row.reply.startsWith("NONE") };
  // Without the other end every place that the known end can see is concerned.
  if (from === null)
    return [{ ...named, from: needs.side === "agent" ? "agent" : "peer-manager", problem: notStated(row) }];
  if (from === to) throw new SettingsError(`from ${row.id}`, `${from} is the end that listens: say who calls it`);
  const rule = row.ports.find((port) => port.kind === "windows-rule");
  if (rule !== undefined) return [{ ...named, from, problem: windowsRule(rule) }];
  return [{ ...named, from, ports: portsOf(row, needs) }];
}

function isTransport(text: string): text is Transport {
  return (TRANSPORTS as readonly string[]).includes(text);
}

function portsOf(
  row: ProfileRow,
  { ports: changed, variant, concurrentJobs = 1, allowOverlap = false }: ProfileNeeds,
): PortRange[] {
  const key = `port ${row.id}`;
  const own = row.ports.flatMap((port) => (port.kind === "port" ? [{ from: port.port, to: port.port }] : []));
  const ranges = row.ports.flatMap((port) => (port.kind === "range" ? [port] : []));
  const change = changed.get(row.id);
  if (change !== undefined) refuseChange(row, { key, change, own, isRange: ranges.length > 0 });
  const [usual] = ranges;
  if (usual === undefined) return change === undefined ? mergeRanges(own) : [change];
  if (change === undefined) {
    throw new SettingsError(
      key,
      `the product's default is ${usual.range.from}-${usual.range.to}, which opens every other service, too: choose at least 25 ports ` +
        `(${row.changeWhere ?? "in the product's settings"}), and give the same range here: --port ${row.id}=FROM-TO`,
    );
  }
  checkDataRange(change, { key, platform: variant?.platform ?? "windows", concurrentJobs, allowOverlap });
  return [change];
}

function refuseChange(
  { changeable, transport }: ProfileRow,
  { key, change, own, isRange }: { key: string; change: PortRange; own: readonly PortRange[]; isRange: boolean },
): void {
  if (transport === "icmp") throw new SettingsError(key, "ICMP has no ports: leave it out");
  if (changeable !== null && /^no\b/.test(changeable)) {
    throw new SettingsError(key, `the product's port cannot be changed (${changeable}): leave it out`);
  }
  if (own.length > 1)
    throw new SettingsError(key, `the row has ${own.length} ports, of which none can be moved: leave it out`);
  if (!isRange && change.from !== change.to)
    throw new SettingsError(key, "the row is one port, not a range: give a number");
}

function notStated({ id }: ProfileRow): Text {
  return {
    en: `the product's document does not say who begins: say it with --from ${id}=PARTY (agent, console, browser, peer-manager)`,
    ja: `製品の資料に発信元の記載がありません。--from ${id}=発信元(agent、console、browser、peer-manager)で指定してください`,
  };
}

function windowsRule({ rule, group }: { readonly rule: string; readonly group: boolean }): Text {
  return {
    en: `Windows has a rule${group ? " group" : ""} of its own for it: enable "${rule}" there, for the console's address only`,
    ja: `Windows 標準の規則${group ? "グループ" : ""}「${rule}」を、コンソールのアドレスに限定して有効にしてください`,
  };
}
