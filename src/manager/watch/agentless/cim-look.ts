import type { CimInstance } from "../../../cim/cim-instance.ts";
import { unknownReading } from "../../../model/create-reading.ts";
import type { Reading } from "../../../model/reading.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import { momentOf } from "./cim-figures.ts";
import {
  fileSystemReadings,
  healthReadings,
  logicalDiskReadings,
  memoryReadings,
  operatingSystemFacts,
  processorReadings,
  sensorReadings,
  uptimeReading,
} from "./cim-readings.ts";
import type { Look } from "./means.ts";

/** Instances of one class that one look takes: a server that names more is not believed. */
export const INSTANCES_PER_LOOK_MAX = 1_000;

/** How a look asks: by WS-Management or by CIM-XML. */
export type Enumerate = (className: string, options?: { readonly where?: string }) => AsyncIterable<CimInstance>;

interface Part {
  readonly className: string;
  /** Of WQL, where the server can choose. */
  readonly where?: string;
  readonly toReadings: (instances: readonly CimInstance[]) => readonly Reading[];
}

const WINDOWS: readonly Part[] = [
  { className: "Win32_Processor", toReadings: processorReadings },
  { className: "Win32_LogicalDisk", where: "DriveType = 3", toReadings: logicalDiskReadings },
];
const DMTF: readonly Part[] = [
  { className: "CIM_Processor", toReadings: processorReadings },
  { className: "CIM_FileSystem", toReadings: fileSystemReadings },
  { className: "CIM_NumericSensor", toReadings: sensorReadings },
  { className: "CIM_PowerSupply", toReadings: (instances) => healthReadings(instances, "power supply") },
  { className: "CIM_Fan", toReadings: (instances) => healthReadings(instances, "fan") },
  { className: "CIM_DiskDrive", toReadings: (instances) => healthReadings(instances, "disk") },
];

/**
 * Everything that the server tells. The operating system must answer, or the look has failed; a class that the server does
 * not have is left out, one that fails is unknown.
 */
export async function lookByCim(
  enumerate: Enumerate,
  { family, isMissing }: { readonly family: "windows" | "dmtf"; readonly isMissing: (error: unknown) => boolean },
): Promise<Look> {
  const systems = await take(enumerate(family === "windows" ? "Win32_OperatingSystem" : "CIM_OperatingSystem")).catch(
    (error: unknown) => {
      // A baseboard management controller has none.
      if (family === "dmtf" && isMissing(error)) return [];
      throw error;
    },
  );
  const [system] = systems;
  const readings: Reading[] = [];
  if (system !== undefined) {
    readings.push(...memoryReadings(system));
    readings.push(...uptimeReading(momentOf(system, "LastBootUpTime"), momentOf(system, "LocalDateTime")));
  }
  for (const { className, where, toReadings } of family === "windows" ? WINDOWS : DMTF) {
    try {
      readings.push(...toReadings(await take(enumerate(className, where === undefined ? {} : { where }))));
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
