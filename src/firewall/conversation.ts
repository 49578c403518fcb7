// What port map and profiles have in common on the way to rules: somebody begins, somebody listens, on these ports.

import { PARTY_TITLES, type PortRange, type Text, type Transport } from "../ports/flow.ts";
import {
  ANY,
  type Direction,
  type LeftOut,
  markOf,
  type Peer,
  type Rule,
  type RuleParty,
  type RuleSet,
  type Side,
} from "./rule.ts";
import { type AgentHost, inSharedFamilies, peerOf, type Topology } from "./topology.ts";

interface Named {
  readonly flow: string;
  readonly title: Text;
  readonly transport: Transport;
  /** Whether the listener ever answers. */
  readonly isAnswered: boolean;
  readonly from: RuleParty;
  readonly to: RuleParty;
}

interface Possible extends Named {
  readonly ports: readonly PortRange[];
  /** The agents that take part, where not all of them do. */
  readonly agents?: readonly AgentHost[];
}

/** One that takes place, or one that does not and why. */
export type Conversation = Possible | (Named & { readonly problem: Text });

/** The rules that let these conversations through at one place, in their order. */
export function rulesAt(side: Side, topology: Topology, conversations: readonly Conversation[]): RuleSet {
  const rules: Rule[] = [];
  const leftOut: LeftOut[] = [];
  for (const conversation of conversations) {
    const direction = directionAt(side, conversation);
    if (direction === null) continue;
    const outcome =
      "problem" in conversation ? conversation.problem : ruleFor(conversation, { side, direction, topology });
    if ("direction" in outcome) rules.push(outcome);
    else leftOut.push({ flow: conversation.flow, reason: outcome });
  }
  return { place: placeOf(side, topology), side, rules, leftOut: distinct(leftOut) };
}

/** Null where the conversation passes this place by. */
function directionAt(side: Side, { from, to }: Named): Direction | null {
  if (side === "between") return "forward";
  if (to === side) return "in";
  return from === side ? "out" : null;
}

function ruleFor(
  conversation: Possible,
  { side, direction, topology }: { side: Side; direction: Direction; topology: Topology },
): Rule | Text {
  const { flow, title, transport, isAnswered, ports, agents = topology.agents } = conversation;
  const from = peerOf(conversation.from, topology, agents);
  const to = peerOf(conversation.to, topology, agents);
  if (direction !== "out" && isNowhere(from)) return noAddress(conversation.from);
  if (direction !== "in" && isNowhere(to)) return noAddress(conversation.to);
  const ends = inSharedFamilies(from, to);
  if (ends === null) return NO_SHARED_FAMILY;
  const owner = ends.to === ANY ? conversation.to : ends.to.name;
  const comment = `${markOf(side)}${flow}:${owner}`;
  return { flow, title, direction, transport, ports, ...ends, isAnswered, owner, comment };
}

function isNowhere(peer: Peer): boolean {
  return peer !== ANY && peer.addresses.length === 0;
}

export const RULE_PARTY_TITLES: Readonly<Record<RuleParty, Text>> = {
  ...PARTY_TITLES,
  "peer-manager": { en: "other manager", ja: "他のマネージャ" },
};

function noAddress(party: RuleParty): Text {
  const { en, ja } = RULE_PARTY_TITLES[party];
  return {
    en: `the address of the ${en} is not given (--${party} ADDRESS)`,
    ja: `${ja}のアドレスが指定されていません(--${party} アドレス)`,
  };
}

const NO_SHARED_FAMILY: Text = {
  en: "one end has only IPv4 addresses, the other only IPv6",
  ja: "一方は IPv4、他方は IPv6 のアドレスしかありません",
};

function placeOf(side: Side, { manager, agents }: Topology): string {
  const all = agents.length === 1 ? (agents[0]?.name ?? "") : "agents";
  return { agent: all, manager: manager.name, between: `${manager.name} - ${all}` }[side];
}

/** A flow that several begin may miss several of them for the same reason. */
function distinct(leftOut: readonly LeftOut[]): LeftOut[] {
  return [...new Map(leftOut.map((each) => [`${each.flow} ${each.reason.en}`, each])).values()];
}
