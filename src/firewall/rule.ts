// What a firewall must let through, before anybody says it in the words of a firewall. Rules name the packet that
// begins a conversation; each renderer adds its replies by state, or spells them out where the target keeps none.
// Invariants (rule-set.test.ts): a rule has addresses of at least one family that both ends share; ICMP is the echo
// request and has no ports; nothing of a loopback flow ever is a rule.

import type { Party, PortRange, Text, Transport } from "../ports/flow.ts";
import type { Address } from "./address.ts";

/** Everybody a rule can speak of. `peer-manager` is another manager than the one whose rules these are. */
export type RuleParty = Party | "peer-manager";

/** Hosts that a rule speaks of as one: a manager, an agent, all agents, the mail server. */
export interface Endpoint {
  readonly party: RuleParty;
  /** `web1`, or for several hosts what they are together: `agents`. Somebody else's text: quote it. */
  readonly name: string;
  /**
   * Without duplicates, and none inside another; IPv4 before IPv6. Empty only for the host that the rule stands on, where
   * its own addresses are not known: a host's rule names the other end.
   */
  readonly addresses: readonly Address[];
}

/** Said by the operator, never assumed: the whole world. */
export const ANY = "any";
export type Peer = Endpoint | typeof ANY;

/** Where the rule stands: on the host it leads to, on the host it begins at, or on a firewall between the two. */
export type Direction = "in" | "out" | "forward";

export interface Rule {
  /** The flow's public name (`manager-report`), or the row of an original product (`esm-07`). */
  readonly flow: string;
  readonly title: Text;
  readonly direction: Direction;
  readonly transport: Transport;
  /** Destination ports: apart from each other, ascending; empty for ICMP. The source port is the system's choice. */
  readonly ports: readonly PortRange[];
  readonly from: Peer;
  readonly to: Peer;
  /** False where the listener never sends anything back: a target without state then needs no line for replies. */
  readonly isAnswered: boolean;
  /** Whose service it is for: the name of the end that listens. */
  readonly owner: string;
  /** `rusuban:agent:backup-data:web1`: mark, flow, owner. Holds somebody else's text: renderers make it harmless. */
  readonly comment: string;
}

export const SIDES = ["agent", "manager", "between"] as const;
/** The agent's host, the manager's host, or any firewall in between. */
export type Side = (typeof SIDES)[number];

/** Every comment of ours begins so, and of these rules with their side: a machine may be a manager's and an agent's host. */
export const COMMENT_MARK = "rusuban:";

export function markOf(side: Side): string {
  return `${COMMENT_MARK}${side}:`;
}

/** A flow that has no rule, and why. */
export interface LeftOut {
  readonly flow: string;
  readonly reason: Text;
}

export interface RuleSet {
  /** The host that the rules are for, or what stands between: somebody else's text. */
  readonly place: string;
  readonly side: Side;
  readonly rules: readonly Rule[];
  readonly leftOut: readonly LeftOut[];
}

/** One rule in one address family: what most targets write a line for. */
export interface FamilyRule extends Rule {
  readonly family: 4 | 6;
  /** Sources of this family; null where any may send. */
  readonly sources: readonly Address[] | null;
  readonly destinations: readonly Address[] | null;
}

/** The rule once for each family in which both ends have an address. */
export function byFamily(rule: Rule): FamilyRule[] {
  return ([4, 6] as const).flatMap((family) => {
    const [sources, destinations] = [ofFamily(rule.from, family), ofFamily(rule.to, family)];
    const isPossible = sources?.length !== 0 && destinations?.length !== 0;
    return isPossible ? [{ ...rule, family, sources, destinations }] : [];
  });
}

function ofFamily(peer: Peer, family: 4 | 6): readonly Address[] | null {
  if (peer === ANY || peer.addresses.length === 0) return null;
  return peer.addresses.filter((address) => address.family === family);
}

/** The end that is not the place itself: what a host's own rule must name. Null for a rule in between, which names both. */
export function remoteOf({ direction, from, to }: Pick<Rule, "direction" | "from" | "to">): Peer | null {
  return { in: from, out: to, forward: null }[direction];
}
