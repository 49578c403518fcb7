// A firewall that forgets silent connections, for real: its connection tracking has a timeout of some seconds, takes up
// no connection in the middle, and drops what belongs to none.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { IdleOrder } from "../../src/doctor/probes/idle-connections.ts";
import { startTwoEnds, type TwoEnds } from "../fixtures/doctor/two-ends.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { createRoutedLab, missingForLab, type RoutedLab } from "../namespaces.ts";

const IDLE_END = fileURLToPath(new URL("../fixtures/doctor/idle-end.ts", import.meta.url));
const SECONDS = 2;
const RULES = `table inet built {
  chain f { type filter hook forward priority 0; policy drop;
    ct state invalid drop
    ct state established,related accept
    ct state new accept
  }
}`;

if (missingForLab(["nft", "ping"]).length > 0) {
  tellOfMissingPeer({
    tests: "idle connections through a firewall",
    install: "iproute2 iputils-ping nftables (as root)",
  });
} else {
  describe("connections left idle through a stateful firewall", { timeout: 120_000 }, () => {
    let lab: RoutedLab;
    let ends: TwoEnds;
    beforeAll(async () => {
      lab = await createRoutedLab();
      await lab.firewall.sh(`sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0; nft -f - <<'END'\n${RULES}\nEND`);
      ends = await startTwoEnds(lab);
    }, 60_000);
    afterAll(async () => {
      await ends?.close();
      await lab?.dispose();
    });

    const leave = async ({ target, secret, seconds }: IdleOrder) => {
      const order = JSON.stringify({ target, secret: secret.toString("hex"), seconds });
      const child = lab.manager.start(process.execPath, [IDLE_END, order]);
      let said = "";
      for await (const part of child.stdout ?? []) said += part;
      return JSON.parse(said);
    };
    const examine = async (establishedS: number, forgetsAfterS: number | null) => {
      await lab.firewall.sh(`sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=${establishedS}`);
      const idle = { seconds: SECONDS, leave, forgetsAfterS: async () => forgetsAfterS };
      return (await ends.examine({ idle })).filter(({ flow }) => flow === "backup-data");
    };

    it("are found to be cut after T and before four times T, with what mends it", async () => {
      const entries = await examine(5, 432_000);
      expect(entries.map(({ family, state, causes, proven, where }) => [family, state, causes, proven, where])).toEqual(
        ["ipv4", "ipv6"].map((family) => [family, "partly", ["idle-cut"], true, ["between"]]),
      );
      const [first] = entries;
      expect(first?.evidence.at(-1)?.en).toBe(
        "a connection idle for 2 s lives, one idle for 8 s is cut, and one that was kept busy meanwhile lives",
      );
      const commands = first?.commands.map(({ command }) => command.en) ?? [];
      expect(commands[0]).toContain("nf_conntrack_tcp_timeout_established=432000");
      expect(commands.at(-1)).toMatch(/net\.ipv4\.tcp_keepalive_time=2$/);
    });

    it("are found to be cut before T", async () => {
      const entries = await examine(1, null);
      expect(entries.map(({ state, causes }) => [state, causes])).toEqual([
        ["partly", ["idle-cut"]],
        ["partly", ["idle-cut"]],
      ]);
      expect(entries[0]?.evidence.at(-1)?.en).toContain("a connection idle for 2 s is cut");
    });

    it("are left alone by one that remembers longer", async () => {
      const entries = await examine(432_000, null);
      expect(entries.map(({ state, causes }) => [state, causes])).toEqual([
        ["open", []],
        ["open", []],
      ]);
    });
  });
}
