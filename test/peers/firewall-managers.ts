// Computers on which one firewall manager is in charge, for real: in a namespace, with tables of somebody else beside it.

import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Machine } from "../../src/firewall/live/backend.ts";
import { createLab, type Lab, type Place } from "../namespaces.ts";
import { eventually } from "../stories/running-programs.ts";

export const PEER = { 4: "10.88.0.1", 6: "fd88::1" } as const;
export const HOST = { 4: "10.88.0.2", 6: "fd88::2" } as const;
/** Somebody that nothing is opened for. */
export const STRANGER = { 4: "10.88.0.99", 6: "fd88::99" } as const;

export interface ManagedHost {
  readonly place: Place;
  /** The computer beside it, with PEER's and STRANGER's addresses. */
  readonly peer: Place;
  readonly machine: Machine;
  /** A folder of the test's own. */
  readonly folder: string;
  /** All that this firewall shows, ours and others': equal texts are equal firewalls. Counters are left out. */
  snapshot(): Promise<string>;
  /** For each: whether a TCP connection from the address to this port of the host comes about. */
  reaches(...probes: readonly (readonly [from: string, port: number])[]): Promise<readonly boolean[]>;
  /** Listens on these ports, both families, until the end. */
  listen(ports: readonly number[]): Promise<void>;
  dispose(): Promise<void>;
}

/** What stands in every one of them and is not ours: an engine for containers, and a guard against floods. */
const FOREIGN = `
table ip docker-like {
  set published { type ipv4_addr . inet_service; elements = { 172.18.0.2 . 80, 172.18.0.3 . 443 }; }
  chain DOCKER {
    ip daddr 172.18.0.2 tcp dport 80 counter accept comment "web"
  }
  chain POSTROUTING {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr 172.18.0.0/16 masquerade
  }
}
table inet guard {
  chain input {
    type filter hook input priority -300; policy accept;
    ip saddr 198.51.100.0/24 drop
  }
}`;

const HOST_FIREWALL = `#!/usr/sbin/nft -f
flush ruleset
table inet hostfw {
  chain input {
    type filter hook input priority filter; policy drop;
    ct state established,related accept
    iif lo accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    ip saddr 198.51.100.0/24 drop comment "blocklist"
    tcp dport 22 accept
  }
  chain output { type filter hook output priority filter; policy accept; }
}
`;

/** Filter tables of both families that deny, each in its own way, saved as iptables-persistent does. */
async function fillFilterTables(place: Place, kind: "" | "-legacy"): Promise<void> {
  for (const [program, icmp, file] of [
    ["iptables", "icmp", "rules.v4"],
    ["ip6tables", "ipv6-icmp", "rules.v6"],
  ] as const) {
    const isByRule = program === "iptables";
    const rules = `*filter
:INPUT ${isByRule ? "ACCEPT" : "DROP"} [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p ${icmp} -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m tcp --dport 22 -m comment --comment "ssh for \\"us\\"" -j ACCEPT
${isByRule ? "-A INPUT -j REJECT --reject-with icmp-host-prohibited" : ""}
-A FORWARD -j DOCKER
COMMIT
`;
    await place.sh(
      `mkdir -p /etc/iptables; ${program}${kind}-restore; ${program}${kind}-save > /etc/iptables/${file}`,
      {
        input: rules,
      },
    );
  }
}

/** A change of the operator's at run time only. */
export const FIREWALLD_FOR_NOW = `firewall-cmd -q --add-rich-rule='rule family="ipv4" source address="198.51.100.0/24" drop'`;

export const SET_UPS = {
  nftables: async (place: Place) => {
    await place.sh("cat > /etc/nftables.conf; nft -f /etc/nftables.conf", { input: HOST_FIREWALL });
  },
  iptables: (place: Place) => fillFilterTables(place, ""),
  "iptables-legacy": (place: Place) => fillFilterTables(place, "-legacy"),
  ufw: async (place: Place) => {
    // Reloaded: until then ufw shows less than it will after whoever changes its rules next.
    await place.sh(
      "ufw --force enable; ufw allow 22/tcp comment 'ssh for us'; ufw deny from 198.51.100.0/24; ufw reload",
    );
  },
  firewalld: async (place: Place) => {
    const config = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/></policy></busconfig>`;
    await place.sh("mkdir -p /run/dbus; cat > /run/bus.conf", { input: config });
    place.start("dbus-daemon", ["--nofork", "--config-file=/run/bus.conf"]);
    place.start("firewalld", ["--nofork", "--nopid"]);
    await eventually("firewalld runs", async () => (await place.run("firewall-cmd", ["--state"])).code === 0);
    // One change for good and one for now only, which a reload drops: ours may disturb neither.
    await place.sh("firewall-cmd -q --permanent --zone=internal --add-interface=peer; firewall-cmd -q --reload");
    await place.sh(FIREWALLD_FOR_NOW);
  },
  none: async () => {},
} as const;
export type SetUp = keyof typeof SET_UPS;

/** What a restart does to each: everything is gone but what its own files bring back. */
export const RESTARTS: Readonly<Record<SetUp, string>> = {
  nftables: "nft flush ruleset; nft -f /etc/nftables.conf",
  iptables: "nft flush ruleset; iptables-restore < /etc/iptables/rules.v4; ip6tables-restore < /etc/iptables/rules.v6",
  "iptables-legacy":
    "for p in iptables ip6tables; do $p-legacy -F; $p-legacy -X; $p-legacy -P INPUT ACCEPT; done; iptables-legacy-restore < /etc/iptables/rules.v4; ip6tables-legacy-restore < /etc/iptables/rules.v6",
  ufw: "ufw --force disable; nft flush ruleset; ufw --force enable",
  firewalld: "firewall-cmd -q --reload",
  none: "nft flush ruleset; nft -f /etc/nftables.conf",
};

/** Packages of the programs for each, as Debian calls them. */
export const PACKAGES: Readonly<Record<SetUp, readonly string[]>> = {
  nftables: ["nftables"],
  iptables: ["nftables", "iptables"],
  "iptables-legacy": ["nftables", "iptables"],
  ufw: ["nftables", "iptables", "ufw"],
  firewalld: ["nftables", "firewalld", "dbus"],
  none: ["nftables"],
};
export const PROGRAMS: Readonly<Record<SetUp, readonly string[]>> = {
  nftables: ["nft"],
  iptables: ["nft", "iptables-restore"],
  "iptables-legacy": ["nft", "iptables-legacy-restore"],
  ufw: ["nft", "iptables-restore", "ufw"],
  firewalld: ["nft", "firewall-cmd", "firewalld", "dbus-daemon"],
  none: ["nft"],
};

/** A host of which `setUp` is in charge, and a peer beside it. */
export async function createManagedHost(setUp: SetUp): Promise<ManagedHost> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-firewall-"));
  const lab: Lab = await createLab();
  const [host, peer] = await Promise.all([lab.computer("host"), lab.computer("peer")]);
  await lab.connect(host, peer, {
    a: [`${HOST[4]}/24`, `${HOST[6]}/64`],
    b: [`${PEER[4]}/24`, `${PEER[6]}/64`, `${STRANGER[4]}/24`, `${STRANGER[6]}/64`],
  });
  // All of /etc: our own folder in it must not be made on this machine either.
  await host.sh(`cp -a /etc '${folder}/etc'`);
  const place = await host.withOwnFiles({ tmpfs: ["/run"], binds: [[`${folder}/etc`, "/etc"]] });
  await SET_UPS[setUp](place);
  await place.sh("nft -f -", { input: FOREIGN });
  await eventually("the cable carries IPv6", async () => {
    return (await host.run("ping", ["-c", "1", "-W", "1", PEER[6]])).code === 0;
  });
  return {
    place,
    peer,
    folder,
    machine: machineOf(place),
    async snapshot() {
      const programs = ["nft list ruleset", "iptables-save", "ip6tables-save"];
      if (setUp === "iptables-legacy") programs.push("iptables-legacy-save", "ip6tables-legacy-save");
      if (setUp === "ufw") programs.push("ufw status numbered", "cat /etc/ufw/user.rules /etc/ufw/user6.rules");
      if (setUp === "firewalld")
        programs.push("firewall-cmd --list-all-zones", "firewall-cmd --permanent --list-all-zones");
      const [tables = "", ...texts] = await Promise.all(
        programs.map(async (line) => (await place.run("sh", ["-c", line])).stdout),
      );
      // Tables are listed as they were made, and firewalld makes its own anew when it loads.
      return [...tables.split(/^(?=table )/m).sort(), ...texts]
        .join("\n")
        .replaceAll(/ ?(?:counter )?packets \d+ bytes \d+/g, "")
        .replaceAll(/\[\d+:\d+\]/g, "")
        .replaceAll(/^#.*$/gm, "")
        .replaceAll(/ expires \S+/g, "");
    },
    async reaches(...probes) {
      const script = `
        import { connect } from "node:net";
        const probe = ([from, host, port]) => new Promise((resolve) => {
          const socket = connect({ host, port, localAddress: from, timeout: 1500 });
          const end = (isOpen) => { socket.destroy(); resolve(isOpen); };
          socket.on("connect", () => end(true)).on("timeout", () => end(false)).on("error", () => end(false));
        });
        console.log(JSON.stringify(await Promise.all(JSON.parse(process.argv[1]).map(probe))));`;
      const targets = probes.map(([from, port]) => [from, HOST[from.includes(":") ? 6 : 4], port]);
      return JSON.parse(await peer.node(script, [JSON.stringify(targets)]));
    },
    async listen(ports) {
      const script = `
        const { createServer } = require("node:net");
        for (const port of process.argv.slice(1)) createServer((socket) => socket.on("error", () => {})).listen({ host: "::", port: Number(port) });`;
      place.start(process.execPath, ["--eval", script, ...ports.map(String)]);
      await eventually("the ports listen", async () => {
        const { stdout } = await place.run("ss", ["-Hltn"]);
        return ports.every((port) => stdout.includes(`*:${port} `));
      });
    },
    async dispose() {
      await lab.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The namespace as the machine that our code works on. */
export function machineOf(place: Place): Machine {
  return {
    run: async (program, args, { input } = {}) => {
      const { code, stdout, stderr } = await place.run(program, args, {
        ...(input === undefined ? {} : { input }),
        env: { LC_ALL: "C" },
      });
      return { code: code ?? -1, stdout, stderr };
    },
    files: {
      async read(path) {
        const { code, stdout } = await place.run("cat", ["--", path]);
        return code === 0 ? stdout : undefined;
      },
      async write(path, content) {
        const beside = `${path}.${randomBytes(4).toString("hex")}`;
        await place.sh(
          `mkdir -p "$(dirname '${path}')"; cat > '${beside}'; cat '${beside}' > '${path}'; rm '${beside}'`,
          {
            input: content,
          },
        );
      },
      async remove(path) {
        await place.sh(`rm -f '${path}'; rmdir --ignore-fail-on-non-empty "$(dirname '${path}')"`);
      },
    },
  };
}

/** Whether this command of a firewall's program changes anything, as opposed to looking. */
export function isChanging(program: string, args: readonly string[]): boolean {
  if (program === "nft") return args.includes("-f");
  if (program === "ufw") return args[0] !== "status";
  if (program === "firewall-cmd") return args.some((arg) => /^--(add|remove)-/.test(arg));
  return program.endsWith("-restore");
}
