import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLiveFirewall } from "../../src/firewall/live/live-firewall.ts";
import { normalize } from "../../src/firewall/live/opening.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab } from "../namespaces.ts";
import { createManagedHost, type ManagedHost, PEER, PROGRAMS } from "./firewall-managers.ts";

const TESTS = "a host where two tables deny, one after the other";
const PORT = 10000;

if (missingForLab(PROGRAMS.iptables).length > 0) {
  tellOfMissingPeer({ tests: TESTS, install: "iproute2 nftables iptables" });
} else {
  describe(TESTS, { timeout: 120_000 }, () => {
    let host: ManagedHost;
    beforeAll(async () => {
      host = await createManagedHost("nftables");
      await host.listen([PORT]);
    }, 120_000);
    afterAll(() => host.dispose(), 60_000);

    it("notices the second one as drift, and lets packets through both", async () => {
      const openings = ([4, 6] as const).map((family) =>
        normalize({
          direction: "in",
          family,
          transport: "tcp",
          from: [PEER[family]],
          to: [],
          ports: [{ from: PORT, to: PORT }],
          comment: "rusuban:agent:backup-control:web1",
        }),
      );
      const request = { openings, denying: false };
      const firewall = createLiveFirewall({
        machine: host.machine,
        stateFolder: join(host.folder, "state"),
        startTimer: async () => process.pid,
        clock: systemClock,
        random: systemRandom,
      });
      const apply = () => firewall.apply(request, { revertAfterMs: 0, permanent: false });
      const probes = [
        [PEER[4], PORT],
        [PEER[6], PORT],
      ] as const;
      const { plan } = await apply();
      expect(plan.detection).toMatchObject({ inCharge: "nftables", beside: ["Docker: chains DOCKER"] });
      expect(await host.reaches(...probes)).toEqual([true, true]);

      // Somebody starts another firewall: an accept in the first table opens nothing there.
      const restore = "*filter\n:INPUT DROP [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
      await host.place.sh("iptables-restore", { input: restore });
      expect(await host.reaches(...probes)).toEqual([false, true]);
      const missing = (await firewall.look())?.filter(({ sign }) => sign !== " ") ?? [];
      expect(missing).toEqual([
        {
          sign: "+",
          text: `iptables-nft INPUT: in tcp from ${PEER[4]} port ${PORT} # rusuban:agent:backup-control:web1`,
        },
      ]);
      const { plan: second } = await apply();
      expect(second.detection.evidence).toEqual([
        "nftables, table inet hostfw, chain input: policy drop",
        "iptables-nft, chain INPUT: policy DROP",
      ]);
      expect(await host.reaches(...probes)).toEqual([true, true]);

      // And stops it again: what was for it is gone with it, and nothing is missing.
      await host.place.sh("nft delete table ip filter");
      expect((await firewall.look())?.filter(({ sign }) => sign !== " ")).toEqual([]);
      await firewall.remove();
    });
  });
}
