// What mends a cause is run where the doctor says, on a firewall that is there for real: the flow is open afterwards.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { type CausesLab, createCausesLab } from "../fixtures/doctor/causes-lab.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place } from "../namespaces.ts";

const missing = missingForLab(["nft", "iptables-restore", "ping"]);
if (missing.length === 0) describe("the command that the doctor gives", mending);
else
  tellOfMissingPeer({
    tests: "the doctor's commands in network namespaces",
    install: "iproute2 iputils-ping nftables iptables (as root)",
  });

/** A table as Debian's own settings begin it. */
const denying = (hook: "input" | "forward", more = "") => `nft -f - <<'END'
table inet filter {
  chain ${hook} {
    type filter hook ${hook} priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    icmp type echo-request accept
    icmpv6 type { echo-request, nd-neighbor-solicit, nd-neighbor-advert } accept
    ${more}
  }
}
END`;

const denyingTables = ["iptables", "ip6tables"]
  .map(
    (program) => `${program}-restore <<'END'
*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p ${program === "iptables" ? "icmp" : "ipv6-icmp"} -j ACCEPT
COMMIT
END`,
  )
  .join("\n");

type At = "manager" | "firewall" | "agent";
const PLACES: Readonly<Record<string, At>> = { "this-host": "manager", between: "firewall", "far-host": "agent" };

const WALLS: readonly (readonly [name: string, at: At, wall: string, flows: readonly string[]])[] = [
  ["the agent's host, nftables", "agent", denying("input"), ["backup-control", "backup-data"]],
  ["the agent's host, iptables", "agent", denyingTables, ["backup-control", "backup-data"]],
  ["the manager's host, nftables", "manager", denying("input"), ["manager-report", "dedup-engine", "snmp-trap"]],
  ["the manager's host, iptables", "manager", denyingTables, ["manager-report", "dedup-engine", "snmp-trap"]],
  [
    "a missing rule in between, nftables",
    "firewall",
    denying("forward", "tcp dport { 20300-20309, 31134, 10082 } accept; udp dport 162 accept"),
    ["backup-control"],
  ],
];

function mending(): void {
  let lab: CausesLab;
  beforeAll(async () => {
    lab = await createCausesLab();
  }, 60_000);
  afterAll(() => lab.dispose());

  it.each(WALLS)(
    "opens what %s denies",
    async (_, at, wall, flows) => {
      const places: Record<At, Place> = { manager: lab.manager, firewall: lab.firewall, agent: lab.agent };
      onTestFinished(() => places[at].sh("nft flush ruleset").then(() => {}));
      await places[at].sh(wall);
      await lab.examine();
      const closed = lab.entries().filter(({ state }) => state !== "open");
      expect([...new Set(closed.map(({ flow }) => flow))].toSorted()).toEqual([...flows].toSorted());
      const commands = closed.flatMap((entry) => entry.commands.filter(({ firewall }) => firewall !== ""));
      expect(commands.length).toBeGreaterThanOrEqual(2 * flows.length);
      for (const { where, command } of commands) await places[PLACES[where] ?? at].sh(command.en);
      const verdicts = await lab.examine();
      expect(Object.entries(verdicts).filter(([, said]) => said !== "open")).toEqual([]);
    },
    60_000,
  );
}
