import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createIptablesBackend } from "../../src/firewall/live/iptables.ts";
import { createNftBackend } from "../../src/firewall/live/nftables.ts";
import { type PlacedOpening, perAddress, perPorts, placedLine, sorted } from "../../src/firewall/live/opening.ts";
import { anyOpening } from "../../src/firewall/live/opening-fixture.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { createLab, type Lab, missingForLab } from "../namespaces.ts";
import { machineOf } from "./firewall-managers.ts";

const TESTS = "any rules of ours in the kernel";
const NFT_PLACES = { in: "inet rusuban input", out: "inet rusuban output", forward: "inet rusuban forward" } as const;
const CHAINS = { in: "INPUT", out: "OUTPUT", forward: "FORWARD" } as const;
const RUNS = { numRuns: 15, endOnFailure: true } as const;

if (missingForLab(["nft", "iptables-restore"]).length > 0) {
  tellOfMissingPeer({ tests: TESTS, install: "iproute2 nftables iptables" });
} else {
  describe(TESTS, { timeout: 120_000 }, () => {
    let lab: Lab;
    beforeAll(async () => {
      lab = await createLab();
    });
    afterAll(() => lab.dispose());
    const openings = fc.array(anyOpening({ countMax: 20 }), { minLength: 1, maxLength: 12 });
    const lines = (entries: readonly PlacedOpening[]) => sorted(entries).map(placedLine);

    it("are read back by nft as they were written, each set over the one before", async () => {
      const machine = machineOf(await lab.computer("nft"));
      const backend = createNftBackend(machine);
      const check = fc.asyncProperty(openings, async (list) => {
        const entries = list.map((opening) => ({ place: NFT_PLACES[opening.direction], opening }));
        await backend.converge(entries);
        expect(await backend.read()).toEqual({ entries: sorted(entries), strange: [] });
      });
      await fc.assert(check, RUNS);
      await backend.converge([]);
      expect((await machine.run("nft", ["list", "ruleset"])).stdout).toBe("");
    });

    it("are read back by iptables and ip6tables as they were written", async () => {
      const place = await lab.computer("iptables");
      // All chains at once, as everybody's restoring makes them: iptables over nftables makes each when it is first used.
      const empty = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n";
      for (const program of ["iptables-restore", "ip6tables-restore"]) await place.run(program, [], { input: empty });
      const machine = machineOf(place);
      const backend = createIptablesBackend(machine);
      const before = (await machine.run("nft", ["list", "ruleset"])).stdout;
      const check = fc.asyncProperty(openings, async (list) => {
        const entries = list
          .flatMap((opening) =>
            perAddress(opening)
              .slice(0, 8)
              .flatMap((each) => perPorts(each, 15)),
          )
          .map((opening) => {
            const program = opening.family === 4 ? "iptables-nft" : "ip6tables-nft";
            return { place: `${program} ${CHAINS[opening.direction]}`, opening };
          });
        await backend.converge(entries);
        const live = await backend.read();
        expect(lines(live.entries)).toEqual(lines(entries));
        expect(live.strange).toEqual([]);
      });
      await fc.assert(check, RUNS);
      await backend.converge([]);
      expect((await machine.run("nft", ["list", "ruleset"])).stdout).toBe(before);
    });
  });
}
