import { describe, expect, it } from "vitest";
import { MENDS, PLACES } from "./cause.ts";
import { type MendingFacts, mendingCommands } from "./mending.ts";

const facts: MendingFacts = {
  flow: "backup-control",
  family: "ipv4",
  transport: "tcp",
  ports: [{ from: 10000, to: 10000 }],
  from: "10.77.1.10",
  to: "10.77.2.20",
  setting: "ports.backupControl",
  idleLivesS: null,
  program: "rusuban agent run",
};
const lines = (firewall: string, changed: Partial<MendingFacts> = {}) =>
  mendingCommands("allow-in", "listener", { ...facts, ...changed }, firewall).map(({ command }) => command.en);

describe("the command that lets one flow of one address in", () => {
  it.each([
    [
      "nftables inet hostfw input",
      {},
      [
        "nft 'insert rule inet hostfw input ip saddr 10.77.1.10 tcp dport { 10000 } accept comment \"rusuban:backup-control\"'",
      ],
    ],
    [
      "iptables",
      { family: "ipv6", from: "fd77:1::10", ports: [{ from: 20300, to: 20349 }] },
      [
        "ip6tables -I INPUT -s fd77:1::10 -p tcp --dport 20300:20349 -m comment --comment rusuban:backup-control -j ACCEPT",
      ],
    ],
    [
      "firewalld",
      {},
      [
        `for scope in "" --permanent; do firewall-cmd $scope --add-rich-rule='rule priority="-1" family="ipv4" source address="10.77.1.10" port port="10000" protocol="tcp" accept'; done`,
      ],
    ],
    [
      "ufw",
      { ports: [{ from: 20300, to: 20349 }] },
      ["ufw prepend allow in proto tcp from 10.77.1.10 to any port 20300:20349 comment 'rusuban:backup-control'"],
    ],
    [
      "windows",
      {},
      [
        "New-NetFirewallRule -DisplayName 'Rusuban backup-control' -Group 'Rusuban' -Direction Inbound -Action Allow -Protocol TCP -LocalPort '10000' -RemoteAddress 10.77.1.10",
      ],
    ],
    [
      "iptables",
      { transport: "icmp", ports: [] },
      [
        "iptables -I INPUT -s 10.77.1.10 -p icmp --icmp-type echo-request -m comment --comment rusuban:backup-control -j ACCEPT",
      ],
    ],
  ] as const)("for %s", (firewall, changed, expected) => expect(lines(firewall, changed)).toEqual(expected));

  it("goes to every place that denies, of the flow's own family and direction", () => {
    const said = "nftables ip6 hostfw in, iptables iptables-legacy, firewalld internal, out nftables inet x y";
    expect(lines(said)).toEqual([
      expect.stringMatching(/^iptables-legacy -I INPUT -s/),
      expect.stringContaining("firewall-cmd $scope --zone=internal"),
    ]);
    expect(lines(said, { family: "ipv6", from: "fd77:1::10" })[0]).toContain("insert rule ip6 hostfw in ip6 saddr");
    const [out] = mendingCommands("allow-out", "initiator", facts, said);
    expect(out?.command.en).toContain("insert rule inet x y ip daddr 10.77.2.20 tcp dport { 10000 }");
    const [answer] = mendingCommands("allow-out", "listener", facts, said);
    expect(answer?.command.en).toContain("insert rule inet x y ip daddr 10.77.1.10 tcp sport { 10000 }");
  });

  it("lets a ping out where it begins, and in where it arrives", () => {
    const ping = { ...facts, transport: "icmp", ports: [] } as const;
    const at = (place: "initiator" | "listener") =>
      mendingCommands("allow-ping", place, ping, "iptables")[0]?.command.en;
    expect(at("initiator")).toMatch(/^iptables -I OUTPUT -d 10\.77\.2\.20 -p icmp --icmp-type echo-request /);
    expect(at("listener")).toMatch(/^iptables -I INPUT -s 10\.77\.1\.10 -p icmp --icmp-type echo-request /);
  });

  it("names every firewall that it may be where nobody could say", () => {
    const kinds = mendingCommands("allow-in", "listener", facts).map(({ firewall }) => firewall);
    expect(kinds).toEqual(["nftables", "firewalld", "ufw", "windows"]);
  });

  it("speaks to each firewall of Linux in between, and for a missing way back of the answers alone", () => {
    const between = (mend: "allow-between" | "allow-back") =>
      mendingCommands(mend, "between", facts).map(({ firewall, command }) => `${firewall} ${command.en}`);
    expect(between("allow-between").map((line) => line.split(" ", 1)[0])).toEqual([
      "",
      "nftables",
      "iptables",
      "firewalld",
      "ufw",
    ]);
    const [, nft, iptables, ...more] = between("allow-back");
    expect(nft).toContain("forward ip saddr 10.77.2.20 ip daddr 10.77.1.10 tcp sport { 10000 } accept");
    expect(iptables).toContain("-I FORWARD -s 10.77.2.20 -d 10.77.1.10 -p tcp --sport 10000");
    expect(more).toEqual([]);
  });

  it("speaks to people where the firewall in between is not known", () => {
    const [words] = mendingCommands("allow-between", "between", facts);
    expect(words?.command.en).toBe(
      "allow tcp 10000 from 10.77.1.10 to 10.77.2.20, and the replies (established connections)",
    );
  });
});

it("knows something to do, or nothing, for every kind and place, in both languages", () => {
  for (const mend of MENDS) {
    for (const place of PLACES) {
      const commands = mendingCommands(mend, place, facts, "nftables inet filter input");
      expect(commands.length > 0).toBe(mend !== "none");
      for (const { command } of commands) expect([command.en, command.ja].every((each) => each.length > 5)).toBe(true);
    }
  }
});

describe("what mends connections that are cut when idle", () => {
  const mends = (idleLivesS: number | null) =>
    mendingCommands("keepalive", "between", { ...facts, idleLivesS }).map(({ command }) => command.en);

  it("is the firewall's time and, where something was survived, a keepalive below it", () => {
    expect(mends(60)[0]).toContain("nf_conntrack_tcp_timeout_established");
    expect(mends(60)[1]).toContain("in time: they stay");
    expect(mends(60)[2]).toContain("net.ipv4.tcp_keepalive_time=60");
  });

  it("does not say that our own keepalive is in time where that was not seen", () => {
    expect(mends(30)[1]).toContain("has to be longer");
    expect(mends(30)[2]).toContain("net.ipv4.tcp_keepalive_time=30");
    expect(mends(0)).toHaveLength(2);
    expect(mends(null)).toHaveLength(1);
  });
});
