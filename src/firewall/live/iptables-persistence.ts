// Where iptables' rules come from after a restart: a text of iptables-save for each family. Only lines that name a chain
// of ours are put in and taken out.

import type { Machine, PersistenceReport } from "./backend.ts";
import { type Holder, iptablesPlaces, openingsAt, readIptables } from "./iptables-rules.ts";
import {
  BUILT_IN,
  denialIn,
  IPTABLES_JUMP_COMMENT,
  OWN_CHAINS,
  othersOf,
  parseSaved,
  ruleTextOf,
} from "./iptables-save.ts";
import type { PlacedOpening } from "./opening.ts";

/** iptables-persistent of Debian; iptables-services of Red Hat; the rest keep them elsewhere or not at all. */
const FILES = {
  4: ["/etc/iptables/rules.v4", "/etc/sysconfig/iptables", "/etc/iptables/iptables.rules"],
  6: ["/etc/iptables/rules.v6", "/etc/sysconfig/ip6tables", "/etc/iptables/ip6tables.rules"],
} as const;

export async function readPersistentIptables(
  machine: Machine,
  holders: readonly Holder[],
): Promise<readonly PlacedOpening[]> {
  const entries: PlacedOpening[] = [];
  for (const { program, family } of inUse(holders)) {
    const filter = parseSaved((await savedFile(machine, family))?.text ?? "");
    if (filter !== undefined) entries.push(...readIptables([{ program, family, filter }]).entries);
  }
  return entries;
}

export async function persistIptables(
  machine: Machine,
  holders: readonly Holder[],
  entries: readonly PlacedOpening[],
): Promise<PersistenceReport> {
  const [done, missing]: [string[], string[]] = [[], []];
  for (const { program, family } of inUse(holders)) {
    const own = entries.filter(({ place }) => place.startsWith(`${program} `));
    const file = await savedFile(machine, family);
    if (file === undefined) {
      if (own.length === 0) continue;
      missing.push(
        `none of ${FILES[family].join(", ")} is there: install what loads one when the system starts (iptables-persistent, iptables-services), save your rules, and apply again`,
      );
      continue;
    }
    const text = withOpenings(withoutOurs(file.text), program, own);
    if (text === file.text) continue;
    await machine.files.write(file.path, text);
    done.push(
      own.length === 0 ? `took our lines out of ${file.path}` : `put our chain and one jump to it into ${file.path}`,
    );
  }
  return { done, missing };
}

/** Of each family the one that denies: both kinds of iptables may show a table, and only one of them is in use. */
function inUse(holders: readonly Holder[]): Holder[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = holders.filter((holder) => holder.family === family);
    return own.find((holder) => iptablesPlaces([holder]).length > 0) ?? own.at(-1) ?? [];
  });
}

async function savedFile({ files }: Machine, family: 4 | 6): Promise<{ path: string; text: string } | undefined> {
  for (const path of FILES[family]) {
    const text = await files.read(path);
    if (text !== undefined && parseSaved(text) !== undefined) return { path, text };
  }
  return undefined;
}

const OUR_LINE = new RegExp(`(^:|\\s)(${Object.values(OWN_CHAINS).join("|")})(\\s|$)`);

function withoutOurs(text: string): string {
  return text
    .split("\n")
    .filter((line) => !OUR_LINE.test(line))
    .join("\n");
}

function withOpenings(text: string, program: string, entries: readonly PlacedOpening[]): string {
  const filter = parseSaved(text);
  if (filter === undefined || entries.length === 0) return text;
  const lines = text.split("\n");
  // From the bottom up, so that the places found stay true.
  const additions: { readonly at: number; readonly lines: readonly string[] }[] = [];
  for (const direction of ["in", "out", "forward"] as const) {
    const openings = openingsAt(entries, `${program} ${BUILT_IN[direction]}`, direction);
    if (openings.length === 0) continue;
    const others = othersOf(filter, BUILT_IN[direction]);
    const denial = denialIn(filter, BUILT_IN[direction]);
    const before = denial.denies ? others[denial.index] : undefined;
    const jump = `-A ${BUILT_IN[direction]} -m comment --comment "${IPTABLES_JUMP_COMMENT}" -j ${OWN_CHAINS[direction]}`;
    additions.push({ at: filter.firstChainLine, lines: [`:${OWN_CHAINS[direction]} - [0:0]`] });
    additions.push({ at: before?.line ?? filter.commitLine, lines: [jump] });
    additions.push({ at: filter.commitLine, lines: openings.map(ruleTextOf) });
  }
  for (const addition of additions.sort((a, b) => b.at - a.at)) lines.splice(addition.at, 0, ...addition.lines);
  return lines.join("\n");
}
