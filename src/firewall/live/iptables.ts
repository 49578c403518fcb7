// iptables and ip6tables, of either kind (over nftables, or the older one): chains of our own in the filter table, and
// one jump to each. One iptables-restore a family is one transaction (iptables-restore(8), "--noflush").

import type { Direction } from "../rule.ts";
import type { FirewallBackend, Machine } from "./backend.ts";
import { mustRun, tryRun } from "./command-runner.ts";
import { persistIptables, readPersistentIptables } from "./iptables-persistence.ts";
import { type Holder, openingsAt, readIptables } from "./iptables-rules.ts";
import {
  BUILT_IN,
  denialIn,
  IPTABLES_JUMP_COMMENT,
  isOurs,
  OWN_CHAINS,
  othersOf,
  parseSaved,
  ruleTextOf,
  type SavedFilter,
} from "./iptables-save.ts";
import { JOB_PEERS, type Opening, type PlacedOpening, perAddress, perPorts } from "./opening.ts";

/** The kernel's multiport match takes 15 ports, a range counting as two. */
export const MULTIPORT_MAX = 15;

export function createIptablesBackend(machine: Machine): FirewallBackend {
  const { run } = machine;
  return {
    kind: "iptables",
    async want(openings, places) {
      const here = places.filter(({ manager }) => manager === "iptables");
      const isJob = ({ from }: Opening) => from.includes(JOB_PEERS);
      const entries = here.flatMap(({ place, direction, families }) =>
        openings
          .filter((opening) => opening.direction === direction && families.includes(opening.family) && !isJob(opening))
          .flatMap((opening) => perAddress(opening).flatMap((each) => perPorts(each, MULTIPORT_MAX)))
          .map((opening) => ({ place, opening })),
      );
      const reason = "iptables has no openings that close by themselves: leave the range of data ports open instead";
      const leftOut = here.length === 0 ? [] : openings.filter(isJob).map((opening) => ({ opening, reason }));
      return { entries, leftOut };
    },
    read: async () => readIptables(await findHolders(machine)),
    async converge(entries) {
      for (const holder of await findHolders(machine)) {
        const script = restoreScript(holder, entries);
        if (script === "") continue;
        await mustRun(run, `${holder.program}-restore`, ["--noflush"], { input: script });
      }
    },
    async readPersistent() {
      return readPersistentIptables(machine, await findHolders(machine));
    },
    async persist(entries) {
      return persistIptables(machine, await findHolders(machine), entries);
    },
  };
}

/** Who holds a filter table. Looking creates none: the older programs would, so the kernel is asked first. */
export async function findHolders({ run, files }: Machine): Promise<Holder[]> {
  const holders: Holder[] = [];
  for (const { name, family, tables } of [
    { name: "iptables", family: 4, tables: "/proc/net/ip_tables_names" },
    { name: "ip6tables", family: 6, tables: "/proc/net/ip6_tables_names" },
  ] as const) {
    const hasOlder = /^filter$/m.test((await files.read(tables)) ?? "");
    const look = async (program: string): Promise<boolean> => {
      const text = await tryRun(run, `${program}-save`, ["-t", "filter"]);
      const filter = text === undefined ? undefined : parseSaved(text);
      if (filter !== undefined) holders.push({ program, family, filter });
      return text !== undefined;
    };
    const programs = [`${name}-nft`, ...(hasOlder ? [`${name}-legacy`] : [])];
    const found = await Promise.all(programs.map(look));
    // Distributions with one kind only call it plainly.
    if (!found.includes(true)) await look(name);
  }
  return holders;
}

/** What makes exactly those of `entries` that belong to this program be there. Empty where none is or should be. */
function restoreScript({ program, filter }: Holder, entries: readonly PlacedOpening[]): string {
  const lines: string[] = [];
  const removals: string[] = [];
  for (const direction of ["in", "out", "forward"] as const) {
    const [own, chain] = [OWN_CHAINS[direction], BUILT_IN[direction]];
    const wanted = openingsAt(entries, `${program} ${chain}`, direction);
    const isThere = filter.policies.has(own);
    if (wanted.length === 0 && !isThere) continue;
    // In one transaction the jump may go and come back: nobody ever sees it missing.
    for (const rule of filter.rules) {
      if (rule.chain !== own && isOurs(rule) && rule.words.at(-1) === own) removals.push(rule.text.replace("-A", "-D"));
    }
    lines.push(`:${own} - [0:0]`, `-F ${own}`);
    if (wanted.length === 0) {
      removals.push(`-X ${own}`);
      continue;
    }
    removals.push(...wanted.map(ruleTextOf), jumpText(filter, direction));
  }
  return lines.length === 0 ? "" : ["*filter", ...lines, ...removals, "COMMIT", ""].join("\n");
}

/** Before the rule that denies everybody who is left; at the end where the policy does. */
function jumpText(filter: SavedFilter, direction: Direction): string {
  const chain = BUILT_IN[direction];
  const denial = denialIn(filter, chain);
  const isInside = denial.denies && denial.index < othersOf(filter, chain).length;
  const head = isInside ? `-I ${chain} ${denial.index + 1}` : `-A ${chain}`;
  return `${head} -m comment --comment "${IPTABLES_JUMP_COMMENT}" -j ${OWN_CHAINS[direction]}`;
}
