import type { CimInstance } from "../../../cim/cim-instance.ts";
import { unknownReading } from "../../../model/create-reading.ts";
import type { Reading } from "../../../model/reading.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import {
  fileSystemReadings,
  healthReadings,
  loadReadings,
  logicalDiskReadings,
  operatingSystemFacts,
  sensorReadings,
  systemMemoryReadings,
  systemUptimeReadings,
} from "./cim-readings.ts";
import type { Look } from "./means.ts";

/** Instances of one class that one look takes: a server that names more is not believed. */
export const INSTANCES_PER_LOOK_MAX = 1_000;

/** How a look asks: by WS-Management or by CIM-XML. */
export type Enumerate = (
  className: string,
  options: {
    readonly where?: string | undefined;
    /** All that is looked for; a server that lets choose need not tell the rest. */
    readonly properties: readonly string[];
  },
) => AsyncIterable<CimInstance>;

const NAMES = ["ElementName", "Caption", "DeviceID"];
const HEALTH = ["HealthState", "OperationalStatus"];
const SYSTEM = [
  ...["Caption", "ElementName", "Name", "CSName", "OSArchitecture"],
  ...["TotalVisibleMemorySize", "FreePhysicalMemory", "LastBootUpTime", "LocalDateTime"],
];

interface Part {
  readonly className: string;
  /** Of WQL, where the server can choose. */
  readonly where?: string;
  readonly properties: readonly string[];
  readonly toReadings: (instances: readonly CimInstance[]) => readonly Reading[];
}

const WINDOWS: readonly Part[] = [
  { className: "Win32_Processor", properties: ["LoadPercentage"], toReadings: loadReadings },
  {
    className: "Win32_LogicalDisk",
    where: "DriveType = 3",
    properties: ["DeviceID", "Size", "FreeSpace"],
    toReadings: logicalDiskReadings,
  },
];
const health = (className: string, kind: string): Part => ({
  className,
  properties: [...NAMES, ...HEALTH],
  toReadings: (instances) => healthReadings(instances, kind),
});
const DMTF: readonly Part[] = [
  { className: "CIM_Processor", properties: ["LoadPercentage"], toReadings: loadReadings },
  {
    className: "CIM_FileSystem",
    properties: ["Root", "Name", "FileSystemSize", "AvailableSpace"],
    toReadings: fileSystemReadings,
  },
  {
    className: "CIM_NumericSensor",
    properties: [...NAMES, ...HEALTH, "CurrentReading", "BaseUnits", "UnitModifier"],
    toReadings: sensorReadings,
  },
  health("CIM_PowerSupply", "power supply"),
  health("CIM_Fan", "fan"),
  health("CIM_DiskDrive", "disk"),
];

/**
 * Everything that the server tells. The operating system must answer, or the look has failed; a class that the server does
 * not have is left out, one that fails is unknown.
 */
export async function lookByCim(
  enumerate: Enumerate,
  { family, isMissing }: { readonly family: "windows" | "dmtf"; readonly isMissing: (error: unknown) => boolean },
): Promise<Look> {
  const systemClass = family === "windows" ? "Win32_OperatingSystem" : "CIM_OperatingSystem";
  const systems = await take(enumerate(systemClass, { properties: SYSTEM })).catch((error: unknown) => {
    // A baseboard management controller has none.
    if (family === "dmtf" && isMissing(error)) return [];
    throw error;
  });
  const [system] = systems;
  const readings: Reading[] = [];
  if (system !== undefined) {
    readings.push(...systemMemoryReadings(system), ...systemUptimeReadings(system));
  }
  for (const { className, toReadings, ...choice } of family === "windows" ? WINDOWS : DMTF) {
    try {
      readings.push(...toReadings(await take(enumerate(className, choice))));
    } catch (error) {
      if (!isMissing(error))
        readings.push(unknownReading(className, "answers", { unit: "none", reason: reasonOf(error) }));
    }
  }
  return { facts: system === undefined ? {} : operatingSystemFacts(system), readings };
}

async function take(instances: AsyncIterable<CimInstance>): Promise<CimInstance[]> {
  const taken: CimInstance[] = [];
  for await (const instance of instances) {
    if (taken.length === INSTANCES_PER_LOOK_MAX) break; // Leaving the loop releases the enumeration.
    taken.push(instance);
  }
  return taken;
}
