import { type Clock, every } from "../../runtime/clock.ts";
import { assert, PeerError, TimeoutError, WireError } from "../../runtime/errors.ts";
import type { Channel } from "../../wire/channel.ts";
import { decode, encode } from "../../wire/xdr.ts";
import { takeBatch } from "./alert-batch.ts";
import {
  type AlertMessage,
  ASKS_UNDER_WAY_MAX,
  GREETING_TIMEOUT_MS,
  REPORT_VERSION,
  REPORT_WINDOW_MAX,
  type ReadingMessage,
  ReportReply,
  ReportRequest,
  SILENCE_HEARTBEATS,
} from "./messages.ts";

import { type SilenceWatch, watchSilence } from "./silence-watch.ts";

// The agent's side of the report flow (docs/protocols/report.md §4.1): decisions in the table, effects below it.

export const CLIENT_STATES = ["greeting", "open", "closed"] as const;
export type ClientState = (typeof CLIENT_STATES)[number];
/** What the manager says, and what becomes of the connection. */
export const CLIENT_EVENTS = [
  "welcome",
  "committed",
  "refused",
  "unsupported",
  "heartbeat",
  "ask",
  "silence",
  "end",
  "close",
] as const;
export type ClientEvent = (typeof CLIENT_EVENTS)[number];

const no = "violation"; // The peer broke the protocol: WireError, and the connection ends.
const nil = "ignored"; // Came too late to matter.
export const CLIENT_TRANSITIONS: Record<ClientState, Record<ClientEvent, ClientState | typeof no | typeof nil>> = {
  // biome-ignore format: a table
  greeting: { welcome: "open", committed: no, refused: no, unsupported: "closed", heartbeat: no, ask: no, silence: "closed", end: "closed", close: "closed" },
  // biome-ignore format: a table
  open: { welcome: no, committed: "open", refused: "open", unsupported: no, heartbeat: "open", ask: "open", silence: "closed", end: "closed", close: "closed" },
  // biome-ignore format: a table
  closed: { welcome: nil, committed: nil, refused: nil, unsupported: nil, heartbeat: nil, ask: nil, silence: nil, end: nil, close: nil },
};

const HUNG_UP_AT_ONCE = "the manager hung up without a word: it may have removed this host, and its log says so";

/** Why a session ended: null when this side closed it, otherwise WireError, PeerError, TimeoutError or the connection's error. */
export type SessionEnd = { readonly error: Error | null };

export interface ReportSession {
  /** How many alerts may be told now without going beyond the manager's window. */
  readonly room: number;
  /** Tells alerts, in as many messages as they need. At most `room` of them, each within the declared limits, none under way already. */
  tellAlerts(alerts: readonly AlertMessage[]): Promise<void>;
  tellReadings(readings: { readonly readAtMs: number; readonly readings: readonly ReadingMessage[] }): Promise<void>;
  readonly ended: Promise<SessionEnd>;
  close(): void;
}

export interface ReportSessionNeeds {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly agentVersion: string;
  /** The manager has these on disk. */
  readonly onCommitted: (ids: readonly string[]) => void;
  /** The manager will never take this one. */
  readonly onRefused: (id: string, reason: string) => void;
  /** The manager's doctor asks; a rejection ends the session. */
  readonly onAsk: (body: Buffer) => Promise<Buffer>;
}

/**
 * Greets the manager and resolves once it has welcomed us. Rejects with PeerError `unsupported`, TimeoutError, WireError
 * or the connection's own error; the channel is then closed. Takes ownership of the channel.
 */
export function openReportSession(needs: ReportSessionNeeds): Promise<ReportSession> {
  const { channel, clock, agentVersion, onCommitted, onRefused, onAsk } = needs;
  const underWay = new Set<string>();
  const opened = Promise.withResolvers<ReportSession>();
  const ended = Promise.withResolvers<SessionEnd>();
  let state: ClientState = "greeting";
  let window = 0;
  let asksUnderWay = 0;
  let stopHeartbeat = () => {};
  let silence: SilenceWatch = watchSilence(clock, {
    timeoutMs: GREETING_TIMEOUT_MS,
    onSilence: () => take("silence", new TimeoutError("the manager's welcome", GREETING_TIMEOUT_MS)),
  });

  const session: ReportSession = {
    get room() {
      return state === "open" ? window - underWay.size : 0;
    },
    async tellAlerts(alerts) {
      assert(alerts.length <= session.room, `${alerts.length} alerts fit the window, ${session.room} do`);
      for (const { id } of alerts) underWay.add(id);
      for (let start = 0; start < alerts.length; ) {
        const count = takeBatch(alerts, start);
        await tell({ kind: "alerts", alerts: alerts.slice(start, start + count) });
        start += count;
      }
    },
    tellReadings: (readings) => tell({ kind: "readings", ...readings }),
    ended: ended.promise,
    close: () => take("close", null),
  };

  /** False where the table says that it came too late. */
  function take(event: ClientEvent, error: Error | null): boolean {
    const next = CLIENT_TRANSITIONS[state][event];
    if (next === nil) return false;
    if (next === no) {
      finish(new WireError(event, `not expected while ${state}`));
      return false;
    }
    state = next;
    if (next === "closed") finish(error);
    return true;
  }

  function finish(error: Error | null): void {
    state = "closed";
    silence.stop();
    stopHeartbeat();
    channel.close();
    opened.reject(error ?? new Error("the report session was closed before the manager's welcome"));
    ended.resolve({ error });
  }

  async function tell(message: ReportRequest): Promise<void> {
    try {
      await channel.send(encode(ReportRequest, message));
    } catch (error) {
      take("end", error as Error);
      throw error;
    }
  }

  function hear(reply: ReportReply): void {
    silence.heard();
    const refusal =
      reply.kind === "unsupported"
        ? new PeerError(
            "unsupported",
            `the manager speaks report version ${reply.versions.join(", ")}, we ${REPORT_VERSION}`,
          )
        : null;
    if (!take(reply.kind, refusal)) return;
    if (reply.kind === "welcome") welcome(reply);
    else if (reply.kind === "committed") {
      for (const id of reply.ids) settle(id);
      onCommitted(reply.ids);
    } else if (reply.kind === "refused") {
      settle(reply.id);
      onRefused(reply.id, reply.reason);
    } else if (reply.kind === "ask") void answer(reply);
  }

  async function answer({ id, body }: { id: number; body: Buffer }): Promise<void> {
    asksUnderWay += 1;
    try {
      if (asksUnderWay > ASKS_UNDER_WAY_MAX) throw new WireError("ask", `${asksUnderWay} are under way`);
      await tell({ kind: "answer", id, body: await onAsk(body) });
    } catch (error) {
      take("end", error as Error);
    } finally {
      asksUnderWay -= 1;
    }
  }

  function welcome({ window: allowed, heartbeatSeconds }: { window: number; heartbeatSeconds: number }): void {
    if (allowed < 1 || allowed > REPORT_WINDOW_MAX)
      throw new WireError("welcome.window", `${allowed} is out of bounds`);
    if (heartbeatSeconds < 1) throw new WireError("welcome.heartbeatSeconds", `${heartbeatSeconds} is out of bounds`);
    window = allowed;
    const heartbeatMs = heartbeatSeconds * 1_000;
    const timeoutMs = heartbeatMs * SILENCE_HEARTBEATS;
    silence.stop();
    silence = watchSilence(clock, {
      timeoutMs,
      onSilence: () => take("silence", new TimeoutError("the manager", timeoutMs)),
    });
    // A failure to send is the session's end, which `tell` has already taken.
    stopHeartbeat = every(clock, heartbeatMs, () => tell({ kind: "heartbeat", sentAtMs: clock.now() }).catch(() => {}));
    opened.resolve(session);
  }

  function settle(id: string): void {
    if (!underWay.delete(id)) throw new WireError("ids", `${id} is not under way`);
  }

  async function listen(): Promise<void> {
    for await (const record of channel.records) hear(decode(ReportReply, record));
  }

  tell({ kind: "hello", version: REPORT_VERSION, agentVersion }).catch(() => {});
  listen().then(
    // With TLS 1.3 a refused client learns it only here.
    () => take("end", new Error(state === "greeting" ? HUNG_UP_AT_ONCE : "the manager hung up")),
    (error: Error) => take("end", error),
  );
  return opened.promise;
}
