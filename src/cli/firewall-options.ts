// Which rules are meant: options that every command about them takes.

import { integer } from "../runtime/setting-kinds.ts";
import type { OptionShape } from "./define-command.ts";
import { PARTY_WORDS, WORDS } from "./firewall-words.ts";

export const RULE_OPTIONS: readonly OptionShape[] = [
  { flags: "--host <name>", about: WORDS.host, isRepeatable: true },
  { flags: "--agent <name=address>", about: WORDS.agent, isRepeatable: true },
  { flags: "--manager <address>", about: WORDS.manager, isRepeatable: true },
  ...Object.entries(PARTY_WORDS).map(
    ([party, about]): OptionShape => ({ flags: `--${party} <address>`, about, isRepeatable: true }),
  ),
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
];
