import type { SampleRule, Trap } from "./profile.ts";

/** The firewall example of ESMPRO's document, line by line. Rules are rendered from the rows, never from these. */
export const ESMPRO_SAMPLE_RULES: readonly SampleRule[] = [
  { host: "agent", line: "iptables -I INPUT -p tcp --dport 5986 -s {ESMPRO/SM IP} -j ACCEPT", row: "esm-02" },
  { host: "agent", line: "iptables -I INPUT -p tcp --dport 5989 -s {ESMPRO/SM IP} -j ACCEPT", row: "esm-03" },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 6736 -j ACCEPT", row: "esm-04" },
  { host: "agent", line: "iptables -I OUTPUT -p udp --dport 162 -j ACCEPT", row: "esm-06" },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 31134 -j ACCEPT", row: "esm-07" },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 31136 -j ACCEPT", row: "esm-08" },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 31138 -j ACCEPT", row: "esm-09" },
  { host: "agent", line: "service iptables save", row: null },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 25 -j ACCEPT", row: "esm-10" },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 110 -j ACCEPT", row: "esm-11" },
  { host: "agent", line: "service iptables save", row: null },
  { host: "agent", line: "iptables -I OUTPUT -p tcp --dport 443 -j ACCEPT", row: "esm-12" },
  { host: "agent", line: "service iptables save", row: null },
  { host: "agent", line: "iptables -A INPUT -i lo -j ACCEPT", row: "esm-13..18" },
  { host: "agent", line: "service iptables save", row: null },
];

/** What goes wrong when that example is followed to the letter. */
export const ESMPRO_TRAPS: readonly Trap[] = [
  {
    id: "T1",
    claim: "-I INPUT puts each rule on top; running the block twice doubles every rule",
    verified: "yes: 2 runs x 7 rules gave 14 copies (netns)",
    rule: "use an own chain, or -C || -I, or iptables-restore --noflush with ':CHAIN - [0:0]' + -F",
  },
  {
    id: "T2",
    claim:
      "-A INPUT -i lo -j ACCEPT is appended BEHIND the distribution's final REJECT (RHEL default), so it never matches",
    verified: "yes: self-connect to 127.0.0.1 gave EHOSTUNREACH with REJECT icmp-host-prohibited before it",
    rule: "insert lo rule first",
  },
  {
    id: "T3",
    claim:
      "OUTPUT ACCEPT lines do nothing with the default policy ACCEPT; with policy DROP the block is incomplete: the replies from 5986/5989 (tcp sport) are not allowed because no ESTABLISHED,RELATED rule exists in OUTPUT, and the replies to 6736/31134 are not allowed in INPUT",
    verified: "yes: both directions time out, agent holds SYN_RECV; two ESTABLISHED rules cure it",
    rule: "always emit the pair of conntrack rules, and say that the OUTPUT rules are needed only if outbound default is deny",
  },
  {
    id: "T4",
    claim: "no IPv6: ip6tables is never mentioned",
    verified: "yes: v6 connect times out with ip6tables -P INPUT DROP",
    rule: "emit inet (nft) or both families",
  },
  {
    id: "T5",
    claim:
      "'service iptables save' exists only with RHEL5/6 initscripts or the iptables-services package; not on RHEL 7+ default (firewalld), not on Debian/Ubuntu; it does not save ip6tables",
    verified: "yes here: 'iptables: unrecognized service'",
    rule: "render persistence per platform: netfilter-persistent save / iptables-services / nftables.service / firewall-cmd --permanent",
  },
  {
    id: "T6",
    claim:
      "the ICMP row (esm-05) has no sample rule: with INPUT DROP the CIM-Indication setup fails although every TCP port is open",
    rule: "echo-request is a declared flow like any other",
  },
  {
    id: "T7",
    claim: "OUTPUT rules carry no -d: any host on 443/25/110/6736... is allowed",
    rule: "destination = the peer's address from the map",
  },
  {
    id: "T8",
    claim:
      "only the agent's host is covered: nothing for the manager's INPUT (6736,31134,31136,31138/tcp,162/udp) and nothing for a firewall in between (FORWARD, both directions)",
    rule: "render per hop",
  },
  {
    id: "T9",
    claim:
      "ports 6736, 31134, 31136, 31138, 25, 110, 5986(Linux) are changeable in a GUI of the product, the rules are literals: two places to change",
    rule: "one map, rules re-rendered, drift check",
  },
  {
    id: "T10",
    claim:
      "source port is automatic: rules must never match sport; a stateless filter needs the ephemeral return range (Linux 32768-60999, Windows 49152-65535)",
    rule: "state rule, or declared return rows for stateless devices (AWS NACL, router ACLs)",
  },
  {
    id: "T11",
    claim:
      "5986 and 5989 appear both as network rows and as loopback rows; 111 and 5988 only as loopback: a generator that ignores scope opens rpcbind and plaintext CIM to the network",
    rule: "scope=loopback rows never yield a network rule",
  },
  {
    id: "T12",
    claim:
      "5985 (plaintext WS-MAN) is Windows only, the Windows Server 2008 variant uses 80/443; a Linux rule set must not contain 5985",
    rule: "platform guard on rows",
  },
  {
    id: "T13",
    claim: "the trap row (162/udp) has one arrow: no answer, so neither side can see a loss",
    rule: "doctor needs a counter on the receiver or an application ack",
  },
];
