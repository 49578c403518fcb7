import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Machine } from "../../src/firewall/live/backend.ts";
import { createLiveFirewall } from "../../src/firewall/live/live-firewall.ts";
import { normalize, type Opening } from "../../src/firewall/live/opening.ts";
import type { startRevertTimer } from "../../src/firewall/live/revert-timer.ts";
import { isAlive } from "../../src/firewall/live/state-folder.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab } from "../namespaces.ts";
import { eventually } from "../stories/running-programs.ts";
import {
  createManagedHost,
  FIREWALLD_FOR_NOW,
  isChanging,
  type ManagedHost,
  PACKAGES,
  PEER,
  PROGRAMS,
  RESTARTS,
  type SetUp,
  STRANGER,
} from "./firewall-managers.ts";

const KILLED = fileURLToPath(new URL("./apply-until-killed.ts", import.meta.url));
const [OPEN, IN_RANGE, CLOSED] = [10000, 20310, 4444];
/** Longer than any of these tests. */
const LONG_MS = 3_600_000;

function openingsFor(ports: Opening["ports"]): Opening[] {
  return ([4, 6] as const).map((family) =>
    normalize({
      direction: "in",
      family,
      transport: "tcp",
      from: [PEER[family]],
      to: [],
      ports,
      comment: "rusuban:backup-data:web1",
    }),
  );
}

const WANTED = {
  openings: openingsFor([
    { from: OPEN, to: OPEN },
    { from: 20300, to: 20349 },
  ]),
  denying: false,
};
/** As an impatient hand would, with the manager's own commands. */
const TAMPERING: Readonly<Record<SetUp, string>> = {
  nftables: "nft flush chain inet hostfw rusuban-in",
  iptables: "iptables -D RUSUBAN-IN 1; ip6tables -D RUSUBAN-IN 1",
  "iptables-legacy": "iptables-legacy -D RUSUBAN-IN 1; ip6tables-legacy -D RUSUBAN-IN 1",
  ufw: `ufw delete allow proto tcp from ${PEER[4]} to any port 10000,20300:20349`,
  firewalld: "firewall-cmd -q --reload",
  none: "nft flush chain inet rusuban rusuban-in",
};
const EVIDENCE: Readonly<Record<SetUp, RegExp>> = {
  nftables: /^nftables, table inet hostfw, chain input: policy drop$/,
  iptables: /^iptables-nft, chain INPUT: rule 5: -A INPUT -j REJECT/,
  "iptables-legacy": /^iptables-legacy, chain INPUT: rule 5: -A INPUT -j REJECT/,
  ufw: /^ufw is active \(ufw status\): deny \(incoming\), allow \(outgoing\)/,
  firewalld: /^firewalld \S+ is running/,
  none: /^nothing on this host denies what comes in/,
};

/** What applying promises, on a host where `setUp` is in charge. */
export function describeLiveFirewall(setUp: SetUp): void {
  const tests = `rules of a host where ${setUp === "none" ? "nobody" : setUp} is in charge`;
  if (missingForLab(PROGRAMS[setUp]).length > 0) {
    tellOfMissingPeer({ tests, install: ["iproute2", ...PACKAGES[setUp]].join(" ") });
    return;
  }
  describe(tests, { timeout: 180_000 }, () => {
    let host: ManagedHost;
    let before: string;
    beforeAll(async () => {
      host = await createManagedHost(setUp);
      await host.listen([OPEN, IN_RANGE, CLOSED]);
      before = await host.snapshot();
    }, 180_000);
    afterAll(() => host.dispose(), 60_000);

    const firewall = (machine: Machine = host.machine) =>
      createLiveFirewall({
        machine,
        stateFolder: join(host.folder, "state"),
        startTimer: startTimerInside,
        clock: systemClock,
        random: systemRandom,
      });
    /** The timer must see the namespace: started by the namespace's own Node.js, as the command line would. */
    const startTimerInside: typeof startRevertTimer = async ({ stateFolder, changeId }) => {
      const script = `
        const { startRevertTimer } = await import(${JSON.stringify(new URL("../../src/firewall/live/revert-timer.ts", import.meta.url))});
        console.log(await startRevertTimer({ stateFolder: process.argv[1], changeId: process.argv[2] }));`;
      return Number(await host.place.node(script, [stateFolder, changeId]));
    };
    const readChangeFile = () => readFile(join(host.folder, "state", "change.json"), "utf8").catch(() => "");
    const applyUntilKilled = (killAfter: number, revertAfterMs: number) =>
      host.place.run(process.execPath, [KILLED, join(host.folder, "state"), `${killAfter}`, `${revertAfterMs}`], {
        input: JSON.stringify(WANTED),
      });

    it("knows who decides, and how it knows", async () => {
      const { detection } = await firewall().plan(WANTED);
      expect(detection.inCharge).toBe(setUp.replace("-legacy", ""));
      expect(detection.evidence[0]).toMatch(EVIDENCE[setUp]);
      expect(detection.beside).toEqual(["Docker: chains DOCKER"]);
    });

    it("opens what is wanted and nothing else; a second time changes nothing; confirmed it stays; removed it leaves no trace", async () => {
      const isFiltered = setUp !== "none";
      const { outcome } = await firewall().apply(WANTED, { revertAfterMs: LONG_MS, permanent: true });
      expect(outcome).toMatchObject({ changed: true, deadlineAtMs: expect.any(Number) });
      await firewall().confirm();
      const opened = [PEER[4], PEER[6]].flatMap((from) => [OPEN, IN_RANGE].map((port) => [from, port] as const));
      expect(await host.reaches(...opened)).toEqual([true, true, true, true]);
      const closed = [
        [PEER[4], CLOSED],
        [PEER[6], CLOSED],
        [STRANGER[4], OPEN],
        [STRANGER[6], IN_RANGE],
      ] as const;
      expect(await host.reaches(...closed)).toEqual(Array(4).fill(!isFiltered));

      const changes: string[] = [];
      const counted = firewall({
        ...host.machine,
        run(program, args, input) {
          if (isChanging(program, args)) changes.push(`${program} ${args.join(" ")}`);
          return host.machine.run(program, args, input);
        },
      });
      expect((await counted.apply(WANTED, { revertAfterMs: LONG_MS, permanent: true })).outcome.changed).toBe(false);
      expect(changes).toEqual([]);

      expect((await firewall().remove()).isAnything).toBe(true);
      expect(await host.snapshot()).toBe(before);
      expect(
        await host.place.run("grep", ["-ri", "rusuban", "/etc/nftables.conf", "/etc/firewalld", "/etc/ufw"]),
      ).toMatchObject({ stdout: "" });
      expect(await host.reaches([PEER[4], OPEN], [PEER[6], OPEN])).toEqual([!isFiltered, !isFiltered]);
    });

    it("tells what somebody changed, and mends it", async () => {
      await firewall().apply(WANTED, { revertAfterMs: 0, permanent: false });
      expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      await host.place.sh(TAMPERING[setUp]);
      const drift = (await firewall().look()) ?? [];
      expect(drift.some(({ sign, text }) => sign === "+" && text.includes(PEER[4]))).toBe(true);
      await firewall().apply(WANTED, { revertAfterMs: 0, permanent: false });
      expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      // The reload took it; it is not ours to bring back.
      if (setUp === "firewalld") await host.place.sh(FIREWALLD_FOR_NOW);
      await firewall().remove();
      expect(await host.snapshot()).toBe(before);
    });

    it("changes from one set of rules to another and back", async () => {
      const other = { ...WANTED, openings: openingsFor([{ from: CLOSED, to: CLOSED }]) };
      await firewall().apply(WANTED, { revertAfterMs: 0, permanent: false });
      const first = await host.snapshot();
      await firewall().apply(other, { revertAfterMs: LONG_MS, permanent: false });
      expect(await host.reaches([PEER[4], CLOSED])).toEqual([true]);
      expect(await firewall().revert()).toBe(true);
      expect(await host.snapshot()).toBe(first);
      await expect(firewall().confirm()).rejects.toThrow(/no change waits/);
      await firewall().remove();
      expect(await host.snapshot()).toBe(before);
    });

    it("killed after any command, it leaves the old rules or the new ones", async () => {
      for (let killAfter = 1; ; killAfter += 1) {
        // Also one that is for good at once.
        const { code, stderr } = await applyUntilKilled(killAfter, killAfter % 2 === 0 ? 0 : LONG_MS);
        if (code === 0) break; // It had fewer commands: all of it is there.
        expect(stderr).toBe("");
        // Nobody runs a command: who watches the change takes it back.
        await eventually("nothing is under way", async () => (await readChangeFile()) === "");
        if (killAfter % 2 === 0 && (await host.snapshot()) !== before) {
          // Made, verified and decided when it died: all of it is there.
          expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
          expect(await host.reaches([PEER[4], OPEN], [PEER[6], IN_RANGE])).toEqual([true, true]);
          await firewall().remove();
        }
        expect(await host.snapshot()).toBe(before);
      }
      expect(await host.reaches([PEER[6], IN_RANGE])).toEqual([true]);
      await firewall().remove();
      expect(await host.snapshot()).toBe(before);
      await applyUntilKilled(-1, LONG_MS);
      const { status } = await firewall().status();
      expect(status.change).toMatchObject({ phase: "waiting" });
      expect(await firewall().revert()).toBe(true);
      expect(await host.snapshot()).toBe(before);
    });

    it("goes back by itself when nobody confirms, though the program that applied it was killed", async () => {
      await applyUntilKilled(1, 100);
      await eventually("the rules are as before", async () => (await host.snapshot()) === before);
      await eventually("nothing is under way", async () => (await readChangeFile()) === "");
      // One that was confirmed stays when its time is over.
      await applyUntilKilled(-1, LONG_MS);
      const { status } = await firewall().status();
      const timerPid = status.change?.timerPid ?? null;
      expect(isAlive(timerPid)).toBe(true);
      await firewall().confirm();
      expect(await host.reaches([PEER[4], OPEN])).toEqual([true]);
      await firewall().remove();
      expect(await host.snapshot()).toBe(before);
    });

    // Last: what was there at run time only is gone for good.
    it("is there after a restart where that was asked for, and removed it does not come back", async () => {
      await firewall().apply(WANTED, { revertAfterMs: 0, permanent: true });
      await host.place.sh(RESTARTS[setUp]);
      expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      expect(await host.reaches([PEER[4], OPEN], [PEER[6], IN_RANGE])).toEqual([true, true]);
      await firewall().remove();
      await host.place.sh(RESTARTS[setUp]);
      const { live, strange } = (await firewall().status()).status;
      expect([...Object.values(live).flat(), ...strange]).toEqual([]);
      const files = "/etc/nftables.conf /etc/iptables /etc/ufw /etc/firewalld /etc/rusuban";
      expect((await host.place.run("sh", ["-c", `grep -ril rusuban ${files}`])).stdout).toBe("");
    });
  });
}
