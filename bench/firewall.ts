// How long rules for 1,000 hosts take: each host's own, its manager's, and those of the firewall in between: derived
// once, then written for every target. Aim: under two seconds. Processor time is told beside the clock's, which others on
// the machine lengthen. `npm run bench:firewall [HOSTS]`

import { performance } from "node:perf_hooks";
import { parseAddress } from "../src/firewall/address.ts";
import { type Renderer, render } from "../src/firewall/renderer.ts";
import { type RuleSet, SIDES, type Side } from "../src/firewall/rule.ts";
import { deriveRules } from "../src/firewall/rule-set.ts";
import { TARGETS } from "../src/firewall/targets.ts";
import type { AgentHost, Topology } from "../src/firewall/topology.ts";
import { FLOW_KEYS } from "../src/ports/port-map.ts";
import { createPortBook } from "../src/ports/port-settings.ts";

const HOSTS = Number(process.argv[2] ?? 1_000);
const flows = new Set(FLOW_KEYS);
const at = (host: string, ...texts: readonly string[]) => texts.map((text) => parseAddress(text, { key: host, host }));

const ports = createPortBook();
const manager = { name: "manager", addresses: at("manager", "10.77.1.10", "fd77:1::10"), ports };
const agents = Array.from({ length: HOSTS }, (_, index): AgentHost => {
  const name = `web${index}`;
  const addresses = at(
    name,
    `10.${80 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`,
    `fd80::${(index + 1).toString(16)}`,
  );
  return { name, platform: "linux", variant: null, addresses, ports };
});

/** One rule set a host on the agents' side; one for all of them elsewhere. */
function topologiesOf(side: Side): Topology[] {
  const others = {};
  return side === "agent"
    ? agents.map((agent) => ({ manager, agents: [agent], others }))
    : [{ manager, agents, others }];
}

/** Milliseconds by the clock and of the processor. */
function measure<T>(work: () => T): { result: T; text: string } {
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()];
  const result = work();
  const ms = performance.now() - startedAt;
  const used = process.cpuUsage(cpu);
  return { result, text: `${ms.toFixed(0)} / ${((used.user + used.system) / 1_000).toFixed(0)}` };
}

function print(name: string, cells: readonly string[]): void {
  process.stdout.write(`${name.padEnd(10)}${cells.map((cell) => cell.padStart(24)).join("")}\n`);
}

process.stdout.write(`rules for ${HOSTS} hosts: milliseconds by the clock / of the processor (MB written)\n`);
print("", SIDES);
const whole = measure(() => {
  const derived = SIDES.map((side) =>
    measure(() => topologiesOf(side).map((topology) => deriveRules({ side, topology, flows }))),
  );
  print(
    "derive",
    derived.map(({ text }) => text),
  );
  for (const renderer of TARGETS) {
    const cells = SIDES.map((side, index) => {
      if (!renderer.sides.includes(side)) return "-";
      const { result, text } = measure(() => bytesOf(renderer, derived[index]?.result ?? []));
      return `${text} (${(result / 1e6).toFixed(1)})`;
    });
    print(renderer.name, cells);
  }
});
process.stdout.write(`all of it: ${whole.text}\n`);

function bytesOf(renderer: Renderer, ruleSets: readonly RuleSet[]): number {
  const files = ruleSets.flatMap((ruleSet) => render(renderer, ruleSet, { language: "en" }).files);
  return files.reduce((bytes, { text }) => bytes + Buffer.byteLength(text), 0);
}
