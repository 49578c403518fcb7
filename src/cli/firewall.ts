import type { Command } from "commander";
import { SIDES } from "../firewall/rule.ts";
import { TARGETS } from "../firewall/targets.ts";
import { integer } from "../runtime/setting-kinds.ts";
import { defineCommand, defineGroup, type OptionShape } from "./define-command.ts";
import { renderCommand } from "./firewall-render.ts";
import { PARTY_WORDS, WORDS } from "./firewall-words.ts";
import type { Cli, Session } from "./session.ts";

const PARTY_OPTIONS = Object.entries(PARTY_WORDS).map(
  ([party, about]): OptionShape => ({ flags: `--${party} <address>`, about, isRepeatable: true }),
);

/** `rusuban firewall render|targets`. */
export function firewallCommand(cli: Cli): Command {
  return defineGroup(cli, "firewall", WORDS.group, [
    defineCommand(cli, {
      name: "render",
      about: WORDS.render,
      options: [
        { flags: "--target <name>", about: WORDS.target, isRequired: true },
        { flags: "--side <side>", about: WORDS.side, choices: SIDES },
        { flags: "--host <name>", about: WORDS.host, isRepeatable: true },
        { flags: "--agent <name=address>", about: WORDS.agent, isRepeatable: true },
        { flags: "--manager <address>", about: WORDS.manager, isRepeatable: true },
        ...PARTY_OPTIONS,
        { flags: "--platform <platform>", about: WORDS.platform, choices: ["linux", "windows"] },
        { flags: "--with <flow>", about: WORDS.with, isRepeatable: true },
        { flags: "--without <flow>", about: WORDS.without, isRepeatable: true },
        { flags: "--plain-http", about: WORDS.plainHttp },
        { flags: "--port <flow=port>", about: WORDS.port, isRepeatable: true },
        { flags: "--jobs <n>", about: WORDS.jobs, kind: integer({ min: 1, max: 64 }) },
        { flags: "--allow-overlap", about: WORDS.allowOverlap },
        { flags: "--profile <name>", about: WORDS.profile },
        { flags: "--variant <name>", about: WORDS.variant },
        { flags: "--from <row=party>", about: WORDS.from, isRepeatable: true },
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
