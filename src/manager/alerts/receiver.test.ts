import { expect, it, vi } from "vitest";
import type { Alert } from "../../model/alert.ts";
import { openReportSession } from "../../protocols/report/client.ts";
import { ReportRequest } from "../../protocols/report/messages.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { type Channel, createChannelPair } from "../../wire/channel.ts";
import { encode } from "../../wire/xdr.ts";
import { alertOf, createTestInbox, idOf } from "./fixtures/inbox-fixture.ts";
import type { StoreOutcome } from "./inbox.ts";
import { createLatestReadings } from "./latest-readings.ts";
import { INBOX_LIMITS } from "./limits.ts";
import { createReportReceiver } from "./receiver.ts";

function createReceiver(inbox: { store(hostId: string, alerts: readonly Alert[]): Promise<StoreOutcome> }) {
  const readings = createLatestReadings({ onReadings() {} });
  const onSeen = vi.fn();
  const receiver = createReportReceiver({ inbox, readings, clock: new FakeClock(), log: silentLog, onSeen });
  return { receiver, readings, onSeen };
}

async function connect(channel: Channel) {
  const committed: string[] = [];
  const refused: string[] = [];
  const session = await openReportSession({
    channel,
    clock: new FakeClock(),
    agentVersion: "1",
    onCommitted: (ids) => committed.push(...ids),
    onRefused: (id) => refused.push(id),
    onAsk: async (body) => Buffer.concat([Buffer.from("heard "), body]),
  });
  return { session, committed, refused };
}

it("what an agent tells is in the inbox under its own host when it is called committed", async () => {
  const { inbox } = await createTestInbox();
  const { receiver, onSeen } = createReceiver(inbox);
  const [ours, theirs] = createChannelPair();
  const served = receiver.serve(theirs, "a");
  const { session, committed, refused } = await connect(ours);
  await session.tellAlerts([alertOf(1), alertOf(2, { raisedAtMs: Number.MAX_SAFE_INTEGER })]);
  await vi.waitFor(() => expect(committed).toEqual([idOf(1)]));
  expect(refused).toEqual([idOf(2)]);
  expect((await inbox.page({ limit: 10 })).items).toMatchObject([{ id: idOf(1), hostId: "a" }]);
  expect(onSeen).toHaveBeenCalledWith("a");
  session.close();
  await served;
  expect(receiver.sessions).toBe(0);
});

it("readings are the latest only, and what could not be read is never fine", async () => {
  const { receiver, readings } = createReceiver({ store: async () => ({ committed: [], refused: [] }) });
  const [ours, theirs] = createChannelPair();
  void receiver.serve(theirs, "a");
  const { session } = await connect(ours);
  const reading = { component: "m", measure: "u", unit: "ratio", summary: "" } as const;
  await session.tellReadings({ readAtMs: 1, readings: [{ ...reading, value: 1, state: "ok" }] });
  await session.tellReadings({ readAtMs: 2, readings: [{ ...reading, value: undefined, state: "ok" }] });
  await vi.waitFor(() =>
    expect(readings.of("a")).toEqual({ readAtMs: 2, readings: [{ ...reading, value: null, state: "unknown" }] }),
  );
  session.close();
});

it("a database that fails ends the session unanswered, and the agent tells it again", async () => {
  const { inbox } = await createTestInbox();
  const store = vi.fn(inbox.store).mockRejectedValueOnce(new Error("disk full"));
  const { receiver } = createReceiver({ store });
  const [ours, theirs] = createChannelPair();
  const served = receiver.serve(theirs, "a");
  const first = await connect(ours);
  await first.session.tellAlerts([alertOf(1)]);
  await served;
  expect(first.committed).toEqual([]);
  const [again, theirsAgain] = createChannelPair();
  void receiver.serve(theirsAgain, "a");
  const second = await connect(again);
  await second.session.tellAlerts([alertOf(1)]);
  await vi.waitFor(() => expect(second.committed).toEqual([idOf(1)]));
  second.session.close();
});

it("a third session of a host ends the oldest; another host's are left alone", async () => {
  const { receiver } = createReceiver({ store: async () => ({ committed: [], refused: [] }) });
  const open = async (hostId: string) => {
    const [ours, theirs] = createChannelPair();
    const served = receiver.serve(theirs, hostId);
    return { ...(await connect(ours)), served };
  };
  const other = await open("b");
  const oldest = await open("a");
  const middle = await open("a");
  const newest = await open("a");
  await oldest.served;
  expect((await oldest.session.ended).error?.message).toBe("the manager hung up");
  expect([other, middle, newest].map(({ session }) => session.room)).toEqual(Array(3).fill(INBOX_LIMITS.window));
  receiver.closeHost("a");
  await Promise.all([middle.served, newest.served]);
  expect(receiver.sessions).toBe(1);
  await receiver.stop();
  await other.served;
  expect(receiver.sessions).toBe(0);
});

it("a database that stands still holds a bounded amount of memory, however many agents talk", async () => {
  const gate = Promise.withResolvers<void>();
  let bytes = 0;
  const store = vi.fn(async (_: string, alerts: readonly Alert[]) => {
    bytes += alerts.reduce((sum, { summary }) => sum + summary.length, 0);
    await gate.promise;
    return { committed: alerts.map(({ id }) => id), refused: [] };
  });
  const { receiver } = createReceiver({ store });
  const large = encode(ReportRequest, {
    kind: "alerts",
    alerts: Array.from({ length: 256 }, (_, n) => alertOf(n, { summary: "x".repeat(2_000) })),
  });
  const agents = 40;
  const channels = Array.from({ length: agents }, () => createChannelPair(2));
  const serving = channels.map(([, theirs], index) => receiver.serve(theirs, `host ${index}`));
  const sending = channels.map(async ([ours]) => {
    await ours.send(encode(ReportRequest, { kind: "hello", version: 1, agentVersion: "1" }));
    void (async () => {
      for await (const _ of ours.records);
    })();
    // A full window: 8 records of half a megabyte.
    for (let n = 0; n < INBOX_LIMITS.window / 256; n++) await ours.send(large);
  });
  const settle = async () => {
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await settle();
  expect(bytes).toBeGreaterThan(INBOX_LIMITS.bytesUnderWay / 2);
  expect(bytes).toBeLessThanOrEqual(INBOX_LIMITS.bytesUnderWay);
  gate.resolve();
  await Promise.all(sending);
  await vi.waitFor(() => expect(store).toHaveBeenCalledTimes((agents * INBOX_LIMITS.window) / 256));
  await receiver.stop();
  await Promise.all(serving);
});
