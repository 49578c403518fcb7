// The doctor's commands for nftables and iptables, run; for ufw and firewalld: doctor-mending-managers.test.ts.

import { afterAll, beforeAll, describe, it, onTestFinished } from "vitest";
import { type CausesLab, createCausesLab } from "../fixtures/doctor/causes-lab.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place } from "../namespaces.ts";
import { type At, mend, type Wall } from "./doctor-mending-walls.ts";

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

/** A table with one chain: what it begins with, and its rules. */
const chain = (name: string, begins: string, rules: string) =>
  `nft -f - <<'END'\ntable inet ${name.split(" ")[0]} {\n  chain ${name.split(" ")[1]} {\n  type filter hook ${begins};\n  ${rules}\n  }\n}\nEND`;

/** Accepts everything but what comes in, goes out or through by these rules. */
const tables = (rules: string) =>
  ["iptables", "ip6tables"].map((program) => `${program}-restore <<'END'\n*filter\n${rules}COMMIT\nEND`).join("\n");

const ALL_OF_AGENT = ["backup-control", "backup-data"];
const ALL_OF_MANAGER = ["dedup-engine", "manager-report", "snmp-trap"];
const OUT = "own-output-blocked";

const WALLS: readonly (Wall & { readonly name: string; readonly wall: string })[] = [
  {
    name: "what the agent's host lets in, nftables",
    at: "agent",
    kind: "nftables",
    wall: denying("input"),
    flows: ALL_OF_AGENT,
  },
  {
    name: "what the agent's host lets in, iptables",
    at: "agent",
    kind: "iptables",
    wall: denyingTables,
    flows: ALL_OF_AGENT,
  },
  {
    name: "what the manager's host lets in, nftables",
    at: "manager",
    kind: "nftables",
    wall: denying("input"),
    flows: ALL_OF_MANAGER,
  },
  {
    name: "what the manager's host lets in, iptables",
    at: "manager",
    kind: "iptables",
    wall: denyingTables,
    flows: ALL_OF_MANAGER,
  },
  {
    name: "some packets only, in a table of any name",
    at: "agent",
    kind: "nftables",
    wall: chain("fail2ban f2b", "input priority -1", "tcp dport 10000 drop;"),
    flows: ["backup-control"],
  },
  {
    name: "some packets only, before they are routed",
    at: "agent",
    kind: "nftables",
    wall: chain("early raw", "prerouting priority raw", "tcp dport 10000 drop;"),
    flows: ["backup-control"],
  },
  {
    name: "ping, nftables",
    at: "agent",
    kind: "nftables",
    wall: chain("filter input", "input priority filter", "icmp type echo-request drop; icmpv6 type echo-request drop;"),
    flows: ["ping"],
  },
  {
    name: "ping, iptables",
    at: "agent",
    kind: "iptables",
    wall: `iptables -A INPUT -p icmp --icmp-type echo-request -j DROP; ip6tables -A INPUT -p ipv6-icmp --icmpv6-type echo-request -j DROP`,
    flows: ["ping"],
  },
  {
    name: "what the agent's host lets out, nftables",
    at: "agent",
    kind: "nftables",
    wall: chain(
      "hostfw going-out",
      "output priority filter; policy drop",
      `ct state established,related accept
    oif lo accept
    meta l4proto { icmp, icmpv6 } accept`,
    ),
    flows: ALL_OF_MANAGER,
    cause: OUT,
  },
  {
    name: "what the agent's host lets out, iptables",
    at: "agent",
    kind: "iptables",
    wall: tables(`:INPUT ACCEPT [0:0]
:OUTPUT DROP [0:0]
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -p icmp -j ACCEPT
-A OUTPUT -p ipv6-icmp -j ACCEPT
`),
    flows: ALL_OF_MANAGER,
    cause: OUT,
  },
  {
    name: "answers that the agent's host keeps in",
    at: "agent",
    kind: "nftables",
    wall: chain("hostfw output", "output priority filter", "tcp sport 20300-20309 drop;"),
    flows: ["backup-data"],
    cause: OUT,
  },
  {
    name: "a missing rule in between, nftables",
    at: "firewall",
    kind: "nftables",
    wall: denying("forward", "tcp dport { 20300-20309, 31134, 10082 } accept; udp dport 162 accept"),
    flows: ["backup-control"],
  },
  {
    name: "a missing rule in between, iptables",
    at: "firewall",
    kind: "iptables",
    wall: tables(`:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -p tcp -m multiport --dports 10000,10082,31134 -j ACCEPT
`),
    flows: ["backup-data", "ping", "snmp-trap"],
  },
  {
    name: "a way back that is missing in between, nftables",
    at: "firewall",
    kind: "nftables",
    wall: chain("filter forward", "forward priority filter", "tcp sport 10000 drop;"),
    flows: ["backup-control"],
    cause: "missing-return-path",
  },
  {
    name: "a way back that is missing in between, iptables",
    at: "firewall",
    kind: "iptables",
    wall: "for p in iptables ip6tables; do $p -A FORWARD -p tcp --sport 10000 -j DROP; done",
    flows: ["backup-control"],
    cause: "missing-return-path",
  },
];

function mending(): void {
  let lab: CausesLab;
  beforeAll(async () => {
    lab = await createCausesLab();
  }, 60_000);
  afterAll(() => lab.dispose());

  it.each(WALLS)(
    "opens $name",
    async ({ wall, ...what }) => {
      const places: Record<At, Place> = { manager: lab.manager, firewall: lab.firewall, agent: lab.agent };
      onTestFinished(() => places[what.at].sh("nft flush ruleset").then(() => {}));
      await places[what.at].sh(wall);
      // What its firewall says is remembered: only new ends look anew.
      await Promise.all([lab.restartAgent(), lab.restartManager()]);
      await mend(lab, places[what.at], what);
    },
    60_000,
  );
}
