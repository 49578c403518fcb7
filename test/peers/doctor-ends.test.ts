// What is wrong at the two ends, or with the line between them, is built for real and compared with the doctor's verdict.

import {
  type BuiltCase,
  compareBuiltWithSaid,
  EVERY_DATA_PORT,
  foreignTlsProgram,
  forward,
  MISSING_OR_DROP,
  NOT_EXAMINED,
  output,
  silentProgram,
} from "../fixtures/doctor/built-causes.ts";
import { inBoth, MANAGER_FLOWS } from "../fixtures/doctor/causes-lab.ts";
import { ROUTED } from "../namespaces.ts";

const CASES: readonly BuiltCase[] = [
  [
    "packets over 1300 bytes vanish",
    {
      sh: [
        [
          "firewall",
          "ip link set manager mtu 1300; ip link set agent mtu 1300",
          "ip link set manager mtu 1500; ip link set agent mtu 1500",
        ],
      ],
      nft: { firewall: output("icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;") },
    },
    {
      ...inBoth("backupData", "partly mtu-black-hole @between"),
      ...inBoth("backupControl", "closed mtu-black-hole @between"),
      ...inBoth("managerReport", "closed mtu-black-hole @between"),
      ...inBoth("dedupEngine", "closed mtu-black-hole @between"),
    },
  ],
  [
    "packets over 1300 bytes vanish on the way back only",
    {
      sh: [["firewall", "ip link set manager mtu 1300", "ip link set manager mtu 1500"]],
      nft: { firewall: output("icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;") },
    },
    {
      // What was sent there is acknowledged, so that it may be the program as well.
      ...inBoth("backupData", "partly mtu-black-hole|program-unresponsive @between@listener"),
      ...inBoth("backupControl", "closed mtu-black-hole|program-unresponsive @between@listener"),
      // What the agent sends is not, and whether that is so of large packets only nobody tried in this direction.
      ...inBoth("managerReport", "closed mtu-black-hole|packet-loss @between"),
      ...inBoth("dedupEngine", "closed mtu-black-hole|packet-loss @between"),
    },
  ],
  [
    "our own program takes connections and hangs",
    { agent: { listening: [{ flow: "backupControl", port: 10000, host: "::", hangs: true }] } },
    inBoth("backupControl", "closed program-unresponsive @listener"),
  ],
  ["an agent that is slow and not broken", { agent: { stallMs: 100 } }, {}],
  ["a manager that is slow and not broken", { manager: { stallMs: 100 } }, {}],
  [
    "a slow manager that has revoked the host",
    { manager: { revokesAll: true, stallMs: 100 }, as: { isRevoked: true } },
    {
      ...inBoth("managerReport", "closed certificate-revoked @initiator"),
      ...inBoth("dedupEngine", "closed certificate-revoked @initiator"),
    },
  ],
  [
    "a slow agent on which nothing listens",
    { agent: { listening: [], stallMs: 100 } },
    inBoth("backupControl", "closed not-listening @listener"),
  ],
  [
    "a firewall in between that drops, and a slow agent",
    { agent: { stallMs: 100 }, nft: { firewall: forward("tcp dport 10000 drop;") } },
    inBoth("backupControl", MISSING_OR_DROP),
  ],
  [
    "the rate of connections is limited",
    {
      nft: {
        firewall: forward(
          ["ipv4", "ipv6"]
            .map(
              (family) =>
                `meta nfproto ${family} tcp dport 20300 tcp flags syn / syn,ack limit rate over 2/minute burst 8 packets drop;`,
            )
            .join(" "),
        ),
      },
    },
    inBoth("backupData", "partly rate-limit @between@listener"),
  ],
  [
    "every fourth packet that begins a connection is lost",
    { nft: { firewall: forward("tcp dport 20300-20309 tcp flags syn / syn,ack numgen inc mod 4 == 0 drop;") } },
    inBoth("backupData", "partly packet-loss @between"),
  ],
  ["nothing listens", { agent: { listening: [] } }, inBoth("backupControl", "closed not-listening @listener")],
  [
    "listening on the loopback only",
    {
      agent: {
        listening: [
          { flow: "backupControl", port: 10000, host: "127.0.0.1" },
          { flow: "backupControl", port: 10000, host: "::1" },
        ],
      },
    },
    inBoth("backupControl", "closed loopback-only @listener"),
  ],
  [
    "listening by IPv4 only",
    { agent: { listening: [{ flow: "backupControl", port: 10000, host: "0.0.0.0" }] } },
    { "backupControl ipv6": "closed ipv4-only @listener" },
  ],
  [
    "another program has the port",
    { agent: { listening: [] }, programs: [["agent", silentProgram(10000)]] },
    inBoth("backupControl", "closed port-taken @listener"),
  ],
  [
    "the manager's clock is 40 days ahead",
    { manager: { clockShiftMs: 40 * 24 * 60 * 60 * 1_000 } },
    inBoth("backupControl", "closed clock-off @initiator@listener"),
  ],
  [
    "the agent's certificate expired",
    { agent: { expiredDaysAgo: 3 } },
    {
      ...inBoth("backupControl", "closed certificate-expired @listener"),
      ...inBoth("managerReport", "closed certificate-expired|name-elsewhere @initiator@listener"),
      ...inBoth("dedupEngine", "closed certificate-expired|name-elsewhere @initiator@listener"),
    },
  ],
  [
    "no route",
    {
      sh: [
        [
          "manager",
          "ip route del default; ip -6 route del default",
          "ip route add default via 10.77.1.1; ip -6 route add default via fd77:1::1",
        ],
      ],
      as: { bothEnds: false },
    },
    { "backupControl ipv4": "closed no-route @initiator", "ping ipv4": "closed no-route @initiator" },
  ],
  [
    "a host on the same segment that is not there",
    { as: { bothEnds: false, farAddress: "10.77.1.99" } },
    { "backupControl ipv4": "closed host-down @listener", "ping ipv4": "closed host-down @listener" },
  ],
  [
    "a name that does not resolve",
    { as: { bothEnds: false, farAddress: "no-such-host.invalid" } },
    { "backupControl ipv4": "closed name-not-resolved @initiator" },
  ],
  [
    "a drop that is seen from one end only",
    { nft: { firewall: forward("tcp dport 10000 drop;") }, as: { bothEnds: false } },
    {
      "backupControl ipv4":
        "closed middle-drop|middle-missing-rule|host-firewall-drop|missing-return-path @between@listener",
    },
  ],
  [
    "packets lost by chance, one of five",
    { nft: { firewall: forward("tcp dport 20300-20309 tcp flags syn / syn,ack numgen random mod 100 < 20 drop;") } },
    // Twenty connections may all pass or fail in any order; a port that fails three times by chance is no proven hole.
    inBoth(
      "backupData",
      "partly packet-loss @between // partly rate-limit|packet-loss @between@listener // partly packet-loss|rate-limit @between@listener // open",
    ),
  ],
  [
    "nobody takes datagrams",
    { manager: { flows: MANAGER_FLOWS.map((flow) => ({ ...flow, isPool: false })) } },
    inBoth("snmpTrap", "closed not-listening @listener"),
  ],
  [
    "listening by IPv6 only",
    { agent: { listening: [{ flow: "backupControl", port: 10000, host: ROUTED.agent[1] }] } },
    { "backupControl ipv4": "closed ipv6-only @listener" },
  ],
  [
    "an agent without IPv6",
    {
      sh: [
        [
          "agent",
          "ip -6 address del fd77:2::20/64 dev firewall; ip -6 route flush default",
          "ip -6 address add fd77:2::20/64 dev firewall; ip -6 route replace default via fd77:2::1",
        ],
      ],
    },
    {
      ...Object.fromEntries(["backupControl", "backupData", "ping"].map((flow) => [`${flow} ipv6`, NOT_EXAMINED])),
      ...Object.fromEntries(
        ["managerReport", "dedupEngine", "snmpTrap"].map((flow) => [`${flow} ipv6`, "closed ipv4-only @initiator"]),
      ),
    },
  ],
  [
    "another program among the data ports",
    { programs: [["agent", silentProgram(20304)]] },
    inBoth("backupData", "partly port-taken @listener 20304"),
  ],
  [
    "the manager has no route to the agent by IPv6",
    {
      sh: [["manager", "ip -6 route del default", "ip -6 route add default via fd77:1::1"]],
    },
    Object.fromEntries([
      ...["backupControl", "ping"].map((flow) => [`${flow} ipv6`, "closed no-route @initiator"]),
      ["backupData ipv6", `closed no-route @initiator ${EVERY_DATA_PORT}`],
      ...["managerReport", "dedupEngine"].map((flow) => [`${flow} ipv6`, "closed no-route @listener"]),
    ]),
  ],
  [
    "the agent has no route back by IPv4",
    {
      sh: [["agent", "ip route del default", "ip route add default via 10.77.2.1"]],
    },
    Object.fromEntries([
      ["backupControl ipv4", "closed no-route @listener"],
      ["ping ipv4", "closed ping-blocked+no-route @listener"],
      ["backupData ipv4", `closed no-route @listener ${EVERY_DATA_PORT}`],
      ...["managerReport", "dedupEngine", "snmpTrap"].map((flow) => [`${flow} ipv4`, "closed no-route @initiator"]),
    ]),
  ],
  [
    "the manager's clock is 40 days behind",
    { manager: { clockShiftMs: -40 * 24 * 60 * 60 * 1_000 } },
    inBoth("backupControl", "closed clock-off @initiator@listener"),
  ],
  [
    "the agent's clock is 40 days ahead",
    { agent: { clockShiftMs: 40 * 24 * 60 * 60 * 1_000 } },
    {
      // The agent's own look at the manager's certificate is OpenSSL's, which goes by the machine's clock.
      ...inBoth("managerReport", "closed clock-off @initiator@listener"),
      ...inBoth("dedupEngine", "closed clock-off @initiator@listener"),
    },
  ],
  [
    "the manager has revoked the host",
    { manager: { revokesAll: true }, as: { isRevoked: true } },
    {
      ...inBoth("managerReport", "closed certificate-revoked @initiator"),
      ...inBoth("dedupEngine", "closed certificate-revoked @initiator"),
    },
  ],
  [
    "another host's agent answers at the address",
    { stranger: true, as: { farAddress: "10.77.1.1" } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "another host's agent answers, seen from one end",
    { stranger: true, as: { farAddress: "10.77.1.1", bothEnds: false } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "the address belongs to another computer, on which nothing listens",
    { as: { farAddress: "10.77.1.1" } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "the address belongs to another computer, whose program speaks TLS",
    { programs: [["firewall", foreignTlsProgram(10000)]], as: { farAddress: "10.77.1.1" } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "the address belongs to another computer, whose program says nothing",
    { programs: [["firewall", silentProgram(10000)]], as: { farAddress: "10.77.1.1" } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "the name resolves to the manager's own loopback",
    { as: { farAddress: "127.0.1.1" } },
    {
      "backupControl ipv4": "closed name-elsewhere @initiator",
      "ping ipv4": "closed name-elsewhere @initiator",
    },
  ],
  [
    "a name that resolves to the manager's own computer",
    { as: { farAddress: "localhost" } },
    { "backupControl ipv4": "closed name-elsewhere @initiator" },
  ],
  [
    "a name that does not resolve, while the agent can be asked",
    { as: { farAddress: "no-such-host.invalid" } },
    { "backupControl ipv4": "closed name-not-resolved @initiator" },
  ],
  [
    "a host behind the router that is not there",
    { as: { bothEnds: false, farAddress: "10.77.2.99" } },
    {
      "backupControl ipv4":
        "closed middle-drop|middle-missing-rule|host-firewall-drop|missing-return-path|host-down @between@listener",
      "ping ipv4": "closed ping-blocked|host-down @between@listener",
    },
  ],
  [
    "a refusal that is seen from one end only",
    { nft: { firewall: forward("tcp dport 10000 reject with tcp reset;") }, as: { bothEnds: false } },
    {
      "backupControl ipv4":
        "closed not-listening|loopback-only|host-firewall-reject-reset|host-firewall-reject-icmp|middle-reject @listener@between",
    },
  ],
];

compareBuiltWithSaid("what the doctor says of ends and lines that were built", CASES);
