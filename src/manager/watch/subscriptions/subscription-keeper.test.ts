import { describe, expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../../database/open-database.ts";
import type { Alert } from "../../../model/alert.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { systemRandom } from "../../../runtime/random.ts";
import { type AgentlessOrder, createAgentlessList } from "../agentless/agentless-list.ts";
import type { SecretSeal } from "../agentless/sealed-secret.ts";
import type { Target } from "../agentless/target.ts";
import { createSubscriptionKeeper, SUBSCRIPTION_LIMITS } from "./subscription-keeper.ts";
import { createSubscriptionList } from "./subscription-list.ts";
import type { Ensured } from "./subscription-means.ts";

const SEAL: SecretSeal = {
  seal: (secret, owner) => `${owner} ${secret}`,
  open(sealed, owner) {
    if (!sealed.startsWith(`${owner} `)) throw new Error("not sealed for it");
    return sealed.slice(owner.length + 1);
  },
};
const ORDER: AgentlessOrder = {
  ...{ name: "sas1", address: "192.0.2.7", port: null, path: null, namespace: null, account: null },
  means: "cim-xml",
  trust: { kind: "plain" },
};
const { intervalMs, retryMs, failuresMax, waitMsMin } = SUBSCRIPTION_LIMITS;

/** A server that has what it was given until `lose`, and says `lastsMs`. */
function server() {
  const there = new Map<string, string>();
  const tried: string[] = [];
  const it = {
    there,
    tried,
    lastsMs: null as number | null,
    fails: undefined as string | undefined,
    ping: true as boolean | undefined,
  };
  return it;
}

async function start(asked = server()) {
  const clock = new FakeClock();
  const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  onTestFinished(() => database.destroy());
  const needs = { database, seal: SEAL, clock, random: systemRandom, log: silentLog };
  const hosts = createAgentlessList(needs);
  const told: string[] = [];
  const tell = async (_: string, alert: Alert) => void told.push(`${alert.kind} ${alert.condition}`);
  const create = () =>
    createSubscriptionKeeper({
      ...needs,
      list: createSubscriptionList(needs),
      find: hosts.find,
      destinationOf: (_, token) => `https://manager.example/${token}`,
      meansOf: ({ name }) => ({
        async ensure({ destination }): Promise<Ensured> {
          asked.tried.push(name);
          if (asked.fails !== undefined) throw new Error(asked.fails);
          const isNew = asked.there.get(name) !== destination;
          asked.there.set(name, destination);
          return { isNew, handle: `handle of ${name}`, lastsMs: asked.lastsMs };
        },
        async remove() {
          if (asked.fails !== undefined) throw new Error(asked.fails);
          asked.there.delete(name);
        },
        close: () => {},
      }),
      ping: async () => ({ reachable: asked.ping, reason: "no reply within 3000 ms" }),
      raiseOnce: tell,
      tell,
    });
  const keeper = create();
  await keeper.start();
  async function add(changes: Partial<AgentlessOrder> = {}): Promise<Target> {
    const target = await hosts.add({ ...ORDER, ...changes });
    if (target === undefined) throw new Error("the name is taken");
    await keeper.add(target);
    return target;
  }
  const revoke = (hostId: string) =>
    database.updateTable("hosts").set({ revoked_at_ms: clock.now() }).where("id", "=", hostId).execute();
  const rows = () => database.selectFrom("indication_subscriptions").selectAll().execute();
  return { clock, keeper, create, add, revoke, rows, told, asked };
}

describe("the keeper of subscriptions", () => {
  it("subscribes, knows its servers by what they were given, and asks again whether it is still there", async () => {
    const { clock, keeper, add, asked, told } = await start();
    const { hostId } = await add();
    expect(keeper.of(hostId)?.state).toBe("waiting");
    expect((await keeper.look(hostId))?.state).toBe("kept");
    const token = asked.there.get("sas1")?.split("/").at(-1) ?? "";
    expect(token.length).toBeGreaterThan(20);
    expect(keeper.hostOf(token)).toBe(hostId);
    expect(keeper.hostOf(`${token}x`)).toBeUndefined();
    const { length } = asked.tried;
    await clock.advance(intervalMs);
    expect(asked.tried.length).toBe(length + 1);
    expect(told).toEqual([]);
    await keeper.stop();
    expect(clock.pending).toBe(0);
  });

  it("needs ping to set one up, says so at once, and not to keep one", async () => {
    const asked = server();
    asked.ping = false;
    const { keeper, add, told } = await start(asked);
    const { hostId } = await add();
    const failing = await keeper.look(hostId);
    expect(failing?.state).toBe("failing");
    expect(failing?.reason).toContain("CIM-Indication set-up needs ping, and 192.0.2.7 does not answer");
    expect(asked.tried).toEqual([]);
    expect(told).toEqual(["raised indications.subscription"]);
    asked.ping = true;
    expect((await keeper.look(hostId))?.state).toBe("kept");
    expect(told.at(-1)).toBe("cleared indications.subscription");
    asked.ping = false;
    expect((await keeper.look(hostId))?.state).toBe("kept");
    await keeper.stop();
  });

  it("subscribes also where this computer cannot ping", async () => {
    const asked = server();
    asked.ping = undefined;
    const { keeper, add } = await start(asked);
    expect((await keeper.look((await add()).hostId))?.state).toBe("kept");
    await keeper.stop();
  });

  it("makes anew what the server has lost, and tells that something may be missing", async () => {
    const { keeper, add, asked, told } = await start();
    const { hostId } = await add();
    await keeper.look(hostId);
    asked.there.clear();
    await keeper.look(hostId);
    expect(asked.there.size).toBe(1);
    expect(told).toEqual(["event indications.subscription-lost"]);
    await keeper.stop();
  });

  it("renews before the server forgets, and is not driven by one that forgets at once", async () => {
    const asked = server();
    asked.lastsMs = 120_000;
    const { clock, keeper, add } = await start(asked);
    const { hostId } = await add();
    await keeper.look(hostId);
    expect(keeper.of(hostId)?.expiresAtMs).toBe(clock.now() + 120_000);
    const before = asked.tried.length;
    await clock.advance(60_000);
    expect(asked.tried.length).toBe(before + 1);
    asked.lastsMs = 1;
    await keeper.look(hostId);
    const driven = asked.tried.length;
    await clock.advance(10 * waitMsMin);
    expect(asked.tried.length).toBe(driven + 10);
    await keeper.stop();
  });

  it("asks a failing server less and less often, and tells of one that was in place after some failures", async () => {
    const { clock, keeper, add, asked, told } = await start();
    const { hostId } = await add();
    await keeper.look(hostId);
    asked.fails = "connection refused";
    for (let failure = 1; failure <= failuresMax; failure += 1) {
      expect(told).toEqual([]);
      await keeper.look(hostId);
    }
    expect(told).toEqual(["raised indications.subscription"]);
    const before = asked.tried.length;
    await clock.advance(24 * 60 * retryMs);
    const triesOfADay = asked.tried.length - before;
    expect(triesOfADay).toBeGreaterThan(40);
    expect(triesOfADay).toBeLessThan(60);
    expect(keeper.of(hostId)).toMatchObject({ state: "failing", reason: "connection refused" });
    await keeper.stop();
  });

  it("takes it away with its host, also when the server answers only after a restart", async () => {
    const { clock, keeper, create, add, revoke, rows, asked } = await start();
    const [one, two] = [await add(), await add({ name: "sas2" })];
    await keeper.look(one.hostId);
    await keeper.look(two.hostId);
    await revoke(one.hostId);
    keeper.remove(one.hostId);
    await clock.advance(0);
    await keeper.look(one.hostId);
    expect([...asked.there.keys()]).toEqual(["sas2"]);
    asked.fails = "connection refused";
    const token = asked.there.get("sas2")?.split("/").at(-1) ?? "";
    await revoke(two.hostId);
    keeper.remove(two.hostId);
    expect(keeper.hostOf(token)).toBeUndefined();
    await clock.advance(0);
    await keeper.stop();
    expect((await rows()).map(({ host_id }) => host_id)).toEqual([two.hostId]);
    asked.fails = undefined;
    const next = create();
    await next.start();
    await next.look(two.hostId);
    expect([...asked.there.keys()]).toEqual([]);
    expect(await rows()).toEqual([]);
    await next.stop();
  });

  it("ends one that is wanted no more, and its alert, also when the server answers only after a restart", async () => {
    const { clock, keeper, create, add, rows, asked, told } = await start();
    const { hostId } = await add();
    await keeper.look(hostId);
    const token = asked.there.get("sas1")?.split("/").at(-1) ?? "";
    asked.fails = "connection refused";
    await keeper.end(hostId);
    expect([keeper.of(hostId), keeper.hostOf(token)]).toEqual([undefined, undefined]);
    expect(told).toEqual(["cleared indications.subscription"]);
    await keeper.end(hostId);
    await clock.advance(0);
    expect(await keeper.look(hostId)).toBeUndefined();
    await keeper.stop();
    expect(await rows()).toHaveLength(1);
    asked.fails = undefined;
    const next = create();
    await next.start();
    expect(next.of(hostId)).toBeUndefined();
    await next.look(hostId);
    expect([[...asked.there.keys()], await rows()]).toEqual([[], []]);
    expect(told).toHaveLength(1); // Its failures are told no more.
    await next.stop();
  });

  it("subscribes again where it is wanted again: after the removal, before it, and while it is under way", async () => {
    const { keeper, create, add, rows, asked } = await start();
    const target = await add();
    const { hostId } = target;
    await keeper.look(hostId);
    await keeper.end(hostId);
    await keeper.look(hostId);
    expect([...asked.there.keys()]).toEqual([]);
    await keeper.add(target);
    expect((await keeper.look(hostId))?.state).toBe("kept");
    const token = asked.there.get("sas1")?.split("/").at(-1) ?? "";

    asked.fails = "connection refused";
    await keeper.end(hostId);
    await keeper.look(hostId);
    await keeper.add(target);
    expect(keeper.hostOf(token)).toBe(hostId);
    asked.fails = undefined;
    expect((await keeper.look(hostId))?.state).toBe("kept");
    expect(asked.there.get("sas1")).toContain(token);

    await keeper.end(hostId);
    const removal = keeper.look(hostId);
    await keeper.add(target);
    await removal;
    expect((await keeper.look(hostId))?.state).toBe("kept");
    expect([...asked.there.keys()]).toEqual(["sas1"]);
    expect((await rows()).map(({ ended_at_ms }) => ended_at_ms)).toEqual([null]);
    await keeper.stop();
    const next = create();
    await next.start();
    expect(next.of(hostId)?.state).toBe("kept");
    await next.stop();
  });

  it("leaves behind what does not let itself be removed", async () => {
    const { clock, keeper, add, revoke, rows, asked } = await start();
    const { hostId } = await add();
    await keeper.look(hostId);
    asked.fails = "connection refused";
    await revoke(hostId);
    keeper.remove(hostId);
    await clock.advance(24 * 60 * retryMs);
    expect(await rows()).toEqual([]);
    expect(clock.pending).toBe(0);
    await keeper.stop();
  });

  it("keeps on over a restart, with the same destination and without telling anything", async () => {
    const { keeper, create, add, asked, told } = await start();
    const { hostId } = await add();
    await keeper.look(hostId);
    const before = asked.there.get("sas1");
    await keeper.stop();
    const next = create();
    await next.start();
    expect(next.of(hostId)?.state).toBe("kept");
    expect((await next.look(hostId))?.state).toBe("kept");
    expect(asked.there.get("sas1")).toBe(before);
    expect(told).toEqual([]);
    await next.stop();
  });
});
