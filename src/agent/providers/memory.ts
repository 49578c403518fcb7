import type { Reading } from "../../model/reading.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import { type Provider, reading, unknownReading } from "./provider.ts";
import { formatBytes, formatPercent } from "./quantity.ts";

/**
 * `memory used` (ratio) and `memory available` (bytes) by the kernel's MemAvailable: what programs can still get, caches
 * that can be dropped counted as free (proc_meminfo(5)). `swap used` (ratio) where there is swap.
 */
export function createMemoryProvider({ system }: { system: HostSystem }): Provider {
  return {
    name: "memory",
    async read() {
      try {
        return memoryReadings((await system.read("/proc/meminfo")).toString("latin1"));
      } catch (error) {
        return [unknownReading("memory", "used", { unit: "ratio", reason: reasonOf(error) })];
      }
    },
  };
}

export function memoryReadings(meminfo: string): Reading[] {
  const total = kilobytes(meminfo, "MemTotal");
  const available = kilobytes(meminfo, "MemAvailable");
  if (total === undefined || available === undefined || total === 0)
    return [unknownReading("memory", "used", { unit: "ratio", reason: "the kernel tells no MemAvailable" })];
  const room = `${formatBytes(available)} of ${formatBytes(total)} available`;
  const used = Math.max(0, 1 - available / total);
  const readings = [
    reading("memory", "used", { value: used, unit: "ratio", summary: `${formatPercent(used)} used: ${room}` }),
    reading("memory", "available", { value: available, unit: "bytes", summary: room }),
  ];
  const swap = kilobytes(meminfo, "SwapTotal");
  const swapFree = kilobytes(meminfo, "SwapFree");
  if (swap !== undefined && swap > 0 && swapFree !== undefined) {
    const ratio = Math.max(0, 1 - swapFree / swap);
    const summary = `${formatPercent(ratio)} used: ${formatBytes(swapFree)} of ${formatBytes(swap)} free`;
    readings.push(reading("swap", "used", { value: ratio, unit: "ratio", summary }));
  }
  return readings;
}

/** In bytes: the file's kB are 1024 bytes. */
function kilobytes(meminfo: string, name: string): number | undefined {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo);
  return match === null ? undefined : Number(match[1]) * 1024;
}
