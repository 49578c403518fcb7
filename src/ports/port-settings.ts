// Ports after the operator has spoken: the map's defaults with the settings' changes on top, checked once at start.

import { SettingsError } from "../runtime/errors.ts";
import { dataPortsNeeded } from "./data-port-pool.ts";
import { formatRange, overlapOf, type PortRange, rangeSize } from "./flow.ts";
import { FLOW_KEYS, type FlowKey, findFlow, flowName, flowOf } from "./port-map.ts";

/** What the settings may say: a port, or for a flow with a range both ends of it. Unchanged flows are left out. */
export type PortOverrides = Partial<Record<FlowKey, number | PortRange>>;

/** Where each flow really is. Consumers ask for as little of it as they use. */
export interface PortBook {
  /** The port of a flow that has one. A flow with a range, or without ports, is a mistake of the caller. */
  portOf(flow: FlowKey): number;
  /** The range of a flow; a flow with one port answers with a range of one. */
  rangeOf(flow: FlowKey): PortRange;
}

interface BookNeeds {
  /** How many backups and restores may run at once on one host; the range must hold two ports for each. */
  readonly concurrentJobs?: number;
  /** Says where a setting was read (`the file rusuban.toml`, `the flag --port`), for the message. */
  readonly placeOf?: (settingKey: string) => string | undefined;
}

/** Throws SettingsError, naming key, place and fix, for a change that cannot be honoured. */
export function createPortBook(overrides: PortOverrides = {}, needs: BookNeeds = {}): PortBook {
  const { concurrentJobs = 1, placeOf = () => undefined } = needs;
  const refuse = (key: string, problem: string): never => {
    const place = placeOf(`ports.${key}`);
    throw new SettingsError(`ports.${key}`, place === undefined ? problem : `${problem} (set in ${place})`);
  };

  const book = new Map<FlowKey, PortRange>();
  for (const key of FLOW_KEYS) {
    const { port, range } = flowOf(key);
    if (range !== null) book.set(key, range);
    else if (port !== null) book.set(key, { from: port, to: port });
  }

  for (const [key, value] of Object.entries(overrides)) {
    if (value === undefined) continue;
    if (!isFlowKey(key)) return refuse(key, unknownFlow(key));
    book.set(
      key,
      changed(key, value, (problem) => refuse(key, problem)),
    );
  }
  const needed = dataPortsNeeded(concurrentJobs);
  for (const [key, range] of book) {
    if (flowOf(key).range === null || rangeSize(range) >= needed) continue;
    refuse(
      key,
      `${formatRange(range)} holds ${rangeSize(range)} ports, ${needed} are needed (concurrent jobs: ${concurrentJobs}): ` +
        `widen it to ${widened(range, needed)}`,
    );
  }
  for (const clash of clashesIn(book)) {
    const [moved, other] = clash.first in overrides ? [clash.first, clash.second] : [clash.second, clash.first];
    refuse(
      moved,
      `${clash.port}/${clash.transport} is also the port of ${flowName(other)} (ports.${other}) on the same ` +
        `${flowOf(moved).listener}: give one of the two another port`,
    );
  }

  const rangeOf = (key: FlowKey): PortRange => {
    const range = book.get(key);
    if (range === undefined) throw new Error(`${flowName(key)} has no ports: it is ${flowOf(key).transport}`);
    return range;
  };
  return {
    rangeOf,
    portOf(key) {
      if (flowOf(key).range !== null) throw new Error(`${flowName(key)} has a range of ports: lease one of them`);
      return rangeOf(key).from;
    },
  };
}

/** The range that an override means, or a refusal. */
function changed(key: FlowKey, value: number | PortRange, refuse: (problem: string) => never): PortRange {
  const flow = flowOf(key);
  if (!flow.changeable) {
    const why = flow.transport === "icmp" ? "ICMP has no ports" : `the port is the ${flow.listener}'s own`;
    return refuse(`cannot be changed, because ${why}: remove the setting`);
  }
  if (flow.range === null) {
    if (typeof value !== "number") return refuse(`${flowName(key)} is one port, not a range: give a number`);
    if (!isPort(value)) return refuse(`${value} is not a port: give a whole number from 1 to ${PORT_MAX}`);
    return { from: value, to: value };
  }
  if (typeof value === "number")
    return refuse(`${value} is one port, not a range: give both ends, as in ${formatRange(flow.range)}`);
  const { from, to } = value;
  if (!isPort(from) || !isPort(to)) {
    return refuse(`${from}-${to} is not a range of ports: both ends are whole numbers from 1 to ${PORT_MAX}`);
  }
  if (from > to) return refuse(`${from}-${to} runs backwards: swap its ends`);
  return { from, to };
}

/** The first port that two flows of one listener would share, for each such pair. */
function* clashesIn(book: ReadonlyMap<FlowKey, PortRange>) {
  const entries = [...book];
  for (const [index, [first, a]] of entries.entries()) {
    for (const [second, b] of entries.slice(index + 1)) {
      const one = flowOf(first);
      const two = flowOf(second);
      if (one.listener !== two.listener || one.transport !== two.transport) continue;
      const shared = overlapOf(a, b);
      if (shared !== null) yield { first, second, port: shared.from, transport: one.transport };
    }
  }
}

const PORT_MAX = 65_535;

function isPort(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= PORT_MAX;
}

function isFlowKey(key: string): key is FlowKey {
  return (FLOW_KEYS as readonly string[]).includes(key);
}

function unknownFlow(key: string): string {
  const search = findFlow(key);
  const names = search.found ? [search.key] : search.names;
  const hint = names.length > 0 ? `did you mean ${names.join(" or ")}?` : "see `rusuban ports list` for all of them";
  return `there is no such flow: ${hint}`;
}

function widened({ from, to }: PortRange, size: number): string {
  const end = from + size - 1;
  return end <= PORT_MAX ? formatRange({ from, to: end }) : formatRange({ from: to - size + 1, to });
}
