import { reading, unknownReading } from "../../model/create-reading.ts";
import { formatDuration } from "../../model/quantity.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import type { Provider } from "./provider.ts";

/** `host uptime` (seconds) and `host booted` (seconds since 1970 by the host's clock, `btime` of proc_stat(5)). */
export function createUptimeProvider({ system }: { system: HostSystem }): Provider {
  return {
    name: "uptime",
    async read() {
      try {
        const uptime = Number.parseFloat((await system.read("/proc/uptime")).toString("latin1"));
        const booted = /^btime (\d+)$/m.exec((await system.read("/proc/stat")).toString("latin1"))?.[1];
        const up = reading("host", "uptime", {
          value: uptime,
          unit: "seconds",
          summary: `up for ${formatDuration(uptime * 1000)}`,
        });
        if (booted === undefined) return [up];
        const since = new Date(Number(booted) * 1000);
        if (Number.isNaN(since.getTime())) return [up];
        return [
          up,
          reading("host", "booted", {
            value: Number(booted),
            unit: "seconds",
            summary: `booted ${since.toISOString()}`,
          }),
        ];
      } catch (error) {
        return [unknownReading("host", "uptime", { unit: "seconds", reason: reasonOf(error) })];
      }
    },
  };
}

/** Names one run of the kernel; null where the system tells none. */
export async function readBootId(system: HostSystem): Promise<string | null> {
  try {
    return (await system.read("/proc/sys/kernel/random/boot_id")).toString("latin1").trim() || null;
  } catch {
    return null;
  }
}
