import { describe, expect, it, vi } from "vitest";
import { PeerError, TimeoutError, WireError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { formatUuid } from "../../runtime/random.ts";
import { type Channel, createChannelPair } from "../../wire/channel.ts";
import { decode, encode } from "../../wire/xdr.ts";
import { openReportSession } from "./client.ts";
import { type AlertMessage, ASKS_UNDER_WAY_MAX, GREETING_TIMEOUT_MS, ReportReply, ReportRequest } from "./messages.ts";
import {
  type AlertsOutcome,
  type AskAgent,
  BYTES_UNDER_WAY_MAX,
  type ReportHandlers,
  serveReportSession,
} from "./server.ts";

const WINDOW = 4;
const HEARTBEAT_SECONDS = 10;

function alertOf(number: number, summary = "s"): AlertMessage {
  const id = Buffer.alloc(16);
  id.writeUInt32BE(number, 12);
  return {
    id: formatUuid(id),
    raisedAtMs: number,
    severity: "warning",
    category: "software",
    kind: "event",
    component: "c",
    condition: "x",
    summary,
    details: [],
  };
}

const idsOf = (alerts: readonly AlertMessage[]) => alerts.map(({ id }) => id);
const commitAll = async (alerts: readonly AlertMessage[]): Promise<AlertsOutcome> => ({
  committed: idsOf(alerts),
  refused: [],
});

function createHandlers(overrides: Partial<ReportHandlers> = {}) {
  let admitted = 0;
  return {
    onHello: vi.fn(),
    onAlerts: vi.fn(commitAll),
    onReadings: vi.fn(),
    onHeard: vi.fn(),
    async admit(bytes: number) {
      admitted += bytes;
    },
    release(bytes: number) {
      admitted -= bytes;
    },
    get admitted() {
      return admitted;
    },
    ...overrides,
  };
}

function serve(channel: Channel, { clock = new FakeClock(), handlers = createHandlers(), window = WINDOW } = {}) {
  const stop = new AbortController();
  const ended = serveReportSession({
    channel,
    clock,
    handlers,
    window,
    heartbeatSeconds: HEARTBEAT_SECONDS,
    signal: stop.signal,
  });
  return { ended, stop, clock, handlers };
}

function connect(channel: Channel, clock = new FakeClock()) {
  const onCommitted = vi.fn();
  const onRefused = vi.fn();
  const onAsk = vi.fn(async (body: Buffer) => Buffer.concat([Buffer.from("heard "), body]));
  const opened = openReportSession({ channel, clock, agentVersion: "1.2.3", onCommitted, onRefused, onAsk });
  return { opened, onCommitted, onRefused, onAsk, clock };
}

/** Says requests by hand and reads what comes back. */
function createRawAgent(channel: Channel) {
  const replies = channel.records[Symbol.asyncIterator]();
  return {
    say: (request: ReportRequest) => channel.send(encode(ReportRequest, request)),
    send: channel.send,
    async hear(): Promise<ReportReply | "end"> {
      const { done, value } = await replies.next();
      return done ? "end" : decode(ReportReply, value);
    },
  };
}

function createRawManager(channel: Channel) {
  const requests = channel.records[Symbol.asyncIterator]();
  return {
    say: (reply: ReportReply) => channel.send(encode(ReportReply, reply)),
    send: channel.send,
    async hear(): Promise<ReportRequest | "end"> {
      const { done, value } = await requests.next();
      return done ? "end" : decode(ReportRequest, value);
    },
  };
}

const HELLO = { kind: "hello", version: 1, agentVersion: "1" } as const;
const WELCOME = { kind: "welcome", version: 1, window: WINDOW, heartbeatSeconds: HEARTBEAT_SECONDS } as const;

it("an alert goes there, its committed comes back, and the room is free again", async () => {
  const [ours, theirs] = createChannelPair();
  const { handlers, ended } = serve(theirs);
  const { opened, onCommitted } = connect(ours);
  const session = await opened;
  expect(handlers.onHello).toHaveBeenCalledWith("1.2.3");
  expect(session.room).toBe(WINDOW);
  const alerts = [alertOf(1), alertOf(2)];
  await session.tellAlerts(alerts);
  expect(session.room).toBe(WINDOW - 2);
  await vi.waitFor(() => expect(onCommitted).toHaveBeenCalledWith(idsOf(alerts)));
  expect(handlers.onAlerts).toHaveBeenCalledWith(alerts);
  expect(session.room).toBe(WINDOW);
  session.close();
  expect(await session.ended).toEqual({ error: null });
  expect(await ended).toBeNull();
  expect(handlers.admitted).toBe(0);
});

it("a refused alert is told with its reason and frees its room", async () => {
  const [ours, theirs] = createChannelPair();
  const handlers = createHandlers({
    onAlerts: vi.fn(async (alerts: readonly AlertMessage[]) => ({
      committed: [],
      refused: alerts.map(({ id }) => ({ id, reason: "from the future" })),
    })),
  });
  serve(theirs, { handlers });
  const { opened, onRefused, onCommitted } = connect(ours);
  const session = await opened;
  await session.tellAlerts([alertOf(7)]);
  await vi.waitFor(() => expect(onRefused).toHaveBeenCalledWith(alertOf(7).id, "from the future"));
  expect(session.room).toBe(WINDOW);
  expect(onCommitted).not.toHaveBeenCalled();
  session.close();
});

describe("questions of the doctor", () => {
  it("go from the manager to the agent and back, several at once", async () => {
    const [ours, theirs] = createChannelPair();
    const handlers = createHandlers();
    const asking = new Promise<AskAgent>((resolve) => Object.assign(handlers, { onOpen: resolve }));
    serve(theirs, { handlers });
    const { opened } = connect(ours);
    const session = await opened;
    const ask = await asking;
    const answers = await Promise.all(["a", "b"].map(async (each) => `${await ask(Buffer.from(each))}`));
    expect(answers).toEqual(["heard a", "heard b"]);
    session.close();
  });

  it("are bounded on both sides, and end with the session", async () => {
    const [ours, theirs] = createChannelPair();
    const handlers = createHandlers();
    const asking = new Promise<AskAgent>((resolve) => Object.assign(handlers, { onOpen: resolve }));
    const { stop } = serve(theirs, { handlers });
    const { opened, onAsk } = connect(ours);
    onAsk.mockReturnValue(new Promise(() => {}));
    await opened;
    const ask = await asking;
    const asked = Array.from({ length: ASKS_UNDER_WAY_MAX }, () => ask(Buffer.from("?")));
    const ended = Promise.allSettled(asked);
    await expect(ask(Buffer.from("?"))).rejects.toThrow("8 questions are unanswered already");
    stop.abort();
    for (const outcome of await ended) expect(outcome).toMatchObject({ status: "rejected" });
    await expect(ask(Buffer.from("?"))).rejects.toThrow("the report session is not open");
  });

  it("an answer that nobody asked for breaks the protocol", async () => {
    const [ours, theirs] = createChannelPair();
    const { ended } = serve(theirs);
    const agent = createRawAgent(ours);
    await agent.say(HELLO);
    await agent.hear();
    await agent.say({ kind: "answer", id: 7, body: Buffer.alloc(0) });
    expect((await ended)?.message).toBe("answer.id: 7 was not asked");
  });
});

it("readings arrive as they were told", async () => {
  const [ours, theirs] = createChannelPair();
  const { handlers } = serve(theirs);
  const session = await connect(ours).opened;
  const reading = {
    component: "memory",
    measure: "used",
    value: 0.5,
    unit: "ratio",
    state: "ok",
    summary: "half",
  } as const;
  await session.tellReadings({ readAtMs: 5, readings: [reading] });
  await vi.waitFor(() =>
    expect(handlers.onReadings).toHaveBeenCalledWith(expect.objectContaining({ readAtMs: 5, readings: [reading] })),
  );
  session.close();
});

it("the agent itself never goes beyond the window", async () => {
  const [ours, theirs] = createChannelPair();
  serve(theirs);
  const session = await connect(ours).opened;
  await expect(session.tellAlerts([1, 2, 3, 4, 5].map((n) => alertOf(n)))).rejects.toThrow("assertion failed");
  session.close();
});

it("several batches may be under way, up to the window; one more ends the session and none is answered", async () => {
  const [ours, theirs] = createChannelPair();
  const handlers = createHandlers({ onAlerts: vi.fn(() => new Promise<AlertsOutcome>(() => {})) });
  const { ended } = serve(theirs, { handlers });
  const agent = createRawAgent(ours);
  await agent.say(HELLO);
  expect(await agent.hear()).toMatchObject({ kind: "welcome", window: WINDOW });
  for (const n of [1, 2, 3, 4]) await agent.say({ kind: "alerts", alerts: [alertOf(n)] });
  await vi.waitFor(() => expect(handlers.onAlerts).toHaveBeenCalledTimes(4));
  await agent.say({ kind: "alerts", alerts: [alertOf(5)] });
  expect(await ended).toEqual(new WireError("alerts", "5 under way, the window is 4"));
  expect(await agent.hear()).toBe("end");
});

it("a window that is answered may be filled again at once", async () => {
  const [ours, theirs] = createChannelPair();
  const { handlers } = serve(theirs);
  const agent = createRawAgent(ours);
  await agent.say(HELLO);
  await agent.hear();
  for (let round = 0; round < 20; round++) {
    const alerts = [1, 2, 3, 4].map((n) => alertOf(round * 10 + n));
    await agent.say({ kind: "alerts", alerts });
    expect(await agent.hear()).toEqual({ kind: "committed", ids: idsOf(alerts) });
  }
  expect(handlers.onAlerts).toHaveBeenCalledTimes(20);
});

it.each<[string, ReportRequest[], string]>([
  ["alerts before hello", [{ kind: "alerts", alerts: [] }], "alerts: not expected while greeting"],
  ["a heartbeat before hello", [{ kind: "heartbeat", sentAtMs: 1 }], "heartbeat: not expected while greeting"],
  ["hello twice", [HELLO, HELLO], "hello: not expected while open"],
])("the manager hangs up on %s", async (_, requests, problem) => {
  const [ours, theirs] = createChannelPair();
  const { ended, handlers } = serve(theirs);
  for (const request of requests) await ours.send(encode(ReportRequest, request));
  expect((await ended)?.message).toBe(problem);
  expect(handlers.onAlerts).not.toHaveBeenCalled();
  expect(handlers.admitted).toBe(0);
});

it("the manager hangs up on bytes that are no message", async () => {
  const [ours, theirs] = createChannelPair();
  const { ended, handlers } = serve(theirs);
  await ours.send(encode(ReportRequest, HELLO));
  await ours.send(Buffer.from("GET / HTTP/1.1\r\n"));
  expect(await ended).toBeInstanceOf(WireError);
  expect(handlers.admitted).toBe(0);
});

it("an agent of another version is told which are spoken here", async () => {
  const [ours, theirs] = createChannelPair();
  const { ended } = serve(theirs);
  const agent = createRawAgent(ours);
  await agent.say({ ...HELLO, version: 9 });
  expect(await agent.hear()).toEqual({ kind: "unsupported", versions: [1] });
  expect(await agent.hear()).toBe("end");
  expect(await ended).toBeNull();
});

it("the agent learns that its version is not spoken", async () => {
  const [ours, theirs] = createChannelPair();
  const { opened } = connect(ours);
  await createRawManager(theirs).say({ kind: "unsupported", versions: [2, 3] });
  const error = await opened.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(PeerError);
  expect(error).toMatchObject({ code: "unsupported", message: "the manager speaks report version 2, 3, we 1" });
});

it.each<[string, ReportReply[], string]>([
  ["a second welcome", [WELCOME, WELCOME], "welcome: not expected while open"],
  [
    "committed of an alert that was never told",
    [WELCOME, { kind: "committed", ids: [alertOf(9).id] }],
    "is not under way",
  ],
  ["a window of nothing", [{ ...WELCOME, window: 0 }], "welcome.window: 0 is out of bounds"],
  ["a window without bounds", [{ ...WELCOME, window: 0xffff_ffff }], "welcome.window: 4294967295 is out of bounds"],
  ["committed before welcome", [{ kind: "committed", ids: [] }], "committed: not expected while greeting"],
])("the agent hangs up on %s", async (_, replies, problem) => {
  const [ours, theirs] = createChannelPair();
  const { opened } = connect(ours);
  for (const reply of replies) await theirs.send(encode(ReportReply, reply));
  const error = await opened.then(
    async (session) => (await session.ended).error,
    (reason: Error) => reason,
  );
  expect(error).toBeInstanceOf(WireError);
  expect(error?.message).toContain(problem);
});

it("who is not greeted in time hangs up, on both sides", async () => {
  const [silentManager] = createChannelPair();
  const { opened, clock } = connect(silentManager);
  const refused = expect(opened).rejects.toThrow(TimeoutError);
  await clock.advance(GREETING_TIMEOUT_MS);
  await refused;
  expect(clock.pending).toBe(0);

  const [, silentAgent] = createChannelPair();
  const { ended, clock: theirClock } = serve(silentAgent);
  await theirClock.advance(GREETING_TIMEOUT_MS);
  expect(await ended).toBeInstanceOf(TimeoutError);
  expect(theirClock.pending).toBe(0);
});

it("heartbeats of both sides keep a resting session alive", async () => {
  const [ours, theirs] = createChannelPair();
  const { ended, clock, stop } = serve(theirs);
  const { opened } = connect(ours, clock);
  const session = await opened;
  for (let minutes = 0; minutes < 10; minutes++) await clock.advance(60_000);
  expect(session.room).toBe(WINDOW);
  stop.abort();
  expect(await ended).toBeNull();
  expect((await session.ended).error?.message).toBe("the manager hung up");
  expect(clock.pending).toBe(0);
});

it("three missing heartbeats end the session, on both sides", async () => {
  const [ours, theirs] = createChannelPair();
  const { ended, clock } = serve(theirs);
  await ours.send(encode(ReportRequest, HELLO));
  await clock.advance(HEARTBEAT_SECONDS * 3_000 - 1);
  await clock.advance(1);
  expect((await ended)?.message).toBe("the agent: no answer within 30000 ms");
  expect(clock.pending).toBe(0);

  const [agentEnd, managerEnd] = createChannelPair();
  const { opened, clock: agentClock } = connect(agentEnd);
  await createRawManager(managerEnd).say(WELCOME);
  const session = await opened;
  await agentClock.advance(HEARTBEAT_SECONDS * 3_000);
  expect((await session.ended).error?.message).toBe("the manager: no answer within 30000 ms");
  expect(agentClock.pending).toBe(0);
});

it("a manager that has no room does not read, does not blame the agent for its silence, and goes on later", async () => {
  const [ours, theirs] = createChannelPair(1);
  const room = Promise.withResolvers<void>();
  let records = 0;
  const handlers = createHandlers({ admit: () => (++records === 2 ? room.promise : Promise.resolve()) });
  const { ended, clock, stop } = serve(theirs, { handlers });
  const agent = createRawAgent(ours);
  await agent.say(HELLO);
  expect(await agent.hear()).toMatchObject({ kind: "welcome" });
  await agent.say({ kind: "alerts", alerts: [alertOf(1)] });
  const beats = (async () => {
    for (;;) {
      const reply = await agent.hear();
      if (reply === "end" || reply.kind !== "heartbeat") return reply;
    }
  })();
  await clock.advance(HEARTBEAT_SECONDS * 10_000);
  expect(handlers.onAlerts).not.toHaveBeenCalled();
  room.resolve();
  expect(await beats).toEqual({ kind: "committed", ids: [alertOf(1).id] });
  stop.abort();
  expect(await ended).toBeNull();
});

it("a connection whose answers are outstanding is not read beyond its bytes", async () => {
  const [ours, theirs] = createChannelPair(1);
  const commit = Promise.withResolvers<void>();
  const handlers = createHandlers({
    onAlerts: vi.fn(async (alerts: readonly AlertMessage[]) => {
      await commit.promise;
      return commitAll(alerts);
    }),
  });
  const { stop, ended } = serve(theirs, { handlers, window: 60_000 });
  const agent = createRawAgent(ours);
  await agent.say(HELLO);
  await agent.hear();
  const large = (n: number): ReportRequest => ({
    kind: "alerts",
    alerts: Array.from({ length: 256 }, (_, i) => alertOf(n * 256 + i, "x".repeat(2_000))),
  });
  const recordBytes = encode(ReportRequest, large(0)).length;
  const fits = Math.floor(BYTES_UNDER_WAY_MAX / recordBytes) + 1;
  const replies = (async () => {
    let committed = 0;
    for (let reply = await agent.hear(); reply !== "end"; reply = await agent.hear()) {
      if (reply.kind === "committed") committed += reply.ids.length;
    }
    return committed;
  })();
  const sending = (async () => {
    for (let n = 0; n < fits * 2; n++) await agent.say(large(n));
  })();
  await vi.waitFor(() => expect(handlers.onAlerts).toHaveBeenCalledTimes(fits));
  await new Promise((resolve) => setImmediate(resolve));
  expect(handlers.onAlerts).toHaveBeenCalledTimes(fits);
  commit.resolve();
  await sending;
  await vi.waitFor(() => expect(handlers.onAlerts).toHaveBeenCalledTimes(fits * 2));
  await vi.waitFor(() => expect(handlers.admitted).toBe(0));
  stop.abort();
  await ended;
  expect(await replies).toBe(fits * 2 * 256);
});

it("a handler that fails ends the session, and nothing is called committed", async () => {
  const [ours, theirs] = createChannelPair();
  const handlers = createHandlers({ onAlerts: vi.fn(() => Promise.reject(new Error("disk full"))) });
  const { ended } = serve(theirs, { handlers });
  const { opened, onCommitted } = connect(ours);
  const session = await opened;
  await session.tellAlerts([alertOf(1)]);
  expect((await ended)?.message).toBe("disk full");
  expect((await session.ended).error?.message).toBe("the manager hung up");
  expect(onCommitted).not.toHaveBeenCalled();
  expect(handlers.admitted).toBe(0);
});

it("a session asked to stop before it begins ends at once", async () => {
  const [, theirs] = createChannelPair();
  const clock = new FakeClock();
  const needs = { channel: theirs, clock, handlers: createHandlers(), window: WINDOW, heartbeatSeconds: 1 };
  expect(await serveReportSession({ ...needs, signal: AbortSignal.abort() })).toBeNull();
  expect(clock.pending).toBe(0);
});
