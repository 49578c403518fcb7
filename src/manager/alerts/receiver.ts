import type { HostReadings } from "../../model/reading.ts";
import type { ReadingMessage } from "../../protocols/report/messages.ts";
import { type AskAgent, type ReportHandlers, serveReportSession } from "../../protocols/report/server.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";
import type { Channel } from "../../wire/channel.ts";
import { createByteRoom } from "./byte-room.ts";
import type { Inbox } from "./inbox.ts";
import type { LatestReadings } from "./latest-readings.ts";
import { INBOX_LIMITS } from "./limits.ts";

// The manager's side of the report flow. A host speaks only for itself: whose alerts they are is told by the connection's
// certificate, never by the message. A slow database is felt by the agents: their windows stay full, their connections are
// not read, and what they have to say waits in their spools.

export interface ReportReceiver extends Service {
  /** Serves one connection of a host that has proved who it is, until it ends. Never rejects. */
  serve(channel: Channel, hostId: string): Promise<void>;
  /** Ends the connections of a host, such as when it is revoked. */
  closeHost(hostId: string): void;
  readonly sessions: number;
  /** Puts a question of the doctor to the host over its newest open session; undefined where it has none. */
  askerOf(hostId: string): AskAgent | undefined;
}

export interface ReportReceiverNeeds {
  readonly inbox: Pick<Inbox, "store">;
  readonly readings: Pick<LatestReadings, "take">;
  readonly clock: Clock;
  readonly log: Log;
  /** A sign of life: any message of the host. Must not throw. */
  readonly onSeen: (hostId: string) => void;
}

export function createReportReceiver({ inbox, readings, clock, log, onSeen }: ReportReceiverNeeds): ReportReceiver {
  const room = createByteRoom(INBOX_LIMITS.bytesUnderWay);
  /** Oldest first. */
  const sessionsByHost = new Map<string, Set<AbortController>>();
  const greetedSessions = new WeakSet<AbortController>();
  const running = new Set<Promise<void>>();
  /** Of the open sessions, the newest of each host last. */
  const askers = new Map<AbortController, { readonly hostId: string; readonly ask: AskAgent }>();
  let stopped = false;

  function handlersOf(hostId: string, hostLog: Log, session: AbortController): ReportHandlers {
    return {
      onOpen: (ask) => void askers.set(session, { hostId, ask }),
      onHello(agentVersion) {
        hostLog.info({ agentVersion }, "agent reports");
        // Only now: a connection that says nothing, as the doctor's, must not end one that reports.
        const greeted = [...(sessionsByHost.get(hostId) ?? [])].filter((each) => greetedSessions.has(each));
        greetedSessions.add(session);
        if (greeted.length >= INBOX_LIMITS.sessionsPerHost) greeted[0]?.abort();
      },
      onAlerts: (alerts) => inbox.store(hostId, alerts),
      onReadings: (message) => readings.take(hostId, toReadings(message)),
      onHeard: () => onSeen(hostId),
      admit: room.admit,
      release: room.release,
    };
  }

  async function run(channel: Channel, hostId: string): Promise<void> {
    const hostLog = log.child({ host: hostId });
    const stop = new AbortController();
    const sessions = sessionsByHost.get(hostId) ?? new Set();
    sessionsByHost.set(hostId, sessions.add(stop));
    if (stopped) stop.abort();
    const error = await serveReportSession({
      channel,
      clock,
      handlers: handlersOf(hostId, hostLog, stop),
      window: INBOX_LIMITS.window,
      heartbeatSeconds: INBOX_LIMITS.heartbeatSeconds,
      signal: stop.signal,
    });
    sessions.delete(stop);
    askers.delete(stop);
    if (sessions.size === 0 && sessionsByHost.get(hostId) === sessions) sessionsByHost.delete(hostId);
    if (error === null) hostLog.debug({}, "report session ended");
    else hostLog.warn({ reason: error.message, error: error.name }, "report session broke");
  }

  return {
    name: "report-receiver",
    serve(channel, hostId) {
      const session = run(channel, hostId).finally(() => running.delete(session));
      running.add(session);
      return session;
    },
    closeHost(hostId) {
      for (const session of [...(sessionsByHost.get(hostId) ?? [])]) session.abort();
    },
    askerOf: (hostId) => [...askers.values()].findLast((each) => each.hostId === hostId)?.ask,
    get sessions() {
      return running.size;
    },
    async start() {},
    /** Ends all sessions; stop it before the inbox. */
    async stop() {
      stopped = true;
      for (const hostId of [...sessionsByHost.keys()]) this.closeHost(hostId);
      await Promise.all(running);
    },
  };
}

function toReadings({
  readAtMs,
  readings,
}: {
  readonly readAtMs: number;
  readonly readings: readonly ReadingMessage[];
}): HostReadings {
  return {
    readAtMs,
    // Whatever an agent says of it: what could not be read is not known to be fine.
    readings: readings.map((reading) =>
      reading.value === undefined
        ? { ...reading, value: null, state: "unknown" }
        : { ...reading, value: reading.value },
    ),
  };
}
