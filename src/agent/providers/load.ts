import { reading, unknownReading } from "../../model/create-reading.ts";
import { count, formatPercent } from "../../model/quantity.ts";
import type { Reading } from "../../model/reading.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { HostSystem } from "./host-system.ts";
import type { Provider } from "./provider.ts";

/** Ticks since boot, all processors together (proc_stat(5)). */
export interface ProcessorTimes {
  readonly total: number;
  readonly idle: number;
  readonly stolen: number;
  readonly processors: number;
}

/**
 * `load load1`, `load5`, `load15`: the kernel's load for each processor, so that 1 means "just all busy" on any machine.
 * `processor busy`: the part of the time between two looks in which processors were not idle; none at the first look.
 */
export function createLoadProvider({ system }: { system: HostSystem }): Provider {
  let before: ProcessorTimes | undefined;
  return {
    name: "load",
    async read() {
      try {
        const times = parseProcessorTimes((await system.read("/proc/stat")).toString("latin1"));
        const readings = loadReadings((await system.read("/proc/loadavg")).toString("latin1"), times.processors);
        const busy = before === undefined ? undefined : busyReading(before, times);
        before = times;
        return busy === undefined ? readings : [...readings, busy];
      } catch (error) {
        before = undefined;
        return [unknownReading("load", "load5", { unit: "none", reason: reasonOf(error) })];
      }
    },
  };
}

/** Throws when the line of all processors is missing or not numbers. */
export function parseProcessorTimes(stat: string): ProcessorTimes {
  // Guest time is part of user and nice already: the first eight columns are the whole.
  const columns = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(" ").slice(0, 8).map(Number) ?? [];
  const [, , , idle, waiting = 0, , , stolen = 0] = columns;
  const processors = stat.match(/^cpu\d+ /gm)?.length ?? 0;
  if (idle === undefined || processors === 0) throw new Error("/proc/stat: no times of processors");
  return { total: columns.reduce((sum, ticks) => sum + ticks, 0), idle: idle + waiting, stolen, processors };
}

/** Ticks of each thread of the processors, by its number. */
export function parseEachProcessor(stat: string): ReadonlyMap<number, Pick<ProcessorTimes, "total" | "idle">> {
  const each = new Map<number, Pick<ProcessorTimes, "total" | "idle">>();
  for (const [, number, columns = ""] of stat.matchAll(/^cpu(\d+) +([\d ]+)$/gm)) {
    const ticks = columns.trim().split(" ").slice(0, 8).map(Number);
    const [, , , idle, waiting = 0] = ticks;
    if (idle === undefined) continue;
    each.set(Number(number), { total: ticks.reduce((sum, tick) => sum + tick, 0), idle: idle + waiting });
  }
  return each;
}

export function loadReadings(loadavg: string, processors: number): Reading[] {
  const match = /^(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) /.exec(loadavg);
  if (match === null)
    return [unknownReading("load", "load5", { unit: "none", reason: "/proc/loadavg is not three numbers" })];
  const minutes = ["1 minute", "5 minutes", "15 minutes"];
  return ["load1", "load5", "load15"].map((measure, index) => {
    const load = Number(match[index + 1]);
    const summary = `${load.toFixed(2)} over ${minutes[index]} on ${count(processors, "processor")}`;
    return reading("load", measure, { value: load / processors, unit: "none", summary });
  });
}

/** None when no time has passed or the counters went back, as they do when a processor is taken away. */
export function busyReading(before: ProcessorTimes, after: ProcessorTimes): Reading | undefined {
  const total = after.total - before.total;
  const idle = after.idle - before.idle;
  if (!(total > 0) || after.processors !== before.processors) return undefined;
  const busy = Math.min(1, Math.max(0, 1 - idle / total));
  const stolen = Math.max(0, (after.stolen - before.stolen) / total);
  const thief = stolen >= 0.01 ? `, ${formatPercent(stolen)} of it taken by the hypervisor` : "";
  return reading("processor", "busy", { value: busy, unit: "ratio", summary: `${formatPercent(busy)} busy${thief}` });
}
