import { parseAddress } from "../src/firewall/address.ts";
import { type Renderer, render } from "../src/firewall/renderer.ts";
import type { Side } from "../src/firewall/rule.ts";
import { deriveRules } from "../src/firewall/rule-set.ts";
import { TARGETS, targetNamed } from "../src/firewall/targets.ts";
import { createPortBook } from "../src/ports/port-settings.ts";
import type { Parts } from "./filled-document.ts";

const at = (host: string, ...texts: readonly string[]) => texts.map((text) => parseAddress(text, { key: host, host }));
const ports = createPortBook();
const TOPOLOGY = {
  manager: { name: "manager", addresses: at("manager", "198.51.100.10", "2001:db8:1::10"), ports },
  agents: [
    {
      name: "web1",
      platform: "linux",
      variant: null,
      addresses: at("web1", "192.0.2.20", "2001:db8:2::20"),
      ports,
    },
  ],
  others: {},
} as const;

/** Three flows that show all there is: a port, a range, ICMP, both directions. */
const FLOWS = new Set(["ping", "backupData", "managerReport"] as const);

function example(target: string, side: Side): string {
  const ruleSet = deriveRules({ side, topology: TOPOLOGY, flows: FLOWS });
  const { files } = render(targetNamed(target), { ...ruleSet, leftOut: [] }, { language: "en" });
  const [first] = files;
  const text = (first?.text ?? "").replace("\uFEFF", "").replaceAll("\r\n", "\n").trimEnd();
  // What goes before every file is told once, in the page itself.
  const lines = text
    .split("\n")
    .filter((line) => !/^(#(?!Requires)|!|rem |#!)/.test(line) && !line.includes("delete rule"));
  return `\`${first?.name}\`\n\n\`\`\`text\n${lines.join("\n").trim()}\n\`\`\``;
}

function targetTable(): string {
  const row = ({ name, title, sides, isStateful, portsPerRuleMax }: Renderer) =>
    `| \`${name}\` | ${title.en} | ${sides.join(", ")} | ${isStateful ? "by state" : "spelled out"} | ${portsPerRuleMax ?? "no limit"} |`;
  return [
    "| target | for | sides | replies | ports a rule |",
    "| --- | --- | --- | --- | --- |",
    ...TARGETS.map(row),
  ].join("\n");
}

/** The generated parts of docs/firewall.md. */
export const FIREWALL_PARTS: Parts = {
  targets: targetTable,
  nftables: () => example("nftables", "agent"),
  iptables: () => example("iptables", "between"),
  firewalld: () => example("firewalld", "agent"),
  windows: () => example("windows", "agent"),
  aws: () => example("aws", "agent"),
  acl: () => example("acl", "between"),
  csv: () => example("csv", "between"),
};
