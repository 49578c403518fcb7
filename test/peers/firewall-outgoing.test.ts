import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLiveFirewall } from "../../src/firewall/live/live-firewall.ts";
import { normalize } from "../../src/firewall/live/opening.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab } from "../namespaces.ts";
import { eventually } from "../stories/running-programs.ts";
import { createManagedHost, type ManagedHost, PACKAGES, PEER, PROGRAMS } from "./firewall-managers.ts";

const REPORT = 31134;
/** What denies packets that leave, by each. */
const DENYING = {
  nftables:
    "nft 'add rule inet hostfw output ct state established,related accept'; nft 'add rule inet hostfw output icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'; nft 'add chain inet hostfw output { policy drop; }'",
  iptables:
    "iptables -A OUTPUT -o lo -j ACCEPT; iptables -P OUTPUT DROP; ip6tables -A OUTPUT -p ipv6-icmp -j ACCEPT; ip6tables -P OUTPUT DROP",
  ufw: "ufw default deny outgoing; ufw reload",
} as const;

for (const setUp of ["nftables", "iptables", "ufw"] as const) {
  const tests = `a host whose ${setUp} denies what leaves`;
  if (missingForLab(PROGRAMS[setUp]).length > 0) {
    tellOfMissingPeer({ tests, install: ["iproute2", ...PACKAGES[setUp]].join(" ") });
    continue;
  }
  describe(tests, { timeout: 120_000 }, () => {
    let host: ManagedHost;
    beforeAll(async () => {
      host = await createManagedHost(setUp);
      await host.place.sh(DENYING[setUp]);
    }, 120_000);
    afterAll(() => host.dispose(), 60_000);

    it("reaches its manager once that is applied, and nobody else", async () => {
      const listen = `
        const { createServer } = require("node:net");
        createServer((socket) => socket.on("error", () => {})).listen({ host: "::", port: Number(process.argv[1]) });`;
      for (const port of [REPORT, REPORT + 1]) host.peer.start(process.execPath, ["--eval", listen, `${port}`]);
      await eventually("the manager listens", async () => {
        const { stdout } = await host.peer.run("ss", ["-Hltn"]);
        return [REPORT, REPORT + 1].every((port) => stdout.includes(`*:${port} `));
      });
      const reached = async () => {
        const script = `
          import { connect } from "node:net";
          const probe = ([host, port]) => new Promise((resolve) => {
            const socket = connect({ host, port, timeout: 1500 });
            const end = (isOpen) => { socket.destroy(); resolve(isOpen); };
            socket.on("connect", () => end(true)).on("timeout", () => end(false)).on("error", () => end(false));
          });
          console.log(JSON.stringify(await Promise.all(JSON.parse(process.argv[1]).map(probe))));`;
        const targets = [PEER[4], PEER[6]].flatMap((to) => [REPORT, REPORT + 1].map((port) => [to, port]));
        return JSON.parse(await host.place.node(script, [JSON.stringify(targets)]));
      };
      const before = await host.snapshot();
      expect(await reached()).toEqual([false, false, false, false]);
      const openings = ([4, 6] as const).map((family) =>
        normalize({
          direction: "out",
          family,
          transport: "tcp",
          from: [],
          to: [PEER[family]],
          ports: [{ from: REPORT, to: REPORT }],
          comment: "rusuban:agent:manager-report:manager",
        }),
      );
      const stateFolder = join(host.folder, "state");
      const { machine } = host;
      const needs = {
        machine,
        stateFolder,
        startTimer: async () => process.pid,
        clock: systemClock,
        random: systemRandom,
      };
      const firewall = createLiveFirewall(needs);
      await firewall.apply({ openings, denying: false }, { revertAfterMs: 0, permanent: false });
      expect(await reached()).toEqual([true, false, true, false]);
      await firewall.remove();
      expect(await host.snapshot()).toBe(before);
    });
  });
}
