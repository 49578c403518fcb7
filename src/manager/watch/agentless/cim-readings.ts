import type { CimInstance } from "../../../cim/cim-instance.ts";
import { reading, unknownReading } from "../../../model/create-reading.ts";
import type { HostFacts } from "../../../model/host.ts";
import type { Reading, ReadingState } from "../../../model/reading.ts";
import { momentOf, numberOf, numbersOf, textOf } from "./cim-figures.ts";
import { memoryReadings, processorReadings, spaceReadings, uptimeReadings } from "./plain-readings.ts";

// What a server tells of itself in the classes of the DMTF and of Windows, as readings.

const KIB = 1_024;

/** CIM_OperatingSystem and Win32_OperatingSystem name and count alike: memory in KiB (PUnit byte * 10^3 in the schema, KiB in fact). */
export function operatingSystemFacts(instance: CimInstance): Partial<HostFacts> {
  const caption = textOf(instance, "Caption") ?? textOf(instance, "ElementName") ?? textOf(instance, "Name");
  const hostname = textOf(instance, "CSName");
  const architecture = textOf(instance, "OSArchitecture");
  return {
    ...(caption === null ? {} : { operatingSystem: caption.split("|")[0] ?? caption }), // Win32: Name|folder|partition.
    ...(hostname === null ? {} : { hostname }),
    ...(architecture === null ? {} : { architecture }),
  };
}

export function systemMemoryReadings(instance: CimInstance): Reading[] {
  const bytesOf = (name: string) => {
    const kibibytes = numberOf(instance, name);
    return kibibytes === null ? null : kibibytes * KIB;
  };
  return memoryReadings({ sizeBytes: bytesOf("TotalVisibleMemorySize"), freeBytes: bytesOf("FreePhysicalMemory") });
}

/** Both by the same clock, the server's. */
export function systemUptimeReadings(instance: CimInstance): Reading[] {
  const [booted, now] = [momentOf(instance, "LastBootUpTime"), momentOf(instance, "LocalDateTime")];
  return uptimeReadings(booted === null || now === null ? null : now - booted);
}

export function loadReadings(instances: readonly CimInstance[]): Reading[] {
  return processorReadings(instances.flatMap((instance) => numberOf(instance, "LoadPercentage") ?? []));
}

/** Win32_LogicalDisk: the local disks (DriveType 3). */
export function logicalDiskReadings(instances: readonly CimInstance[]): Reading[] {
  return instances.flatMap((instance) =>
    spaceReadings(textOf(instance, "DeviceID") ?? "?", {
      sizeBytes: numberOf(instance, "Size"),
      freeBytes: numberOf(instance, "FreeSpace"),
    }),
  );
}

/** CIM_FileSystem and what is derived from it. */
export function fileSystemReadings(instances: readonly CimInstance[]): Reading[] {
  return instances.flatMap((instance) =>
    spaceReadings(textOf(instance, "Root") ?? textOf(instance, "Name") ?? "?", {
      sizeBytes: numberOf(instance, "FileSystemSize"),
      freeBytes: numberOf(instance, "AvailableSpace"),
    }),
  );
}

/** CIM_NumericSensor.BaseUnits (value map of the schema): those that machines have. */
const BASE_UNITS: Readonly<Record<number, string>> = { 2: "°C", 3: "°F", 4: "K", 5: "V", 6: "A", 7: "W", 19: "rpm" };

/** CIM_NumericSensor: temperatures, fans, voltages, powers, each judged by the server itself (HealthState, OperationalStatus). */
export function sensorReadings(instances: readonly CimInstance[]): Reading[] {
  return instances.map((instance) => {
    const component = nameOf(instance, "sensor");
    const raw = numberOf(instance, "CurrentReading");
    const units = BASE_UNITS[numberOf(instance, "BaseUnits") ?? 0] ?? "";
    if (raw === null) {
      return unknownReading(component, "reading", { unit: "none", reason: "the sensor tells no value" });
    }
    const value = raw * 10 ** (numberOf(instance, "UnitModifier") ?? 0);
    const shown = `${Number(value.toPrecision(6))}${units === "" ? "" : ` ${units}`}`;
    return { ...reading(component, "reading", { value, unit: "none", summary: shown }), ...healthOf(instance) };
  });
}

/** Anything that has a health and no value: power supplies, fans, disks, batteries. */
export function healthReadings(instances: readonly CimInstance[], kind: string): Reading[] {
  return instances.map((instance) => {
    const { state, summary } = healthOf(instance);
    const value = state === "unknown" ? null : state === "ok" ? 1 : 0;
    return { component: nameOf(instance, kind), measure: "healthy", value, unit: "none", state, summary };
  });
}

function nameOf(instance: CimInstance, kind: string): string {
  const name = textOf(instance, "ElementName") ?? textOf(instance, "Caption") ?? textOf(instance, "DeviceID");
  return `${kind} ${name ?? "?"}`;
}

/** HealthState (5 OK, 10 degraded, 15 minor, 20 major, 25 critical, 30 non-recoverable); where it is silent, OperationalStatus. */
function healthOf(instance: CimInstance): { readonly state: ReadingState; readonly summary: string } {
  const health = numberOf(instance, "HealthState");
  if (health !== null && health > 0) {
    if (health === 5) return { state: "ok", summary: "healthy" };
    return health < 20
      ? { state: "warning", summary: `degraded (HealthState ${health})` }
      : { state: "critical", summary: `failing (HealthState ${health})` };
  }
  const statuses = numbersOf(instance, "OperationalStatus");
  const words = `OperationalStatus ${statuses.join(", ")}`;
  if (statuses.some((status) => ERROR_STATUSES.has(status))) return { state: "critical", summary: words };
  if (statuses.some((status) => DEGRADED_STATUSES.has(status))) return { state: "warning", summary: words };
  return statuses.includes(2)
    ? { state: "ok", summary: "healthy" }
    : { state: "unknown", summary: "it tells no health" };
}

/** CIM_ManagedSystemElement.OperationalStatus: error, non-recoverable error, no contact, lost communication, aborted. */
const ERROR_STATUSES = new Set([6, 7, 12, 13, 14]);
/** Degraded, stressed, predictive failure, stopped. */
const DEGRADED_STATUSES = new Set([3, 4, 5, 10]);
