// From the port map to the rules of one place. A flow becomes a rule where it is in use, where the listening platform
// has it, and where both ends are declared; every other flow of the place is left out with the reason, so that nobody
// has to wonder. Rules let packets in, they never keep any out: IPv6 needs no rules of ours for neighbour discovery or
// router advertisements, because a firewall under which IPv6 works at all lets those through already.

import { type Flow, formatRange, type PortRange, type Text } from "../ports/flow.ts";
import { FLOW_KEYS, type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import type { PortBook } from "../ports/port-settings.ts";
import { type Conversation, rulesAt } from "./conversation.ts";
import type { RuleParty, RuleSet, Side } from "./rule.ts";
import type { AgentHost, Topology } from "./topology.ts";

/** The rules of one place for the flows that are in use, in the order of the port map. */
export function deriveRules({
  side,
  topology,
  flows,
}: {
  readonly side: Side;
  readonly topology: Topology;
  readonly flows: ReadonlySet<FlowKey>;
}): RuleSet {
  return rulesAt(
    side,
    topology,
    FLOW_KEYS.flatMap((key) => conversationsOf(key, topology, flows)),
  );
}

function conversationsOf(key: FlowKey, topology: Topology, flows: ReadonlySet<FlowKey>): Conversation[] {
  const flow = flowOf(key);
  if (flow.scope === "loopback") return [];
  const named = { flow: flowName(key), title: flow.title, transport: flow.transport, isAnswered: true };
  return endsOf(flow).flatMap(({ from, to }): Conversation[] => {
    if (!flows.has(key)) return [{ ...named, from, to, problem: unused(flow) }];
    const agents = topology.agents.filter((agent) => agent.flows?.has(key) ?? true);
    const isWithoutAgents = (from === "agent" || to === "agent") && agents.length === 0;
    if (isWithoutAgents && topology.agents.length > 0) return [{ ...named, from, to, problem: unused(flow) }];
    if (to !== "agent") {
      return [{ ...named, from, to, agents, ports: portsOf(key, { ...topology.manager, variant: null }) }];
    }
    const fitting = agents.filter(({ platform }) => flow.platform === "any" || flow.platform === platform);
    if (fitting.length === 0) return [{ ...named, from, to, problem: otherPlatform(flow) }];
    return byPorts(key, fitting).map(({ ports, agents }) => ({ ...named, from, to, ports, agents }));
  });
}

/** Who begins with whom. Between managers each is both. */
function endsOf({ initiators, listener }: Flow): { from: RuleParty; to: RuleParty }[] {
  return initiators.flatMap((initiator): { from: RuleParty; to: RuleParty }[] =>
    initiator === listener
      ? [
          { from: "peer-manager", to: listener },
          { from: initiator, to: "peer-manager" },
        ]
      : [{ from: initiator, to: listener }],
  );
}

/** Agents listen where each of them was told to: one group for each answer. */
function byPorts(key: FlowKey, agents: readonly AgentHost[]): { ports: readonly PortRange[]; agents: AgentHost[] }[] {
  const groups = new Map<string, { ports: readonly PortRange[]; agents: AgentHost[] }>();
  for (const agent of agents) {
    const ports = portsOf(key, agent);
    const name = ports.map(formatRange).join();
    const group = groups.get(name) ?? { ports, agents: [] };
    group.agents.push(agent);
    groups.set(name, group);
  }
  return [...groups.values()];
}

/** A port that the operator moved stays where it is; one that was left alone follows the host's variant. */
function portsOf(
  key: FlowKey,
  { ports, variant }: { readonly ports: Pick<PortBook, "rangeOf">; readonly variant: string | null },
): readonly PortRange[] {
  const flow = flowOf(key);
  if (flow.transport === "icmp") return [];
  const range = ports.rangeOf(key);
  const other = flow.variants.find(({ name }) => name === variant);
  const isMoved = flow.port === null || range.from !== flow.port;
  return [other === undefined || isMoved ? range : { from: other.port, to: other.port }];
}

function unused({ enabled }: Flow): Text {
  if (enabled === true) return { en: "not in use here", ja: "ここでは使用していません" };
  return { en: `not in use; it is when: ${enabled.en}`, ja: `使用していません(使用するのは: ${enabled.ja})` };
}

function otherPlatform({ platform }: Flow): Text {
  return { en: `exists on ${platform} only`, ja: `${platform} のみの機能です` };
}
