import { reading } from "../../../model/create-reading.ts";
import { count, formatBytes, formatPercent } from "../../../model/quantity.ts";
import type { Reading } from "../../../model/reading.ts";
import { numberIn, oidIn, type SnmpValue, textIn } from "../../../protocols/snmp/value.ts";
import { memoryReadings, spaceReadings, uptimeReadings } from "./plain-readings.ts";
import { PROGRAMS, SCALARS, STORAGE_TYPES, STORAGES } from "./snmp-objects.ts";

// What a server tells by SNMP, as readings.

const KIB = 1_024;
export type Row = ReadonlyMap<string, SnmpValue>;
export type Scalars = ReadonlyMap<string, SnmpValue | null>;

export function systemReadings(scalars: Scalars): Reading[] {
  const number = (name: keyof typeof SCALARS) => numberIn(scalars.get(SCALARS[name]));
  // sysUpTime is that of the SNMP program; both are hundredths of a second, and begin anew after 497 days.
  const ticks = number("hrSystemUptime") ?? number("sysUpTime");
  const processes = number("hrSystemProcesses");
  const readings = uptimeReadings(ticks === null ? null : ticks * 10);
  if (processes !== null) {
    const summary = count(processes, "process", "processes");
    readings.push(reading("processes", "count", { value: processes, unit: "count", summary }));
  }
  return readings;
}

/** UCD-SNMP-MIB counts KiB; what caches hold can be had (proc_meminfo(5), MemAvailable). Otherwise HOST-RESOURCES-MIB. */
export function memoryOfSnmp(scalars: Scalars, storages: Iterable<Row>): Reading[] {
  const bytes = (name: keyof typeof SCALARS) => {
    const kibibytes = numberIn(scalars.get(SCALARS[name]));
    return kibibytes === null ? null : kibibytes * KIB;
  };
  const [total, free] = [bytes("memTotalReal"), bytes("memAvailReal")];
  if (total !== null && free !== null) {
    const reclaimable = (bytes("memBuffer") ?? 0) + (bytes("memCached") ?? 0);
    const available = bytes("memSysAvail") ?? Math.min(total, free + reclaimable);
    const [swap, swapFree] = [bytes("memTotalSwap"), bytes("memAvailSwap")];
    return [...memoryReadings({ sizeBytes: total, freeBytes: available }), ...swapReadings(swap, swapFree)];
  }
  for (const row of storages) {
    if (oidIn(row.get(STORAGES.hrStorageType)) === STORAGE_TYPES.ram) return memoryReadings(roomOf(row));
  }
  return [];
}

function swapReadings(total: number | null, free: number | null): Reading[] {
  if (total === null || free === null || total <= 0 || free < 0 || free > total) return [];
  const used = 1 - free / total;
  const summary = `${formatPercent(used)} used: ${formatBytes(free)} of ${formatBytes(total)} free`;
  return [reading("swap", "used", { value: used, unit: "ratio", summary })];
}

export function fileSystemsOfSnmp(storages: Iterable<Row>): Reading[] {
  return [...storages]
    .filter((row) => oidIn(row.get(STORAGES.hrStorageType)) === STORAGE_TYPES.fixedDisk)
    .flatMap((row) => spaceReadings(storageName(textIn(row.get(STORAGES.hrStorageDescr)) ?? "?"), roomOf(row)));
}

/** Windows says `C:\ Label:Data  Serial Number 1a2b`; a drive is called as by its other means. */
function storageName(description: string): string {
  return /^([A-Za-z]:)\\/.exec(description)?.[1] ?? description;
}

function roomOf(row: Row) {
  const unit = numberIn(row.get(STORAGES.hrStorageAllocationUnits));
  const blocks = (name: "hrStorageSize" | "hrStorageUsed") => {
    const told = numberIn(row.get(STORAGES[name]));
    if (told === null || unit === null || unit <= 0) return null;
    // Integer32 of RFC 2790: many a server lets what is more than 2^31 blocks appear as negative.
    return (told < 0 ? told + 2 ** 32 : told) * unit;
  };
  const [size, used] = [blocks("hrStorageSize"), blocks("hrStorageUsed")];
  return { sizeBytes: size, freeBytes: size === null || used === null ? null : size - used };
}

/** laLoadInt: hundredths. For each processor, as everywhere; nothing where their number is not known. */
export function loadOfSnmp(scalars: Scalars, processors: number): Reading[] {
  const spans = [
    ["laLoad1", "load1", "1 minute"],
    ["laLoad5", "load5", "5 minutes"],
    ["laLoad15", "load15", "15 minutes"],
  ] as const;
  return spans.flatMap(([name, measure, span]) => {
    const hundredths = numberIn(scalars.get(SCALARS[name]));
    if (hundredths === null || hundredths < 0 || processors === 0) return [];
    const load = hundredths / 100;
    const summary = `${load.toFixed(2)} over ${span} on ${count(processors, "processor")}`;
    return [reading("load", measure, { value: load / processors, unit: "none", summary })];
  });
}

/** Programs that must run, as the server's administrator said. */
export function programReadings(rows: Iterable<Row>): Reading[] {
  return [...rows].flatMap((row) => {
    const name = textIn(row.get(PROGRAMS.prNames));
    const flag = numberIn(row.get(PROGRAMS.prErrorFlag));
    if (name === null || flag === null) return [];
    const summary = flag === 0 ? "runs" : (textIn(row.get(PROGRAMS.prErrMessage)) ?? "does not run as it should");
    return [reading(`service ${name}`, "running", { value: flag === 0 ? 1 : 0, unit: "none", summary })];
  });
}
