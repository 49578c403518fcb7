import type { CimInstance } from "../../cim/cim-instance.ts";
import type { Delivery } from "../../protocols/cim-xml/exporter.ts";
import { type Clock, pause } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { IndicationStore } from "./indication-store.ts";
import { INDICATION_LIMITS } from "./limits.ts";

// A line of its own for each destination: the oldest indications are sent until the listener has taken them, then the next.
// So the order is kept, and a destination that is slow, dead or wrong holds up nothing but its own line. What has piled up
// goes in batches; after one that failed, a single one shows whether the listener or the batch was at fault.

export interface IndicationSender {
  /** There is something for this destination. */
  wake(destination: string): void;
  /** The destination is gone: whatever is under way is given up. */
  drop(destination: string): Promise<void>;
  state(destination: string): DeliveryState;
  stop(): Promise<void>;
}

export interface DeliveryState {
  /** Failures since the last success. */
  readonly failures: number;
  /** Of the last failure; null after a success. */
  readonly problem: string | null;
}

interface Line {
  readonly abort: AbortController;
  running: Promise<void> | undefined;
  hasMore: boolean;
  /** Batches of which nothing was taken, one after the other. */
  failedBatches: number;
  /** The last batch failed: the next indication goes by itself. */
  isProbing: boolean;
  failures: number;
  problem: string | null;
}

export function createIndicationSender({
  store,
  send,
  clock,
  random,
  log,
}: {
  readonly store: Pick<IndicationStore, "oldest" | "delivered">;
  /** What became of each, in their order. */
  readonly send: (
    destination: string,
    indications: readonly CimInstance[],
    signal: AbortSignal,
  ) => Promise<readonly Delivery[]>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): IndicationSender {
  const lines = new Map<string, Line>();

  async function run(destination: string, line: Line): Promise<void> {
    const { signal } = line.abort;
    while (!signal.aborted) {
      line.hasMore = false;
      const waiting = store.oldest(destination, {
        count: perDelivery(line),
        bytes: INDICATION_LIMITS.bytesPerDelivery,
      });
      if (waiting.length === 0) {
        if (line.hasMore) continue;
        return;
      }
      const outcomes = await send(
        destination,
        waiting.map(({ indication }) => indication),
        signal,
      );
      if (signal.aborted) return;
      noteBatch(line, outcomes);
      // Those behind one that has to come again come again as well: a listener takes them in their order.
      const again = outcomes.findIndex((outcome) => !outcome.delivered && outcome.retry);
      const settled = again < 0 ? outcomes : outcomes.slice(0, again);
      if (settled.length > 0) store.delivered(waiting.slice(0, settled.length).map(({ seq }) => seq));
      for (const outcome of settled) {
        if (outcome.delivered) succeed(destination, line);
        // The listener will never take this one; those behind it must not wait for it. Its number shows there as a gap.
        else log.warn({ destination, reason: outcome.reason }, "a listener refused an indication for good");
      }
      const failure = outcomes[again];
      if (failure === undefined || failure.delivered) continue;
      if (failure.wantsSingles) continue; // It has said what it wants: at once.
      fail(destination, line, failure.reason);
      await pause(clock, backOffMs(line.failures, random), signal);
    }
  }

  function start(destination: string, line: Line): void {
    line.running ??= run(destination, line)
      .catch((error: unknown) => {
        log.error({ destination, reason: reasonOf(error) }, "a line of indications stopped");
        line.problem = reasonOf(error);
      })
      .finally(() => {
        line.running = undefined;
        // Woken in the moment between its last look and its end.
        if (line.hasMore && lines.get(destination) === line) start(destination, line);
      });
  }

  function succeed(destination: string, line: Line): void {
    if (line.failures > 0) log.info({ destination, failures: line.failures }, "indications are delivered again");
    line.failures = 0;
    line.problem = null;
  }

  function fail(destination: string, line: Line, reason: string): void {
    line.failures += 1;
    line.problem = reason;
    // Once for each outage: the sixtieth attempt tells nobody more than the first.
    if (line.failures === 1) log.warn({ destination, reason }, "indications wait: the listener does not take them");
  }

  return {
    wake(destination) {
      let line = lines.get(destination);
      if (line === undefined) {
        line = {
          abort: new AbortController(),
          running: undefined,
          hasMore: false,
          failures: 0,
          problem: null,
          failedBatches: 0,
          isProbing: false,
        };
        lines.set(destination, line);
      }
      line.hasMore = true;
      start(destination, line);
    },
    async drop(destination) {
      const line = lines.get(destination);
      lines.delete(destination);
      line?.abort.abort();
      await line?.running;
    },
    state: (destination) => {
      const { failures = 0, problem = null } = lines.get(destination) ?? {};
      return { failures, problem };
    },
    async stop() {
      const all = [...lines.values()];
      lines.clear();
      for (const line of all) line.abort.abort();
      await Promise.all(all.map(({ running }) => running));
    },
  };
}

function perDelivery({ failedBatches, isProbing }: Line): number {
  return isProbing || failedBatches >= INDICATION_LIMITS.failedBatches ? 1 : INDICATION_LIMITS.perDelivery;
}

function noteBatch(line: Line, outcomes: readonly Delivery[]): void {
  const hasTaken = outcomes.some(({ delivered }) => delivered);
  if (outcomes.length === 1) {
    if (hasTaken) line.isProbing = false;
    return;
  }
  line.isProbing = !hasTaken;
  if (hasTaken) line.failedBatches = 0;
  else if (outcomes.some((outcome) => !outcome.delivered && outcome.wantsSingles))
    line.failedBatches = INDICATION_LIMITS.failedBatches;
  else line.failedBatches += 1;
}

/** Twice as long each time, and random, so that agents do not come back to a listener together. */
function backOffMs(failures: number, random: Random): number {
  const { backOffFirstMs, backOffMaxMs } = INDICATION_LIMITS;
  const whole = Math.min(backOffMaxMs, backOffFirstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(whole * (0.5 + random(4).readUInt32BE(0) / 0x1_0000_0000 / 2));
}
