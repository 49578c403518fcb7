import { describe, expect, it } from "vitest";
import { createCommandRunner } from "../firewall/live/command-runner.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import type { HopsEvidence } from "./evidence.ts";
import { refuserOf, withHops } from "./judge-hops.ts";
import { createTrace, parseNmap, parseTraceroute } from "./probes/trace.ts";
import { oneOf } from "./verdict.ts";
import { TESTS } from "./words.ts";

const HOST = "10.77.2.20";
const PATH = [
  { hop: 1, address: "10.77.1.1" },
  { hop: 2, address: "10.77.9.2" },
];
const reset = (ttl: number, hostTtl: number | null): HopsEvidence => ({
  port: 10000,
  missing: [],
  path: PATH,
  refusal: { kind: "reset", from: HOST, ttl },
  hostTtl,
});

describe("who refused", () => {
  it.each([
    ["as much life as the host's own answers have", reset(62, 62), { place: "listener", address: HOST }],
    ["a router one hop nearer", reset(63, 62), { place: "between", address: "10.77.9.2" }],
    ["the first router, with another first life", reset(255, 126), { place: "between", address: "10.77.1.1" }],
    ["a router that did not answer", { ...reset(64, 62), path: [] }, { place: "between", address: null }],
    ["nothing to compare with", reset(64, null), null],
    ["as far as the host with another first life", reset(126, 62), null],
    ["farther than the host", reset(60, 62), null],
    ["no refusal", { ...reset(64, 62), refusal: null }, null],
  ] as const)("%s", (_, hops, refuser) => expect(refuserOf(hops, HOST)).toEqual(refuser));

  it("takes a router out of the causes, or all others, and leaves a drop as it is", () => {
    const verdict = oneOf(["not-listening", "host-firewall-reject-reset", "middle-reject"], ["listener", "between"], {
      evidence: [],
      nextTest: TESTS.bothEnds,
    });
    expect(withHops(verdict, reset(62, 62), HOST)).toMatchObject({
      causes: ["not-listening", "host-firewall-reject-reset"],
      isProven: false,
      where: ["listener"],
    });
    expect(withHops(verdict, reset(64, 62), HOST)).toMatchObject({ causes: ["middle-reject"], isProven: true });
    const lost = withHops(verdict, { ...reset(64, 62), refusal: null }, HOST);
    expect(lost).toMatchObject({ causes: verdict.causes, isProven: false });
    expect(lost.evidence[0]?.en).toContain("lost when it forwards them, or behind it");
  });
});

describe("what the programs say", () => {
  it("is read by port; a sender that is no address is none", () => {
    const xml = `<port protocol="tcp" portid="10000"><state state="closed" reason="reset" reason_ttl="62"/></port>
      <port protocol="tcp" portid="31134"><state state="filtered" reason="admin-prohibited" reason_ttl="63" reason_ip="10.77.9.2"/></port>
      <port protocol="tcp" portid="7"><state state="filtered" reason="no-response" reason_ttl="0"/></port>
      <port protocol="tcp" portid="9"><state state="filtered" reason="port-unreach" reason_ttl="62" reason_ip="-x"/></port>`;
    expect([...parseNmap(xml)]).toEqual([
      [10000, { kind: "reset", from: "", ttl: 62 }],
      [31134, { kind: "icmp", from: "10.77.9.2", ttl: 63 }],
      [9, { kind: "icmp", from: "", ttl: 62 }],
    ]);
    expect(parseNmap("<port")).toEqual(new Map());
  });

  it("is a path of routers: neither silence, nor the host, nor a refusal is one", () => {
    const lines = ["head", " 1  10.77.1.1  0.2 ms", " 2  *", " 3  10.77.9.2  0.1 ms !X", ` 4  ${HOST}  0.3 ms`];
    expect(parseTraceroute(lines.join("\n"), HOST)).toEqual([{ hop: 1, address: "10.77.1.1" }]);
  });

  it("is not asked for what is no address, nor without root; a program that is not there is named", async () => {
    const asked: string[] = [];
    const run = async (program: string) => {
      asked.push(program);
      return { code: 0, stdout: "", stderr: "" };
    };
    const order = { address: HOST, ports: [10000], hostPort: null };
    expect(await createTrace({ run, isPrivileged: true })({ ...order, address: "--script" })).toEqual([]);
    expect((await createTrace({ run, isPrivileged: false })(order))[0]?.missing).toEqual(["root"]);
    expect(asked).toEqual([]);
    const real = createCommandRunner(new FakeClock());
    const absent = createTrace({ run: (program) => real(`no-such-${program}`, []), isPrivileged: true });
    expect((await absent(order))[0]?.missing.toSorted()).toEqual(["nmap", "traceroute"]);
  });
});
