import type { Command } from "commander";
import type { Account } from "../api/account-routes.ts";
import type { Role } from "../api/route.ts";
import type { Text } from "../ports/flow.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import type { Cli, Session } from "./session.ts";
import { LABELS, SHARED } from "./words.ts";

const WORDS = {
  group: {
    en: "accounts that sign in to the web console",
    ja: "Web コンソールにサインインするアカウント",
  },
  list: { en: "list the accounts, the disabled ones, too", ja: "アカウントを一覧表示(無効なものも含む)" },
  disable: {
    en: "disable an account: its sessions and sign-in links end at once",
    ja: "アカウントを無効にする(セッションとサインインリンクは直ちに終了)",
  },
  enable: {
    en: "enable an account again; it signs in anew",
    ja: "アカウントを再び有効にする(サインインし直しが必要)",
  },
  account: { en: "the account's name", ja: "アカウント名" },
  notes: {
    en: "`rusuban console link --account NAME` makes an account. Clients with the administrator's certificate are no accounts.",
    ja: "アカウントは `rusuban console link --account 名前` で作成します。管理者証明書のクライアントはアカウントではありません。",
  },
  none: {
    en: "No accounts yet. `rusuban console link` makes the first.",
    ja: "アカウントがまだありません。`rusuban console link` で最初のアカウントを作成できます。",
  },
  role: { en: "ROLE", ja: "権限" },
  password: { en: "PASSWORD", ja: "パスワード" },
  sessions: { en: "SESSIONS", ja: "セッション" },
  lastUsed: { en: "LAST USED", ja: "最終利用" },
  enabled: { en: "enabled", ja: "有効" },
  disabled: { en: "disabled since {moment}", ja: "{moment} から無効" },
  wasDisabled: {
    en: "{name}: disabled, and signed out everywhere",
    ja: "{name}: 無効にし、すべてサインアウトしました",
  },
  wasEnabled: { en: "{name}: enabled", ja: "{name}: 有効にしました" },
} as const satisfies Record<string, Text>;

const ROLE_WORDS = {
  viewer: { en: "viewer", ja: "参照" },
  operator: { en: "operator", ja: "運用" },
  administrator: { en: "administrator", ja: "管理" },
} as const satisfies Partial<Record<Role, Text>>;

/** `rusuban account list|disable|enable`. */
export function accountCommand(cli: Cli): Command {
  const name = [["<account>", WORDS.account]] as const;
  return defineGroup(cli, "account", WORDS.group, [
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      examples: ["rusuban account list", "rusuban account list --json"],
      notes: WORDS.notes,
      run: list,
    }),
    defineCommand(cli, {
      name: "disable",
      about: WORDS.disable,
      arguments: name,
      examples: ["rusuban account disable tanaka"],
      run: (session: Session, account: string) => change(session, account, true),
    }),
    defineCommand(cli, {
      name: "enable",
      about: WORDS.enable,
      arguments: name,
      examples: ["rusuban account enable tanaka"],
      run: (session: Session, account: string) => change(session, account, false),
    }),
  ]);
}

async function list(session: Session): Promise<void> {
  const { items } = await (await session.api()).accountList({});
  session.result({ items }, () => {
    if (items.length === 0) return session.tell(WORDS.none);
    session.table(
      [LABELS.name, WORDS.role, LABELS.state, WORDS.password, WORDS.sessions, WORDS.lastUsed],
      items.map((account) => [
        account.name,
        session.say(ROLE_WORDS[account.role]),
        stateOf(session, account),
        account.hasPassword ? session.say(SHARED.yes) : session.say(SHARED.no),
        String(account.sessions),
        session.age(account.lastUsedAtMs),
      ]),
    );
  });
}

function stateOf(session: Session, { disabledAtMs }: Account) {
  if (disabledAtMs === null) return session.say(WORDS.enabled);
  const moment = session.moment(disabledAtMs);
  return { text: session.say(WORDS.disabled, { moment }), style: "yellow" } as const;
}

async function change(session: Session, account: string, disabled: boolean): Promise<void> {
  const changed = await (await session.api()).accountChange({ params: { account }, body: { disabled } });
  const said = disabled ? WORDS.wasDisabled : WORDS.wasEnabled;
  session.result(changed, () => session.print(session.say(said, { name: changed.name })));
}
