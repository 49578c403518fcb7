import { FLOW_KEYS, type FlowKey } from "../ports/port-map.ts";
import { createPortBook } from "../ports/port-settings.ts";
import { parseAddress } from "./address.ts";
import type { RuleSet, Side } from "./rule.ts";
import { deriveRules } from "./rule-set.ts";
import type { AgentHost, Topology } from "./topology.ts";

export const addressesOf = (host: string, ...texts: readonly string[]) =>
  texts.map((text) => parseAddress(text, { key: host, host }));

export function agentNamed(name: string, addresses: readonly string[], differing: Partial<AgentHost> = {}): AgentHost {
  const ports = createPortBook();
  return { name, platform: "linux", variant: null, addresses: addressesOf(name, ...addresses), ports, ...differing };
}

/** Manager and one agent with both families, and somebody at every other place. */
export function topologyOf(differing: Partial<Topology> = {}): Topology {
  return {
    manager: {
      name: "manager",
      addresses: addressesOf("manager", "10.77.1.10", "fd77:1::10"),
      ports: createPortBook(),
    },
    agents: [agentNamed("web1", ["10.77.2.20", "fd77:2::20"])],
    others: {
      "mail-server": addressesOf("mail-server", "192.0.2.25"),
      "web-server": addressesOf("web-server", "192.0.2.80", "2001:db8::80"),
      "microsoft-365": "any",
      "peer-manager": addressesOf("peer-manager", "10.78.1.10"),
      device: addressesOf("device", "10.77.3.0/24", "fd77:3::/64"),
      console: addressesOf("console", "10.77.4.1"),
      browser: addressesOf("browser", "10.77.4.0/24", "fd77:4::/64"),
    },
    ...differing,
  };
}

/** Every flow of the map, also those that have to be switched on. */
export function rulesOn(
  side: Side,
  { topology = topologyOf(), flows = FLOW_KEYS }: { topology?: Topology; flows?: readonly FlowKey[] } = {},
): RuleSet {
  return deriveRules({ side, topology, flows: new Set(flows) });
}
