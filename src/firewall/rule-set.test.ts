import { describe, expect, it } from "vitest";
import { FLOW_KEYS, flowName, flowOf } from "../ports/port-map.ts";
import { createPortBook } from "../ports/port-settings.ts";
import { formatAddress } from "./address.ts";
import { byFamily, type Peer, type Rule } from "./rule.ts";
import { addressesOf, agentNamed, rulesOn, topologyOf } from "./rule-set-fixture.ts";

const shown = (peer: Peer) =>
  peer === "any" ? "any" : `${peer.name} ${peer.addresses.map(formatAddress).join(" ")}`.trim();
const line = ({ flow, direction, transport, ports, from, to }: Rule) =>
  `${direction} ${flow} ${transport} ${ports.map((range) => `${range.from}-${range.to}`).join()} ${shown(from)} > ${shown(to)}`;
const linesOf = (rules: readonly Rule[]) => rules.map(line);

describe("the rules of a place", () => {
  it("on an agent's host are its own flows in their true direction, from and to the manager", () => {
    const flows = ["backupControl", "backupData", "ping", "managerReport", "snmpTrap", "administration"] as const;
    expect(linesOf(rulesOn("agent", { flows }).rules)).toEqual([
      "in ping icmp  manager 10.77.1.10 fd77:1::10 > web1 10.77.2.20 fd77:2::20",
      "out snmp-trap udp 162-162 web1 10.77.2.20 fd77:2::20 > manager 10.77.1.10 fd77:1::10",
      "out manager-report tcp 31134-31134 web1 10.77.2.20 fd77:2::20 > manager 10.77.1.10 fd77:1::10",
      "in backup-control tcp 10000-10000 manager 10.77.1.10 fd77:1::10 > web1 10.77.2.20 fd77:2::20",
      "in backup-data tcp 20300-20349 manager 10.77.1.10 fd77:1::10 > web1 10.77.2.20 fd77:2::20",
    ]);
  });

  it("on the manager's host are the same flows from the other end, and those of others", () => {
    const flows = ["backupControl", "managerReport", "administration", "managerPeer", "expressMail"] as const;
    expect(linesOf(rulesOn("manager", { flows }).rules)).toEqual([
      "in manager-report tcp 31134-31134 web1 10.77.2.20 fd77:2::20 > manager 10.77.1.10 fd77:1::10",
      "out express-mail tcp 25-25 manager 10.77.1.10 > mail-server 192.0.2.25",
      "in manager-peer tcp 3527-3527 peer-manager 10.78.1.10 > manager 10.77.1.10",
      "out manager-peer tcp 3527-3527 manager 10.77.1.10 > peer-manager 10.78.1.10",
      "in administration tcp 6106-6106 console 10.77.4.1 > manager 10.77.1.10",
      "out backup-control tcp 10000-10000 manager 10.77.1.10 fd77:1::10 > web1 10.77.2.20 fd77:2::20",
    ]);
  });

  it("in between are both directions of every conversation, each with both ends named", () => {
    const between = rulesOn("between").rules;
    expect(new Set(between.map(({ direction }) => direction))).toEqual(new Set(["forward"]));
    const ends = between.map(({ flow, from, to }) => [
      flow,
      from === "any" ? "any" : from.party,
      to === "any" ? "any" : to.party,
    ]);
    expect(ends).toContainEqual(["backup-data", "manager", "agent"]);
    expect(ends).toContainEqual(["manager-report", "agent", "manager"]);
    expect(ends).toContainEqual(["exchange-online", "manager", "any"]);
  });

  it.each(["agent", "manager", "between"] as const)(
    "on side %s open nothing for a loopback flow, and name every port of the map otherwise",
    (side) => {
      const { rules, leftOut } = rulesOn(side, {
        topology: topologyOf({ agents: [agentNamed("db1", ["10.77.2.21"], { platform: "windows" })] }),
      });
      const told = new Set([...rules, ...leftOut].map(({ flow }) => flow));
      for (const key of FLOW_KEYS) {
        const { scope, initiators, listener } = flowOf(key);
        const isHere = side === "between" || listener === side || (initiators as readonly string[]).includes(side);
        expect([key, told.has(flowName(key))]).toEqual([key, scope === "network" && isHere]);
      }
    },
  );

  it("leave out what is not in use, with the condition under which it would be", () => {
    const { rules, leftOut } = rulesOn("agent", { flows: ["ping"] });
    expect(rules.map(({ flow }) => flow)).toEqual(["ping"]);
    expect(leftOut).toContainEqual({
      flow: "wsman-http",
      reason: expect.objectContaining({ en: "not in use; it is when: the operator allows plain HTTP for this host" }),
    });
  });

  it("have plain HTTP for WS-Management neither on Linux nor where the system is not known, whatever is switched on", () => {
    for (const platform of ["linux", "unknown"] as const) {
      const topology = topologyOf({ agents: [agentNamed("web1", ["10.77.2.20"], { platform })] });
      for (const side of ["agent", "manager", "between"] as const) {
        const { rules, leftOut } = rulesOn(side, { topology });
        expect(rules.filter(({ flow }) => flow === "wsman-http")).toEqual([]);
        expect(leftOut.filter(({ flow }) => flow === "wsman-http")).toMatchObject([
          { reason: { en: "exists on windows only" } },
        ]);
      }
    }
  });

  it("leave out a party that nobody declared, and say how to declare it", () => {
    const { rules, leftOut } = rulesOn("manager", { topology: topologyOf({ others: {} }) });
    expect(rules.filter(({ from, to }) => from === "any" || to === "any")).toEqual([]);
    expect(leftOut.find(({ flow }) => flow === "console")?.reason.en).toBe(
      "the address of the web browser is not given (--browser ADDRESS)",
    );
  });

  it("are for the families that both ends have, and for none where they share none", () => {
    const topology = topologyOf({ agents: [agentNamed("web1", ["fd77:2::20"])] });
    const [rule] = rulesOn("agent", { topology, flows: ["backupControl"] }).rules;
    expect(rule === undefined ? [] : byFamily(rule).map(({ family }) => family)).toEqual([6]);
    const manager = { ...topology.manager, addresses: addressesOf("manager", "10.77.1.10") };
    const { rules, leftOut } = rulesOn("agent", { topology: { ...topology, manager }, flows: ["backupControl"] });
    expect(rules).toEqual([]);
    expect(leftOut.find(({ flow }) => flow === "backup-control")?.reason.en).toContain("only IPv4");
  });

  it("need no address of the host that they are for", () => {
    const topology = topologyOf({ agents: [agentNamed("web1", [])] });
    const [rule] = rulesOn("agent", { topology, flows: ["backupControl"] }).rules;
    expect(rule === undefined ? [] : byFamily(rule).map(({ family, destinations }) => [family, destinations])).toEqual([
      [4, null],
      [6, null],
    ]);
    expect(rulesOn("between", { topology, flows: ["backupControl"] }).rules).toEqual([]);
  });

  it("speak of many agents at once, and apart only of those that listen elsewhere", () => {
    const moved = agentNamed("db1", ["10.77.2.21"], { ports: createPortBook({ backupControl: 10_001 }) });
    const agents = [agentNamed("web1", ["10.77.2.20"]), moved, agentNamed("web2", ["10.77.2.22"])];
    const flows = ["backupControl", "managerReport"] as const;
    expect(linesOf(rulesOn("manager", { topology: topologyOf({ agents }), flows }).rules)).toEqual([
      "in manager-report tcp 31134-31134 agents 10.77.2.20 10.77.2.21 10.77.2.22 > manager 10.77.1.10",
      "out backup-control tcp 10000-10000 manager 10.77.1.10 > agents 10.77.2.20 10.77.2.22",
      "out backup-control tcp 10001-10001 manager 10.77.1.10 > db1 10.77.2.21",
    ]);
  });

  it("give a server without an agent only the flows by which it is looked at", () => {
    const agents = [
      agentNamed("web1", ["10.77.2.20"], { flows: new Set(["ping", "backupControl", "managerReport"]) }),
      agentNamed("bmc1", ["10.77.2.99"], { flows: new Set(["ping", "wsmanHttps"]) }),
    ];
    const flows = ["ping", "backupControl", "managerReport", "wsmanHttps"] as const;
    expect(linesOf(rulesOn("manager", { topology: topologyOf({ agents }), flows }).rules)).toEqual([
      "out wsman-https tcp 5986-5986 manager 10.77.1.10 > bmc1 10.77.2.99",
      "out ping icmp  manager 10.77.1.10 > agents 10.77.2.20 10.77.2.99",
      "in manager-report tcp 31134-31134 web1 10.77.2.20 > manager 10.77.1.10",
      "out backup-control tcp 10000-10000 manager 10.77.1.10 > web1 10.77.2.20",
    ]);
    const alone = rulesOn("agent", { topology: topologyOf({ agents: agents.slice(1) }), flows });
    expect(alone.rules.map(({ flow }) => flow)).toEqual(["wsman-https", "ping"]);
    expect(alone.leftOut).toContainEqual({
      flow: "backup-control",
      reason: expect.objectContaining({ en: "not in use here" }),
    });
  });

  it("follow a host's variant, but not where the operator moved the port himself", () => {
    const variant = { platform: "windows", variant: "windows-server-2008" } as const;
    const portsOf = (ports = createPortBook()) => {
      const topology = topologyOf({ agents: [agentNamed("old", ["10.77.2.20"], { ...variant, ports })] });
      return rulesOn("agent", { topology, flows: ["wsmanHttp", "wsmanHttps"] }).rules.map(
        ({ ports }) => ports[0]?.from,
      );
    };
    expect(portsOf()).toEqual([80, 443]);
    expect(portsOf(createPortBook({ wsmanHttps: 8443 }))).toEqual([80, 8443]);
  });

  it("carry a comment with side, flow and owner", () => {
    expect(rulesOn("agent", { flows: ["backupControl", "managerReport"] }).rules.map(({ comment }) => comment)).toEqual(
      ["rusuban:agent:manager-report:manager", "rusuban:agent:backup-control:web1"],
    );
  });
});
