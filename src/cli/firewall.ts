import type { Command } from "commander";
import { SIDES } from "../firewall/rule.ts";
import { TARGETS } from "../firewall/targets.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { firewallApplyCommand } from "./firewall-apply.ts";
import {
  firewallConfirmCommand,
  firewallDiffCommand,
  firewallRemoveCommand,
  firewallRevertCommand,
} from "./firewall-live.ts";
import { RULE_OPTIONS } from "./firewall-options.ts";
import { renderCommand } from "./firewall-render.ts";
import { firewallStatusCommand } from "./firewall-status.ts";
import { WORDS } from "./firewall-words.ts";
import type { Cli, Session } from "./session.ts";

/** `rusuban firewall …`: rules to hand on, and this host's own firewall. */
export function firewallCommand(cli: Cli): Command {
  return defineGroup(cli, "firewall", WORDS.group, [
    defineCommand(cli, {
      name: "render",
      about: WORDS.render,
      options: [
        { flags: "--target <name>", about: WORDS.target, isRequired: true },
        { flags: "--side <side>", about: WORDS.side, choices: SIDES },
        ...RULE_OPTIONS,
        { flags: "--nft-table <table>", about: WORDS.nftTable },
        { flags: "--out <directory>", about: WORDS.out },
      ],
      examples: [
        "rusuban firewall render --target nftables --host web1",
        "rusuban firewall render --target csv --side between --agent web1=192.0.2.20 --manager 198.51.100.10 --lang ja",
        "rusuban firewall render --target iptables --manager 198.51.100.10 --agent web1 --profile esmpro --variant linux",
        "rusuban firewall render --target windows --manager 198.51.100.10 --agent db1 --profile backup-exec --port be-06=20300-20349",
      ],
      run: renderCommand,
    }),
    defineCommand(cli, {
      name: "targets",
      about: WORDS.targets,
      examples: ["rusuban firewall targets", "rusuban firewall targets --json"],
      run: targets,
    }),
    firewallDiffCommand(cli),
    firewallApplyCommand(cli),
    firewallConfirmCommand(cli),
    firewallRevertCommand(cli),
    firewallStatusCommand(cli),
    firewallRemoveCommand(cli),
  ]);
}

async function targets(session: Session): Promise<void> {
  const { language } = session;
  const data = TARGETS.map(({ name, title, sides, isStateful, portsPerRuleMax, use }) => ({
    name,
    title: title[language],
    sides,
    isStateful,
    portsPerRuleMax,
    use: use[language],
  }));
  session.result({ targets: data }, () => {
    session.table(
      [WORDS.name, WORDS.what, WORDS.sides],
      data.map(({ name, title, sides }) => [name, title, sides.join(", ")]),
    );
  });
}
