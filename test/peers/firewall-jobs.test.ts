import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openForJob } from "../../src/firewall/live/job-openings.ts";
import { createLiveFirewall } from "../../src/firewall/live/live-firewall.ts";
import { JOB_PEERS, JOBS_COMMENT, type Opening } from "../../src/firewall/live/opening.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab } from "../namespaces.ts";
import { eventually } from "../stories/running-programs.ts";
import { createManagedHost, type ManagedHost, PACKAGES, PEER, PROGRAMS, STRANGER } from "./firewall-managers.ts";

const PORTS = [20300, 20301];
const JOBS: Opening[] = ([4, 6] as const).map((family) => ({
  direction: "in",
  family,
  transport: "tcp",
  from: [JOB_PEERS],
  to: [],
  ports: [],
  comment: JOBS_COMMENT,
}));

for (const setUp of ["nftables", "firewalld", "iptables"] as const) {
  const tests = `data ports of a job where ${setUp} is in charge`;
  if (missingForLab(PROGRAMS[setUp]).length > 0) {
    tellOfMissingPeer({ tests, install: ["iproute2", ...PACKAGES[setUp]].join(" ") });
    continue;
  }
  describe(tests, { timeout: 120_000 }, () => {
    let host: ManagedHost;
    let before: string;
    beforeAll(async () => {
      host = await createManagedHost(setUp);
      await host.listen(PORTS);
      before = await host.snapshot();
    }, 120_000);
    afterAll(() => host.dispose(), 60_000);

    const firewall = () =>
      createLiveFirewall({
        machine: host.machine,
        stateFolder: join(host.folder, "state"),
        startTimer: async () => process.pid,
        clock: systemClock,
        random: systemRandom,
      });
    const open = (peer: string, seconds: number) =>
      openForJob(host.machine, { ports: PORTS, peer, seconds, comment: "rusuban:job:4711" });

    if (setUp === "iptables") {
      it("says that they cannot be had, and what to do instead", async () => {
        const plan = await firewall().plan({ openings: JOBS, denying: false });
        expect(plan.leftOut.map(({ reason }) => reason)).toEqual(
          Array(2).fill(expect.stringMatching(/close by themselves.*range of data ports/)),
        );
        const outcome = await open(PEER[4], 60);
        expect(outcome).toEqual({ opened: false, reason: expect.stringContaining("--job-openings") });
        expect(await host.snapshot()).toBe(before);
      });
      return;
    }

    it("are open for the job's peer alone, and are closed by the job or by the firewall itself", async () => {
      if (setUp === "nftables") expect(await open(PEER[4], 60)).toMatchObject({ opened: false });
      await firewall().apply({ openings: JOBS, denying: false }, { revertAfterMs: 0, permanent: false });
      expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      const probes = [
        [PEER[4], 20300],
        [PEER[6], 20301],
        [STRANGER[4], 20300],
      ] as const;
      expect(await host.reaches(...probes)).toEqual([false, false, false]);

      const [four, six] = [await open(PEER[4], 3_600), await open(PEER[6], 3_600)];
      expect(await host.reaches(...probes)).toEqual([true, true, false]);
      // What comes and goes is no drift.
      expect((await firewall().look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      for (const opening of [four, six, six]) if (opening.opened) await opening.close();
      expect(await host.reaches(...probes)).toEqual([false, false, false]);

      await open(PEER[6], 1);
      await eventually("the firewall has closed it", async () => (await host.reaches([PEER[6], 20301]))[0] === false);

      await firewall().remove();
      expect(await host.snapshot()).toBe(before);
    });
  });
}
