// One line for a shell that lets one flow of one address through, in the words of each firewall, before whatever denies it
// there. Lines are run as they stand: test/peers/doctor-mending.test.ts does, on each of them but Windows.

import { portText } from "../firewall/port-list.ts";
import type { PortRange, Transport } from "../ports/flow.ts";

export const FIREWALL_KINDS = ["nftables", "iptables", "firewalld", "ufw", "windows", "none"] as const;
export type FirewallKind = (typeof FIREWALL_KINDS)[number];

/** Which packets: to the listener's host, from the initiator's host, answers from the listener's host, forwarded, forwarded answers. */
export type Way = "in" | "out" | "answer" | "through" | "back";

export interface AcceptFacts {
  /** The flow's public name, for comments. */
  readonly flow: string;
  readonly family: "ipv4" | "ipv6";
  readonly transport: Transport;
  /** None for ICMP. */
  readonly ports: readonly PortRange[];
  /** Of the initiator and the listener. */
  readonly from: string;
  readonly to: string;
}

export interface FoundFirewall {
  readonly kind: FirewallKind;
  /** nftables: family, table, chain. firewalld: the zone. iptables: the program. Empty where not known. */
  readonly where: readonly string[];
}

/**
 * What read-firewall.ts says, for one way and family: `nftables inet filter input, iptables ip6tables-nft, out ufw`.
 * Empty where nothing is known.
 */
export function foundFirewalls(said: string, way: Way, family: "ipv4" | "ipv6"): FoundFirewall[] {
  const entries = said.split(", ").map((entry) => entry.split(" "));
  const outgoing = entries.filter(([first]) => first === "out").map(([, ...entry]) => entry);
  const incoming = entries.filter(([first]) => first !== "out");
  const isOut = way === "out" || way === "answer";
  const named = isOut && outgoing.length > 0 ? outgoing : incoming;
  const found = named.flatMap(([name = "", ...where]) => {
    const kind = FIREWALL_KINDS.find((each) => each === name);
    if (kind === undefined) return [];
    // The chain that denies what comes in is none for what goes out.
    return [{ kind, where: named === incoming && isOut && kind === "nftables" ? [] : where }];
  });
  const others = family === "ipv6" ? /^(ip|iptables(-\w+)?)$/ : /^(ip6|ip6tables(-\w+)?)$/;
  return found.filter(({ where: [first = ""] }) => !others.test(first));
}

/** Which packets those are, by what stands in them. */
interface Match {
  readonly hook: "input" | "output" | "forward";
  readonly source: string;
  readonly destination: string;
  readonly portSide: "dport" | "sport";
  readonly echo: "echo-request" | "echo-reply";
}

function matchOf(way: Way, { from, to }: AcceptFacts): Match {
  const begun = { portSide: "dport", echo: "echo-request" } as const;
  const answers = { portSide: "sport", echo: "echo-reply" } as const;
  // A host's own address is not named: it may have more of them than are known.
  switch (way) {
    case "in":
      return { hook: "input", source: from, destination: "", ...begun };
    case "out":
      return { hook: "output", source: "", destination: to, ...begun };
    case "answer":
      return { hook: "output", source: "", destination: from, ...answers };
    case "through":
      return { hook: "forward", source: from, destination: to, ...begun };
    case "back":
      return { hook: "forward", source: to, destination: from, ...answers };
  }
}

/** None where this firewall has no words for it. */
export function acceptLines({ kind, where }: FoundFirewall, way: Way, facts: AcceptFacts): string[] {
  const match = matchOf(way, facts);
  switch (kind) {
    case "none":
    case "nftables":
      return [nftLine(where, match, facts)];
    case "iptables":
      return iptablesLines(where, match, facts);
    case "firewalld":
      return firewalldLines(where, match, facts);
    case "ufw":
      return ufwLines(match, facts);
    case "windows":
      return windowsLines(match, facts);
  }
}

/** One for each range; one without for ICMP. */
function spansOf({ transport, ports }: AcceptFacts, separator: string): string[] {
  return transport === "icmp" ? [""] : ports.map((range) => portText(range, separator));
}

function nftLine(where: readonly string[], match: Match, facts: AcceptFacts): string {
  const { family, transport, flow } = facts;
  const [tableFamily, table, chain] = where.length === 3 ? where : ["inet", "filter", match.hook];
  const ip = family === "ipv6" ? "ip6" : "ip";
  const what =
    transport === "icmp"
      ? `${family === "ipv6" ? "icmpv6" : "icmp"} type ${match.echo}`
      : `${transport} ${match.portSide} { ${spansOf(facts, "-").join(", ")} }`;
  const words = [
    ...(match.source === "" ? [] : [`${ip} saddr ${match.source}`]),
    ...(match.destination === "" ? [] : [`${ip} daddr ${match.destination}`]),
    what,
  ];
  return `nft 'insert rule ${tableFamily} ${table} ${chain} ${words.join(" ")} accept comment "rusuban:${flow}"'`;
}

function iptablesLines([found = ""]: readonly string[], match: Match, facts: AcceptFacts): string[] {
  const { family, transport, flow } = facts;
  const program = `${family === "ipv6" ? "ip6tables" : "iptables"}${found.endsWith("-legacy") ? "-legacy" : ""}`;
  const icmp = family === "ipv6" ? "-p ipv6-icmp --icmpv6-type" : "-p icmp --icmp-type";
  return spansOf(facts, ":").map((span) =>
    [
      `${program} -I ${match.hook.toUpperCase()}`,
      ...(match.source === "" ? [] : [`-s ${match.source}`]),
      ...(match.destination === "" ? [] : [`-d ${match.destination}`]),
      transport === "icmp" ? `${icmp} ${match.echo}` : `-p ${transport} --${match.portSide} ${span}`,
      `-m comment --comment rusuban:${flow} -j ACCEPT`,
    ].join(" "),
  );
}

/** Names of policies have 17 characters at most. */
const POLICIES = {
  output: { name: "rusuban-out", zones: ["HOST", "ANY"] },
  forward: { name: "rusuban-forward", zones: ["ANY", "ANY"] },
} as const;

/** Before what an operator's own policies say, as long as their numbers are like those of the manual (-100 and above). */
const POLICY_PRIORITY = -1_000;

/**
 * What comes in by a rule in the zone, for now and for good without a reload, which would drop what others changed for
 * now only. What goes out or through takes a policy, and a new one a reload.
 */
function firewalldLines([zone]: readonly string[], match: Match, facts: AcceptFacts): string[] {
  return spansOf(facts, "-").map((span) => {
    const what =
      facts.transport === "icmp"
        ? `icmp-type name="${match.echo}"`
        : `${match.portSide === "sport" ? "source-port" : "port"} port="${span}" protocol="${facts.transport}"`;
    const rule = [
      `rule priority="-1" family="${facts.family}"`,
      ...(match.source === "" ? [] : [`source address="${match.source}"`]),
      ...(match.destination === "" ? [] : [`destination address="${match.destination}"`]),
      `${what} accept`,
    ].join(" ");
    if (match.hook === "input") {
      const at = zone === undefined ? "" : ` --zone=${zone}`;
      return `for scope in "" --permanent; do firewall-cmd $scope${at} --add-rich-rule='${rule}'; done`;
    }
    const { name, zones } = POLICIES[match.hook];
    const [ingress, egress] = zones;
    const change = "firewall-cmd -q --permanent";
    const parts = `--set-priority=${POLICY_PRIORITY} --add-ingress-zone=${ingress} --add-egress-zone=${egress}`;
    return (
      `${change} --new-policy=${name} || true; ` +
      `for part in ${parts} '--add-rich-rule=${rule}'; do ${change} --policy=${name} "$part"; done; firewall-cmd --reload`
    );
  });
}

/** By its command where ufw takes one; ICMP stands in its files alone. */
function ufwLines(match: Match, facts: AcceptFacts): string[] {
  const { family, transport, flow } = facts;
  const { source, destination, portSide, echo, hook } = match;
  if (transport === "icmp") {
    const [chain, file] = family === "ipv6" ? (["ufw6", "before6"] as const) : (["ufw", "before"] as const);
    const icmp = family === "ipv6" ? "-p icmpv6 --icmpv6-type" : "-p icmp --icmp-type";
    const ends = `${source === "" ? "" : ` -s ${source}`}${destination === "" ? "" : ` -d ${destination}`}`;
    const rule = `-A ${chain}-before-${hook}${ends} ${icmp} ${echo} -j ACCEPT`;
    return [`sed -i '/^# End required lines/a ${rule}' /etc/ufw/${file}.rules && ufw reload`];
  }
  const verb = { input: "ufw prepend allow in", output: "ufw prepend allow out", forward: "ufw route prepend allow" }[
    hook
  ];
  return spansOf(facts, ":").map((span) => {
    const from = `from ${source || "any"}${portSide === "sport" ? ` port ${span}` : ""}`;
    const to = `to ${destination || "any"}${portSide === "dport" ? ` port ${span}` : ""}`;
    return `${verb} proto ${transport} ${from} ${to} comment 'rusuban:${flow}'`;
  });
}

function windowsLines(match: Match, facts: AcceptFacts): string[] {
  const { family, transport, flow } = facts;
  if (match.hook === "forward") return [];
  const isIn = match.hook === "input";
  const portName = isIn || match.portSide === "sport" ? "-LocalPort" : "-RemotePort";
  const type = { "echo-request": [8, 128], "echo-reply": [0, 129] }[match.echo][family === "ipv6" ? 1 : 0];
  const what =
    transport === "icmp"
      ? `-Protocol ICMPv${family === "ipv6" ? 6 : 4} -IcmpType ${type}`
      : `-Protocol ${transport.toUpperCase()} ${portName} ${spansOf(facts, "-")
          .map((span) => `'${span}'`)
          .join(",")}`;
  const direction = isIn ? "Inbound" : "Outbound";
  const peer = isIn ? match.source : match.destination;
  return [
    `New-NetFirewallRule -DisplayName 'Rusuban ${flow}' -Group 'Rusuban' -Direction ${direction} -Action Allow ${what} -RemoteAddress ${peer}`,
  ];
}
