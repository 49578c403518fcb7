import { describe, expect, it } from "vitest";
import type { Alert } from "../../model/alert.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { HostDecisions } from "../fleet/host-groups.ts";
import { Presence } from "../fleet/presence.ts";
import { UNREACHABLE_CONDITION } from "./reachability.ts";
import { createWindowsSilence, type WindowsSilenceNeeds } from "./windows-silence.ts";

const HEARTBEAT_MS = 300_000;

async function watch(changes: Partial<WindowsSilenceNeeds> = {}) {
  const clock = new FakeClock();
  const presence = new Presence(() => clock.now());
  const raised: { hostId: string; alert: Alert }[] = [];
  const service = createWindowsSilence({
    heartbeatMs: HEARTBEAT_MS,
    silent: (silentMs) => presence.silent(silentMs).filter((id) => presence.of(id).state !== "unreachable"),
    miss: (hostId, silentMs) => presence.miss(hostId, silentMs),
    find: async (hostId) => ({ name: hostId, address: "192.0.2.9", lastSeenAtMs: 0 }),
    ping: async () => ({ reachable: false, reason: "no answer" }),
    raise: async (hostId, alert) => void raised.push({ hostId, alert }),
    onChange: () => {},
    ...{ clock, random: systemRandom, log: silentLog, ...changes },
  });
  await service.start();
  return { clock, presence, raised, service };
}

describe("a Windows computer that sends by itself", () => {
  it("is unreachable once, when three of its heartbeats are missing", async () => {
    const { clock, presence, raised, service } = await watch();
    presence.sign("web1");
    await clock.advance(3 * HEARTBEAT_MS);
    expect(raised).toEqual([]);
    await clock.advance(10 * 60_000);
    await service.stop();
    expect(raised).toMatchObject([
      { hostId: "web1", alert: { kind: "raised", severity: "critical", condition: UNREACHABLE_CONDITION } },
    ]);
    expect(raised[0]?.alert.summary).toContain("neither events nor heartbeats for 15 minutes");
    expect(presence.of("web1").state).toBe("unreachable");
  });

  it("is not when it shows itself while it is pinged, nor do others wait for one that cannot be told of", async () => {
    const { clock, presence, raised, service } = await watch({
      async ping(address) {
        presence.sign("late");
        return { reachable: true, reason: address };
      },
      async find(hostId) {
        if (hostId === "broken") throw new Error("database closed");
        return { name: hostId, address: "192.0.2.9", lastSeenAtMs: null };
      },
    });
    for (const hostId of ["broken", "late", "web1"]) presence.sign(hostId);
    await clock.advance(3 * HEARTBEAT_MS + 60_000);
    await service.stop();
    expect(raised.map(({ hostId, alert }) => [hostId, alert.severity])).toEqual([["web1", "major"]]);
  });
});

it("hosts that are known by something else are not judged by their events", () => {
  const decisions = new HostDecisions();
  decisions.set("h1", { group: "", watched: true, means: "windows-events" });
  decisions.set("h2", { group: "", watched: true, means: "ping" });
  expect(["h1", "h2", "h3"].map((id) => decisions.isKnownByEvents(id))).toEqual([true, false, false]);
});
