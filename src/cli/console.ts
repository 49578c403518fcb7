import type { Command } from "commander";
import { API_LIMITS } from "../api/limits.ts";
import type { Text } from "../ports/flow.ts";
import { seconds } from "../runtime/setting-kinds.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import type { Cli, Session } from "./session.ts";

const WORDS = {
  group: { en: "the web console", ja: "Web コンソール" },
  link: {
    en: "make a one-time link that signs in to the web console",
    ja: "Web コンソールへの一度限りのサインインリンクを発行",
  },
  account: {
    en: "account to sign in to; made where it does not exist (default: {name})",
    ja: "サインインするアカウント。なければ作成されます(既定: {name})",
  },
  valid: { en: "how long the link can be used: 90s, 30m, 12h", ja: "リンクの有効期間: 90s、30m、12h" },
  openThis: {
    en: "Open this in a browser, once, before {moment}. Whoever has it signs in as {account}.",
    ja: "次のリンクをブラウザで一度だけ開いてください(期限 {moment})。このリンクを持つ人は {account} としてサインインできます。",
  },
} as const satisfies Record<string, Text>;

/** The account that the first sign-in is for. */
export const DEFAULT_ACCOUNT = "admin";

/** `rusuban console link`. */
export function consoleCommand(cli: Cli): Command {
  return defineGroup(cli, "console", WORDS.group, [
    defineCommand(cli, {
      name: "link",
      about: WORDS.link,
      options: [
        {
          flags: "--account <name>",
          about: {
            en: WORDS.account.en.replace("{name}", DEFAULT_ACCOUNT),
            ja: WORDS.account.ja.replace("{name}", DEFAULT_ACCOUNT),
          },
        },
        { flags: "--valid <time>", about: WORDS.valid, kind: seconds(API_LIMITS.linkSeconds) },
      ],
      examples: ["rusuban console link", "rusuban console link --account tanaka --valid 1h"],
      run: link,
    }),
  ]);
}

async function link(
  session: Session,
  { account = DEFAULT_ACCOUNT, valid }: { account?: string; valid?: number },
): Promise<void> {
  const made = await (await session.api()).signInLink({ body: { account, validSeconds: valid } });
  session.result(made, () => {
    session.tell(WORDS.openThis, { moment: session.moment(made.expiresAtMs), account: made.account });
    session.printText(made.url);
  });
}
