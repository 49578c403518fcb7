import { type Conditions, judgeSight, resumeConditions, statedReadings } from "../../judging/conditions.ts";
import type { Telling } from "../../judging/judge.ts";
import { rulesFrom } from "../../judging/thresholds.ts";
import { toAlert } from "../../judging/to-alert.ts";
import type { Alert } from "../../model/alert.ts";
import type { HostReadings } from "../../model/reading.ts";
import type { Clock } from "../../runtime/clock.ts";
import { CorruptionError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { type Service, withTimeout } from "../../runtime/service.ts";
import type { Provider } from "../providers/provider.ts";

import { createLooker } from "./looker.ts";
import { memoryLostEvent, type RunRecord, startedEvent, stoppingEvent } from "./run-events.ts";
import type { WatchMemory } from "./watch-memory.ts";
import type { WatchSettings } from "./watch-settings.ts";

// Looks at the host at an interval and tells what changes. The judging is pure (judge.ts, conditions.ts); here are only
// the effects. Nothing that the watcher itself writes or fails at is a condition, so that no failure of telling can
// raise a further alert: its own troubles go to the log.

/** The spool writes to a local disk: longer than this and it hangs; the alert is told again, under its id, at the next look. */
export const TELL_TIMEOUT_MS = 10_000;
/** How exactly a crash can be dated. */
export const TOUCH_INTERVAL_MS = 60_000;
/** Looks of many hosts spread by this part of the interval, either way. */
const JITTER = 0.05;

export interface WatcherNeeds {
  readonly settings: WatchSettings;
  readonly providers: readonly Provider[];
  readonly memory: WatchMemory;
  /** Names this run of the kernel; null where the system tells none. */
  readonly bootId: string | null;
  /** Called after each look, with the states that people have been told. */
  readonly onReadings: (readings: HostReadings) => void;
  /** Resolves when the alert is durable. The same id may come again after a failure or a crash: it is the same alert. */
  readonly onAlert: (alert: Alert) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Throws SettingsError for thresholds that contradict each other. */
export function createWatcher(needs: WatcherNeeds): Service {
  const { settings, providers, memory, bootId, clock, random, log } = needs;
  const rules = rulesFrom(settings);
  const looker = createLooker({ providers, timeoutMs: settings.providerTimeoutMs, clock });
  const stopping = new AbortController();
  let conditions: Conditions = new Map();
  let untold: readonly Alert[] = [];
  let run: RunRecord = { startedAtMs: 0, bootId, stoppedAtMs: null };
  let touchedAtMs = 0;
  let cancelNext = () => {};
  let looking: Promise<void> = Promise.resolve();

  /** First remembered, then told: see watch-memory.ts. */
  async function tell(tellings: readonly Telling[]): Promise<void> {
    if (tellings.length > 0) {
      untold = [...untold, ...tellings.map((telling) => toAlert(telling, createUuid({ clock, random })))];
      await remember();
    }
    if (untold.length === 0) return;
    try {
      for (let alert = untold[0]; alert !== undefined; alert = untold[0]) {
        await withTimeout(needs.onAlert(alert), { what: "spooling an alert", timeoutMs: TELL_TIMEOUT_MS, clock });
        untold = untold.slice(1);
      }
    } catch (error) {
      log.error(
        { reason: reasonOf(error), waiting: untold.length },
        "could not spool an alert; trying again at the next look",
      );
    }
    await remember();
  }

  async function remember(): Promise<void> {
    const remarks = [...conditions.values()].filter(({ judgement }) => judgement.level !== "ok");
    try {
      await memory.save({ run, remarks, untold });
      touchedAtMs = clock.monotonic();
    } catch (error) {
      // On a full disk alerts matter most: go on. After a crash what is told now may be told again.
      log.error({ reason: reasonOf(error) }, "could not write down what has been told");
    }
  }

  async function stayAlive(): Promise<void> {
    if (clock.monotonic() - touchedAtMs < TOUCH_INTERVAL_MS) return;
    touchedAtMs = clock.monotonic();
    await memory
      .touch(clock.now())
      .catch((error: unknown) => log.warn({ reason: reasonOf(error) }, "could not mark the agent alive"));
  }

  async function look(): Promise<void> {
    await tell([]);
    const sight = await looker.look(stopping.signal);
    if (stopping.signal.aborted) return;
    // While alerts wait to be told nothing new is judged: their number stays bounded, and the order is kept.
    const { after, alerts } =
      untold.length > 0 ? { after: conditions, alerts: [] } : judgeSight(conditions, sight, rules);
    conditions = after;
    needs.onReadings({ readAtMs: sight.readAtMs, readings: statedReadings(sight, conditions) });
    await tell(alerts);
    await stayAlive();
  }

  function lookAndGoOn(): void {
    looking = look()
      .catch((error: unknown) => log.error({ reason: reasonOf(error) }, "a look at the host failed"))
      .then(() => {
        if (stopping.signal.aborted) return;
        const spread = 1 + JITTER * ((2 * random(2).readUInt16BE(0)) / 0xffff - 1);
        cancelNext = clock.after(settings.intervalMs * spread, lookAndGoOn);
      });
  }

  /** What the last run left, and what there is to say about it. */
  async function recall(nowMs: number): Promise<readonly Telling[]> {
    try {
      const left = await memory.load();
      conditions = resumeConditions(left?.remembered.remarks ?? [], rules);
      untold = left?.remembered.untold ?? [];
      const previous = left?.remembered.run ?? null;
      return [startedEvent({ nowMs, bootId, previous, aliveAtMs: left?.aliveAtMs ?? null })];
    } catch (error) {
      if (!(error instanceof CorruptionError)) throw error;
      log.error({ reason: reasonOf(error) }, "what had been told could not be read; it is set aside");
      return [memoryLostEvent({ nowMs, reason: reasonOf(error) })];
    }
  }

  return {
    name: "watcher",
    async start() {
      const nowMs = clock.now();
      const started = await recall(nowMs);
      run = { startedAtMs: nowMs, bootId, stoppedAtMs: null };
      await tell(started);
      lookAndGoOn();
    },
    async stop() {
      stopping.abort();
      cancelNext();
      await looking;
      const nowMs = clock.now();
      run = { ...run, stoppedAtMs: nowMs };
      await tell([stoppingEvent({ nowMs, startedAtMs: run.startedAtMs })]);
    },
  };
}
