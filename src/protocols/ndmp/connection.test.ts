import { describe, expect, it } from "vitest";
import { PeerError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { createChannelPair } from "../../wire/channel.ts";
import { decode, encode } from "../../wire/xdr.ts";
import { type CallHandlers, openNdmpConnection, type PostHandlers } from "./connection.ts";
import { DATA_TRANSITIONS, nextDataState } from "./data-states.ts";
import { NDMP_HEADER_BYTES, NdmpHeader } from "./header.ts";
import { NDMP_CALLS, NDMP_POSTS } from "./messages.ts";

function connect(calls: CallHandlers, posts: PostHandlers = {}) {
  const [near, far] = createChannelPair();
  const clock = new FakeClock(1_700_000_000_000);
  const server = openNdmpConnection(far, { calls, posts, clock, timeoutMs: 1_000 });
  const client = openNdmpConnection(near, { calls: {}, posts: {}, clock, timeoutMs: 1_000 });
  return { client, server, clock };
}

it("writes the header as the draft lays it out", async () => {
  const [near, far] = createChannelPair();
  const clock = new FakeClock(1_700_000_000_000);
  const client = openNdmpConnection(near, { calls: {}, posts: {}, clock, timeoutMs: 1_000 });
  void client.call("connectOpen", { protocolVersion: 4 }).catch(() => {});
  for await (const record of far.records) {
    // sequence 1, time, request, 0x900, replies to 0, no error; protocol version 4
    expect(record.toString("hex")).toBe(
      "00000001" + "6553f100" + "00000000" + "00000900" + "00000000" + "00000000" + "00000004",
    );
    break;
  }
});

it("matches replies to calls", async () => {
  const { client } = connect({
    connectOpen: ({ protocolVersion }) => ({ error: protocolVersion === 4 ? "noError" : "illegalArguments" }),
  });
  expect(await client.call("connectOpen", { protocolVersion: 4 })).toEqual({ error: "noError" });
  expect(await client.call("connectOpen", { protocolVersion: 9 })).toEqual({ error: "illegalArguments" });
});

it("a message nobody serves here is answered with notSupported, and the connection goes on", async () => {
  const { client } = connect({ dataStop: () => ({ error: "noError" }) });
  await expect(client.call("dataAbort", {})).rejects.toEqual(new PeerError("notSupported", "dataAbort: notSupported"));
  expect(await client.call("dataStop", {})).toEqual({ error: "noError" });
});

it("a body that cannot be read is answered with xdrDecode", async () => {
  const [near, far] = createChannelPair();
  const clock = new FakeClock();
  openNdmpConnection(far, { calls: { connectOpen: () => ({ error: "noError" }) }, posts: {}, clock, timeoutMs: 1_000 });
  await near.send(
    encode(NdmpHeader, { sequence: 7, sentAtSeconds: 0, kind: "request", code: 0x900, repliesTo: 0, error: "noError" }),
  );
  for await (const record of near.records) {
    expect(decode(NdmpHeader, record.subarray(0, NDMP_HEADER_BYTES))).toMatchObject({
      kind: "reply",
      repliesTo: 7,
      error: "xdrDecode",
    });
    break;
  }
});

it("posts are heard in order and not answered", async () => {
  const heard: string[] = [];
  const { client, server } = connect(
    { dataStop: () => ({ error: "noError" }) },
    { logMessage: ({ text }) => heard.push(text) },
  );
  for (const text of ["one", "two"]) {
    await client.post("logMessage", {
      level: "normal",
      messageId: 0,
      text,
      hasAssociated: "no",
      associatedSequence: 0,
    });
  }
  await client.call("dataStop", {});
  expect(heard).toEqual(["one", "two"]);
  client.close();
  expect(await server.ended).toBeUndefined();
});

it("a call that is not answered ends the connection", async () => {
  const { client, clock } = connect({ dataStop: () => new Promise(() => {}) });
  const call = client.call("dataStop", {});
  call.catch(() => {});
  await clock.advance(1_001);
  await expect(call).rejects.toThrow("ndmp dataStop: no answer within 1000 ms");
});

it("no two messages share a code, and ours lie in our class", () => {
  const codes = [...Object.values(NDMP_CALLS), ...Object.values(NDMP_POSTS)].map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(NDMP_CALLS.startDedupBackup.code.toString(16)).toBe("21e00001");
});

describe("data states", () => {
  it.each(
    Object.entries(DATA_TRANSITIONS).flatMap(([state, row]) =>
      Object.entries(row).map(([event, next]) => [state, event, next]),
    ),
  )("%s on %s is %s", (state, event, next) => {
    expect(nextDataState(state as never, event as never)).toBe(next === "illegal" ? undefined : next);
  });
  it("only a halted server can be stopped, and only an idle one started", () => {
    expect(nextDataState("idle", "start")).toBe("active");
    expect(nextDataState("active", "stop")).toBeUndefined();
    expect(nextDataState("halted", "start")).toBeUndefined();
  });
});
