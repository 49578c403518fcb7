// firewalld as a manager: rich rules in the zone that a peer's packets come in by. At run time and in the permanent
// configuration apart, and never by a reload: that would drop what others changed at run time only.

import type { FirewallBackend, LiveRules, Machine, Wanted } from "./backend.ts";
import { type CommandRunner, mustRun, tryRun } from "./command-runner.ts";
import { JOB_PEERS, normalize, type Opening, type PlacedOpening, perAddress, sorted } from "./opening.ts";
import { hasPriority, OWN_PRIORITY, openingOfRichRule, richRule } from "./rich-rule.ts";
import { contains } from "./spans.ts";

const ZONE = "zone ";
/** So many rules on one command line: far below what the kernel takes (128 KiB an argument, 2 MiB in all). */
const RULES_AT_ONCE = 200;

export function createFirewalldBackend({ run }: Machine): FirewallBackend {
  const rulesOf = (scope: readonly string[]) => readZones(run, scope);
  return {
    kind: "firewalld",
    async want(openings, places): Promise<Wanted> {
      if (!places.some(({ manager }) => manager === "firewalld")) return { entries: [], leftOut: [] };
      const zones = await readActiveZones(run);
      const entries: PlacedOpening[] = [];
      for (const opening of openings.filter(({ direction, from }) => direction === "in" && !from.includes(JOB_PEERS))) {
        for (const each of perAddress(opening)) {
          for (const zone of await zonesFor(run, zones, each.from[0])) {
            entries.push(...perRange(each).map((one) => ({ place: `${ZONE}${zone}`, opening: one })));
          }
        }
      }
      const reason =
        "firewalld forwards by policies between zones: load what `rusuban firewall render --target firewalld` prints";
      const leftOut = openings
        .filter(({ direction }) => direction === "forward")
        .map((opening) => ({ opening, reason }));
      return { entries: sorted(entries), leftOut };
    },
    read: () => rulesOf([]),
    async converge(entries) {
      await converge(run, [], (await rulesOf([])).entries, entries);
    },
    readPersistent: async () => (await rulesOf(["--permanent"])).entries,
    async persist(entries) {
      const changed = await converge(run, ["--permanent"], (await rulesOf(["--permanent"])).entries, entries);
      return {
        done: changed.map((zone) => `changed zone ${zone} of firewalld's permanent configuration`),
        missing: [],
      };
    },
  };
}

/** What stands in firewalld alone: without a comment, a port or a range at a time. */
function perRange(opening: Opening): Opening[] {
  const ranges = opening.ports.length === 0 ? [[]] : opening.ports.map((range) => [range]);
  return ranges.map((ports) => normalize({ ...opening, ports, comment: "" }));
}

async function readZones(run: CommandRunner, scope: readonly string[]): Promise<LiveRules> {
  const text = await mustRun(run, "firewall-cmd", [...scope, "--list-all-zones"]);
  const entries: PlacedOpening[] = [];
  const strange: string[] = [];
  let zone = "";
  for (const line of text.split("\n")) {
    const [, name] = /^(\S+)(?: \(.*\))?$/.exec(line) ?? [];
    if (name !== undefined) zone = name;
    const rule = line.trim();
    if (!hasPriority(rule, OWN_PRIORITY)) continue;
    const opening = openingOfRichRule(rule);
    if (opening === undefined) strange.push(`${ZONE}${zone}: a rule of our priority that is not ours: ${rule}`);
    else entries.push({ place: `${ZONE}${zone}`, opening });
  }
  return { entries: sorted(entries), strange };
}

/** Adds first, so that what stays open is never closed in between. Answers with the zones that changed. */
async function converge(
  run: CommandRunner,
  scope: readonly string[],
  live: readonly PlacedOpening[],
  wanted: readonly PlacedOpening[],
): Promise<string[]> {
  const keyOf = ({ place, opening }: PlacedOpening) => `${place}\n${richRule(opening)}`;
  const [liveKeys, wantedKeys] = [live, wanted].map((entries) => new Set(entries.map(keyOf))) as [
    Set<string>,
    Set<string>,
  ];
  const changed = new Set<string>();
  for (const [verb, keys] of [
    ["add", [...wantedKeys].filter((key) => !liveKeys.has(key))],
    ["remove", [...liveKeys].filter((key) => !wantedKeys.has(key))],
  ] as const) {
    const byZone = new Map<string, string[]>();
    for (const key of keys) {
      const [place = "", rule = ""] = key.split("\n");
      const zone = place.slice(ZONE.length);
      byZone.set(zone, [...(byZone.get(zone) ?? []), rule]);
    }
    for (const [zone, rules] of byZone) {
      changed.add(zone);
      for (let at = 0; at < rules.length; at += RULES_AT_ONCE) {
        const options = rules.slice(at, at + RULES_AT_ONCE).map((rule) => `--${verb}-rich-rule=${rule}`);
        await mustRun(run, "firewall-cmd", [...scope, `--zone=${zone}`, ...options]);
      }
    }
  }
  return [...changed];
}

export interface ActiveZones {
  readonly defaultZone: string;
  readonly zones: readonly {
    readonly name: string;
    readonly interfaces: readonly string[];
    readonly sources: readonly string[];
  }[];
}

export async function readActiveZones(run: CommandRunner): Promise<ActiveZones> {
  const defaultZone = (await mustRun(run, "firewall-cmd", ["--get-default-zone"])).trim();
  const text = await mustRun(run, "firewall-cmd", ["--get-active-zones"]);
  const zones: { name: string; interfaces: string[]; sources: string[] }[] = [];
  for (const line of text.split("\n")) {
    const [, name] = /^(\S+)(?: \(.*\))?$/.exec(line) ?? [];
    if (name !== undefined) zones.push({ name, interfaces: [], sources: [] });
    const [, kind, list = ""] = /^\s+(interfaces|sources): (.*)$/.exec(line) ?? [];
    if (kind !== undefined) zones.at(-1)?.[kind as "interfaces" | "sources"].push(...list.trim().split(/\s+/));
  }
  return { defaultZone, zones };
}

/** A zone that names the source comes before the zone of the card that it comes in by (firewalld.zones(5)). */
export async function zonesFor(run: CommandRunner, active: ActiveZones, peer: string | undefined): Promise<string[]> {
  if (peer === undefined) return [...new Set([active.defaultZone, ...active.zones.map(({ name }) => name)])];
  const bySource = active.zones.find(({ sources }) => sources.some((source) => contains(source, peer)));
  if (bySource !== undefined) return [bySource.name];
  const route = await tryRun(run, "ip", ["-j", "route", "get", peer.split("/")[0] ?? ""]);
  const card = /"dev":"([^"]+)"/.exec(route ?? "")?.[1] ?? "";
  return [active.zones.find(({ interfaces }) => interfaces.includes(card))?.name ?? active.defaultZone];
}
