import { describe, expect, it } from "vitest";
import { createReadableLog } from "../net/loopback-fixture.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { guardHelper } from "./guarded-helper.ts";
import type { DialOrder, Helper, HoldOrder, ListenOrder, PortSpan } from "./helper.ts";
import { DOCTOR_LIMITS } from "./limits.ts";

const span = (from: number, to = from): PortSpan => ({ transport: "tcp", from, to });

function guarded() {
  const asked: string[] = [];
  const clock = new FakeClock();
  const log = createReadableLog();
  const budget = { open: 0, held: 0 };
  const helper: Helper = {
    look: async () => {
      asked.push("look");
      return {} as never;
    },
    count: async () => ({ counters: null, halfOpen: [] }),
    dial: async ({ address }) => {
      asked.push(`dial ${address}`);
      return { attempts: [], way: { route: "unknown", neighbour: "unknown" }, answered: 0 };
    },
    listen: async ({ ports, lifeMs }) => {
      asked.push(`listen ${lifeMs}`);
      return { id: asked.length, ports: ports.map((port) => ({ port, code: "", accepted: 0, proven: 0 })) };
    },
    hold: async ({ lifeMs }) => {
      asked.push(`hold ${lifeMs}`);
      return { id: asked.length, code: "", forgetsAfterS: null };
    },
    heard: async () => ({
      ports: [{ port: 1, code: "", accepted: 1, proven: 1 }],
      provenFrom: ["10.77.1.10"],
      datagrams: [],
    }),
  };
  const guard = guardHelper({
    helper,
    asker: "manager m1",
    askerAddress: "10.77.1.10",
    ownPorts: () => [span(10000), span(20300, 20349)],
    peerPorts: () => [span(31134)],
    peerAddresses: () => ["fd77:1::10"],
    budget,
    clock,
    log,
  });
  return { guard, asked, clock, log, budget };
}

describe("listeners for idle connections", () => {
  const hold: HoldOrder = { family: "ipv4", port: 20300, secret: Buffer.alloc(32), lifeMs: 24 * 60 * 60_000 };

  it("are opened on declared ports only, live twenty minutes at most, and are few", async () => {
    const { guard, asked, clock, budget } = guarded();
    await expect(guard.hold({ ...hold, port: 22 })).rejects.toThrow("not a declared port");
    const held = await guard.hold(hold);
    expect(asked).toEqual([`hold ${20 * 60_000}`]);
    for (let more = 1; more < DOCTOR_LIMITS.holdsMax; more++) await guard.hold(hold);
    await expect(guard.hold(hold)).rejects.toThrow("at most 4");
    await guard.heard(held.id);
    expect(budget.held).toBe(3);
    await clock.advance(20 * 60_000);
    expect(budget.held).toBe(0);
  });
});

const dial: DialOrder = {
  kind: "tls",
  flow: "managerReport",
  address: "10.77.1.10",
  ports: [31134],
  times: 1,
  timeoutMs: 1_000,
  secret: Buffer.alloc(0),
  bulkBytes: 0,
};
const listen: ListenOrder = {
  transport: "tcp",
  family: "ipv4",
  ports: [20300],
  secret: Buffer.alloc(32),
  lifeMs: 5_000,
};

describe("what a helper lends to another host", () => {
  it("is a look at declared ports, and a line in the log for each thing it does", async () => {
    const { guard, asked, log } = guarded();
    await guard.look([span(20300, 20349)]);
    await guard.dial(dial);
    await guard.dial({ ...dial, address: "FD77:1:0::10" });
    await guard.heard((await guard.listen(listen)).id);
    expect(asked).toEqual(["look", "dial 10.77.1.10", "dial FD77:1:0::10", "listen 5000"]);
    expect(log.lines.join("\n")).toMatch(
      /looked at[\s\S]*dials back[\s\S]*opened temporary[\s\S]*closed its temporary/,
    );
  });

  it.each<[string, (guard: Helper) => Promise<unknown>]>([
    ["ports that are not declared", (guard) => guard.look([span(22)])],
    ["counting on ports that are not declared", (guard) => guard.count([span(22)])],
    ["a span that reaches beyond the declared one", (guard) => guard.look([span(20300, 20350)])],
    ["dialling a port that is not the asker's", (guard) => guard.dial({ ...dial, ports: [22] })],
    ["dialling anybody else", (guard) => guard.dial({ ...dial, address: "192.0.2.1" })],
    ["pinging anybody else", (guard) => guard.dial({ ...dial, kind: "ping", ports: [], address: "192.0.2.1" })],
    ["datagrams to a port of TCP", (guard) => guard.dial({ ...dial, kind: "datagrams" })],
    ["a flood of attempts", (guard) => guard.dial({ ...dial, times: 1_000 })],
    ["a long wait", (guard) => guard.dial({ ...dial, timeoutMs: 60_000 })],
    ["a flood of bytes", (guard) => guard.dial({ ...dial, bulkBytes: 2 ** 30 })],
    ["listening where nothing is declared", (guard) => guard.listen({ ...listen, ports: [8080] })],
  ])("refuses %s, and says so in the log", async (_, ask) => {
    const { guard, asked, log } = guarded();
    await expect(ask(guard)).rejects.toMatchObject({ name: "PeerError", code: "refused" });
    expect(asked).toEqual([]);
    expect(log.lines.join()).toContain("the doctor's question was refused");
  });

  it("is bounded in listeners and in their life; places come back when they are heard, or over", async () => {
    const { guard, clock, budget, asked } = guarded();
    const pool = { ...listen, ports: Array.from({ length: 50 }, (_, index) => 20300 + index), lifeMs: 3_600_000 };
    const first = await guard.listen(pool);
    expect(asked).toEqual([`listen ${DOCTOR_LIMITS.listenMs}`]);
    await guard.listen(pool);
    await expect(guard.listen(pool)).rejects.toThrow("100 temporary listeners are open");
    await guard.heard(first.id);
    expect(budget.open).toBe(50);
    await clock.advance(DOCTOR_LIMITS.listenMs);
    expect(budget.open).toBe(0);
  });

  it("tells nothing of listeners that it did not open itself", async () => {
    const { guard } = guarded();
    expect(await guard.heard(1)).toEqual({ ports: [], provenFrom: [], datagrams: [] });
  });
});
