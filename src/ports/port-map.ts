// The port map: every port of Rusuban, declared once. Listeners, dialers, firewall rules, documents and diagnoses all
// read it. The declarations stand in four files by subject; this one joins them and looks them up.
// Invariants (port-map.test.ts): no two flows of one listener share a port and transport; a flow has a port or a range
// unless it is ICMP; every row of the two original products is served by a flow or says why not (profiles/).

import { BACKUP_FLOWS } from "./backup-flows.ts";
import { closest } from "./closest.ts";
import type { Flow } from "./flow.ts";
import { MANAGING_FLOWS } from "./managing-flows.ts";
import { REPORTING_FLOWS } from "./reporting-flows.ts";
import { WATCHING_FLOWS } from "./watching-flows.ts";

export const PORT_MAP = {
  ...WATCHING_FLOWS,
  ...REPORTING_FLOWS,
  ...MANAGING_FLOWS,
  ...BACKUP_FLOWS,
} as const satisfies Record<string, Flow>;

export type FlowKey = keyof typeof PORT_MAP;

/** In the order of the map. */
export const FLOW_KEYS = Object.keys(PORT_MAP) as readonly FlowKey[];

/** The flow with its declared type, for code that treats all flows alike. */
export function flowOf(key: FlowKey): Flow {
  return PORT_MAP[key];
}

/** The public name, as in commands, logs and documents: `manager-report` for `managerReport`. */
export function flowName(key: FlowKey): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The setting that moves a flow, `ports.managerReport`; null where it cannot be moved. */
export function settingKey(key: FlowKey): string | null {
  return flowOf(key).changeable ? `ports.${key}` : null;
}

export type FlowSearch =
  | { readonly found: true; readonly key: FlowKey; readonly flow: Flow }
  /** Several flows share what was asked for (`shared`), or none has it (`unknown`); `names` may have been meant. */
  | { readonly found: false; readonly problem: "shared" | "unknown"; readonly names: readonly string[] };

/** Finds a flow by either form of its name, by its default port or by a seed row; names are the public ones. */
export function findFlow(text: string): FlowSearch {
  const wanted = text.trim().toLowerCase();
  const named = FLOW_KEYS.filter((key) => key.toLowerCase() === wanted || flowName(key) === wanted);
  const matches = named.length > 0 ? named : FLOW_KEYS.filter((key) => carries(flowOf(key), wanted));
  const [only, ...others] = matches;
  if (only !== undefined && others.length === 0) return { found: true, key: only, flow: flowOf(only) };
  return only === undefined
    ? { found: false, problem: "unknown", names: closest(wanted, FLOW_KEYS.map(flowName)) }
    : { found: false, problem: "shared", names: matches.map(flowName) };
}

function carries(flow: Flow, wanted: string): boolean {
  if (flow.seedRows.includes(wanted)) return true;
  if (!/^\d+$/.test(wanted)) return false;
  const port = Number(wanted);
  return flow.port === port || (flow.range !== null && flow.range.from <= port && port <= flow.range.to);
}
