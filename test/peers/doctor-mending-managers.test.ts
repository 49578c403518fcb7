// The doctor's commands for ufw and firewalld, run: each in a laboratory of its own, with files of its own.

import { cp, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, onTestFinished } from "vitest";
import { createCausesLab } from "../fixtures/doctor/causes-lab.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { type Computer, missingForLab, type Place } from "../namespaces.ts";
import { eventually } from "../stories/running-programs.ts";
import { mend, type Wall } from "./doctor-mending-walls.ts";

const MANAGERS = { ufw: ["ufw", "iptables-restore"], firewalld: ["firewalld", "firewall-cmd", "dbus-daemon"] } as const;

const ALL_OF_AGENT = ["backup-control", "backup-data"];
const ALL_OF_MANAGER = ["dedup-engine", "manager-report", "snmp-trap"];
const OUT = "own-output-blocked";

/** What goes out is denied by a policy, as firewalld.policies(5) has it. */
const DENY_OUT = `cat > /etc/firewalld/policies/deny-out.xml <<'END'
<?xml version="1.0" encoding="utf-8"?>
<policy priority="-10" target="DROP">
  <ingress-zone name="HOST"/>
  <egress-zone name="ANY"/>
  <rule><protocol value="icmp"/><accept/></rule>
  <rule><protocol value="ipv6-icmp"/><accept/></rule>
</policy>
END
firewall-cmd --reload`;

/** `lines` are run where the manager is in charge, with its stock settings. */
const WALLS: readonly (Wall & { readonly name: string; readonly lines: string })[] = [
  { name: "what comes into the agent's host", at: "agent", kind: "ufw", lines: "", flows: ALL_OF_AGENT },
  {
    name: "what comes into the manager's host, an operator's own denial among it",
    at: "manager",
    kind: "ufw",
    lines: "ufw deny 31134/tcp",
    flows: ALL_OF_MANAGER,
  },
  {
    name: "what goes out of the agent's host",
    at: "agent",
    kind: "ufw",
    lines: "ufw default allow incoming; ufw default deny outgoing; ufw reload",
    // Its own files let pings in, and none out.
    flows: ALL_OF_MANAGER,
    cause: OUT,
  },
  {
    name: "ping",
    at: "agent",
    kind: "ufw",
    lines: `ufw default allow incoming
sed -i '/ufw6*-before-input .*echo-request/s/ACCEPT/DROP/' /etc/ufw/before.rules /etc/ufw/before6.rules
ufw reload`,
    flows: ["ping"],
  },
  {
    name: "what passes in between",
    at: "firewall",
    kind: "ufw",
    lines: "",
    flows: [...ALL_OF_AGENT, ...ALL_OF_MANAGER].toSorted(),
  },
  {
    name: "what comes into the agent's host, by a zone that is not the default",
    at: "agent",
    kind: "firewalld",
    lines: "firewall-cmd --permanent --zone=internal --change-interface=firewall; firewall-cmd --reload",
    flows: ALL_OF_AGENT,
  },
  {
    name: "what comes into the manager's host, an operator's own denial among it",
    at: "manager",
    kind: "firewalld",
    lines: `firewall-cmd --add-rich-rule='rule port port="31134" protocol="tcp" drop'`,
    flows: ALL_OF_MANAGER,
  },
  {
    name: "what goes out of the agent's host",
    at: "agent",
    kind: "firewalld",
    lines: `firewall-cmd --permanent --zone=trusted --change-interface=firewall\n${DENY_OUT}`,
    flows: ALL_OF_MANAGER,
    cause: OUT,
  },
  {
    name: "ping",
    at: "agent",
    kind: "firewalld",
    lines: `firewall-cmd --permanent --zone=trusted --change-interface=firewall
firewall-cmd --permanent --zone=trusted --add-icmp-block=echo-request
firewall-cmd --reload`,
    flows: ["ping"],
  },
  {
    name: "what passes in between",
    at: "firewall",
    kind: "firewalld",
    lines:
      "firewall-cmd --zone=internal --change-interface=manager; firewall-cmd --zone=public --change-interface=agent",
    flows: ["ping", ...ALL_OF_AGENT, ...ALL_OF_MANAGER].toSorted(),
  },
];

/** The computer with `kind` in charge. */
async function start(computer: Computer, kind: string): Promise<Place> {
  const own = await mkdtemp(join(tmpdir(), "rusuban-mending-"));
  await cp("/etc", join(own, "etc"), { recursive: true, verbatimSymlinks: true });
  const place = await computer.withOwnFiles({ binds: [[join(own, "etc"), "/etc"]], tmpfs: ["/run"], discards: [own] });
  if (kind === "ufw") {
    await place.sh("ufw --force enable");
    return place;
  }
  await place.sh("mkdir -p /run/dbus");
  place.start("dbus-daemon", ["--system", "--nofork", "--nopidfile"]);
  await eventually(
    "the bus is there",
    async () => (await place.run("test", ["-S", "/run/dbus/system_bus_socket"])).code === 0,
  );
  place.start("firewalld", ["--nofork", "--nopid"]);
  await eventually("firewalld runs", async () => (await place.run("firewall-cmd", ["--state"])).code === 0);
  return place;
}

for (const [kind, programs] of Object.entries(MANAGERS)) {
  const missing = missingForLab(["nft", "ping", ...programs]);
  if (missing.length > 0) {
    tellOfMissingPeer({
      tests: `the doctor's commands for ${kind}`,
      install: `iproute2 iputils-ping nftables iptables ${kind} dbus (as root)`,
    });
    continue;
  }
  describe(`the command that the doctor gives for ${kind}`, () => {
    it.each(WALLS.filter((wall) => wall.kind === kind))(
      "opens $name",
      async ({ name: _, lines, ...what }) => {
        let place: Place | undefined;
        const lab = await createCausesLab({
          async prepare(computers) {
            onTestFinished(() => computers.dispose(), 60_000);
            place = await start(computers[what.at], kind);
            await place.sh(lines);
            return what.at === "firewall" ? {} : { [what.at]: place };
          },
        });
        onTestFinished(() => lab.authority.remove(), 60_000);
        await mend(lab, place ?? lab[what.at], what);
      },
      180_000,
    );
  });
}
