// The four firewalls of Linux as an administrator has them before Rusuban comes: everything denied in all three
// directions but what IPv6 itself needs, with a rule of somebody else's that must stay.

import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Computer, Place } from "../namespaces.ts";

export interface FirewallKind {
  /** The target that renders for it. */
  readonly target: string;
  readonly programs: readonly string[];
  /** Starts it on a computer; answers with the place from which it is commanded. */
  deny(computer: Computer): Promise<Place>;
  /** All its rules without counters, for a comparison. */
  readonly listing: string;
  /** A piece of somebody else's rule in the listing. */
  readonly foreign: RegExp;
  /** Whether the target says ICMP by itself on the sending host. */
  readonly letsPingOut: boolean;
}

const NFT: FirewallKind = {
  target: "nftables",
  programs: ["nft"],
  async deny(computer) {
    const chain = (hook: string) => `  chain ${hook} {
    type filter hook ${hook} priority filter; policy drop;
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr 10.77.9.9 tcp dport 4321 accept comment "somebody else"
  }`;
    await computer.sh("nft -f -", {
      input: `table inet filter {\n${["input", "output", "forward"].map(chain).join("\n")}\n}\n`,
    });
    return computer;
  },
  listing: "nft -s list ruleset",
  foreign: /comment "somebody else"/,
  letsPingOut: true,
};

const IPTABLES: FirewallKind = {
  target: "iptables",
  programs: ["iptables", "ip6tables"],
  async deny(computer) {
    const rules = (nd: string) => `*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
${nd}-A INPUT -i nowhere -p tcp --dport 4321 -m comment --comment "somebody else" -j ACCEPT
-A INPUT -j REJECT
COMMIT
`;
    const types = ["neighbour-solicitation", "neighbour-advertisement"];
    const nd = ["INPUT", "OUTPUT"].flatMap((chain) =>
      types.map((type) => `-A ${chain} -p ipv6-icmp --icmpv6-type ${type} -j ACCEPT\n`),
    );
    await computer.sh("iptables-restore", { input: rules("") });
    await computer.sh("ip6tables-restore", { input: rules(nd.join("")) });
    return computer;
  },
  listing: "iptables-save | grep -v '^[#:]'; ip6tables-save | grep -v '^[#:]'",
  foreign: /--comment "somebody else"/,
  letsPingOut: true,
};

const UFW: FirewallKind = {
  target: "ufw",
  programs: ["ufw"],
  async deny(computer) {
    const own = await mkdtemp(join(tmpdir(), "rusuban-ufw-"));
    await cp("/etc/ufw", join(own, "etc"), { recursive: true });
    const policies = (await readFile("/etc/default/ufw", "utf8")).replace(
      /^(DEFAULT_(?:INPUT|OUTPUT|FORWARD)_POLICY)=.*$/gm,
      '$1="DROP"',
    );
    await writeFile(join(own, "default"), policies);
    const place = await computer.withOwnFiles({
      // ufw writes into both.
      binds: [
        [join(own, "etc"), "/etc/ufw"],
        [join(own, "default"), "/etc/default/ufw"],
      ],
      tmpfs: ["/run"],
      discards: [own],
    });
    await place.sh(`ufw allow in proto tcp from 10.77.9.9 to any port 4321 comment 'somebody else'
ufw --force enable`);
    return place;
  },
  listing: "ufw show added",
  foreign: /comment 'somebody else'/,
  letsPingOut: false,
};

/** As the target's text for the operator says. */
export async function letUfwPing(place: Place): Promise<void> {
  for (const [file, chain, protocol] of [
    ["before.rules", "ufw-before-output", "-p icmp --icmp-type"],
    ["before6.rules", "ufw6-before-output", "-p icmpv6 --icmpv6-type"],
  ]) {
    await place.sh(`sed -i 's/^COMMIT$/-A ${chain} ${protocol} echo-request -j ACCEPT\\nCOMMIT/' /etc/ufw/${file}`);
  }
  await place.sh("ufw reload");
}

const zoneOf = (card: string) => `<?xml version="1.0" encoding="utf-8"?>
<zone>
  <interface name="${card}"/>
  <rule family="ipv4"><source address="10.77.9.9"/><port port="4321" protocol="tcp"/><accept/></rule>
</zone>
`;

/** What goes out is denied by a policy, as an operator would have it; neighbour discovery must be let out by name. */
const DENY_OUT = `<?xml version="1.0" encoding="utf-8"?>
<policy priority="-10" target="DROP">
  <ingress-zone name="HOST"/>
  <egress-zone name="ANY"/>
  <rule family="ipv6"><icmp-type name="neighbour-solicitation"/><accept/></rule>
  <rule family="ipv6"><icmp-type name="neighbour-advertisement"/><accept/></rule>
</policy>
`;

const FIREWALLD: FirewallKind = {
  target: "firewalld",
  programs: ["firewalld", "firewall-cmd", "dbus-daemon"],
  async deny(computer) {
    const own = await mkdtemp(join(tmpdir(), "rusuban-firewalld-"));
    await cp("/etc/firewalld", own, { recursive: true });
    const cards = (await computer.sh("ls /sys/class/net")).split("\n").filter((card) => card !== "lo" && card !== "");
    // Each card in a zone of its own, so that nothing is forwarded.
    const zones = cards.map((card, index) => [`zones/zone${index}.xml`, zoneOf(card)] as const);
    for (const [name, text] of [...zones, ["policies/deny-out.xml", DENY_OUT] as const]) {
      await writeFile(join(own, name), text);
    }
    const place = await computer.withOwnFiles({ binds: [[own, "/etc/firewalld"]], tmpfs: ["/run"], discards: [own] });
    await place.sh("mkdir -p /run/dbus");
    place.start("dbus-daemon", ["--system", "--nofork", "--nopidfile"]);
    await place.sh("for n in $(seq 100); do [ -S /run/dbus/system_bus_socket ] && exit; sleep 0.1; done; exit 1");
    place.start("firewalld", ["--nofork", "--nopid"]);
    await place.sh("for n in $(seq 100); do firewall-cmd --state >/dev/null 2>&1 && exit; sleep 0.2; done; exit 1");
    return place;
  },
  listing:
    "firewall-cmd --list-all-policies; firewall-cmd --list-all-zones | grep -v '^ *icmp-block'; ls /etc/firewalld/*/",
  foreign: /10\.77\.9\.9/,
  letsPingOut: true,
};

export const FIREWALL_KINDS: readonly FirewallKind[] = [NFT, IPTABLES, UFW, FIREWALLD];
