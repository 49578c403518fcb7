import { reading, unknownReading } from "../../model/create-reading.ts";
import { formatBytes } from "../../model/quantity.ts";
import type { Reading } from "../../model/reading.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import type { Provider } from "./provider.ts";

/** Six readings each must fit into READING_LIMITS beside those of the others. */
export const INTERFACES_MAX = 16;

/** Measure, column of /proc/net/dev after the name, and what it counts for people. */
const COUNTERS = [
  ["received", 0, "bytes", "received"],
  ["receive-errors", 2, "count", "errors in receiving"],
  ["receive-drops", 3, "count", "packets dropped in receiving"],
  ["sent", 8, "bytes", "sent"],
  ["send-errors", 10, "count", "errors in sending"],
  ["send-drops", 11, "count", "packets dropped in sending"],
] as const;

/**
 * Counters since boot for each network interface with hardware behind it, and for bonds (component `network eth0`).
 * Bridges and the ends of containers are left out: what they carry passes a real one, or never leaves the machine.
 */
export function createNetworkProvider({ system }: { system: HostSystem }): Provider {
  /** Whether an interface is worth a reading: asked once, since it stays what it is as long as it is there. */
  let real = new Map<string, boolean>();
  const isReal = async (name: string) =>
    (await system.exists(`/sys/class/net/${name}/device`)) || (await system.exists(`/sys/class/net/${name}/bonding`));
  return {
    name: "network",
    async read() {
      try {
        const interfaces = parseInterfaces((await system.read("/proc/net/dev")).toString("latin1"));
        const known = new Map<string, boolean>();
        for (const { name } of interfaces) known.set(name, real.get(name) ?? (await isReal(name)));
        real = known;
        return interfaces
          .filter(({ name }) => real.get(name))
          .slice(0, INTERFACES_MAX)
          .flatMap(readingsOf);
      } catch (error) {
        return [unknownReading("network", "received", { unit: "bytes", reason: reasonOf(error) })];
      }
    },
  };
}

export interface Interface {
  readonly name: string;
  readonly counters: readonly number[];
}

/** Lines that are cut short or not numbers are left out, as are names that could leave their folder. */
export function parseInterfaces(text: string): Interface[] {
  const interfaces: Interface[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*([^\s/]+):\s*([\d ]+)$/.exec(line);
    const counters = match?.[2]?.trim().split(/ +/).map(Number) ?? [];
    const name = match?.[1];
    if (name !== undefined && name !== "." && name !== ".." && counters.length >= 16)
      interfaces.push({ name, counters });
  }
  return interfaces;
}

function readingsOf({ name, counters }: Interface): Reading[] {
  return COUNTERS.map(([measure, column, unit, words]) => {
    const value = counters[column] ?? Number.NaN;
    const amount = unit === "bytes" ? formatBytes(value) : String(value);
    return reading(`network ${name}`, measure, { value, unit, summary: `${amount} ${words} since boot` });
  });
}
