import type { Alert } from "../../model/alert.ts";
import type { HostReadings } from "../../model/reading.ts";
import { openReportSession, type ReportSession } from "../../protocols/report/client.ts";
import { AlertMessage } from "../../protocols/report/messages.ts";
import type { Clock } from "../../runtime/clock.ts";
import { assert, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { Service } from "../../runtime/service.ts";
import type { Channel } from "../../wire/channel.ts";
import { encode } from "../../wire/xdr.ts";
import { backOffMs } from "./back-off.ts";
import { fitReadings } from "./fit.ts";
import { REPORTING_LIMITS } from "./limits.ts";
import type { Spool, SpoolCounts, SpooledAlert } from "./spool.ts";

// Takes alerts from the spool to the manager, for as long as it takes: decisions in the table, effects below it. What was
// told but not answered when a connection breaks is told again over the next.

export const REPORTER_STATES = ["idle", "connecting", "greeting", "telling", "waiting", "stopped"] as const;
export type ReporterState = (typeof REPORTER_STATES)[number];
export const REPORTER_EVENTS = ["start", "connected", "welcomed", "failed", "due", "stop"] as const;
export type ReporterEvent = (typeof REPORTER_EVENTS)[number];

const no = "impossible"; // A bug of ours: assertion.
const nil = "ignored"; // Came too late to matter.
export const REPORTER_TRANSITIONS: Record<
  ReporterState,
  Record<ReporterEvent, ReporterState | typeof no | typeof nil>
> = {
  // biome-ignore format: a table
  idle: { start: "connecting", connected: no, welcomed: no, failed: no, due: no, stop: "stopped" },
  // biome-ignore format: a table
  connecting: { start: no, connected: "greeting", welcomed: no, failed: "waiting", due: no, stop: "stopped" },
  // biome-ignore format: a table
  greeting: { start: no, connected: no, welcomed: "telling", failed: "waiting", due: no, stop: "stopped" },
  // biome-ignore format: a table
  telling: { start: no, connected: no, welcomed: no, failed: "waiting", due: no, stop: "stopped" },
  // biome-ignore format: a table
  waiting: { start: no, connected: no, welcomed: no, failed: no, due: "connecting", stop: "stopped" },
  // biome-ignore format: a table
  stopped: { start: nil, connected: nil, welcomed: nil, failed: nil, due: nil, stop: nil },
};

export interface ReporterStatus {
  readonly state: ReporterState;
  /** By this machine's clock. */
  readonly sinceMs: number;
  readonly spool: SpoolCounts;
  /** When the manager last said that it has something on disk; null if not since the start. */
  readonly committedAtMs: number | null;
  /** Why the last connection was not made or broke; null once the next one is welcomed. */
  readonly lastFailure: string | null;
}

export interface Reporter extends Service {
  /** Resolves when the alerts are in the spool; they go out at once where the manager is in reach. Ids that were raised before are not raised again. */
  raise(alerts: readonly Alert[]): Promise<void>;
  /** The newest look at this host replaces what has not gone out yet. */
  tellReadings(readings: HostReadings): void;
  /** Resolves when the manager has committed the alert, or it has left the spool before; rejects with PeerError `refused`. */
  committed(id: string): Promise<void>;
  status(): ReporterStatus;
}

export interface ReporterNeeds {
  readonly spool: Spool;
  /** Connects to the manager's report flow. Rejects within a bounded time where that fails, or when `signal` aborts. */
  readonly connect: (signal: AbortSignal) => Promise<Channel>;
  /** Answers the manager's doctor over the report session. */
  readonly answerDoctor: (body: Buffer) => Promise<Buffer>;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createReporter(needs: ReporterNeeds): Reporter {
  const { spool, connect, answerDoctor, agentVersion, clock, random, log } = needs;
  const stopping = new AbortController();
  const waiters = new Map<string, PromiseWithResolvers<void>>();
  let state: ReporterState = "idle";
  let sinceMs = clock.now();
  let failures = 0;
  let lastFailure: string | null = null;
  let committedAtMs: number | null = null;
  let channel: Channel | undefined;
  let running: Promise<void> = Promise.resolve();
  let cancelPause = () => {};
  let wakeUp = () => {};

  /** What the manager has, on its way out of the spool. */
  let leaving: string[] = [];
  let cancelRemoval: (() => void) | undefined;

  let unsentReadings: HostReadings | undefined;
  let latestReadings: HostReadings | undefined;

  /** False where the table says that it came too late. */
  function take(event: ReporterEvent): boolean {
    const next = REPORTER_TRANSITIONS[state][event];
    if (next === nil) return false;
    assert(next !== no, `the reporter takes ${event} while ${state}`);
    state = next;
    sinceMs = clock.now();
    return true;
  }

  /** One connection, from the attempt to its end. */
  async function runOnce(): Promise<void> {
    let welcomedAt: number | undefined;
    let error: Error | null;
    try {
      channel = await connect(stopping.signal);
      if (!take("connected")) return channel.close();
      const opened = await openReportSession({
        channel,
        clock,
        agentVersion,
        onCommitted,
        onRefused,
        onAsk: answerDoctor,
      });
      if (!take("welcomed")) return opened.close();
      welcomedAt = clock.monotonic();
      lastFailure = null;
      log.info({ waiting: spool.counts().alerts }, "reporting to the manager");
      error = await tellUntilEnd(opened);
    } catch (reason) {
      error = reason instanceof Error ? reason : new Error(reasonOf(reason));
    }
    if (welcomedAt !== undefined && clock.monotonic() - welcomedAt >= REPORTING_LIMITS.sessionGoodMs) failures = 0;
    if (!take("failed")) return;
    const isNews = lastFailure === null; // One line an outage.
    lastFailure = reasonOf(error);
    const isHopeless = error instanceof PeerError; // Only another version of one side helps: no hurry.
    const pauseMs = backOffMs(isHopeless ? Number.MAX_SAFE_INTEGER : failures, random);
    failures += 1;
    const values = { reason: lastFailure, pauseMs, waiting: spool.counts().alerts };
    const sentence = "the manager is not in reach; alerts wait in the spool";
    if (isNews) log.warn(values, sentence);
    else log.debug(values, sentence);
    cancelPause = clock.after(pauseMs, () => {
      if (take("due")) running = runOnce();
    });
  }

  /** Tells what there is, and again whenever there is more or more room. */
  async function tellUntilEnd(open: ReportSession): Promise<Error | null> {
    unsentReadings = latestReadings;
    let wake = () => {};
    let ended = false;
    const end = open.ended.then(({ error }) => {
      ended = true;
      wake();
      return error;
    });
    wakeUp = () => wake();
    removeNow();
    let cursor = 0;
    while (!ended) {
      const batch = open.room > 0 ? spool.next(open.room, cursor) : [];
      const readings = unsentReadings;
      unsentReadings = undefined;
      if (batch.length === 0 && readings === undefined) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (ended) resolve();
        });
        continue;
      }
      try {
        if (batch.length > 0) await open.tellAlerts(batch.map(({ alert }) => alert));
        if (readings !== undefined) await open.tellReadings(toMessage(readings));
      } catch (error) {
        if (error instanceof WireError) setAsideUnsayable(batch);
        open.close(); // Otherwise it has ended already: `ended` says why.
      }
      cursor = batch.at(-1)?.seq ?? cursor;
    }
    wakeUp = () => {};
    return end;
  }

  function onCommitted(ids: readonly string[]): void {
    committedAtMs = clock.now();
    failures = 0;
    for (const id of ids) settle(id)?.resolve();
    leaving.push(...ids);
    if (leaving.length >= REPORTING_LIMITS.removeAtOnce) removeNow();
    else cancelRemoval ??= clock.after(REPORTING_LIMITS.removeDelayMs, removeNow);
    wakeUp();
  }

  function onRefused(id: string, reason: string): void {
    log.warn({ id, reason }, "the manager refused an alert; it is set aside");
    settle(id)?.reject(new PeerError("refused", reason));
    spoolSafely(() => spool.setAside(id, reason));
    wakeUp();
  }

  function settle(id: string): PromiseWithResolvers<void> | undefined {
    const waiter = waiters.get(id);
    waiters.delete(id);
    return waiter;
  }

  function removeNow(): void {
    cancelRemoval?.();
    cancelRemoval = undefined;
    const ids = leaving;
    leaving = [];
    if (ids.length > 0) spoolSafely(() => spool.remove(ids));
  }

  /** What cannot be taken out now is told again over the next connection: once more is not wrong, only slower. */
  function spoolSafely(work: () => void): void {
    try {
      work();
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "the alert spool could not be written");
    }
  }

  /** Alerts that cannot be said: written by another version of this program. They must not stop the others. */
  function setAsideUnsayable(batch: readonly SpooledAlert[]): void {
    for (const { alert } of batch) {
      try {
        encode(AlertMessage, alert);
      } catch (error) {
        spoolSafely(() => spool.setAside(alert.id, reasonOf(error)));
      }
    }
  }

  spool.onAdded(() => wakeUp());

  return {
    name: "reporter",
    async start() {
      if (take("start")) running = runOnce();
    },
    async stop() {
      if (!take("stop")) return;
      stopping.abort();
      cancelPause();
      channel?.close();
      await running;
      removeNow();
      for (const { reject } of waiters.values())
        reject(new Error("the reporter was stopped before the manager had the alert"));
      waiters.clear();
    },
    raise: (alerts) => spool.add(alerts),
    tellReadings(readings) {
      latestReadings = unsentReadings = fitReadings(readings);
      wakeUp();
    },
    committed(id) {
      const known = id.toLowerCase();
      const waiter = waiters.get(known);
      if (waiter !== undefined) return waiter.promise;
      if (!spool.has(known) || leaving.includes(known)) return Promise.resolve();
      const created = Promise.withResolvers<void>();
      waiters.set(known, created);
      return created.promise;
    },
    status: () => ({ state, sinceMs, spool: spool.counts(), committedAtMs, lastFailure }),
  };
}

function toMessage({ readAtMs, readings }: HostReadings): Parameters<ReportSession["tellReadings"]>[0] {
  return { readAtMs, readings: readings.map((reading) => ({ ...reading, value: reading.value ?? undefined })) };
}
