import { describe, expect, it } from "vitest";
import type { Alert, InboxAlert } from "../../model/alert.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { createReachability, type ReachabilityNeeds, UNREACHABLE_CONDITION } from "./reachability.ts";
import { createReturns } from "./returns.ts";

function create(answers: { ping: boolean | undefined; knock: boolean }, changed: Partial<ReachabilityNeeds> = {}) {
  const clock = new FakeClock();
  const raised: { hostId: string; alert: Alert }[] = [];
  const missed = new Set<string>();
  const service = createReachability({
    silent: () => ["h1"],
    miss: (hostId) => !missed.has(hostId) && missed.add(hostId).has(hostId),
    find: async () => ({ name: "web1", address: "192.0.2.7", lastSeenAtMs: 0 }),
    ping: async () => ({ reachable: answers.ping, reason: "no ping here" }),
    explain: () => {},
    knock: async () => ({ open: answers.knock, reason: answers.knock ? "answers" : "refused" }),
    raise: async (hostId, alert) => void raised.push({ hostId, alert }),
    onChange: () => {},
    unreachableSeconds: 30,
    clock,
    random: systemRandom,
    log: silentLog,
    ...changed,
  });
  return { clock, raised, service };
}

describe("what the alert says of the cause", () => {
  it.each([
    [{ ping: false, knock: false }, "critical", "neither the machine nor its agent answers"],
    [{ ping: undefined, knock: false }, "critical", "neither the machine nor its agent answers"],
    [{ ping: true, knock: false }, "critical", "the machine answers ping, its agent does not"],
    [{ ping: true, knock: true }, "major", "a firewall may block its way to the manager"],
    [{ ping: false, knock: true }, "major", "a firewall may block its way to the manager"],
  ])("%o: %s, %s", async (answers, severity, words) => {
    const { clock, raised, service } = create(answers);
    await service.start();
    await clock.advance(10_000);
    await service.stop();
    expect(raised).toHaveLength(1); // Once, however often it is looked at.
    expect(raised[0]?.alert).toMatchObject({ severity, kind: "raised", condition: UNREACHABLE_CONDITION });
    expect(raised[0]?.alert.summary).toContain(words);
  });
});

it("a look that fails for one host does not end the looking", async () => {
  let asked = 0;
  const { clock, service } = create(
    { ping: true, knock: false },
    {
      find: async () => {
        asked += 1;
        throw new Error("the database is away");
      },
    },
  );
  await service.start();
  await clock.advance(20_000);
  await service.stop();
  expect(asked).toBeGreaterThan(2);
});

describe("returns", () => {
  function createInbox(open: Partial<InboxAlert>[]) {
    const raised: Alert[] = [];
    const clock = new FakeClock(1_000_000);
    const returns = createReturns({
      inbox: {
        raise: async (_, alert) => void raised.push(alert),
        page: async () => ({ items: open as InboxAlert[], next: null }),
      },
      find: async () => ({ name: "web1" }),
      clock,
      random: systemRandom,
      log: silentLog,
    });
    return { returns, raised };
  }
  const unreachable = {
    condition: UNREACHABLE_CONDITION,
    kind: "raised",
    clearedAtMs: null,
    component: "host",
    raisedAtMs: 1_000_000 - 600_000,
    details: [{ name: "last sign of life", value: "never" }],
  } as const;

  it("end what is open, with the length of the outage", async () => {
    const { returns, raised } = createInbox([unreachable]);
    await returns.onReturn("h1");
    expect(raised).toMatchObject([
      { kind: "cleared", condition: UNREACHABLE_CONDITION, summary: "web1 is back after 10 minutes" },
    ]);
  });

  it("count it from the last sign of life, not from when it was missed", async () => {
    const details = [{ name: "last sign of life", value: new Date(1_000_000 - 630_000).toISOString() }];
    const { returns, raised } = createInbox([{ ...unreachable, details }]);
    await returns.onReturn("h1");
    expect(raised[0]?.details).toEqual([{ name: "unreachable for", value: "630 s" }]);
  });

  it("say nothing where nothing is open", async () => {
    const { returns, raised } = createInbox([
      { ...unreachable, component: "another" },
      { ...unreachable, condition: "other" },
    ]);
    await returns.onReturn("h1");
    expect(raised).toEqual([]);
  });

  it("what is open already is not raised again", async () => {
    const { returns, raised } = createInbox([unreachable]);
    await returns.raiseOnce("h1", {} as Alert);
    expect(raised).toEqual([]);
  });
});
