// Each cause is built for real between three computers (network namespaces, nftables), by IPv4 and IPv6, and the doctor's
// verdict is compared with what was built. Whatever is not named in a case must be open: a wrong verdict anywhere fails it.

import { afterAll, beforeAll, describe, expect, it, onTestFailed, onTestFinished } from "vitest";
import {
  AGENT_FLOWS,
  type CausesLab,
  createCausesLab,
  type ExaminedAs,
  inBoth,
  MANAGER_FLOWS,
  type Verdicts,
} from "../fixtures/doctor/causes-lab.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place, ROUTED } from "../namespaces.ts";

const missing = missingForLab(["nft", "ping"]);
if (missing.length === 0) describe("what the doctor says of what was built", causes);
else
  tellOfMissingPeer({ tests: "the doctor in network namespaces", install: "iproute2 iputils-ping nftables (as root)" });

const [MANAGER4, MANAGER6] = ROUTED.manager;
const EVERYTHING_OPEN: Verdicts = Object.assign(
  {},
  ...[...AGENT_FLOWS, ...MANAGER_FLOWS].map(({ flow }) => inBoth(flow, "open")),
  inBoth("ping", "open"),
);

type PlaceName = "manager" | "firewall" | "agent";
interface Built {
  /** Chains of one nftables table, by computer. */
  readonly nft?: Partial<Record<PlaceName, string>>;
  /** Lines of shell, and those that undo them. */
  readonly sh?: readonly (readonly [place: PlaceName, build: string, undo: string])[];
  /** Programs that answer in somebody else's name: lines of an ES module that says `ready`. */
  readonly programs?: readonly (readonly [place: PlaceName, source: string])[];
  readonly as?: ExaminedAs;
  readonly agent?: Parameters<CausesLab["restartAgent"]>[0];
  readonly manager?: Parameters<CausesLab["restartManager"]>[0];
}

const input = (rules: string) => `chain i { type filter hook input priority 0; ${rules} }`;
const output = (rules: string) => `chain o { type filter hook output priority 0; ${rules} }`;
const forward = (rules: string, policy = "accept") =>
  `chain f { type filter hook forward priority 0; policy ${policy}; ${rules} }`;
const nat = (hook: string, rules: string) => `chain n { type nat hook ${hook} priority dstnat; ${rules} }`;

const MISSING_OR_DROP = "closed middle-missing-rule|middle-drop @between";
const SILENT_PROGRAM = `
  import { createServer } from "node:net";
  for (const host of ["0.0.0.0", "::"]) createServer(() => {}).listen({ host, port: PORT, ipv6Only: host === "::" });
  console.log("ready");`;
const FOREIGN_TLS_PROGRAM = `
  import { execFileSync } from "node:child_process";
  import { mkdtempSync, readFileSync, rmSync } from "node:fs";
  import { tmpdir } from "node:os";
  import { createServer } from "node:tls";
  const folder = mkdtempSync(tmpdir() + "/rusuban-foreign-");
  const options = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=box"];
  execFileSync("openssl", [...options, "-keyout", folder + "/key", "-out", folder + "/cert"], { stdio: "ignore" });
  const [key, cert] = ["key", "cert"].map((name) => readFileSync(folder + "/" + name));
  rmSync(folder, { recursive: true });
  for (const host of ["0.0.0.0", "::"]) createServer({ key, cert }).listen({ host, port: PORT, ipv6Only: host === "::" });
  console.log("ready");`;

const CASES: readonly (readonly [name: string, built: Built, said: Verdicts])[] = [
  ["nothing in the way", {}, {}],
  [
    "the agent's own firewall drops the control port, part of the data ports and ping",
    {
      nft: {
        agent: input(
          "tcp dport { 10000, 20303-20305 } drop; icmp type echo-request drop; icmpv6 type echo-request drop;",
        ),
      },
    },
    {
      ...inBoth("backupControl", "closed host-firewall-drop @listener"),
      ...inBoth("backupData", "partly data-port-hole+host-firewall-drop @listener 20303,20304,20305"),
      ...inBoth("ping", "closed ping-blocked @listener"),
    },
  ],
  [
    "the agent's own firewall rejects with a reset, the manager's with an ICMP error",
    {
      nft: {
        agent: input("tcp dport 10000 reject with tcp reset;"),
        manager: input("tcp dport 31134 reject with icmpx type port-unreachable;"),
      },
    },
    {
      ...inBoth("backupControl", "closed host-firewall-reject-reset @listener"),
      ...inBoth("managerReport", "closed host-firewall-reject-icmp @listener"),
    },
  ],
  [
    "the agent's own firewall says administratively prohibited",
    { nft: { agent: input("tcp dport 10000 reject with icmpx type admin-prohibited;") } },
    {
      "backupControl ipv4": "closed admin-prohibited|host-firewall-reject-icmp @listener",
      "backupControl ipv6": "closed admin-prohibited @listener",
    },
  ],
  [
    "a firewall in between drops one port and rejects another",
    {
      nft: {
        firewall: forward(
          "tcp dport 10000 drop; tcp dport 31134 reject with tcp reset; tcp dport 10082 reject with icmpx type port-unreachable;",
        ),
      },
    },
    {
      ...inBoth("backupControl", MISSING_OR_DROP),
      ...inBoth("managerReport", "closed middle-reject @between"),
      ...inBoth("dedupEngine", "closed middle-reject @between"),
    },
  ],
  [
    "a firewall in between denies by default and lacks a rule",
    {
      nft: {
        firewall: forward(
          "ct state established,related accept; icmp type echo-request accept; icmpv6 type echo-request accept; tcp dport { 10000, 20300-20309, 31134 } accept; udp dport 162 accept;",
          "drop",
        ),
      },
    },
    inBoth("dedupEngine", MISSING_OR_DROP),
  ],
  [
    "the way back is closed",
    { nft: { firewall: forward("tcp sport { 10000, 31134 } drop;") } },
    {
      ...inBoth("backupControl", "closed missing-return-path @between"),
      ...inBoth("managerReport", "closed missing-return-path @between"),
    },
  ],
  [
    "each side's own output rules",
    { nft: { manager: output("tcp dport 10000 drop;"), agent: output("tcp dport 31134 drop; udp dport 162 drop;") } },
    {
      ...inBoth("backupControl", "closed own-output-blocked @initiator"),
      ...inBoth("managerReport", "closed own-output-blocked @initiator"),
      ...inBoth("snmpTrap", "closed own-output-blocked @initiator"),
    },
  ],
  [
    "nothing may begin from the manager's side",
    { nft: { firewall: forward('iifname "manager" ct state new drop;') } },
    {
      ...inBoth("backupControl", "closed one-way-block @between"),
      ...inBoth(
        "backupData",
        "closed one-way-block @between 20300,20301,20302,20303,20304,20305,20306,20307,20308,20309",
      ),
      ...inBoth("ping", "closed ping-blocked @between"),
    },
  ],
  [
    "datagrams dropped in between",
    { nft: { firewall: forward("udp dport 162 drop;") } },
    inBoth("snmpTrap", "closed udp-blocked @between"),
  ],
  [
    "datagrams dropped by the manager's own firewall, refused by nobody",
    { nft: { manager: input("udp dport 162 drop;") } },
    inBoth("snmpTrap", "closed host-firewall-drop @listener"),
  ],
  [
    "source addresses translated",
    { nft: { firewall: `chain n { type nat hook postrouting priority srcnat; oifname "agent" masquerade; }` } },
    { ...inBoth("backupControl", "open source-nat"), ...inBoth("backupData", "open source-nat") },
  ],
  [
    "a rule by address that translation breaks",
    {
      nft: {
        firewall: `chain n { type nat hook postrouting priority srcnat; oifname "agent" masquerade; }`,
        agent: input(
          `tcp dport 10000 ip saddr ${MANAGER4} accept; tcp dport 10000 ip6 saddr ${MANAGER6} accept; tcp dport 10000 drop;`,
        ),
      },
    },
    {
      // Where the rules could not be read in time, it is one of two.
      ...inBoth(
        "backupControl",
        "closed address-rule-broken-by-nat @listener // closed address-rule-broken-by-nat|host-firewall-drop @listener",
      ),
      ...inBoth("backupData", "open source-nat"),
    },
  ],
  [
    "destination address translated",
    {
      nft: {
        firewall: `chain n { type nat hook prerouting priority dstnat; ip daddr 10.77.1.1 dnat ip to ${ROUTED.agent[0]}; }`,
      },
      as: { farAddress: "10.77.1.1" },
    },
    { "backupControl ipv4": "open destination-nat", "backupData ipv4": "open destination-nat" },
  ],
  [
    "something in between opens TLS",
    {
      nft: { firewall: nat("prerouting", "tcp dport 10000 redirect to :19443;") },
      programs: [["firewall", FOREIGN_TLS_PROGRAM.replace("PORT", "19443")]],
    },
    inBoth("backupControl", "closed tls-interception @between"),
  ],
  [
    "something in between accepts and forwards nothing",
    {
      nft: { firewall: nat("prerouting", "tcp dport { 10000, 20300-20309 } redirect to :19999;") },
      programs: [["firewall", SILENT_PROGRAM.replace("PORT", "19999")]],
    },
    {
      ...inBoth("backupControl", "closed proxy-accepts-nothing-forwarded @between"),
      ...inBoth(
        "backupData",
        "closed proxy-accepts-nothing-forwarded @between 20300,20301,20302,20303,20304,20305,20306,20307,20308,20309",
      ),
    },
  ],
  [
    "packets over 1300 bytes vanish",
    {
      sh: [
        [
          "firewall",
          "ip link set manager mtu 1300; ip link set agent mtu 1300",
          "ip link set manager mtu 1500; ip link set agent mtu 1500",
        ],
      ],
      nft: { firewall: output("icmp type destination-unreachable drop; icmpv6 type packet-too-big drop;") },
    },
    {
      ...inBoth("backupData", "partly mtu-black-hole @between"),
      ...inBoth("backupControl", "closed mtu-black-hole @between"),
      ...inBoth("managerReport", "closed mtu-black-hole @between"),
      ...inBoth("dedupEngine", "closed mtu-black-hole @between"),
    },
  ],
  [
    "the rate of connections is limited",
    {
      nft: {
        firewall: forward(
          ["ipv4", "ipv6"]
            .map(
              (family) =>
                `meta nfproto ${family} tcp dport 20300 tcp flags syn / syn,ack limit rate over 2/minute burst 8 packets drop;`,
            )
            .join(" "),
        ),
      },
    },
    inBoth("backupData", "partly rate-limit @between@listener"),
  ],
  [
    "every fourth packet that begins a connection is lost",
    { nft: { firewall: forward("tcp dport 20300-20309 tcp flags syn / syn,ack numgen inc mod 4 == 0 drop;") } },
    inBoth("backupData", "partly packet-loss @between"),
  ],
  ["nothing listens", { agent: { listening: [] } }, inBoth("backupControl", "closed not-listening @listener")],
  [
    "listening on the loopback only",
    {
      agent: {
        listening: [
          { flow: "backupControl", port: 10000, host: "127.0.0.1" },
          { flow: "backupControl", port: 10000, host: "::1" },
        ],
      },
    },
    inBoth("backupControl", "closed loopback-only @listener"),
  ],
  [
    "listening by IPv4 only",
    { agent: { listening: [{ flow: "backupControl", port: 10000, host: "0.0.0.0" }] } },
    { "backupControl ipv6": "closed ipv4-only @listener" },
  ],
  [
    "another program has the port",
    { agent: { listening: [] }, programs: [["agent", SILENT_PROGRAM.replace("PORT", "10000")]] },
    inBoth("backupControl", "closed port-taken @listener"),
  ],
  [
    "the manager's clock is 40 days ahead",
    { manager: { clockShiftMs: 40 * 24 * 60 * 60 * 1_000 } },
    inBoth("backupControl", "closed clock-off @listener"),
  ],
  [
    "the agent's certificate expired",
    { agent: { expiredDaysAgo: 3 } },
    {
      ...inBoth("backupControl", "closed certificate-expired @listener"),
      ...inBoth("managerReport", "closed certificate-expired|name-elsewhere @initiator@listener"),
      ...inBoth("dedupEngine", "closed certificate-expired|name-elsewhere @initiator@listener"),
    },
  ],
  [
    "no route",
    {
      sh: [
        [
          "manager",
          "ip route del default; ip -6 route del default",
          "ip route add default via 10.77.1.1; ip -6 route add default via fd77:1::1",
        ],
      ],
      as: { bothEnds: false },
    },
    { "backupControl ipv4": "closed no-route @initiator", "ping ipv4": "closed no-route @initiator" },
  ],
  [
    "a host on the same segment that is not there",
    { as: { bothEnds: false, farAddress: "10.77.1.99" } },
    { "backupControl ipv4": "closed host-down @listener", "ping ipv4": "closed host-down @listener" },
  ],
  [
    "a name that does not resolve",
    { as: { bothEnds: false, farAddress: "no-such-host.invalid" } },
    { "backupControl ipv4": "closed name-not-resolved @initiator", "ping ipv4": "" },
  ],
  [
    "a drop that is seen from one end only",
    { nft: { firewall: forward("tcp dport 10000 drop;") }, as: { bothEnds: false } },
    {
      "backupControl ipv4":
        "closed middle-drop|middle-missing-rule|host-firewall-drop|missing-return-path @between@listener",
    },
  ],
];

function causes(): void {
  let lab: CausesLab;
  beforeAll(async () => {
    lab = await createCausesLab();
  }, 60_000);
  afterAll(() => lab.dispose());

  it.each(CASES)("%s", async (_, { nft = {}, sh = [], programs = [], as, agent, manager }, said) => {
    onTestFailed(() => void process.stdout.write(`${tellOf(lab)}\n`));
    const places: Record<PlaceName, Place> = { manager: lab.manager, firewall: lab.firewall, agent: lab.agent };
    // What is registered last is undone first.
    if (agent !== undefined) {
      onTestFinished(() => lab.restartAgent());
      await lab.restartAgent(agent);
    }
    if (manager !== undefined) {
      onTestFinished(() => lab.restartManager());
      await lab.restartManager(manager);
    }
    for (const [place, build, undo] of sh) {
      onTestFinished(() => places[place].sh(undo).then(() => {}));
      await places[place].sh(build);
    }
    for (const [place, source] of programs) {
      const end = await startProgram(places[place], source);
      onTestFinished(end);
    }
    for (const [place, chains] of Object.entries(nft)) {
      onTestFinished(() => places[place as PlaceName].sh("nft delete table inet built").then(() => {}));
      await places[place as PlaceName].sh(`nft -f - <<'END'\ntable inet built {\n${chains}\n}\nEND`);
    }
    const verdicts = await lab.examine(as);
    const isTold = (key: string) => !(as?.bothEnds === false || as?.farAddress !== undefined) || key in said;
    const expected: Record<string, string> = { ...EVERYTHING_OPEN, ...said };
    const compared = Object.keys(expected).filter((key) => isTold(key) && expected[key] !== "");
    // What comes to one of two by chance of time may be either.
    for (const key of compared) {
      const either = expected[key]?.split(" // ") ?? [];
      if (either.length > 1 && either.includes(verdicts[key] ?? "")) expected[key] = verdicts[key] ?? "";
    }
    const pick = (all: Verdicts) => Object.fromEntries(compared.map((key) => [key, all[key] ?? "not examined"]));
    expect(pick(verdicts)).toEqual(pick(expected));
  });
}

async function startProgram(place: Place, source: string): Promise<() => Promise<void>> {
  const child = place.start(process.execPath, ["--input-type=module", "--eval", source]);
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stdout?.on("data", (text) => {
      said += text;
      if (said.includes("ready")) resolve();
    });
    child.stderr?.on("data", (text) => {
      said += text;
    });
    child.once("exit", () => reject(new Error(`the program ended: ${said}`)));
  });
  return async () => {
    child.kill("SIGKILL");
    await gone;
  };
}

/** Everything that was seen, a line each. */
function tellOf(lab: CausesLab): string {
  return lab
    .last()
    .filter(({ verdict }) => verdict.state !== "open")
    .flatMap(({ subject, verdict }) => [
      `${subject.flow} ${subject.family} ${verdict.state} ${verdict.causes}`,
      ...verdict.evidence.map(({ en }) => `  ${en}`),
    ])
    .join("\n");
}
