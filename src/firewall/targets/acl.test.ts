// No router is here to ask. What is written is read by the grammar of extended and IPv6 access lists (Cisco IOS command
// reference, "permit"), and packets are put through it as a router without state would.

import { describe, expect, it } from "vitest";
import { ESMPRO } from "../../ports/profiles/esmpro.ts";
import { deriveProfileRules } from "../profile-rules.ts";
import { render } from "../renderer.ts";
import type { RuleSet } from "../rule.ts";
import { addressesOf, rulesOn, topologyOf } from "../rule-set-fixture.ts";
import { acl } from "./acl.ts";
import { HOSTILE_NAMES, hostileRules } from "./hostile-rules-fixture.ts";

const HOST = String.raw`(any|host [0-9a-f.:]+|[0-9.]+ [0-9.]+|[0-9a-f:]+/\d+)`;
const PORT = String.raw`(?: (eq \d+|range \d+ \d+|gt \d+))?`;
const ENTRY = new RegExp(
  `^ permit (tcp|udp|icmp) ${HOST}${PORT} ${HOST}${PORT}(?: (established|echo|echo-request|echo-reply|packet-too-big))?$`,
);

interface Entry {
  readonly list: string;
  readonly protocol: string;
  readonly source: string;
  readonly sourcePort: string | undefined;
  readonly destination: string;
  readonly port: string | undefined;
  readonly option: string | undefined;
}

function entriesOf(ruleSet: RuleSet): Entry[] {
  const [file] = render(acl, ruleSet, { language: "ja" }).files;
  const entries: Entry[] = [];
  let list = "";
  for (const line of file?.text.split("\n") ?? []) {
    expect(line).toMatch(/^\p{ASCII}*$/u);
    if (/^(!.*|end|)$/.test(line)) continue;
    const [, start] = /^(?:ip access-list extended|ipv6 access-list) ([A-Z0-9-]{1,64})$/.exec(line) ?? [];
    if (start !== undefined) list = start;
    else if (/^no (?:ip access-list extended|ipv6 access-list) RUSUBAN-[A-Z0-9-]+$/.test(line)) continue;
    else if (/^ remark .{1,100}$/.test(line)) continue;
    else {
      const match = ENTRY.exec(line);
      if (match === null) throw new Error(`not an entry: ${line}`);
      const [, protocol = "", source = "", sourcePort, destination = "", port, option] = match;
      entries.push({ list, protocol, source, sourcePort, destination, port, option });
    }
  }
  return entries;
}

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly protocol: string;
  readonly sourcePort?: number;
  readonly port?: number;
  /** Of TCP: carries ACK or RST. */
  readonly ack?: boolean;
  /** Of ICMP. */
  readonly type?: string;
}

function passes(entries: readonly Entry[], list: string, packet: Packet): boolean {
  const isHost = (text: string, address: string) => text === "any" || text === `host ${address}`;
  const isPort = (text: string | undefined, port = 0) => {
    const [word, from = 0, to = from] =
      text?.split(" ").map((part, index) => (index === 0 ? part : Number(part))) ?? [];
    if (word === undefined) return true;
    return word === "gt" ? port > Number(from) : port >= Number(from) && port <= Number(to);
  };
  return entries.some(
    (entry) =>
      entry.list === list &&
      entry.protocol === packet.protocol &&
      isHost(entry.source, packet.from) &&
      isHost(entry.destination, packet.to) &&
      isPort(entry.sourcePort, packet.sourcePort) &&
      isPort(entry.port, packet.port) &&
      (entry.option === undefined ||
        (entry.option === "established" ? packet.ack === true : entry.option === packet.type)),
  );
}

const MANAGER = "10.77.1.10";
const AGENT = "10.77.2.20";

describe("access lists of a router without state", () => {
  const entries = entriesOf(rulesOn("between"));
  const there: Packet = { from: MANAGER, to: AGENT, protocol: "tcp", sourcePort: 40_000, port: 10_000 };
  const back: Packet = { from: AGENT, to: MANAGER, protocol: "tcp", sourcePort: 10_000, port: 40_000, ack: true };

  it("let a conversation through, both its packets and its replies", () => {
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", there)).toBe(true);
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", { ...there, ack: true })).toBe(true);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", back)).toBe(true);
  });

  it("let nobody begin from where replies come, nor reply to a port below 1024", () => {
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...back, ack: false })).toBe(false);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...back, port: 22 })).toBe(false);
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", { ...there, port: 22 })).toBe(false);
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", { ...there, from: "10.77.1.11" })).toBe(false);
  });

  it("let the whole range of data ports through and stop at its ends, in both directions", () => {
    for (const [port, expected] of [
      [20_299, false],
      [20_300, true],
      [20_349, true],
      [20_350, false],
    ] as const) {
      expect(passes(entries, "RUSUBAN-FROM-MANAGER", { ...there, port })).toBe(expected);
      expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...back, sourcePort: port })).toBe(expected);
    }
  });

  it("let echo out and its reply in, and no other ICMP but what says that a packet is too big", () => {
    const ping = { from: MANAGER, to: AGENT, protocol: "icmp" };
    const pong = { from: AGENT, to: MANAGER, protocol: "icmp" };
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", { ...ping, type: "echo" })).toBe(true);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...pong, type: "echo-reply" })).toBe(true);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...pong, type: "echo" })).toBe(false);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...pong, from: "10.77.2.1", type: "packet-too-big" })).toBe(true);
    expect(passes(entries, "RUSUBAN-FROM-AGENT", { ...pong, type: "redirect" })).toBe(false);
    const ping6 = { from: "fd77:1::10", to: "fd77:2::20", protocol: "icmp", type: "echo-request" };
    expect(passes(entries, "RUSUBAN-FROM-MANAGER-V6", ping6)).toBe(true);
  });

  it("have no way back for a trap that is never answered, and one for an inform", () => {
    const answer: Packet = { from: MANAGER, to: AGENT, protocol: "udp", sourcePort: 162, port: 40_000 };
    expect(passes(entries, "RUSUBAN-FROM-MANAGER", answer)).toBe(true);
    const variant = ESMPRO.variants.find(({ name }) => name === "linux") ?? null;
    const none = { profile: ESMPRO, variant, topology: topologyOf(), ports: new Map(), initiators: new Map() };
    const esmpro = entriesOf(deriveProfileRules({ side: "between", ...none }));
    expect(
      passes(esmpro, "RUSUBAN-FROM-AGENT", { ...answer, from: AGENT, to: MANAGER, sourcePort: 40_000, port: 162 }),
    ).toBe(true);
    expect(passes(esmpro, "RUSUBAN-FROM-MANAGER", answer)).toBe(false);
  });

  it("never deny, so that what IPv6 needs stays permitted, and write networks with wildcard masks", () => {
    const topology = topologyOf({ others: { browser: addressesOf("browser", "10.77.4.0/22", "fd77:4::/64") } });
    const [file] = render(acl, rulesOn("between", { topology, flows: ["console"] }), { language: "en" }).files;
    expect(file?.text).not.toContain("deny");
    expect(file?.text).toContain(" permit tcp 10.77.4.0 0.0.3.255 host 10.77.1.10 eq 50104\n");
    expect(file?.text).toContain(" permit tcp fd77:4::/64 host fd77:1::10 eq 50104\n");
  });

  it.each(HOSTILE_NAMES)("make of %j a remark", (name) => {
    expect(entriesOf(hostileRules("between", name)).length).toBe(entriesOf(hostileRules("between", "web1")).length);
  });
});
