import { type Clock, pause } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";
import type { RetentionPolicy } from "../../store/retention.ts";
import type { Store } from "../../store/store.ts";
import { type DamageTeller, verifyStore } from "./store-verification.ts";

// What a store needs once a day: snapshots that no rule keeps are forgotten, the space of what no snapshot names is given
// back, and some of it is read to see whether it is still what was written. All of it is safe beside running backups, so it
// needs no window of its own.

/** After a start there is other work to do first. */
const FIRST_MS = 10 * 60_000;
const EVERY_MS = 24 * 3_600_000;

export interface StoreUpkeepNeeds {
  readonly store: Pick<Store, "collectGarbage" | "planRetention" | "forgetSnapshot" | "check" | "listSnapshots">;
  /** Undefined: nothing is ever forgotten. */
  readonly policy: RetentionPolicy | undefined;
  /** IANA name: where days begin. */
  readonly timeZone: string;
  /** A snapshot in use stays for another day. */
  readonly isInUse: (snapshotId: string) => boolean;
  /** Seconds a day for reading data; 0: nothing is read. */
  readonly verifySeconds: number;
  readonly damage: DamageTeller;
  readonly clock: Clock;
  readonly log: Log;
}

export function createStoreUpkeep(needs: StoreUpkeepNeeds): Service {
  const { store, verifySeconds, damage, clock, log } = needs;
  const abort = new AbortController();
  const { signal } = abort;
  let running: Promise<void> = Promise.resolve();

  /** Each by itself: what keeps one from being done is no reason to leave out the next. */
  const steps: readonly (readonly [failure: string, step: () => Promise<unknown>])[] = [
    ["store: snapshots could not be forgotten", () => forget(needs, signal)],
    ["store: space could not be given back", () => collect()],
    ["store: could not be verified", () => verifyStore({ store, maxSeconds: verifySeconds, damage, log, signal })],
  ];

  async function collect(): Promise<void> {
    const report = await store.collectGarbage({ signal });
    log.info({ ...report }, "store: space of what no snapshot names was given back");
  }

  async function run(): Promise<void> {
    await pause(clock, FIRST_MS, signal);
    while (!signal.aborted) {
      for (const [failure, step] of steps) {
        try {
          await step();
        } catch (error) {
          if (signal.aborted) return;
          log.error({ reason: reasonOf(error) }, failure);
        }
      }
      await pause(clock, EVERY_MS, signal);
    }
  }

  return {
    name: "store-upkeep",
    async start() {
      running = run();
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}

async function forget({ store, policy, timeZone, isInUse, log }: StoreUpkeepNeeds, signal: AbortSignal): Promise<void> {
  if (policy === undefined) return;
  for (const { snapshot, keep, reasons } of store.planRetention(policy, { timeZone })) {
    if (keep || isInUse(snapshot.id)) continue;
    signal.throwIfAborted();
    await store.forgetSnapshot(snapshot.id);
    const { id, hostName, storedAtMs } = snapshot;
    log.info({ snapshot: id, host: hostName, storedAtMs, reason: reasons.join("; ") }, "store: snapshot forgotten");
  }
}
