import type { FlowKey } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { type Address, normalizeAddresses } from "./address.ts";
import { ANY, type Peer, type RuleParty } from "./rule.ts";

/** A server with an agent, or one that the manager looks at without. */
export interface AgentHost {
  readonly name: string;
  readonly platform: "linux" | "windows" | "unknown";
  /** Which of the port map's variants holds here (`windows-server-2008`), or null. */
  readonly variant: string | null;
  /** May be empty for the host that the rules are for. */
  readonly addresses: readonly Address[];
  readonly ports: Pick<PortBook, "rangeOf">;
  /** The flows it takes part in, where not in all that are in use: a server without an agent has no backup. */
  readonly flows?: ReadonlySet<FlowKey>;
}

export interface ManagerHost {
  readonly name: string;
  /** May be empty where the rules are for the manager's host. */
  readonly addresses: readonly Address[];
  readonly ports: Pick<PortBook, "rangeOf">;
}

/** Everybody who is neither this manager nor one of its agents. */
export type OtherParty = Exclude<RuleParty, "manager" | "agent">;

/** Who is where. */
export interface Topology {
  readonly manager: ManagerHost;
  /** For an agent's side: that one agent. */
  readonly agents: readonly AgentHost[];
  /** Addresses of the others; `any` is the whole world; who is not here has no rules. */
  readonly others: Readonly<Partial<Record<OtherParty, readonly Address[] | typeof ANY>>>;
}

/** Where a party is; no addresses where that is not known. `agents` are those that take part. */
export function peerOf(party: RuleParty, { manager, others }: Topology, agents: readonly AgentHost[]): Peer {
  if (party === "manager") return { party, name: manager.name, addresses: normalizeAddresses(manager.addresses) };
  if (party === "agent") {
    const [only, ...more] = agents;
    const name = only === undefined || more.length > 0 ? "agents" : only.name;
    return { party, name, addresses: normalizeAddresses(agents.flatMap(({ addresses }) => addresses)) };
  }
  const other = others[party] ?? [];
  return other === ANY ? ANY : { party, name: party, addresses: normalizeAddresses(other) };
}

/** Both ends without the addresses of a family that only one of them has; null where nothing is left. */
export function inSharedFamilies<F extends Peer, T extends Peer>(from: F, to: T): { from: Peer; to: Peer } | null {
  const shared = ([4, 6] as const).filter((family) => has(from, family) && has(to, family));
  const narrowed = (peer: Peer): Peer =>
    peer === ANY ? ANY : { ...peer, addresses: peer.addresses.filter(({ family }) => shared.includes(family)) };
  return shared.length === 0 ? null : { from: narrowed(from), to: narrowed(to) };
}

/** An end whose addresses are not known may have either. */
function has(peer: Peer, family: 4 | 6): boolean {
  return peer === ANY || peer.addresses.length === 0 || peer.addresses.some((address) => address.family === family);
}
