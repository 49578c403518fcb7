// Each wall between two computers is built for real, by IPv4 and IPv6, and the doctor's verdict is compared with it.

import {
  type BuiltCase,
  compareBuiltWithSaid,
  EVERY_DATA_PORT,
  foreignTlsProgram,
  forward,
  input,
  MISSING_OR_DROP,
  output,
  prerouting,
  silentProgram,
} from "../fixtures/doctor/built-causes.ts";
import { inBoth } from "../fixtures/doctor/causes-lab.ts";
import { ROUTED } from "../namespaces.ts";

const [MANAGER4, MANAGER6] = ROUTED.manager;
/** By IPv6 what the initiator's own rules refuse looks the same. */
const REJECTED6 = "closed middle-reject|own-output-blocked @between@initiator";
const NEIGHBOURS = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit, nd-router-advert }";

const CASES: readonly BuiltCase[] = [
  ["nothing in the way", {}, {}],
  [
    "the agent's own firewall drops the control port, part of the data ports and ping",
    {
      nft: {
        agent: input(
          "tcp dport { 10000, 20303-20305 } drop; icmp type echo-request drop; icmpv6 type echo-request drop;",
        ),
      },
    },
    {
      ...inBoth("backupControl", "closed host-firewall-drop @listener"),
      ...inBoth("backupData", "partly data-port-hole+host-firewall-drop @listener 20303,20304,20305"),
      ...inBoth("ping", "closed ping-blocked @listener"),
    },
  ],
  [
    "the agent's own firewall rejects with a reset, the manager's with an ICMP error",
    {
      nft: {
        agent: input("tcp dport 10000 reject with tcp reset;"),
        manager: input("tcp dport 31134 reject with icmpx type port-unreachable;"),
      },
    },
    {
      ...inBoth("backupControl", "closed host-firewall-reject-reset @listener"),
      ...inBoth("managerReport", "closed host-firewall-reject-icmp @listener"),
    },
  ],
  [
    "the agent's own firewall says administratively prohibited",
    { nft: { agent: input("tcp dport 10000 reject with icmpx type admin-prohibited;") } },
    {
      "backupControl ipv4": "closed admin-prohibited|host-firewall-reject-icmp @listener",
      "backupControl ipv6": "closed admin-prohibited @listener",
    },
  ],
  [
    "a firewall in between drops one port and rejects another",
    {
      nft: {
        firewall: forward(
          "tcp dport 10000 drop; tcp dport 31134 reject with tcp reset; tcp dport 10082 reject with icmpx type port-unreachable;",
        ),
      },
    },
    {
      ...inBoth("backupControl", MISSING_OR_DROP),
      "managerReport ipv4": "closed middle-reject @between",
      "managerReport ipv6": REJECTED6,
      "dedupEngine ipv4": "closed middle-reject @between",
      "dedupEngine ipv6": REJECTED6,
    },
  ],
  [
    "a firewall in between denies by default and lacks a rule",
    {
      nft: {
        firewall: forward(
          "ct state established,related accept; icmp type echo-request accept; icmpv6 type echo-request accept; tcp dport { 10000, 20300-20309, 31134 } accept; udp dport 162 accept;",
          "drop",
        ),
      },
    },
    inBoth("dedupEngine", MISSING_OR_DROP),
  ],
  [
    "the way back is closed",
    { nft: { firewall: forward("tcp sport { 10000, 31134 } drop;") } },
    {
      ...inBoth("backupControl", "closed missing-return-path @between"),
      ...inBoth("managerReport", "closed missing-return-path @between"),
    },
  ],
  [
    "each side's own output rules",
    { nft: { manager: output("tcp dport 10000 drop;"), agent: output("tcp dport 31134 drop; udp dport 162 drop;") } },
    {
      ...inBoth("backupControl", "closed own-output-blocked @initiator"),
      ...inBoth("managerReport", "closed own-output-blocked @initiator"),
      ...inBoth("snmpTrap", "closed own-output-blocked @initiator"),
    },
  ],
  [
    "nothing may begin from the manager's side",
    { nft: { firewall: forward('iifname "manager" ct state new drop;') } },
    {
      ...inBoth("backupControl", "closed one-way-block @between"),
      ...inBoth("backupData", `closed one-way-block @between ${EVERY_DATA_PORT}`),
      ...inBoth("ping", "closed ping-blocked @between // closed ping-blocked @listener@between"),
    },
  ],
  [
    "datagrams dropped in between",
    { nft: { firewall: forward("udp dport 162 drop;") } },
    inBoth("snmpTrap", "closed udp-blocked @between"),
  ],
  [
    "datagrams dropped by the manager's own firewall, refused by nobody",
    { nft: { manager: input("udp dport 162 drop;") } },
    inBoth("snmpTrap", "closed host-firewall-drop @listener"),
  ],
  [
    "source addresses translated",
    { nft: { firewall: `chain n { type nat hook postrouting priority srcnat; oifname "agent" masquerade; }` } },
    { ...inBoth("backupControl", "open source-nat"), ...inBoth("backupData", "open source-nat") },
  ],
  [
    "a rule by address that translation breaks",
    {
      nft: {
        firewall: `chain n { type nat hook postrouting priority srcnat; oifname "agent" masquerade; }`,
        agent: input(
          `tcp dport 10000 ip saddr ${MANAGER4} accept; tcp dport 10000 ip6 saddr ${MANAGER6} accept; tcp dport 10000 drop;`,
        ),
      },
    },
    {
      // Where the rules could not be read in time, it is one of two.
      ...inBoth(
        "backupControl",
        "closed address-rule-broken-by-nat @listener // closed address-rule-broken-by-nat|host-firewall-drop @listener",
      ),
      ...inBoth("backupData", "open source-nat"),
    },
  ],
  [
    "destination address translated",
    {
      nft: {
        firewall: `chain n { type nat hook prerouting priority dstnat; ip daddr 10.77.1.1 dnat ip to ${ROUTED.agent[0]}; }`,
      },
      as: { farAddress: "10.77.1.1" },
    },
    { "backupControl ipv4": "open destination-nat", "backupData ipv4": "open destination-nat" },
  ],
  [
    "something in between opens TLS",
    {
      nft: { firewall: prerouting("tcp dport 10000 redirect to :19443;") },
      programs: [["firewall", foreignTlsProgram(19443)]],
    },
    inBoth("backupControl", "closed tls-interception @between"),
  ],
  [
    "something in between accepts and forwards nothing",
    {
      nft: { firewall: prerouting("tcp dport { 10000, 20300-20309 } redirect to :19999;") },
      programs: [["firewall", silentProgram(19999)]],
    },
    {
      ...inBoth("backupControl", "closed proxy-accepts-nothing-forwarded @between"),
      ...inBoth("backupData", `closed proxy-accepts-nothing-forwarded @between ${EVERY_DATA_PORT}`),
    },
  ],
  [
    "the agent's own firewall denies by default",
    { nft: { agent: input(`ct state established,related accept; iif lo accept; ${NEIGHBOURS} accept;`, "drop") } },
    {
      ...inBoth("backupControl", "closed host-firewall-drop @listener"),
      ...inBoth("backupData", `closed host-firewall-drop @listener ${EVERY_DATA_PORT}`),
      ...inBoth("ping", "closed ping-blocked @listener"),
    },
  ],
  [
    "a firewall in between says administratively prohibited, and host unreachable",
    {
      nft: {
        firewall: forward(
          "tcp dport 10000 reject with icmpx type admin-prohibited; tcp dport 31134 reject with icmpx type host-unreachable; tcp dport 10082 reject with icmpx type no-route;",
        ),
      },
    },
    {
      "backupControl ipv4": "closed middle-reject @between",
      "backupControl ipv6": "closed admin-prohibited+middle-reject @between",
      "managerReport ipv4": "closed middle-reject @between",
      "managerReport ipv6": REJECTED6,
      "dedupEngine ipv4": "closed middle-reject @between",
      "dedupEngine ipv6": REJECTED6,
    },
  ],
  [
    "nothing may begin from the agent's side",
    { nft: { firewall: forward('iifname "agent" ct state new drop;') } },
    {
      ...inBoth("managerReport", "closed one-way-block @between"),
      ...inBoth("dedupEngine", "closed one-way-block @between"),
      ...inBoth("snmpTrap", "closed udp-blocked @between"),
    },
  ],
  [
    "a firewall in between lets a part of the data ports pass, and no ping",
    {
      nft: {
        firewall: forward("tcp dport 20303-20305 drop; icmp type echo-request drop; icmpv6 type echo-request drop;"),
      },
    },
    {
      ...inBoth("backupData", "partly data-port-hole|middle-missing-rule|middle-drop @between 20303,20304,20305"),
      ...inBoth("ping", "closed ping-blocked @between"),
    },
  ],
  [
    "own output rules that refuse at once, and one that keeps answers in",
    {
      nft: {
        manager: output("tcp dport 10000 reject with tcp reset;"),
        agent: output("tcp dport 31134 reject with icmpx type admin-prohibited; tcp sport 20300-20309 drop;"),
      },
    },
    {
      "backupControl ipv4": "closed own-output-blocked @initiator",
      "backupControl ipv6":
        "closed middle-reject|own-output-blocked @between@initiator // closed own-output-blocked @initiator // closed host-firewall-reject-reset|host-firewall-reject-icmp|middle-reject|own-output-blocked @listener@between@initiator",
      ...inBoth("managerReport", "closed own-output-blocked @initiator"),
      ...inBoth("backupData", `closed own-output-blocked @listener ${EVERY_DATA_PORT}`),
    },
  ],
  [
    "datagrams refused by the manager's own firewall",
    { nft: { manager: input("udp dport 162 reject with icmpx type port-unreachable;") } },
    inBoth("snmpTrap", "closed udp-refused+host-firewall-reject-icmp @listener"),
  ],
  [
    "datagrams refused in between",
    { nft: { firewall: forward("udp dport 162 reject with icmpx type port-unreachable;") } },
    inBoth("snmpTrap", "closed udp-refused+middle-reject @between"),
  ],
  [
    "destination address translated, IPv6",
    {
      nft: { firewall: prerouting(`ip6 daddr fd77:1::1 dnat ip6 to ${ROUTED.agent[1]};`) },
      as: { farAddress: "fd77:1::1" },
    },
    { "backupControl ipv6": "open destination-nat", "backupData ipv6": "open destination-nat" },
  ],
  [
    "something in between opens TLS on the way to the manager",
    {
      nft: { firewall: prerouting("tcp dport { 31134, 10082 } redirect to :19443;") },
      programs: [["firewall", foreignTlsProgram(19443)]],
    },
    {
      ...inBoth("managerReport", "closed tls-interception @between"),
      ...inBoth("dedupEngine", "closed tls-interception @between"),
    },
  ],
];

compareBuiltWithSaid("what the doctor says of walls that were built", CASES);
