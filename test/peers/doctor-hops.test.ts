// Manager - first router - second router - agent: which of them refuses, and how far packets come, told by real
// traceroute and nmap.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createTrace } from "../../src/doctor/probes/trace.ts";
import type { DoctorEntry } from "../../src/doctor/report.ts";
import { isBusyMachine } from "../fixtures/doctor/honest.ts";
import { startTwoEnds, type TwoEnds } from "../fixtures/doctor/two-ends.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { type Computer, createLab, type Lab, missingForLab } from "../namespaces.ts";

const NO_TIME = "this machine is too busy: the examination had no time left for hops";
const tableOf = (hook: string, rule: string) =>
  `nft -f - <<'END'\ntable inet built {\nchain c {\ntype filter hook ${hook} priority 0; ${rule}\n}\n}\nEND`;

if (missingForLab(["nft", "traceroute", "nmap"]).length > 0) {
  tellOfMissingPeer({ tests: "hops through two routers", install: "iproute2 nftables traceroute nmap (as root)" });
} else {
  describe("the hop at which a connection fails, two routers in a row", { timeout: 120_000 }, () => {
    let lab: Lab;
    let places: Record<"manager" | "first" | "second" | "agent", Computer>;
    let ends: TwoEnds;
    beforeAll(async () => {
      lab = await createLab();
      const [manager, first, second, agent] = await Promise.all([
        lab.computer("manager"),
        lab.computer("first"),
        lab.computer("second"),
        lab.computer("agent"),
      ]);
      places = { manager, first, second, agent };
      for (const router of [first, second]) {
        await router.sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1");
      }
      await lab.connect(manager, first, {
        a: ["10.77.1.10/24", "fd77:1::10/64"],
        b: ["10.77.1.1/24", "fd77:1::1/64"],
      });
      await lab.connect(first, second, { a: ["10.77.9.1/24", "fd77:9::1/64"], b: ["10.77.9.2/24", "fd77:9::2/64"] });
      await lab.connect(agent, second, { a: ["10.77.2.20/24", "fd77:2::20/64"], b: ["10.77.2.1/24", "fd77:2::1/64"] });
      const via = (four: string, six: string) => `ip route add default via ${four}; ip -6 route add default via ${six}`;
      await manager.sh(via("10.77.1.1", "fd77:1::1"));
      await first.sh(via("10.77.9.2", "fd77:9::2"));
      await second.sh(via("10.77.9.1", "fd77:9::1"));
      await agent.sh(via("10.77.2.1", "fd77:2::1"));
      await manager.sh("for n in $(seq 50); do ping -c 1 -W 0.2 fd77:2::20 >/dev/null && exit; done; exit 1");
      ends = await startTwoEnds({ manager, agent });
    }, 60_000);
    afterAll(async () => {
      await ends?.close();
      await lab?.dispose();
    });

    /** From one end only, so that nothing but the hops can tell; `refused` is another port of the same way. */
    async function examine(where: "first" | "second" | "agent", hook: string, rule: string, isPrivileged = true) {
      await places[where].sh(tableOf(hook, rule));
      const run = async (program: string, args: readonly string[]) => {
        const { code, stdout, stderr } = await places.manager.run(program, args);
        return { code: code ?? -1, stdout, stderr };
      };
      try {
        const trace = createTrace({ run, isPrivileged });
        const all = await ends.examine({ trace });
        const entries = all.filter(({ flow }) => flow === "backup-control");
        // They are looked for last, while there is time; a machine without it has none, which is no verdict.
        const isShort = isPrivileged && isBusyMachine() && entries.some(({ hops }) => hops === null);
        return isShort ? undefined : entries;
      } finally {
        await places[where].sh("nft delete table inet built");
      }
    }
    const told = (entries: readonly DoctorEntry[]) => entries.map(({ hops }) => hops?.refusedBy);

    it("is the first router, where its reset bears the agent's address", async ({ skip }) => {
      const entries = await examine("first", "forward", "tcp dport 10000 reject with tcp reset;");
      if (entries === undefined) return skip(NO_TIME);
      expect(told(entries)).toEqual(["10.77.1.1", "fd77:1::1"]);
      expect(entries.map(({ causes, where }) => [causes, where])).toEqual([
        [["middle-reject"], ["between"]],
        [["middle-reject"], ["between"]],
      ]);
    });

    it("is the agent's own host, where the reset is", async ({ skip }) => {
      const entries = await examine("agent", "input", "tcp dport 10000 reject with tcp reset;");
      if (entries === undefined) return skip(NO_TIME);
      expect(told(entries)).toEqual(["10.77.2.20", "fd77:2::20"]);
      expect(entries.flatMap(({ where }) => where)).toEqual(["far-host", "far-host"]);
    });

    it("is the router that the ICMP error names", async ({ skip }) => {
      const entries = await examine("second", "forward", "tcp dport 10000 reject with icmpx type admin-prohibited;");
      if (entries === undefined) return skip(NO_TIME);
      expect(told(entries)).toEqual(["10.77.9.2", "fd77:9::2"]);
    });

    it("is not named for a drop: packets come as far as the second router, or the agent behind it drops them", async ({
      skip,
    }) => {
      const atRouter = await examine("second", "forward", "tcp dport 10000 drop;");
      const atHost = await examine("agent", "input", "tcp dport 10000 drop;");
      if (atRouter === undefined || atHost === undefined) return skip(NO_TIME);
      for (const entry of [atRouter[0], atHost[0]]) {
        expect(entry?.hops).toEqual({
          port: 10000,
          path: [
            { hop: 1, address: "10.77.1.1" },
            { hop: 2, address: "10.77.9.2" },
          ],
          refusedBy: null,
        });
        expect(entry?.evidence.at(-1)?.en).toContain("come as far as 10.77.9.2 (hop 2)");
      }
    });

    it("is not looked for without root, and that is said", async () => {
      const [entry] = (await examine("first", "forward", "tcp dport 10000 drop;", false)) ?? [];
      expect(entry?.hops).toBeNull();
      expect(entry?.evidence.at(-1)?.en).toContain("apt install traceroute nmap");
    });
  });
}
