// Where a host denies some packets without denying the rest: a table of fail2ban's, a line that somebody added by hand.
// Rules of ours have no business there; the doctor's commands, which open one flow that is seen to be closed, do.

import type { Machine } from "./backend.ts";
import { tryRun } from "./command-runner.ts";
import type { Chain, ChainRule } from "./denial.ts";
import { findHolders } from "./iptables.ts";
import { BUILT_IN, chainsOf } from "./iptables-save.ts";
import { chainsOfTable, parseNftRuleset } from "./nft-ruleset.ts";
import { placeText } from "./nft-script.ts";

/** Hooks that a packet passes on its way into a host, or out of it. */
const HOOKS = { in: ["ingress", "prerouting", "input"], out: ["output", "postrouting"] } as const;

/** `nftables inet wall input`, `iptables ip6tables-nft`: where packets of the direction may be denied, if they match. */
export async function partlyDenying(machine: Machine, direction: "in" | "out"): Promise<string[]> {
  const holders = await findHolders(machine);
  const tables = holders.flatMap(({ program, filter }) => {
    const chains = chainsOf(filter);
    return deniesSome(chains.get(BUILT_IN[direction]), chains) ? [`iptables ${program}`] : [];
  });
  const text = await tryRun(machine.run, "nft", ["-j", "list", "ruleset"]);
  if (text === undefined) return tables;
  const ruleset = parseNftRuleset(text);
  const isOfIptables = (family: string, table: string) =>
    table === "filter" &&
    holders.some(({ program }) => program === { ip: "iptables-nft", ip6: "ip6tables-nft" }[family]);
  const chains = ruleset.chains.filter(({ hook, type, family, table, name }) => {
    if (type !== "filter" || !HOOKS[direction].some((each) => each === hook) || isOfIptables(family, table))
      return false;
    const all = chainsOfTable(ruleset, { family, table });
    return deniesSome(all.get(name), all);
  });
  return [...tables, ...chains.map((chain) => `nftables ${placeText(chain)}`)];
}

/** Chains call chains this deep at most (NFT_JUMP_STACK_SIZE of the kernel). */
const JUMP_DEPTH_MAX = 16;

function deniesSome(chain: Chain | undefined, chains: ReadonlyMap<string, Chain>, depth = 0): boolean {
  if (chain === undefined || depth > JUMP_DEPTH_MAX) return false;
  if (chain.policy === "drop") return true;
  return chain.rules.some(({ verdict }: ChainRule) => {
    if (typeof verdict !== "object") return verdict === "deny";
    return deniesSome(chains.get("jump" in verdict ? verdict.jump : verdict.goto), chains, depth + 1);
  });
}
