import { expect, it } from "vitest";
import { type Chain, type ChainRule, denialOf } from "./denial.ts";

const rule = (verdict: ChainRule["verdict"], isUnconditional = true): ChainRule => ({ verdict, isUnconditional });
const some = (verdict: ChainRule["verdict"]) => rule(verdict, false);
const chain = (...rules: ChainRule[]): Chain => ({ policy: "none", rules });
const base = (policy: "accept" | "drop", ...rules: ChainRule[]): Chain => ({ policy, rules });

const CHAINS = new Map<string, Chain>([
  ["closes", chain(some("accept"), rule("deny"))],
  ["blocks some", chain(some("deny"))],
  ["lets in", chain(rule("accept"))],
  ["goes back", chain(rule("return"), rule("deny"))],
  ["round", chain(rule({ jump: "round" }))],
]);

it.each<[string, Chain, number | null]>([
  ["a policy that drops, after all rules", base("drop", some("accept"), some("deny")), 2],
  ["a rule that drops the rest, before it", base("accept", some("accept"), rule("deny")), 1],
  ["a rule before the policy", base("drop", rule("deny"), some("accept")), 0],
  ["a blocklist is no denial", base("accept", some("deny"), some("accept")), null],
  ["an accept for everybody comes first", base("drop", rule("accept"), rule("deny")), null],
  ["a chain that closes", base("accept", some("accept"), rule({ jump: "closes" })), 1],
  ["a chain that closes for some", base("accept", some({ jump: "closes" }), some("accept")), 0],
  ["a chain that blocks some, then the policy", base("drop", rule({ jump: "blocks some" })), 1],
  ["a chain that lets everybody in", base("drop", rule({ jump: "lets in" })), null],
  ["a chain that goes back before it denies", base("drop", rule({ jump: "goes back" })), 1],
  [
    "goto a chain that says nothing: the policy decides",
    base("drop", rule({ goto: "blocks some" }), rule("accept")),
    2,
  ],
  ["a chain that is not there", base("drop", rule({ jump: "gone" })), 1],
  ["chains in a circle end", base("drop", rule({ jump: "round" })), 1],
  ["nothing at all", base("accept"), null],
])("%s", (_, given, index) => {
  const denial = denialOf(given, CHAINS);
  expect(denial.denies ? denial.index : null).toBe(index);
});
