import { describe, expect, it } from "vitest";
import type { PortRange } from "../ports/flow.ts";
import { PROFILES } from "../ports/profiles/profiles.ts";
import { deriveProfileRules } from "./profile-rules.ts";
import type { RuleParty, Side } from "./rule.ts";
import { topologyOf } from "./rule-set-fixture.ts";

interface Asked {
  readonly side?: Side;
  readonly variant?: string;
  readonly ports?: Readonly<Record<string, PortRange>>;
  readonly initiators?: Readonly<Record<string, RuleParty>>;
  readonly concurrentJobs?: number;
  readonly allowOverlap?: boolean;
}

function rulesFor(name: string, { side = "agent", variant, ports = {}, initiators = {}, ...rest }: Asked = {}) {
  const profile = PROFILES.find((each) => each.name === name);
  if (profile === undefined) throw new Error(`no profile ${name}`);
  return deriveProfileRules({
    side,
    topology: topologyOf(),
    profile,
    variant: profile.variants.find((each) => each.name === variant) ?? null,
    ports: new Map(Object.entries(ports)),
    initiators: new Map(Object.entries(initiators)),
    ...rest,
  });
}

const short = (name: string, asked: Asked = {}) =>
  rulesFor(name, asked).rules.map(({ flow, direction, transport, ports }) => {
    const text = ports.map(({ from, to }) => (from === to ? from : `${from}-${to}`)).join(" ");
    return `${direction} ${flow} ${transport} ${text}`.trim();
  });

const DATA = { "be-06": { from: 20_300, to: 20_324 } };

describe("rules for ESMPRO", () => {
  it("on Linux are the document's rows without plain HTTP, and without rpcbind and the other loopback rows", () => {
    expect(short("esmpro", { variant: "linux" })).toEqual([
      "in esm-02 tcp 5986",
      "in esm-03 tcp 5989",
      "out esm-04 tcp 6736",
      "in esm-05 icmp",
      "out esm-06 udp 162",
      "out esm-07 tcp 31134",
      "out esm-08 tcp 31136",
      "out esm-09 tcp 31138",
      "out esm-10 tcp 25",
      "out esm-11 tcp 110",
      "out esm-12 tcp 443",
    ]);
  });

  it("on Windows Server 2008 use the ports of that system", () => {
    expect(short("esmpro", { variant: "windows" }).slice(0, 2)).toEqual(["in esm-01 tcp 5985", "in esm-02 tcp 5986"]);
    expect(short("esmpro", { variant: "windows-server-2008" }).slice(0, 2)).toEqual([
      "in esm-01 tcp 80",
      "in esm-02 tcp 443",
    ]);
  });

  it("cover the manager's host and the firewall in between as well (T8), towards declared peers only (T7)", () => {
    expect(short("esmpro", { variant: "linux", side: "manager" })).toContain("in esm-06 udp 162");
    const between = rulesFor("esmpro", { variant: "linux", side: "between" }).rules;
    expect(between).toHaveLength(11);
    for (const { from, to } of between) expect([from, to]).not.toContain("any");
  });

  it("know that a trap is never answered (T13)", () => {
    const answered = rulesFor("esmpro", { variant: "linux" }).rules.filter(({ isAnswered }) => !isAnswered);
    expect(answered.map(({ flow }) => flow)).toEqual(["esm-06"]);
  });

  it("take changed ports, and refuse those that cannot be", () => {
    const changed =
      (ports: Asked["ports"] = {}) =>
      () =>
        short("esmpro", { variant: "linux", ports });
    expect(changed({ "esm-07": { from: 31_200, to: 31_200 } })()).toContain("out esm-07 tcp 31200");
    expect(changed({ "esm-03": { from: 6000, to: 6000 } })).toThrow(
      /^port esm-03: the product's port cannot be changed/,
    );
    expect(changed({ "esm-05": { from: 1, to: 1 } })).toThrow("port esm-05: ICMP has no ports");
    expect(changed({ "esm-07": { from: 1, to: 9 } })).toThrow("port esm-07: the row is one port, not a range");
    expect(changed({ "esm-01": { from: 80, to: 80 } })).toThrow(
      "port esm-01: this row does not exist in the chosen variant",
    );
    expect(changed({ "esm-99": { from: 80, to: 80 } })).toThrow("port esm-99: esmpro has no such row");
  });
});

describe("rules for Backup Exec", () => {
  it("want a range for the data connections instead of opening everything (T14)", () => {
    expect(() => short("backup-exec")).toThrow(
      /^port be-06: the product's default is 1025-65535, which opens every other/,
    );
    expect(short("backup-exec", { ports: DATA })).toEqual([
      "out be-01 tcp 6101",
      "in be-05 tcp 10000",
      "in be-06 tcp 20300-20324",
      "out be-08 tcp 10082",
      "out be-09 tcp 10102",
    ]);
  });

  it("want 25 ports, or two for each job at once (T16)", () => {
    const range =
      (to: number, more: Asked = {}) =>
      () =>
        short("backup-exec", { ports: { "be-06": { from: 20_300, to } }, ...more });
    expect(range(20_323)).toThrow("port be-06: 20300-20323 holds 24 ports, 25 are needed (concurrent jobs: 1)");
    expect(range(20_324)).not.toThrow();
    expect(range(20_324, { concurrentJobs: 13 })).toThrow("26 are needed (concurrent jobs: 13)");
  });

  it("refuse a range that the system hands out, unless it is reserved there (T18)", () => {
    const ports = { "be-06": { from: 50_000, to: 50_049 } };
    expect(() => short("backup-exec", { ports })).toThrow(/Windows takes for outgoing connections .* --allow-overlap$/);
    expect(short("backup-exec", { ports, allowOverlap: true })).toContain("in be-06 tcp 50000-50049");
  });

  it("make up no direction where the document has none (T15), and take the operator's", () => {
    const { leftOut } = rulesFor("backup-exec", { side: "manager", ports: DATA });
    const silent = leftOut
      .filter(({ reason }) => reason.en.includes("does not say who begins"))
      .map(({ flow }) => flow);
    expect(silent).toEqual(["be-03", "be-04", "be-07"]);
    const told = { side: "manager", ports: DATA, initiators: { "be-07": "browser", "be-03": "console" } } as const;
    expect(short("backup-exec", told)).toEqual(
      expect.arrayContaining(["in be-03 tcp 3527 6106", "in be-07 tcp 50104"]),
    );
    expect(() => short("backup-exec", { ...told, initiators: { "be-07": "manager" } })).toThrow(
      "from be-07: manager is the end that listens",
    );
  });

  it("name Windows' own rules instead of inventing ports for them", () => {
    const { leftOut } = rulesFor("backup-exec", { side: "manager", ports: DATA });
    expect(leftOut.find(({ flow }) => flow === "be-11")?.reason.en).toContain(
      '"Remote Service Management (RPC-EPMAP)"',
    );
  });
});
