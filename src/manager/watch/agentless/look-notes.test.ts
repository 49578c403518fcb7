import { expect, it, onTestFinished } from "vitest";
import { openDatabase } from "../../../database/open-database.ts";
import type { HostFacts } from "../../../model/host.ts";
import { createReadableLog } from "../../../net/loopback-fixture.ts";
import { FakeClock } from "../../../runtime/fake-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { addHosts } from "../../alerts/fixtures/inbox-fixture.ts";
import { createHostList, type HostList } from "../../fleet/host-list.ts";
import { createLookNotes, LOOK_NOTES_INTERVAL_MS } from "./look-notes.ts";

async function start(change: (hosts: HostList) => Pick<HostList, "looked"> = (hosts) => hosts) {
  const clock = new FakeClock();
  const log = createReadableLog();
  const database = await openDatabase({ file: ":memory:", clock, log: silentLog });
  onTestFinished(() => database.destroy());
  await addHosts(database, "a", "b");
  const hosts = createHostList(database);
  let writes = 0;
  const changed = change(hosts);
  const counted = {
    looked(looks: Parameters<HostList["looked"]>[0]) {
      writes += 1;
      return changed.looked(looks);
    },
  };
  const notes = createLookNotes({ hosts: counted, clock, log });
  await notes.start();
  return { clock, log, hosts, notes, writes: () => writes };
}

const LINUX: Partial<HostFacts> = { operatingSystem: "Debian 13" };

it("writes what many looks have brought in one transaction", async () => {
  const { clock, hosts, notes, writes } = await start();
  const before = (await hosts.find("a"))?.facts;
  notes.take("a", LINUX);
  notes.take("b", {});
  const atMs = clock.now();
  await clock.advance(LOOK_NOTES_INTERVAL_MS);
  expect(writes()).toBe(1);
  expect(await hosts.find("a")).toMatchObject({ lastSeenAtMs: atMs, facts: { ...before, ...LINUX } });
  expect(await hosts.find("b")).toMatchObject({ lastSeenAtMs: atMs });
  await clock.advance(LOOK_NOTES_INTERVAL_MS);
  expect(writes()).toBe(1); // Nothing came.
});

it("writes facts again only where they are others", async () => {
  const told: Partial<HostFacts>[] = [];
  const { clock, hosts, notes } = await start((hosts) => ({
    looked(looks) {
      told.push(...[...looks.values()].map(({ facts }) => facts));
      return hosts.looked(looks);
    },
  }));
  for (const facts of [LINUX, LINUX, { operatingSystem: "Debian 14" }]) {
    notes.take("a", facts);
    await clock.advance(LOOK_NOTES_INTERVAL_MS);
  }
  expect(told).toEqual([LINUX, {}, { operatingSystem: "Debian 14" }]);
  expect((await hosts.find("a"))?.facts.operatingSystem).toBe("Debian 14");
});

it("writes facts with the next look where the database failed", async () => {
  let isBroken = true;
  const { clock, log, hosts, notes } = await start((hosts) => ({
    async looked(looks) {
      if (isBroken) throw new Error("disk full");
      await hosts.looked(looks);
    },
  }));
  notes.take("a", LINUX);
  await clock.advance(LOOK_NOTES_INTERVAL_MS);
  expect(log.lines.join()).toContain("disk full");
  isBroken = false;
  notes.take("a", LINUX);
  await notes.stop();
  expect((await hosts.find("a"))?.facts.operatingSystem).toBe(LINUX.operatingSystem);
});
