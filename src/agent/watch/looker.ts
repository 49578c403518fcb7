import type { Sight } from "../../judging/sight.ts";
import { unknownReading } from "../../model/create-reading.ts";
import { formatDuration } from "../../model/quantity.ts";
import { READING_LIMITS, type Reading } from "../../model/reading.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import { withTimeout } from "../../runtime/service.ts";
import type { Provider } from "../providers/provider.ts";

/**
 * Asks all providers at once, each within its time. One that fails or takes too long is an `unknown` reading (component
 * `sensor NAME`) and holds up nobody; while it still hangs it is not asked again.
 */
export function createLooker({
  providers,
  timeoutMs,
  clock,
}: {
  readonly providers: readonly Provider[];
  readonly timeoutMs: number;
  readonly clock: Clock;
}): { look(signal: AbortSignal): Promise<Sight> } {
  const busySince = new Map<string, number>();

  async function ask(provider: Provider, signal: AbortSignal): Promise<readonly Reading[]> {
    const since = busySince.get(provider.name);
    if (since !== undefined)
      throw new Error(`still busy with the look of ${formatDuration(clock.monotonic() - since)} ago`);
    const timeout = new AbortController();
    const stop = () => timeout.abort();
    signal.addEventListener("abort", stop, { once: true });
    busySince.set(provider.name, clock.monotonic());
    const reading = provider.read(timeout.signal).finally(() => busySince.delete(provider.name));
    const interrupted = new Promise<never>((_, reject) => {
      timeout.signal.addEventListener("abort", () => reject(new Error("the watcher stops")), { once: true });
    });
    try {
      return await withTimeout(Promise.race([reading, interrupted]), { what: provider.name, timeoutMs, clock });
    } finally {
      signal.removeEventListener("abort", stop);
      timeout.abort(); // What still runs of it may end.
    }
  }

  return {
    async look(signal) {
      const readAtMs = clock.now();
      const answered = new Set<string>();
      const seen = await Promise.all(
        providers.map(async (provider) => {
          try {
            const readings = await ask(provider, signal);
            answered.add(provider.name);
            return readings.map((reading) => ({ provider: provider.name, reading }));
          } catch (error) {
            const reading = unknownReading(`sensor ${provider.name}`, "answering", {
              unit: "none",
              reason: reasonOf(error),
            });
            return [{ provider: provider.name, reading }];
          }
        }),
      );
      return { readAtMs, seen: seen.flat().slice(0, READING_LIMITS.readings), answered };
    },
  };
}
