// Where a chain denies. An accept must stand before that, and after whatever the operator forbids on purpose: before the
// rule that denies everybody who is left, at the end where the chain's policy does. nft and iptables alike.

export interface ChainRule {
  /** Everything that reaches the rule meets it: no match before its verdict. */
  readonly isUnconditional: boolean;
  readonly verdict: "accept" | "deny" | "return" | "none" | { readonly jump: string } | { readonly goto: string };
}

export interface Chain {
  /** Of a base chain; `none` for the others. */
  readonly policy: "accept" | "drop" | "none";
  readonly rules: readonly ChainRule[];
}

export type Denial =
  | { readonly denies: false }
  /** `index` of the first rule that denies the rest; the number of rules where the policy does. */
  | { readonly denies: true; readonly index: number; readonly by: "rule" | "policy" };

/** Chains call chains this deep at most (NFT_JUMP_STACK_SIZE of the kernel). */
const JUMP_DEPTH_MAX = 16;

/** Whether and where `chain` denies what nobody before accepted. A drop of some packets only (a blocklist) is no denial. */
export function denialOf(chain: Chain, chains: ReadonlyMap<string, Chain>): Denial {
  const end = endOf(chain, chains, 0);
  if (end.kind === "denies") return { denies: true, index: end.index, by: "rule" };
  return end.kind === "passes" && chain.policy === "drop"
    ? { denies: true, index: chain.rules.length, by: "policy" }
    : { denies: false };
}

type End = { readonly kind: "denies"; readonly index: number } | { readonly kind: "accepts" | "passes" };

function endOf(chain: Chain, chains: ReadonlyMap<string, Chain>, depth: number): End {
  for (const [index, { isUnconditional, verdict }] of chain.rules.entries()) {
    if (verdict === "deny" && isUnconditional) return { kind: "denies", index };
    if (isUnconditional && (verdict === "accept" || verdict === "return")) {
      return { kind: verdict === "accept" ? "accepts" : "passes" };
    }
    if (typeof verdict !== "object") continue;
    const target = chains.get("jump" in verdict ? verdict.jump : verdict.goto);
    if (target === undefined || depth >= JUMP_DEPTH_MAX) continue;
    const inner = endOf(target, chains, depth + 1);
    // Even behind a condition: those who are sent there come no further.
    if (inner.kind === "denies") return { kind: "denies", index };
    if (isUnconditional && (inner.kind === "accepts" || "goto" in verdict)) return { kind: inner.kind };
  }
  return { kind: "passes" };
}
