import type { HostFacts } from "../../../model/host.ts";
import type { HostReadings } from "../../../model/reading.ts";
import { describePing, type PingResult } from "../../../net/ping.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Random } from "../../../runtime/random.ts";
import { type Service, withTimeout } from "../../../runtime/service.ts";
import type { Means } from "./means.ts";
import type { Target } from "./target.ts";

// Looks at each server without our agent, again and again. Servers are spread over the interval, a failing one is asked
// less and less often, and never more than a bound are asked at once.

export const POLL_LIMITS = {
  /** 2,000 servers a minute where a look takes 7 s. With 64, looks that took 4 s on a busy computer were late (bench/watch.ts). */
  atOnce: 256,
  /** Of one look. */
  lookMs: 60_000,
  /** A server that fails is looked at each interval at first, and then up to this many intervals apart. */
  backOffMax: 8,
} as const;

export interface PollerNeeds {
  readonly meansOf: (target: Target) => Means;
  readonly ping: (address: string) => Promise<PingResult>;
  readonly intervalMs: number;
  /** Looks in a row that must fail before a server is down. */
  readonly failuresMax: number;
  readonly onLook: (
    target: Target,
    look: { readonly facts: Partial<HostFacts>; readonly readings: HostReadings },
  ) => void;
  /** The server is down: told at the failure that makes it so, and at each that follows. */
  readonly onDown: (target: Target, why: { readonly ping: string; readonly reason: string }) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface Poller extends Service {
  /** From now on, or anew with what has changed. */
  add(target: Target): void;
  remove(hostId: string): void;
}

interface Polled {
  readonly target: Target;
  readonly means: Means;
  failures: number;
  cancel: () => void;
}

export function createPoller(needs: PollerNeeds): Poller {
  const { clock, random, log, intervalMs } = needs;
  const polled = new Map<string, Polled>();
  const waiting: Polled[] = [];
  const running = new Set<Promise<void>>();
  const stopped = new AbortController();
  let isStarted = false;

  function schedule(one: Polled, delayMs: number): void {
    one.cancel = clock.after(delayMs, () => {
      waiting.push(one);
      startSome();
    });
  }

  function startSome(): void {
    while (running.size < POLL_LIMITS.atOnce && !stopped.signal.aborted) {
      const one = waiting.shift();
      if (one === undefined) return;
      if (polled.get(one.target.hostId) !== one) continue;
      const work = look(one).finally(() => {
        running.delete(work);
        startSome();
      });
      running.add(work);
    }
  }

  async function look(one: Polled): Promise<void> {
    const { target, means } = one;
    const deadline = new AbortController();
    const signal = AbortSignal.any([deadline.signal, stopped.signal]);
    try {
      const { facts, readings } = await withTimeout(means.look(signal), {
        what: `look at ${target.name}`,
        timeoutMs: POLL_LIMITS.lookMs,
        clock,
      });
      one.failures = 0;
      if (polled.get(target.hostId) === one) {
        needs.onLook(target, { facts, readings: { readAtMs: clock.now(), readings } });
      }
    } catch (error) {
      if (stopped.signal.aborted) return;
      one.failures += 1;
      const reason = reasonOf(error);
      log.debug({ host: target.hostId, failures: one.failures, reason }, "a look at a server failed");
      if (one.failures >= needs.failuresMax) {
        const ping = describePing(await needs.ping(target.address));
        if (polled.get(target.hostId) === one) needs.onDown(target, { ping, reason });
      }
    } finally {
      deadline.abort();
      if (polled.get(target.hostId) === one && !stopped.signal.aborted) schedule(one, delayOf(one.failures));
    }
  }

  /** A tenth more or less, so that servers that began together do not stay together. */
  function delayOf(failures: number): number {
    const failing = Math.max(0, failures - needs.failuresMax);
    const factor = Math.min(2 ** Math.min(failing, 8), POLL_LIMITS.backOffMax);
    return intervalMs * factor * (0.9 + share() * 0.2);
  }

  function share(): number {
    return random(4).readUInt32BE() / 0x1_0000_0000;
  }

  function remove(hostId: string): void {
    const one = polled.get(hostId);
    if (one === undefined) return;
    polled.delete(hostId);
    one.cancel();
    one.means.close();
  }

  return {
    name: "poller",
    add(target) {
      remove(target.hostId);
      const one: Polled = { target, means: needs.meansOf(target), failures: 0, cancel: () => {} };
      polled.set(target.hostId, one);
      // One that is added while the manager runs is looked at now: somebody is waiting for it.
      if (isStarted) schedule(one, 0);
    },
    remove,
    async start() {
      isStarted = true;
      for (const one of polled.values()) schedule(one, share() * intervalMs);
    },
    async stop() {
      stopped.abort();
      for (const hostId of [...polled.keys()]) remove(hostId);
      await Promise.all(running);
    },
  };
}
