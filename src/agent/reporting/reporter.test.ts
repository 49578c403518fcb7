import { expect, it, vi } from "vitest";
import { openSqlite } from "../../database/open-sqlite.ts";
import type { AlertMessage, ReadingMessage } from "../../protocols/report/messages.ts";
import { ReportReply } from "../../protocols/report/messages.ts";
import { type AlertsOutcome, serveReportSession } from "../../protocols/report/server.ts";
import { PeerError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { type Channel, createChannelPair } from "../../wire/channel.ts";
import { encode } from "../../wire/xdr.ts";
import { alertOf, idOf } from "./fixtures/alert-fixture.ts";
import { REPORTING_LIMITS } from "./limits.ts";
import { createReporter } from "./reporter.ts";
import { createSpool } from "./spool.ts";

const WINDOW = 8;

/** A manager that is in reach or not, and answers alerts as it is told to. */
function createManager(clock: FakeClock) {
  const inbox = new Map<string, AlertMessage>();
  const manager = {
    inbox,
    arrivals: [] as string[],
    readings: [] as (readonly ReadingMessage[])[],
    attempts: 0,
    inReach: true,
    stop: new AbortController(),
    sessions: 0,
    answer: async (alerts: readonly AlertMessage[]): Promise<AlertsOutcome> => {
      for (const alert of alerts) inbox.set(alert.id, alert);
      return { committed: alerts.map(({ id }) => id), refused: [] };
    },
    async connect(): Promise<Channel> {
      manager.attempts += 1;
      if (!manager.inReach) throw new Error("connection refused");
      const [ours, theirs] = createChannelPair();
      manager.sessions += 1;
      manager.stop = new AbortController();
      void serveReportSession({
        channel: theirs,
        clock,
        window: WINDOW,
        heartbeatSeconds: 10,
        signal: manager.stop.signal,
        handlers: {
          onHello() {},
          async onAlerts(alerts) {
            manager.arrivals.push(...alerts.map(({ id }) => id));
            return manager.answer(alerts);
          },
          onReadings: ({ readings }) => manager.readings.push(readings),
          onHeard() {},
          async admit() {},
          release() {},
        },
      });
      return ours;
    },
  };
  return manager;
}

function createAgent({ connect }: { connect?: (signal: AbortSignal) => Promise<Channel> } = {}) {
  const clock = new FakeClock();
  const manager = createManager(clock);
  const spool = createSpool({ sqlite: openSqlite({ file: ":memory:", cacheBytes: 1 }), clock, random: systemRandom });
  const reporter = createReporter({
    spool,
    connect: connect ?? manager.connect,
    answerDoctor: async (body) => body,
    agentVersion: "1",
    clock,
    random: systemRandom,
    log: silentLog,
  });
  return { clock, manager, spool, reporter };
}

const alertsOf = (...numbers: number[]) => numbers.map((number) => alertOf(number));

it("a raised alert goes out at once, and leaves the spool when the manager has it", async () => {
  const { reporter, manager, spool, clock } = createAgent();
  await reporter.start();
  await vi.waitFor(() => expect(reporter.status().state).toBe("telling"));
  await reporter.raise(alertsOf(1));
  await reporter.committed(idOf(1));
  expect(manager.inbox.get(idOf(1))).toEqual(alertOf(1));
  await clock.advance(REPORTING_LIMITS.removeDelayMs);
  expect(spool.counts().alerts).toBe(0);
  await reporter.committed(idOf(1));
  await reporter.stop();
  expect(clock.pending).toBe(0);
});

it("what was raised before the start, and out of reach, is told in order once the manager is in reach", async () => {
  const { reporter, manager, clock, spool } = createAgent();
  await reporter.raise(alertsOf(5, 4));
  manager.inReach = false;
  await reporter.start();
  await clock.advance(1);
  await reporter.raise(alertsOf(3));
  expect(reporter.status()).toMatchObject({
    state: "waiting",
    lastFailure: "connection refused",
    spool: { alerts: 3 },
  });
  manager.inReach = true;
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  await vi.waitFor(() => expect(manager.arrivals).toEqual([5, 4, 3].map(idOf)));
  await clock.advance(REPORTING_LIMITS.removeDelayMs);
  expect(spool.counts().alerts).toBe(0);
  expect(reporter.status()).toMatchObject({ state: "telling", lastFailure: null });
  await reporter.stop();
});

it("never has more under way than the window, however much waits", async () => {
  const { reporter, manager } = createAgent();
  let underWay = 0;
  let most = 0;
  const { answer } = manager;
  manager.answer = async (alerts) => {
    underWay += alerts.length;
    most = Math.max(most, underWay);
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
    underWay -= alerts.length;
    return answer(alerts);
  };
  const numbers = Array.from({ length: 500 }, (_, number) => number);
  await reporter.raise(alertsOf(...numbers));
  await reporter.start();
  await reporter.committed(idOf(499));
  expect(manager.arrivals).toEqual(numbers.map(idOf));
  expect(most).toBe(WINDOW);
  await reporter.stop();
});

it("what was told but not answered is told again over the next connection", async () => {
  const { reporter, manager, clock } = createAgent();
  const { answer } = manager;
  manager.answer = () => new Promise(() => {});
  await reporter.start();
  await reporter.raise(alertsOf(1, 2));
  await vi.waitFor(() => expect(manager.arrivals).toHaveLength(2));
  manager.answer = answer;
  manager.stop.abort();
  await vi.waitFor(() => expect(reporter.status().state).toBe("waiting"));
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  await reporter.committed(idOf(2));
  expect(manager.arrivals).toEqual([1, 2, 1, 2].map(idOf));
  await reporter.stop();
});

it("what was answered just before a break is not told again", async () => {
  const { reporter, manager, clock } = createAgent();
  await reporter.start();
  await reporter.raise(alertsOf(1));
  await reporter.committed(idOf(1));
  manager.stop.abort();
  await vi.waitFor(() => expect(reporter.status().state).toBe("waiting"));
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  await vi.waitFor(() => expect(manager.sessions).toBe(2));
  await reporter.raise(alertsOf(2));
  await reporter.committed(idOf(2));
  expect(manager.arrivals).toEqual([1, 2].map(idOf));
  await reporter.stop();
});

it("tries ever more rarely while the manager is out of reach, and soon again after a success", async () => {
  const { reporter, manager, clock } = createAgent();
  manager.inReach = false;
  await reporter.start();
  await clock.advance(10 * 60_000);
  const attempts = manager.attempts;
  expect(attempts).toBeGreaterThan(15);
  expect(attempts).toBeLessThan(30);
  await clock.advance(REPORTING_LIMITS.backOffMaxMs);
  expect(manager.attempts).toBeGreaterThan(attempts);
  manager.inReach = true;
  await clock.advance(REPORTING_LIMITS.backOffMaxMs);
  await reporter.raise(alertsOf(1));
  await reporter.committed(idOf(1));
  manager.stop.abort();
  await vi.waitFor(() => expect(reporter.status().state).toBe("waiting"));
  const before = manager.attempts;
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  expect(manager.attempts).toBe(before + 1);
  await reporter.stop();
  expect(clock.pending).toBe(0);
});

it("a refused alert is set aside, whoever waits for it hears why, and the next ones go on", async () => {
  const { reporter, manager, spool } = createAgent();
  const { answer } = manager;
  manager.answer = async (alerts) => {
    const bad = alerts.filter(({ id }) => id === idOf(1));
    const outcome = await answer(alerts.filter(({ id }) => id !== idOf(1)));
    return { ...outcome, refused: bad.map(({ id }) => ({ id, reason: "no date" })) };
  };
  await reporter.raise(alertsOf(1, 2));
  const refusal = expect(reporter.committed(idOf(1))).rejects.toEqual(new PeerError("refused", "no date"));
  await reporter.start();
  await refusal;
  await reporter.committed(idOf(2));
  await vi.waitFor(() =>
    expect([...manager.inbox.values()].map(({ condition }) => condition)).toContain("spool.refused"),
  );
  expect(spool.counts().setAside).toBe(1);
  await reporter.stop();
});

it("only the latest readings go out, and again after each welcome", async () => {
  const { reporter, manager, clock } = createAgent();
  const look = (value: number | null) => ({
    readAtMs: 1,
    readings: [{ component: "m", measure: "u", value, unit: "ratio", state: "ok", summary: "" } as const],
  });
  manager.inReach = false;
  await reporter.start();
  await clock.advance(1);
  for (const value of [1, 2, 3]) reporter.tellReadings(look(value));
  manager.inReach = true;
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  const told = () => manager.readings.map(([first]) => [first?.value, first?.state]);
  await vi.waitFor(() => expect(told()).toEqual([[3, "ok"]]));
  reporter.tellReadings(look(null));
  await vi.waitFor(() =>
    expect(told()).toEqual([
      [3, "ok"],
      [undefined, "unknown"],
    ]),
  );
  manager.stop.abort();
  await vi.waitFor(() => expect(reporter.status().state).toBe("waiting"));
  await clock.advance(2 * REPORTING_LIMITS.backOffFirstMs);
  await vi.waitFor(() => expect(told()).toHaveLength(3));
  await reporter.stop();
});

it("a manager of another version is asked rarely", async () => {
  let attempts = 0;
  const { reporter, clock } = createAgent({
    async connect() {
      attempts += 1;
      const [ours, theirs] = createChannelPair();
      await theirs.send(encode(ReportReply, { kind: "unsupported", versions: [2] }));
      return ours;
    },
  });
  await reporter.start();
  await clock.advance(20_000);
  expect(attempts).toBe(1);
  expect(reporter.status().lastFailure).toMatch("report version 2");
  await clock.advance(40_000);
  expect(attempts).toBe(2);
  await reporter.stop();
});

it("stops at once, whatever it is doing, and what is not told stays in the spool", async () => {
  const connecting = createAgent({
    connect: (signal) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("aborted")), { once: true })),
  });
  const greeting = createAgent({ connect: async () => createChannelPair()[0] });
  const waiting = createAgent({ connect: async () => Promise.reject(new Error("no")) });
  const telling = createAgent();
  telling.manager.answer = () => new Promise(() => {});
  for (const { reporter, clock, spool } of [connecting, greeting, waiting, telling]) {
    await reporter.raise(alertsOf(1));
    const waiter = expect(reporter.committed(idOf(1))).rejects.toThrow("stopped before");
    await reporter.start();
    await clock.advance(1);
    await reporter.stop();
    await waiter;
    expect(reporter.status().state).toBe("stopped");
    expect(spool.counts().alerts).toBe(1);
    expect(clock.pending).toBe(0);
  }
});

it("an alert that another version wrote and that cannot be said is set aside, and does not stop the others", async () => {
  const { reporter, manager, spool, clock } = createAgent();
  const sqlite = openSqlite({ file: ":memory:", cacheBytes: 1 });
  const odd = createSpool({ sqlite, clock, random: systemRandom });
  await odd.add(alertsOf(1, 2));
  sqlite.prepare("UPDATE alerts SET body = replace(body, 'warning', 'apocalyptic') WHERE id = ?").run(idOf(1));
  const needs = {
    answerDoctor: async (body: Buffer) => body,
    spool: odd,
    connect: manager.connect,
    agentVersion: "1",
    clock,
    random: systemRandom,
    log: silentLog,
  };
  const other = createReporter(needs);
  await other.start();
  await clock.advance(REPORTING_LIMITS.backOffFirstMs);
  await vi.waitFor(() => expect(manager.inbox.has(idOf(2))).toBe(true));
  expect(odd.counts().setAside).toBe(1);
  await other.stop();
  await reporter.stop();
  spool.close();
});
