// nftables as a manager: somebody's table that denies, or our own where nobody does.

import type { Direction } from "../rule.ts";
import type { FirewallBackend, LiveRules, Machine, Wanted } from "./backend.ts";
import { mustRun } from "./command-runner.ts";
import { persistNft, readPersistentNft } from "./nft-persistence.ts";
import { type NftChain, type NftRuleset, openingOfRule, parseNftRuleset } from "./nft-ruleset.ts";
import {
  bootScript,
  convergeScript,
  directionOfChain,
  isReached,
  OWN_TABLE,
  ownPlace,
  placeText,
  rulesBeforeJump,
} from "./nft-script.ts";
import { type PlacedOpening, sorted } from "./opening.ts";

export function createNftBackend(machine: Machine): FirewallBackend {
  const { run } = machine;
  const list = async () => parseNftRuleset(await mustRun(run, "nft", ["-j", "list", "ruleset"]));
  return {
    kind: "nftables",
    async want(openings, places): Promise<Wanted> {
      const entries = places
        .filter(({ manager }) => manager === "nftables")
        .flatMap(({ place, direction, families }) =>
          openings
            .filter((opening) => opening.direction === direction && families.includes(opening.family))
            .map((opening) => ({ place, opening })),
        );
      return { entries, leftOut: [] };
    },
    read: async () => readNft(await list()),
    async converge(entries) {
      const script = convergeScript(await list(), entries);
      if (script !== "") await mustRun(run, "nft", ["-f", "-"], { input: script });
    },
    readPersistent: () => readPersistentNft(machine),
    async persist(entries) {
      const ruleset = await list();
      return persistNft(machine, entries, (all) => bootScript(ruleset, all));
    },
  };
}

/** What of ours stands in a ruleset. */
export function readNft(ruleset: NftRuleset): LiveRules {
  const entries: PlacedOpening[] = [];
  const strange: string[] = [];
  for (const chain of ruleset.chains) {
    const direction = directionOfChain(chain.name);
    if (direction === undefined) continue;
    const places = placesOf(ruleset, chain, direction);
    if (places.length === 0) strange.push(`${placeText(chain)}: nothing leads to this chain before packets are denied`);
    for (const rule of chain.rules) {
      const opening = openingOfRule(rule, { direction, tableFamily: chain.family });
      if (opening === undefined) strange.push(`${placeText(chain)}: a rule that is not ours (handle ${rule.handle})`);
      else entries.push(...places.map((place) => ({ place, opening })));
    }
  }
  strange.push(...strangeInOwnTable(ruleset));
  return { entries: sorted(entries), strange };
}

/** From where the chain is reached in time. */
function placesOf(ruleset: NftRuleset, chain: NftChain, direction: Direction): string[] {
  const table = `${chain.family} ${chain.table}`;
  return ruleset.chains
    .filter((base) => base.family === chain.family && base.table === chain.table && base.hook !== null)
    .filter((base) => isReached(ruleset, base) && leadsTo(base, chain.name))
    .map((base) => (table === OWN_TABLE ? ownPlace(direction, base.policy === "drop") : placeText(base)));
}

function leadsTo(base: NftChain, name: string): boolean {
  return base.rules.some(({ expressions }) => JSON.stringify(expressions).includes(`"target":${JSON.stringify(name)}`));
}

/** In our own table nobody else has a rule. */
function strangeInOwnTable(ruleset: NftRuleset): string[] {
  return ruleset.chains
    .filter((chain) => `${chain.family} ${chain.table}` === OWN_TABLE && directionOfChain(chain.name) === undefined)
    .filter((chain) => chain.rules.length !== rulesBeforeJump({ denies: chain.policy === "drop" }).length + 1)
    .map((chain) => `${placeText(chain)}: ${chain.rules.length} rules, not those that were written`);
}
