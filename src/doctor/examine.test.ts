// How long an examination takes when nothing answers, by its own clock: every wait is a promise of that clock, so that
// the time is the same on every machine, and how often the far end is asked.

import { describe, expect, it } from "vitest";
import { allFlowsOf } from "../../test/fixtures/doctor/all-flows.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { systemRandom } from "../runtime/random.ts";
import type { Attempt, TemporaryPort } from "./evidence.ts";
import type { Examined } from "./examination.ts";
import { examine } from "./examine.ts";
import type { Counters, DialOrder, FamilyCounters, Helper } from "./helper.ts";

const ADDRESSES = { near: ["192.0.2.10", "2001:db8::10"], far: ["192.0.2.20", "2001:db8::20"] };

interface World {
  readonly lookMs: number;
  /** What comes of a try, and after how long. */
  readonly attempt: (order: DialOrder) => Partial<Attempt> & { readonly afterMs: number };
  /** What every packet that is sent adds to the other host's counters. */
  readonly perPacket: Partial<FamilyCounters>;
}

const silence = ({ timeoutMs }: DialOrder) => ({ code: "ETIMEDOUT", afterMs: timeoutMs });
/** Connections that nobody answers; pings that get lost. */
const mute = (order: DialOrder) =>
  order.kind === "ping" || order.kind === "datagrams"
    ? silence(order)
    : { proof: order.kind === "connect" ? ("none" as const) : ("silent" as const), afterMs: order.timeoutMs };

const WORLDS: Readonly<Record<string, World>> = {
  "every stream is open": { lookMs: 50, attempt: () => ({ proof: "ours", afterMs: 300 }), perPacket: {} },
  "everything is dropped in between": { lookMs: 50, attempt: silence, perPacket: {} },
  "the host drops everything": { lookMs: 50, attempt: silence, perPacket: { received: 1 } },
  "everything is silent, and other traffic hides what arrives": {
    lookMs: 50,
    attempt: silence,
    perPacket: { received: 0.25 },
  },
  "something accepts everything and answers nothing": { lookMs: 50, attempt: mute, perPacket: {} },
  "nothing answers, and both ends take seconds to look": { lookMs: 4_400, attempt: mute, perPacket: { received: 0.5 } },
};

function createEnds(world: World, clock: FakeClock) {
  const sent = { near: 0, far: 0 };
  let rounds = 0;
  let isCounted = false;
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
  /** What is asked in one turn goes in one question (remote-helper.ts). */
  const asked = () => {
    if (isCounted) return;
    isCounted = true;
    rounds += 1;
    setImmediate(() => {
      isCounted = false;
    });
  };
  const create = (self: "near" | "far"): Helper => {
    const other = self === "near" ? "far" : "near";
    const heard: TemporaryPort[][] = [];
    const turn = self === "far" ? asked : () => {};
    const flows = allFlowsOf(self === "near" ? "manager" : "agent");
    const sockets = flows
      .filter(({ isPool }) => !isPool)
      .flatMap(({ from: port }) => [
        { family: "ipv6" as const, address: "::", alsoIpv4: true, port, holder: "own" as const, owner: "node" },
      ]);
    const counters = (): Counters => {
      const none = { received: 0, delivered: 0, asked: 0, left: 0, unreachables: 0, echos: 0, echoReplies: 0 };
      const of = { ...none };
      for (const name of Object.keys(world.perPacket) as (keyof FamilyCounters)[]) {
        of[name] = (world.perPacket[name] ?? 0) * sent[other];
      }
      return { ipv4: of, ipv6: of, resets: 0, accepted: 0 };
    };
    return {
      async look() {
        turn();
        await wait(world.lookMs);
        return {
          atMs: clock.now(),
          platform: "linux",
          addresses: ADDRESSES[self],
          flows,
          sockets,
          halfOpen: [],
          counters: counters(),
          peerAddresses: ADDRESSES[other],
          sawPeerFrom: [],
          ruleAddresses: null,
          firewall: "",
        };
      },
      async count() {
        turn();
        return { counters: counters(), halfOpen: [] };
      },
      async dial(order) {
        turn();
        const ports = order.kind === "ping" ? [0] : order.ports;
        const tries = ports.flatMap((port) => Array.from({ length: order.times }, () => port));
        sent[self] += tries.length;
        const { afterMs, ...attempt } = world.attempt(order);
        await wait(afterMs);
        const attempts = tries.map(
          (port): Attempt => ({
            ...{ port, code: "", tookMs: afterMs, localAddress: "", proof: "none", detail: "" },
            ...attempt,
          }),
        );
        return { attempts, way: { route: "present", neighbour: "far" }, answered: 0 };
      },
      async listen({ ports }) {
        turn();
        const opened = ports.map((port) => ({ port, code: "", accepted: 0, proven: 0 }));
        heard.push(opened);
        return { id: heard.length - 1, ports: opened };
      },
      async heard(id) {
        turn();
        return { ports: heard[id] ?? [], provenFrom: [], datagrams: [] };
      },
      async hold() {
        throw new Error("nobody asked for idle connections");
      },
    };
  };
  return { near: create("near"), far: create("far"), rounds: () => rounds };
}

async function examineIn(world: World, hasFar: boolean) {
  const clock = new FakeClock();
  const { near, far, rounds } = createEnds(world, clock);
  let examined: readonly Examined[] | undefined;
  void examine(
    {
      near,
      far: hasFar ? far : null,
      nearRole: "manager",
      farAddress: "192.0.2.20",
      assumedFlows: allFlowsOf("agent")
        .filter(({ isPool }) => !isPool)
        .map(({ flow, from }) => ({ flow, ports: [from], isPool: false, problem: "" })),
      hasConnection: () => false,
      isRevoked: false,
    },
    { clock, random: systemRandom },
  ).then((result) => {
    examined = result.examined;
  });
  const STEP_MS = 10;
  while (examined === undefined && clock.monotonic() < 60_000) await clock.advance(STEP_MS);
  return { tookMs: clock.monotonic(), rounds: rounds(), examined: examined ?? [] };
}

describe("an examination of a host with all flows, by both families", () => {
  it.each(Object.keys(WORLDS))("ends within ten seconds: %s", async (name) => {
    const world = WORLDS[name] as World;
    const { tookMs, rounds, examined } = await examineIn(world, true);
    expect(tookMs).toBeLessThanOrEqual(10_000);
    expect(examined.length).toBeGreaterThanOrEqual(2 * (allFlowsOf("agent").length + allFlowsOf("manager").length));
    // Whatever is asked at once is one round; one that grew with the flows would be three times as many.
    expect(rounds).toBeLessThanOrEqual(40);
  });

  it.each(Object.keys(WORLDS))("ends within ten seconds where the host cannot be asked: %s", async (name) => {
    const { tookMs } = await examineIn(WORLDS[name] as World, false);
    expect(tookMs).toBeLessThanOrEqual(10_000);
  });
});
