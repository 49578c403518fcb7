// This host by itself: do its own programs listen where they should, who else has a declared port, do the data ports lie
// where the system takes ports for others, whose firewall is in charge, what was installed before.

import { ephemeralOverlap, type OverlapVerdict, type SystemPorts } from "../ports/ephemeral-ports.ts";
import type { PortRange } from "../ports/flow.ts";
import { type FlowKey, flowName, flowOf } from "../ports/port-map.ts";
import { isLoopback } from "./address-text.ts";
import type { CauseId } from "./causes/causes.ts";
import type { ListeningSocket } from "./evidence.ts";
import type { PortSpan } from "./helper.ts";
import type { Installation } from "./installations.ts";

export interface SelfFlow {
  readonly flow: FlowKey;
  readonly range: PortRange;
  /** A pool of ports, on which nobody listens until a job does. */
  readonly isPool: boolean;
  /** Where the settings want it to listen: `::`, an address, a name. */
  readonly host: string;
}

export interface SelfEntry {
  readonly flow: string;
  readonly transport: string;
  readonly ports: string;
  /** `open`: our program listens for others; `free`: nobody, and nobody has to. */
  readonly state: "open" | "closed" | "partly" | "unknown" | "free";
  readonly causes: readonly CauseId[];
  /** Who can connect where it is open: others, or, as the settings say, programs of this computer only. */
  readonly reach: "everybody" | "this-computer";
  /** Who holds it: `perl (pid 812)`. */
  readonly owners: readonly string[];
}

export interface SelfReport {
  readonly entries: readonly SelfEntry[];
  readonly ephemeral: OverlapVerdict | { readonly kind: "unknown"; readonly reason: string };
  /** As read-firewall.ts has it; null where it cannot be read. */
  readonly firewall: string | null;
  readonly installations: readonly Installation[];
}

export interface SelfCheckNeeds {
  readonly flows: readonly SelfFlow[];
  readonly readSockets: (spans: readonly PortSpan[]) => Promise<readonly ListeningSocket[] | null>;
  readonly systemPorts: () => Promise<SystemPorts>;
  readonly firewall: () => Promise<string | undefined>;
  readonly installations: () => Promise<readonly Installation[]>;
}

export async function checkSelf(needs: SelfCheckNeeds): Promise<SelfReport> {
  const flows = needs.flows.filter(({ flow }) => flowOf(flow).transport !== "icmp");
  const spans = flows.map(({ flow, range }) => ({ transport: transportOf(flow), ...range }));
  const [sockets, system, firewall, installations] = await Promise.all([
    needs.readSockets(spans),
    needs.systemPorts(),
    needs.firewall(),
    needs.installations(),
  ]);
  const data = flows.find(({ isPool }) => isPool);
  return {
    entries: flows.map((flow) => entryOf(flow, sockets)),
    ephemeral:
      system.kind === "unknown" || data === undefined
        ? { kind: "unknown", reason: system.kind === "unknown" ? system.reason : "this host has no data ports" }
        : ephemeralOverlap({ range: data.range, ...system }),
    firewall: firewall ?? null,
    installations,
  };
}

function isLoopbackName(host: string): boolean {
  return host === "localhost" || isLoopback(host);
}

function transportOf(flow: FlowKey): "tcp" | "udp" {
  return flowOf(flow).transport === "udp" ? "udp" : "tcp";
}

function entryOf({ flow, range, isPool, host }: SelfFlow, sockets: readonly ListeningSocket[] | null): SelfEntry {
  const { from, to } = range;
  const common = {
    flow: flowName(flow),
    transport: transportOf(flow),
    ports: from === to ? `${from}` : `${from}-${to}`,
    reach: "everybody" as const,
  };
  if (sockets === null) return { ...common, state: "unknown", causes: [], owners: [] };
  const held = sockets.filter(({ port }) => from <= port && port <= to);
  const others = held.filter(({ holder }) => holder === "other");
  const owners = [...new Set(held.map(({ owner, holder }) => (holder === "hidden" ? "?" : owner)))];
  if (others.length > 0) return { ...common, state: isPool ? "partly" : "closed", causes: ["port-taken"], owners };
  if (isPool) return { ...common, state: "free", causes: [], owners };
  if (held.length === 0) return { ...common, state: "closed", causes: ["not-listening"], owners };
  const state = held.some(({ holder }) => holder === "own") ? "open" : "unknown";
  if (!held.every(({ address }) => isLoopback(address))) return { ...common, state, causes: [], owners };
  if (isLoopbackName(host)) return { ...common, state, reach: "this-computer", causes: [], owners };
  return { ...common, state: "closed", causes: ["loopback-only"], owners };
}
