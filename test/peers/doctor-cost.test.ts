// What an examination takes: printed for whoever reads the output of the tests, and for docs/doctor.md.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { OwnFlow } from "../../src/doctor/helper.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { allFlowsOf } from "../fixtures/doctor/all-flows.ts";
import { type CausesLab, createCausesLab } from "../fixtures/doctor/causes-lab.ts";
import { isBusyMachine } from "../fixtures/doctor/honest.ts";
import { tellOfMissingPeer } from "../missing-peer.ts";
import { missingForLab, type Place } from "../namespaces.ts";

const missing = missingForLab(["nft", "ping"]);
if (missing.length === 0) describe("an examination", cost);
else tellOfMissingPeer({ tests: "the doctor's cost", install: "iproute2 iputils-ping nftables (as root)" });

/** Fewer than there are flows and families: what is asked does not grow with them. */
const QUESTIONS_MAX = 40;

/** Default deny; what every flow needs, and nothing else, may begin. */
const ALLOWS_ALL = (agent: readonly OwnFlow[], manager: readonly OwnFlow[]) => {
  const rules = (card: string, flows: readonly OwnFlow[]) =>
    (["tcp", "udp"] as const).flatMap((transport) => {
      const ports = flows
        .filter((flow) => flow.transport === transport)
        .map(({ from, to }) => (from === to ? from : `${from}-${to}`));
      return ports.length === 0 ? [] : [`iifname "${card}" ${transport} dport { ${ports.join(", ")} } accept`];
    });
  return [
    "ct state established,related accept",
    'iifname "manager" icmp type echo-request accept',
    'iifname "manager" icmpv6 type echo-request accept',
    ...rules("manager", agent),
    ...rules("agent", manager),
  ]
    .map((rule) => `${rule};`)
    .join(" ");
};

const forward = (rules: string) => `chain f { type filter hook forward priority 0; policy drop; ${rules} }`;
const DROP_HERE = "chain i { type filter hook input priority 0; ct state new iif != lo drop; }";

function cost(): void {
  const flows = { agent: allFlowsOf("agent"), manager: allFlowsOf("manager") };
  let lab: CausesLab;
  beforeAll(async () => {
    lab = await createCausesLab({ flows });
  }, 60_000);
  afterAll(() => lab.dispose());

  const passing = forward(ALLOWS_ALL(flows.agent, flows.manager));
  it.each([
    ["a firewall in between that denies by default and lets every flow pass", { firewall: passing }, true],
    ["all is denied in between", { firewall: forward("") }, false],
    ["the agent's host drops all that comes", { firewall: passing, agent: DROP_HERE }, false],
    ["both hosts and the firewall drop all", { firewall: forward(""), agent: DROP_HERE, manager: DROP_HERE }, false],
  ] as const)(
    "of all flows by both families, %s, takes few questions, and says what it took",
    { timeout: 60_000 },
    async (name, tables, isOpen) => {
      for (const [place, chains] of Object.entries(tables)) {
        const computer = lab[place as "firewall" | "agent" | "manager"];
        onTestFinished(() => computer.sh("nft delete table inet built").then(() => {}));
        await computer.sh(`nft -f - <<'END'\ntable inet built {\n${chains}\n}\nEND`);
      }
      const [before, asked] = [await usageOf(lab.agent), lab.asked()];
      const began = systemClock.monotonic();
      const verdicts = Object.values(await lab.examine());
      const seconds = ((systemClock.monotonic() - began) / 1_000).toFixed(1);
      const [after, questions] = [await usageOf(lab.agent), lab.asked() - asked];
      process.stdout.write(
        `doctor: ${name}: ${verdicts.length} verdicts in ${seconds} s, ${questions} questions; the host's agent took ` +
          `${after.cpuMs - before.cpuMs} ms of processor time, its card ${after.packets - before.packets} packets and ` +
          `${after.bytes - before.bytes} bytes\n`,
      );
      expect(verdicts).toHaveLength(2 * (flows.agent.length + flows.manager.length + 1));
      expect(questions).toBeLessThanOrEqual(QUESTIONS_MAX);
      if (!isBusyMachine()) expect(verdicts.every((said) => said === "open")).toBe(isOpen);
      if (!isOpen) expect(verdicts.filter((said) => said === "open")).not.toHaveLength(verdicts.length);
    },
  );
}

/** Of the programs in a namespace and its card, both directions. */
async function usageOf(place: Place): Promise<{ cpuMs: number; packets: number; bytes: number }> {
  const lines = await place.sh(`
    for pid in $(ip netns pids ${place.name}); do cat /proc/$pid/stat 2>/dev/null || true; done
    grep firewall: /proc/net/dev`);
  const rows = lines.trim().split("\n");
  const card =
    rows
      .find((row) => row.includes("firewall:"))
      ?.trim()
      .split(/[:\s]+/)
      .map(Number) ?? [];
  const [, receivedBytes = 0, received = 0, , , , , , , sentBytes = 0, sent = 0] = card;
  // proc(5): the 14th and 15th field, hundredths of a second, counted behind the name in its brackets.
  const ticks = rows
    .filter((row) => row.includes("(node)") || row.includes("(MainThread)"))
    .map((row) => row.slice(row.lastIndexOf(")") + 2).split(" "))
    .reduce((sum, fields) => sum + Number(fields[11]) + Number(fields[12]), 0);
  return { cpuMs: ticks * 10, packets: received + sent, bytes: receivedBytes + sentBytes };
}
