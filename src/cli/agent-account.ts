import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { systemRandom } from "../runtime/random.ts";
import { confirm, DRY_RUN_OPTION, YES_OPTION } from "./confirm.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { readSecret } from "./secret-input.ts";
import type { Cli, Session } from "./session.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  group: {
    en: "accounts of other people's clients of WS-Management and CIM-XML",
    ja: "WS-Management・CIM-XML の他社クライアント用アカウント",
  },
  set: { en: "make an account, or give it another password", ja: "アカウントを作成、またはパスワードを変更" },
  list: { en: "list the accounts", ja: "アカウントを一覧表示" },
  remove: { en: "remove an account", ja: "アカウントを削除" },
  name: { en: "name of the account", ja: "アカウント名" },
  mayChange: {
    en: "it may change things, too: start and stop services, create and delete",
    ja: "変更操作(サービスの起動・停止、作成、削除)も許可",
  },
  passwordFile: { en: "file whose first line is the password", ja: "1 行目にパスワードを書いたファイル" },
  notes: {
    en: "The password comes from RUSUBAN_ACCOUNT_PASSWORD, from --password-file, or is asked for. The first account opens the\ntwo ports to clients without our certificate, at once; other changes count within a minute.",
    ja: "パスワードは環境変数 RUSUBAN_ACCOUNT_PASSWORD か --password-file で渡します。なければ入力を求めます。\n最初のアカウントは直ちに有効です(証明書のないクライアントに 2 つのポートが開きます)。その他の変更は 1 分以内に反映されます。",
  },
  question: { en: "Password of {name}: ", ja: "{name} のパスワード: " },
  again: { en: "Again: ", ja: "もう一度: " },
  differ: { en: "the two passwords differ", ja: "2 回の入力が一致しません" },
  none: { en: "no password, and there is nobody to ask", ja: "パスワードがなく、入力を求める端末もありません" },
  isEmpty: { en: "the password is empty", ja: "パスワードが空です" },
  done: { en: "{name}: set", ja: "{name}: 設定しました" },
  removed: { en: "{name}: removed", ja: "{name}: 削除しました" },
  wouldRemove: { en: "{name} would be removed", ja: "{name} を削除します" },
  removeQuestion: { en: "Remove the account {name}?", ja: "アカウント {name} を削除しますか?" },
  unknown: { en: "{name}: there is no such account", ja: "{name}: このアカウントはありません" },
  changes: { en: "may change things", ja: "変更可" },
  reads: { en: "may read", ja: "参照のみ" },
} as const satisfies Record<string, Text>;

/** `rusuban agent account set|list|remove`. */
export function agentAccountCommand(cli: Cli): Command {
  return defineGroup(cli, "account", WORDS.group, [
    defineCommand(cli, {
      name: "set",
      about: WORDS.set,
      arguments: [["<name>", WORDS.name]],
      options: [
        { flags: "--may-change", about: WORDS.mayChange },
        { flags: "--password-file <file>", about: WORDS.passwordFile },
      ],
      examples: [
        "rusuban agent account set ops",
        "rusuban agent account set ops --may-change --password-file /root/ops",
      ],
      notes: WORDS.notes,
      run: set,
    }),
    defineCommand(cli, { name: "list", about: WORDS.list, examples: ["rusuban agent account list"], run: list }),
    defineCommand(cli, {
      name: "remove",
      about: WORDS.remove,
      arguments: [["<name>", WORDS.name]],
      options: [DRY_RUN_OPTION, YES_OPTION],
      examples: ["rusuban agent account remove ops --yes"],
      run: remove,
    }),
  ]);
}

async function accountsOf({ dataDirectory }: Session) {
  const { openAccounts } = await import("../agent/agent-data.ts");
  return openAccounts(dataDirectory, systemRandom);
}

async function set(
  session: Session,
  name: string,
  options: { mayChange?: boolean; passwordFile?: string },
): Promise<void> {
  const place = { variable: "RUSUBAN_ACCOUNT_PASSWORD", option: "--password-file", file: options.passwordFile };
  const words = { code: "no-password", none: WORDS.none, isEmpty: WORDS.isEmpty };
  const password = await readSecret(session, { ...place, ...words }, async (ask) => {
    const typed = await ask(session.say(WORDS.question, { name }));
    if ((await ask(session.say(WORDS.again))) === typed) return typed;
    throw session.failure("passwords-differ", WORDS.differ, { exit: EXIT.usage });
  });
  const mayChange = options.mayChange ?? false;
  await (await accountsOf(session)).set({ name, mayChange }, password);
  session.result({ name, mayChange }, () => session.print(session.say(WORDS.done, { name })));
}

async function list(session: Session): Promise<void> {
  const accounts = await (await accountsOf(session)).list();
  session.result({ accounts }, () =>
    session.table(
      [LABELS.name, LABELS.state],
      accounts.map(({ name, mayChange }) => [name, session.say(mayChange ? WORDS.changes : WORDS.reads)]),
    ),
  );
}

async function remove(session: Session, name: string, options: { dryRun?: boolean; yes?: boolean }): Promise<void> {
  const accounts = await accountsOf(session);
  const isThere = (await accounts.list()).some((account) => account.name === name);
  if (!isThere) throw session.failure("not-found", WORDS.unknown, { values: { name } });
  if (options.dryRun) {
    return session.result({ name, removed: false }, () => session.print(session.say(WORDS.wouldRemove, { name })));
  }
  await confirm(session, options, WORDS.removeQuestion, { name });
  await accounts.remove(name);
  session.result({ name, removed: true }, () => session.print(session.say(WORDS.removed, { name })));
}
