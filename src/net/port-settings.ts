import type { PortRange } from "../ports/flow.ts";
import { FLOW_KEYS, type FlowKey, flowOf } from "../ports/port-map.ts";
import { createPortBook, type PortBook, type PortOverrides } from "../ports/port-settings.ts";
import { integer, portRange } from "../runtime/setting-kinds.ts";
import { environmentName, type Setting, setting } from "../runtime/settings.ts";

// Ports are settings like any other (`ports.managerReport`); an unset one keeps the map's default.

type PortSettings = Readonly<Record<`ports.${string}`, Setting<number | PortRange | null>>>;

/** A setting for each flow that may be moved. */
export function declarePortSettings(): PortSettings {
  const declared: Record<`ports.${string}`, Setting<number | PortRange | null>> = {};
  for (const key of FLOW_KEYS) {
    const flow = flowOf(key);
    if (!flow.changeable) continue;
    const kind = flow.range === null ? integer({ min: 1, max: 65_535 }) : portRange();
    declared[`ports.${key}`] = setting<number | PortRange | null>(kind, null, `Port of: ${flow.title.en}.`);
  }
  return declared;
}

/** The port book after these settings. Throws SettingsError naming key and environment variable for a contradiction. */
export function portBookOf(values: Readonly<Record<string, unknown>>, concurrentJobs: number): PortBook {
  return createPortBook(portOverridesOf(values), {
    concurrentJobs,
    placeOf: (key) => `the settings file or ${environmentName(key)}`,
  });
}

/** What was changed, by flow. */
export function portOverridesOf(values: Readonly<Record<string, unknown>>): PortOverrides {
  const overrides: PortOverrides = {};
  for (const key of FLOW_KEYS) {
    const value = values[`ports.${key}`];
    if (value !== null && value !== undefined) overrides[key] = value as number | PortRange;
  }
  return overrides;
}

/** Changed single ports as they travel between manager and agent. */
export function portsToTell(overrides: PortOverrides): { flow: FlowKey; port: number }[] {
  return FLOW_KEYS.flatMap((flow) => (typeof overrides[flow] === "number" ? [{ flow, port: overrides[flow] }] : []));
}
