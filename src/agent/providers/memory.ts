import { reading, unknownReading } from "../../model/create-reading.ts";
import { formatBytes, formatPercent } from "../../model/quantity.ts";
import type { Reading } from "../../model/reading.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import type { Provider } from "./provider.ts";

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

/** In bytes; null what the kernel does not tell. */
export interface MemoryFigures {
  readonly total: number | null;
  readonly available: number | null;
  readonly swapTotal: number | null;
  readonly swapFree: number | null;
}

export function parseMemory(meminfo: string): MemoryFigures {
  return {
    total: kilobytes(meminfo, "MemTotal"),
    available: kilobytes(meminfo, "MemAvailable"),
    swapTotal: kilobytes(meminfo, "SwapTotal"),
    swapFree: kilobytes(meminfo, "SwapFree"),
  };
}

export function memoryReadings(meminfo: string): Reading[] {
  const { total, available, swapTotal: swap, swapFree } = parseMemory(meminfo);
  if (total === null || available === null || total === 0)
    return [unknownReading("memory", "used", { unit: "ratio", reason: "the kernel tells no MemAvailable" })];
  const room = `${formatBytes(available)} of ${formatBytes(total)} available`;
  const used = Math.max(0, 1 - available / total);
  const readings = [
    reading("memory", "used", { value: used, unit: "ratio", summary: `${formatPercent(used)} used: ${room}` }),
    reading("memory", "available", { value: available, unit: "bytes", summary: room }),
  ];
  if (swap !== null && swap > 0 && swapFree !== null) {
    const ratio = Math.max(0, 1 - swapFree / swap);
    const summary = `${formatPercent(ratio)} used: ${formatBytes(swapFree)} of ${formatBytes(swap)} free`;
    readings.push(reading("swap", "used", { value: ratio, unit: "ratio", summary }));
  }
  return readings;
}

/** In bytes: the file's kB are 1024 bytes. */
function kilobytes(meminfo: string, name: string): number | null {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(meminfo);
  return match === null ? null : Number(match[1]) * 1024;
}
