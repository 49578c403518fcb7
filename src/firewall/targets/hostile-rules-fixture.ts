import type { RuleSet, Side } from "../rule.ts";
import { agentNamed, rulesOn, topologyOf } from "../rule-set-fixture.ts";

/** What somebody may call a host: everything that ends a quote, a line or a comment somewhere. */
export const HOSTILE_NAMES: readonly string[] = [
  `"; flush ruleset; #`,
  `' ; reboot ; '`,
  "web1\nreboot\r\n-A INPUT -j ACCEPT",
  "$(reboot) `reboot` %PATH% !reboot! ^& | > <",
  "--><policy target='ACCEPT'/><!--",
  "=cmd|' /C calc'!A0",
  "|---|<script>alert(1)</script>](http://x)",
  "”’‘‚‛“ “; Remove-Item C:\\",
  "\u0000\u001b[31m\u202e\u2028\u0085\ufeff\ud800",
  "会計サーバ１号機",
  "𠮷野家🍜".repeat(40),
  "a".repeat(300),
  " ".repeat(300),
  "-rf",
  "*/ end\n}",
];

export function hostileRules(side: Side, name: string): RuleSet {
  const topology = topologyOf();
  return rulesOn(side, {
    topology: {
      ...topology,
      manager: { ...topology.manager, name },
      agents: [agentNamed(name, ["10.77.2.20", "fd77:2::20"])],
    },
  });
}
