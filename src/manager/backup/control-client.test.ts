import { expect, it } from "vitest";
import { openNdmpConnection } from "../../protocols/ndmp/connection.ts";
import { PeerError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { formatUuid } from "../../runtime/random.ts";
import { createChannelPair } from "../../wire/channel.ts";
import { raiseTestAlerts } from "./control-client.ts";

const clock = new FakeClock();
const idOf = (number: number) => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(number);
  return formatUuid(bytes);
};

/** An agent that takes test alerts, `callsMax` times. */
function startAgent(callsMax = 100) {
  const [near, far] = createChannelPair();
  const calls: (readonly string[])[] = [];
  const noError = { error: "noError" } as const;
  const agent = openNdmpConnection(far, {
    clock,
    timeoutMs: 60_000,
    posts: {},
    calls: {
      connectOpen: () => noError,
      configSetExtList: () => noError,
      raiseTestAlerts({ ids }) {
        if (calls.length === callsMax) return { error: "io", reason: "the disk is full" };
        calls.push(ids);
        return { error: "noError", reason: "" };
      },
    },
  });
  void agent.post("notifyConnectionStatus", { reason: "connected", protocolVersion: 4, text: "" });
  return { channel: near, calls };
}

it("more test alerts than one call takes go in several, each once", async () => {
  const { channel, calls } = startAgent();
  const ids = Array.from({ length: 2_500 }, (_, number) => idOf(number));
  await raiseTestAlerts(channel, { ids, severity: 2, summary: "test" }, { clock });
  expect(calls.map(({ length }) => length)).toEqual([1_000, 1_000, 500]);
  expect(calls.flat()).toEqual(ids);
});

it("a host that takes only some of them says no to the whole", async () => {
  const { channel } = startAgent(1);
  const ids = Array.from({ length: 1_001 }, (_, number) => idOf(number));
  await expect(raiseTestAlerts(channel, { ids, severity: 2, summary: "test" }, { clock })).rejects.toEqual(
    new PeerError("io", "the disk is full"),
  );
});
