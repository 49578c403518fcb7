import type { HostReadings } from "../../../model/reading.ts";
import { type Clock, pause } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Service } from "../../../runtime/service.ts";
import { wrapInSnappy } from "../../../wire/snappy.ts";
import { encodeWriteRequest, type ForwardedSample, toSample } from "./write-request.ts";

// Readings go on to an engine that speaks Prometheus remote write. They wait in memory: the manager keeps a history of its
// own, and a forwarder that filled the disk while the engine is away would harm what it serves.

export const FORWARD_LIMITS = {
  /** Half a minute of 500 hosts, or five of 50; the oldest go when there are more. */
  samplesWaiting: 200_000,
  samplesPerRequest: 2_000,
  sendIntervalMs: 5_000,
  /** Doubled after each failure. */
  retryMsMin: 1_000,
  retryMsMax: 60_000,
} as const;

/** What became of a request: `later` is for what may work next time (5xx, 429, no connection). */
export type ForwardOutcome =
  | { readonly kind: "done" }
  | { readonly kind: "later" | "refused"; readonly reason: string };

export interface HistoryForwarder extends Service {
  /** Notes one look at a host. Waits for nothing. */
  take(host: string, readings: HostReadings): void;
}

export function createHistoryForwarder({
  send,
  clock,
  log,
}: {
  /** Posts a snappy-wrapped WriteRequest. Never rejects. */
  readonly send: (body: Buffer, signal: AbortSignal) => Promise<ForwardOutcome>;
  readonly clock: Clock;
  readonly log: Log;
}): HistoryForwarder {
  let waiting: ForwardedSample[] = [];
  let dropped = 0;
  let isFailing = false;
  const abort = new AbortController();
  let running: Promise<void> = Promise.resolve();

  function tellDropped(): void {
    if (dropped === 0) return;
    log.warn({ samples: dropped }, "history forwarding: samples were dropped, because the engine takes too few");
    dropped = 0;
  }

  function note(outcome: Exclude<ForwardOutcome, { kind: "done" }>): void {
    if (isFailing) return;
    isFailing = true;
    log.warn({ reason: outcome.reason }, "history forwarding: the engine does not take readings");
  }

  async function run(): Promise<void> {
    let retryMs: number = FORWARD_LIMITS.retryMsMin;
    while (!abort.signal.aborted) {
      await pause(clock, isFailing ? retryMs : FORWARD_LIMITS.sendIntervalMs, abort.signal);
      tellDropped();
      while (waiting.length > 0 && !abort.signal.aborted) {
        const batch = waiting.slice(0, FORWARD_LIMITS.samplesPerRequest);
        const outcome = await send(wrapInSnappy(encodeWriteRequest(batch)), abort.signal);
        if (outcome.kind === "later") {
          note(outcome);
          retryMs = Math.min(retryMs * 2, FORWARD_LIMITS.retryMsMax);
          break;
        }
        // While it was sent, the oldest may have been dropped: what is sent is taken out by identity.
        const last = batch.at(-1);
        waiting = waiting.slice(waiting.lastIndexOf(last as ForwardedSample) + 1);
        if (outcome.kind === "refused") {
          note(outcome); // The same bytes are refused again: they are given up.
          dropped += batch.length;
          continue;
        }
        if (isFailing) log.info({}, "history forwarding: the engine takes readings again");
        isFailing = false;
        retryMs = FORWARD_LIMITS.retryMsMin;
      }
    }
  }

  return {
    name: "history-forwarder",
    take(host, { readings }) {
      const nowMs = clock.now();
      for (const reading of readings) {
        const sample = toSample(host, reading, nowMs);
        if (sample !== null) waiting.push(sample);
      }
      const excess = waiting.length - FORWARD_LIMITS.samplesWaiting;
      if (excess <= 0) return;
      waiting = waiting.slice(excess);
      dropped += excess;
    },
    async start() {
      running = run().catch((error: unknown) => {
        log.error({ reason: reasonOf(error) }, "history forwarding has ended");
      });
    },
    async stop() {
      abort.abort();
      await running;
    },
  };
}
