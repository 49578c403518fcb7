// Which firewall decides on this host. An accept in one table does not open what another one denies (nft(8): "packet can
// still be dropped later by another base chain"), so our rules go to every place that denies, in the way of whoever
// manages it: firewalld and ufw by their own commands, so that they know of it; then tables that deny by themselves.

import type { Direction } from "../rule.ts";
import { type DecisionPlace, MANAGER_KINDS, type Machine, type ManagerKind } from "./backend.ts";
import { tryRun } from "./command-runner.ts";
import { findHolders } from "./iptables.ts";
import { type Holder, iptablesPlaces } from "./iptables-rules.ts";
import { type NftChain, type NftRuleset, parseNftRuleset } from "./nft-ruleset.ts";
import { denialIn, OWN_TABLE, ownPlace, placeText } from "./nft-script.ts";
import { UFW_PLACE } from "./ufw.ts";

export interface Detection {
  readonly inCharge: ManagerKind | "none";
  /** Everywhere that packets are denied; where nobody denies what comes in, our own table. */
  readonly places: readonly DecisionPlace[];
  /** How it is known, a line each. */
  readonly evidence: readonly string[];
  /** What else has rules here and decides nothing for us: Docker's chains, a prerouting chain that drops. */
  readonly beside: readonly string[];
}

/** `denying`: where nobody denies, our own table is to do it. */
export async function detectFirewall(
  machine: Machine,
  { denying = false, isFirewalld }: { readonly denying?: boolean; readonly isFirewalld: boolean },
): Promise<Detection> {
  const { run } = machine;
  // At once: each program takes its time to start, and who looks in passing waits for less than all of them in turn.
  const [firewalld, ufw, text, holders] = await Promise.all([
    isFirewalld ? detectFirewalld(machine) : [],
    isFirewalld ? [] : detectUfw(machine),
    tryRun(run, "nft", ["-j", "list", "ruleset"]),
    findHolders(machine),
  ]);
  const ruleset = text === undefined ? undefined : parseNftRuleset(text);
  const foreignHolders = holders.filter((holder) => !isOfManager(holder, { firewalld, ufw }));
  const nft = ruleset === undefined ? [] : nftPlaces(ruleset, holders, firewalld.length > 0);
  const places = [...firewalld, ...ufw, ...nft, ...iptablesPlaces(foreignHolders)];
  const incoming = places.filter(({ direction }) => direction === "in").map(({ manager }) => manager);
  const inCharge = MANAGER_KINDS.find((kind) => incoming.includes(kind)) ?? "none";
  const evidence = places.map((place) => place.evidence);
  const beside = [...neighbours(ruleset, holders), ...(ruleset === undefined ? [] : earlyDrops(ruleset))];
  if (inCharge !== "none") return { inCharge, places, evidence, beside };
  const nobody =
    "nothing on this host denies what comes in: firewalld does not run, ufw is not active, and no table of nftables or iptables drops it";
  const own: DecisionPlace = {
    manager: "nftables",
    place: ownPlace("in", denying),
    direction: "in",
    families: [4, 6],
    evidence: nobody,
  };
  return { inCharge, places: [own, ...places], evidence: [nobody, ...evidence], beside };
}

export async function isFirewalldRunning({ run }: Machine): Promise<boolean> {
  return (await tryRun(run, "firewall-cmd", ["--state"]))?.trim() === "running";
}

async function detectFirewalld({ run }: Machine): Promise<DecisionPlace[]> {
  const version = (await tryRun(run, "firewall-cmd", ["--version"]))?.trim() ?? "";
  const evidence = `firewalld ${version} is running (firewall-cmd --state)`;
  const place = { manager: "firewalld" as const, place: "firewalld", families: [4, 6] as const, evidence };
  return [{ ...place, direction: "in" }];
}

async function detectUfw({ run, files }: Machine): Promise<DecisionPlace[]> {
  const status = await tryRun(run, "ufw", ["status", "verbose"]);
  if (status === undefined || !/^Status: active$/m.test(status)) return [];
  const families = /^IPV6=no$/m.test((await files.read("/etc/default/ufw")) ?? "") ? ([4] as const) : ([4, 6] as const);
  const [defaults = ""] = /^Default: .*$/m.exec(status) ?? [];
  const denies = (way: string) => new RegExp(`(deny|reject) \\(${way}\\)`).test(defaults);
  const directions: Direction[] = [
    "in", // Also where it lets all in: what it forbids besides is its own affair.
    ...(denies("outgoing") ? (["out"] as const) : []),
    ...(denies("routed") ? (["forward"] as const) : []),
  ];
  const evidence = `ufw is active (ufw status): ${defaults.replace("Default: ", "")}`;
  return directions.map((direction) => ({ manager: "ufw", place: UFW_PLACE, direction, families, evidence }));
}

const HOOKS: Readonly<Record<string, Direction>> = { input: "in", output: "out", forward: "forward" };

function nftPlaces(ruleset: NftRuleset, holders: readonly Holder[], isFirewalld: boolean): DecisionPlace[] {
  return ruleset.chains.flatMap((chain): DecisionPlace[] => {
    const direction = HOOKS[chain.hook ?? ""];
    const families = familiesOf(chain);
    if (direction === undefined || chain.type !== "filter" || families.length === 0) return [];
    const table = `${chain.family} ${chain.table}`;
    if (table === OWN_TABLE || isOfIptables(chain, holders)) return [];
    if (isFirewalld && chain.table === "firewalld") return [];
    const denial = denialIn(ruleset, chain);
    if (!denial.denies) return [];
    const how =
      denial.index < chain.rules.length && chain.policy !== "drop" ? "a rule that drops the rest" : "policy drop";
    const evidence = `nftables, table ${table}, chain ${chain.name}: ${how}`;
    return [{ manager: "nftables", place: placeText(chain), direction, families, evidence }];
  });
}

function familiesOf({ family }: NftChain): readonly (4 | 6)[] {
  return { inet: [4, 6] as const, ip: [4] as const, ip6: [6] as const }[family] ?? [];
}

/** Tables that iptables made over nftables have its names; they are written to in its way (nft itself warns). */
function isOfIptables({ family, table, name }: NftChain, holders: readonly Holder[]): boolean {
  const program = family === "ip" ? "iptables-nft" : family === "ip6" ? "ip6tables-nft" : undefined;
  return table === "filter" && /^[A-Z]+$/.test(name) && holders.some((holder) => holder.program === program);
}

function isOfManager({ filter }: Holder, { firewalld, ufw }: Record<"firewalld" | "ufw", readonly DecisionPlace[]>) {
  const names = [...filter.policies.keys()];
  if (ufw.length > 0 && names.some((name) => /^ufw6?-/.test(name))) return true;
  return firewalld.length > 0 && names.includes("INPUT_ZONES");
}

const NEIGHBOURS = [
  [/^DOCKER/, "Docker"],
  [/^(LIBVIRT|guest_)/, "libvirt"],
  [/^KUBE-/, "Kubernetes"],
  [/^(CNI|cali|cilium)/i, "a container network"],
  [/^f2b-/, "fail2ban"],
] as const;

function neighbours(ruleset: NftRuleset | undefined, holders: readonly Holder[]): string[] {
  const names = [
    ...(ruleset?.chains.map(({ name }) => name) ?? []),
    ...holders.flatMap(({ filter }) => [...filter.policies.keys()]),
  ];
  return NEIGHBOURS.flatMap(([pattern, who]) => {
    const chains = [...new Set(names.filter((name) => pattern.test(name)))].sort();
    return chains.length === 0
      ? []
      : [`${who}: chains ${chains.slice(0, 5).join(", ")}${chains.length > 5 ? " …" : ""}`];
  });
}

/** Before the hooks where accepts of ours stand: whatever is dropped there, no rule of ours opens. */
function earlyDrops(ruleset: NftRuleset): string[] {
  return ruleset.chains
    .filter(({ hook, type }) => type === "filter" && (hook === "prerouting" || hook === "ingress"))
    .filter((chain) => denialIn(ruleset, chain).denies)
    .map((chain) => `${placeText(chain)} drops before rules of ours are asked`);
}
