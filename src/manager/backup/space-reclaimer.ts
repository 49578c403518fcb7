import { type Clock, pause } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";
import type { Store } from "../../store/store.ts";

// Gives back the space of what no snapshot names: forgotten ones, and what interrupted backups left. Safe beside running
// backups, so it needs no window of its own.

/** After a start there is other work to do first. */
const FIRST_MS = 10 * 60_000;
const EVERY_MS = 24 * 3_600_000;

export function createSpaceReclaimer({
  store,
  clock,
  log,
}: {
  readonly store: Pick<Store, "collectGarbage">;
  readonly clock: Clock;
  readonly log: Log;
}): Service {
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const run = async () => {
    await pause(clock, FIRST_MS, abort.signal);
    while (!abort.signal.aborted) {
      try {
        const report = await store.collectGarbage({ signal: abort.signal });
        log.info({ ...report }, "store: space of what no snapshot names was given back");
      } catch (error) {
        if (abort.signal.aborted) return;
        log.error({ reason: reasonOf(error) }, "store: space could not be given back");
      }
      await pause(clock, EVERY_MS, abort.signal);
    }
  };
  return {
    name: "space-reclaimer",
    async start() {
      running = run();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}
