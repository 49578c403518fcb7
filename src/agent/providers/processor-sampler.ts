import type { Clock } from "../../runtime/clock.ts";
import type { HostSystem } from "./host-system.ts";
import { parseEachProcessor } from "./load.ts";

/** Between two looks: shorter ones are more noise than load. */
export const SAMPLE_MS_MIN = 1_000;

/**
 * How busy each thread was since the look before, as a ratio; empty at the first look, since one look at counters says
 * nothing. Whoever asks again within SAMPLE_MS_MIN gets the last answer.
 */
export function createProcessorSampler({
  system,
  clock,
}: {
  readonly system: HostSystem;
  readonly clock: Clock;
}): () => Promise<ReadonlyMap<number, number>> {
  let before: { readonly atMs: number; readonly times: ReturnType<typeof parseEachProcessor> } | undefined;
  let busy: ReadonlyMap<number, number> = new Map();
  return async () => {
    const nowMs = clock.monotonic();
    if (before !== undefined && nowMs - before.atMs < SAMPLE_MS_MIN) return busy;
    const times = parseEachProcessor((await system.read("/proc/stat")).toString("latin1"));
    const earlier = before?.times ?? new Map<number, never>();
    busy = new Map(
      [...times].flatMap(([thread, { total, idle }]) => {
        const then = earlier.get(thread);
        // Counters go back when a processor is taken away and given again.
        if (then === undefined || total <= then.total || idle < then.idle) return [];
        return [[thread, Math.min(1, Math.max(0, 1 - (idle - then.idle) / (total - then.total)))]];
      }),
    );
    before = { atMs: nowMs, times };
    return busy;
  };
}
