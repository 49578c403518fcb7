import { type Clock, every } from "../../runtime/clock.ts";
import { TimeoutError, WireError } from "../../runtime/errors.ts";
import { withTimeout } from "../../runtime/service.ts";
import type { Channel } from "../../wire/channel.ts";
import { decode, encode } from "../../wire/xdr.ts";
import {
  type AlertMessage,
  ASKS_UNDER_WAY_MAX,
  GREETING_TIMEOUT_MS,
  REPORT_VERSION,
  type ReadingMessage,
  ReportReply,
  ReportRequest,
  SILENCE_HEARTBEATS,
} from "./messages.ts";

import { watchSilence } from "./silence-watch.ts";

// The manager's side of the report flow (docs/protocols/report.md §4.2): decisions in the table, effects below it.

export const SERVER_STATES = ["greeting", "open", "closed"] as const;
export type ServerState = (typeof SERVER_STATES)[number];
/** What the agent says (`stranger`: a hello of a version not spoken here), and what becomes of the connection. */
export const SERVER_EVENTS = [
  "hello",
  "stranger",
  "alerts",
  "readings",
  "heartbeat",
  "answer",
  "silence",
  "end",
  "close",
] as const;
export type ServerEvent = (typeof SERVER_EVENTS)[number];

const no = "violation"; // The peer broke the protocol: WireError, and the connection ends.
const nil = "ignored"; // Came too late to matter.
export const SERVER_TRANSITIONS: Record<ServerState, Record<ServerEvent, ServerState | typeof no | typeof nil>> = {
  // biome-ignore format: a table
  greeting: { hello: "open", stranger: "closed", alerts: no, readings: no, heartbeat: no, answer: no, silence: "closed", end: "closed", close: "closed" },
  // biome-ignore format: a table
  open: { hello: no, stranger: no, alerts: "open", readings: "open", heartbeat: "open", answer: "open", silence: "closed", end: "closed", close: "closed" },
  // biome-ignore format: a table
  closed: { hello: nil, stranger: nil, alerts: nil, readings: nil, heartbeat: nil, answer: nil, silence: nil, end: nil, close: nil },
};

/** Alerts of one agent that are read but not answered yet, in bytes of their records: beyond this its connection is not read. */
export const BYTES_UNDER_WAY_MAX = 4 * 1024 * 1024;

export interface AlertsOutcome {
  /** On disk, whether now or before. */
  readonly committed: readonly string[];
  /** Will never be taken. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

export interface ReportHandlers {
  onHello(agentVersion: string): void;
  /** Several may be under way. A rejection ends the session: nothing is answered, the agent tells them again. */
  onAlerts(alerts: readonly AlertMessage[]): Promise<AlertsOutcome>;
  /** The session is open: `ask` puts a question of the doctor to the agent, until the session ends. */
  onOpen?(ask: AskAgent): void;
  onReadings(readings: { readonly readAtMs: number; readonly readings: readonly ReadingMessage[] }): void;
  /** Called for every message, before its own handler. */
  onHeard(): void;
  /** Resolves when the manager has room for a record of `bytes`; until then the connection is not read. */
  admit(bytes: number): Promise<void>;
  /** The room of one admitted record is free again. */
  release(bytes: number): void;
}

/** Rejects when the session ends before the answer, or when too many questions are unanswered. */
export type AskAgent = (body: Buffer) => Promise<Buffer>;

export interface ReportServerNeeds {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly handlers: ReportHandlers;
  /** Alerts that the agent may have under way. */
  readonly window: number;
  readonly heartbeatSeconds: number;
  /** Closes the session, such as at the manager's stop or the host's revocation. */
  readonly signal: AbortSignal;
}

/**
 * Serves one agent until its connection ends; takes ownership of the channel. Resolves to null when the agent hung up or
 * `signal` aborted, otherwise to what went wrong (WireError, TimeoutError, the connection's or the handler's error); never rejects.
 */
export async function serveReportSession(needs: ReportServerNeeds): Promise<Error | null> {
  const { channel, clock, handlers, window, heartbeatSeconds, signal } = needs;
  const ended = Promise.withResolvers<Error | null>();
  let state: ServerState = "greeting";
  let alertsUnderWay = 0;
  let bytesUnderWay = 0;
  let onBytesFree = () => {};
  let stopHeartbeat = () => {};
  let isReading = true;
  const asked = new Map<number, PromiseWithResolvers<Buffer>>();
  let lastAsk = 0;
  let silence = watchSilence(clock, {
    timeoutMs: GREETING_TIMEOUT_MS,
    onSilence: () => take("silence", new TimeoutError("the agent's hello", GREETING_TIMEOUT_MS)),
  });
  const onAbort = () => take("close", null);
  signal.addEventListener("abort", onAbort, { once: true });

  /** False where the table says that it came too late. */
  function take(event: ServerEvent, error: Error | null): boolean {
    const next = SERVER_TRANSITIONS[state][event];
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
    signal.removeEventListener("abort", onAbort);
    silence.stop();
    stopHeartbeat();
    onBytesFree();
    channel.close();
    for (const { reject } of asked.values()) reject(error ?? new Error("the report session ended"));
    asked.clear();
    ended.resolve(error);
  }

  async function tell(reply: ReportReply): Promise<void> {
    if (state === "closed") return;
    try {
      await channel.send(encode(ReportReply, reply));
    } catch (error) {
      take("end", error as Error);
    }
  }

  async function ask(body: Buffer): Promise<Buffer> {
    if (state !== "open") throw new Error("the report session is not open");
    if (asked.size >= ASKS_UNDER_WAY_MAX) throw new Error(`${asked.size} questions are unanswered already`);
    lastAsk += 1;
    const answer = Promise.withResolvers<Buffer>();
    asked.set(lastAsk, answer);
    await tell({ kind: "ask", id: lastAsk, body });
    return answer.promise;
  }

  function takeAnswer({ id, body }: { id: number; body: Buffer }): void {
    const answer = asked.get(id);
    if (answer === undefined) throw new WireError("answer.id", `${id} was not asked`);
    asked.delete(id);
    answer.resolve(body);
  }

  function watchOpenSession(): void {
    const heartbeatMs = heartbeatSeconds * 1_000;
    const timeoutMs = heartbeatMs * SILENCE_HEARTBEATS;
    const onSilence = () => {
      // While we do not read, silence is ours, not the agent's.
      if (isReading) take("silence", new TimeoutError("the agent", timeoutMs));
      else silence = watchSilence(clock, { timeoutMs, onSilence });
    };
    silence.stop();
    silence = watchSilence(clock, { timeoutMs, onSilence });
    stopHeartbeat = every(clock, heartbeatMs, async () => {
      const sent = tell({ kind: "heartbeat", sentAtMs: clock.now() });
      await withTimeout(sent, { what: "the agent, to take what is sent,", timeoutMs, clock }).catch((error: Error) => {
        take("silence", error);
      });
    });
  }

  async function answerAlerts(alerts: readonly AlertMessage[], bytes: number): Promise<void> {
    try {
      // The manager's room is free before the answer leaves: an agent that does not read holds only its own connection.
      const { committed, refused } = await handlers.onAlerts(alerts).finally(() => handlers.release(bytes));
      // Before the answer leaves: the agent may fill the window again as soon as it has it.
      alertsUnderWay -= alerts.length;
      for (const { id, reason } of refused) await tell({ kind: "refused", id, reason });
      if (committed.length > 0) await tell({ kind: "committed", ids: committed });
    } catch (error) {
      take("end", error as Error);
    } finally {
      bytesUnderWay -= bytes;
      onBytesFree();
    }
  }

  /** Takes one message. True where its bytes stay under way until it is answered. */
  async function hear(request: ReportRequest, bytes: number): Promise<boolean> {
    const isStranger = request.kind === "hello" && request.version !== REPORT_VERSION;
    if (isStranger && state === "greeting") await tell({ kind: "unsupported", versions: [REPORT_VERSION] });
    if (!take(isStranger ? "stranger" : request.kind, null) || isStranger) return false;
    handlers.onHeard();
    switch (request.kind) {
      case "hello":
        handlers.onHello(request.agentVersion);
        watchOpenSession();
        await tell({ kind: "welcome", version: REPORT_VERSION, window, heartbeatSeconds });
        handlers.onOpen?.(ask);
        return false;
      case "readings":
        handlers.onReadings(request);
        return false;
      case "heartbeat":
        return false;
      case "answer":
        takeAnswer(request);
        return false;
      case "alerts":
        if (alertsUnderWay + request.alerts.length > window) {
          throw new WireError("alerts", `${alertsUnderWay + request.alerts.length} under way, the window is ${window}`);
        }
        alertsUnderWay += request.alerts.length;
        bytesUnderWay += bytes;
        void answerAlerts(request.alerts, bytes);
        return true;
    }
  }

  async function listen(): Promise<void> {
    for await (const record of channel.records) {
      isReading = false;
      await handlers.admit(record.length);
      let isUnderWay = false;
      try {
        silence.heard();
        isUnderWay = await hear(decode(ReportRequest, record), record.length);
      } finally {
        if (!isUnderWay) handlers.release(record.length);
      }
      while (bytesUnderWay > BYTES_UNDER_WAY_MAX && state === "open") {
        await new Promise<void>((resolve) => {
          onBytesFree = resolve;
        });
      }
      silence.heard();
      isReading = true;
      if (state === "closed") return;
    }
  }

  if (signal.aborted) onAbort();
  listen().then(
    () => take("end", null),
    (error: Error) => take("end", error),
  );
  return ended.promise;
}
