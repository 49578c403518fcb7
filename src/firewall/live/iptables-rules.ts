// What filter tables of iptables hold: where they deny, and what of ours is there.

import type { Direction } from "../rule.ts";
import type { DecisionPlace, LiveRules } from "./backend.ts";
import {
  BUILT_IN,
  denialIn,
  isReached,
  OWN_CHAINS,
  openingOfSaved,
  othersOf,
  type SavedFilter,
} from "./iptables-save.ts";
import { type Opening, type PlacedOpening, sorted } from "./opening.ts";

/** A program that holds a filter table: `iptables-nft`, `ip6tables-legacy`. */
export interface Holder {
  readonly program: string;
  readonly family: 4 | 6;
  readonly filter: SavedFilter;
}

/** Where those tables deny. */
export function iptablesPlaces(holders: readonly Holder[]): DecisionPlace[] {
  return holders.flatMap(({ program, family, filter }) =>
    (["in", "out", "forward"] as const).flatMap((direction) => {
      const chain = BUILT_IN[direction];
      const denial = denialIn(filter, chain);
      if (!denial.denies) return [];
      const how =
        denial.by === "policy"
          ? "policy DROP"
          : `rule ${denial.index + 1}: ${othersOf(filter, chain)[denial.index]?.text}`;
      const evidence = `${program}, chain ${chain}: ${how}`;
      return [{ manager: "iptables" as const, place: `${program} ${chain}`, direction, families: [family], evidence }];
    }),
  );
}

export function readIptables(holders: readonly Holder[]): LiveRules {
  const entries: PlacedOpening[] = [];
  const strange: string[] = [];
  for (const { program, family, filter } of holders) {
    for (const direction of ["in", "out", "forward"] as const) {
      const name = OWN_CHAINS[direction];
      if (!filter.policies.has(name)) continue;
      const reached = isReached(filter, direction);
      if (!reached) strange.push(`${program} ${name}: nothing leads to this chain before packets are denied`);
      for (const rule of filter.rules.filter(({ chain }) => chain === name)) {
        const opening = openingOfSaved(rule, direction, family);
        if (opening === undefined) strange.push(`${program} ${name}: a rule that is not ours: ${rule.text}`);
        else if (reached) entries.push({ place: `${program} ${BUILT_IN[direction]}`, opening });
      }
    }
  }
  return { entries: sorted(entries), strange };
}

export function openingsAt(entries: readonly PlacedOpening[], place: string, direction: Direction): Opening[] {
  return entries
    .filter((each) => each.place === place && each.opening.direction === direction)
    .map(({ opening }) => opening);
}
