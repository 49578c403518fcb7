import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { createPortBook } from "../ports/port-settings.ts";
import type { Connection } from "./cim-connection.ts";
import { ADDRESS_ARGUMENT, TARGET_OPTIONS, type TargetOptions, withConnection } from "./cim-target.ts";
import { defineCommand } from "./define-command.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";

const WORDS = {
  subscribe: {
    en: "have a server send its indications to a listener",
    ja: "CIM-Indication の予約(通知先の登録)",
  },
  unsubscribe: { en: "take a subscription away again", ja: "CIM-Indication の予約を解除" },
  to: { en: "where to: https://HOST:PORT/PATH of the listener", ja: "通知先: https://ホスト:ポート/パス" },
  query: {
    en: "which: SELECT * FROM CIM_AlertIndication where not given",
    ja: "対象を選ぶクエリ(省略時はすべてのアラート)",
  },
  language: { en: "language of the query; tried out where not given", ja: "クエリ言語(省略時は順に試行)" },
  name: { en: "name of the subscription on the server", ja: "サーバ上での予約の名前" },
  made: { en: "Subscribed: {subscription}", ja: "予約しました: {subscription}" },
  present: { en: "Was subscribed already: {subscription}", ja: "すでに予約済みです: {subscription}" },
  removed: { en: "Unsubscribed.", ja: "予約を解除しました。" },
  none: { en: "{address} has no subscription {name}", ja: "{address} に予約 {name} はありません" },
  notHere: {
    en: "over this protocol a subscription ends with its subscriber: use --protocol cim-xml",
    ja: "このプロトコルでは予約を残せません。--protocol cim-xml を指定してください",
  },
} as const satisfies Record<string, Text>;

const LISTENER_PORT = createPortBook().portOf("cimIndication");
const NAME = "rusuban:cli";
const EVERY_ALERT = "SELECT * FROM CIM_AlertIndication";

interface Options extends TargetOptions {
  readonly to: string;
  readonly query?: string;
  readonly language?: string;
  readonly name?: string;
}

const NAME_OPTION = { flags: "--name <name>", about: WORDS.name } as const;

/** `rusuban cim subscribe`: doing it twice changes nothing, and repairs what was damaged. */
export function cimSubscribeCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "subscribe",
    about: WORDS.subscribe,
    arguments: [ADDRESS_ARGUMENT],
    options: [
      { flags: "--to <address>", about: WORDS.to, isRequired: true },
      { flags: "--query <query>", about: WORDS.query },
      { flags: "--language <name>", about: WORDS.language },
      NAME_OPTION,
      ...TARGET_OPTIONS,
    ],
    examples: [`rusuban cim subscribe https://ops@web1.example --to https://manager.example:${LISTENER_PORT}/`],
    run: subscribe,
  });
}

export function cimUnsubscribeCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "unsubscribe",
    about: WORDS.unsubscribe,
    arguments: [ADDRESS_ARGUMENT],
    options: [NAME_OPTION, ...TARGET_OPTIONS],
    examples: ["rusuban cim unsubscribe https://ops@web1.example"],
    run: unsubscribe,
  });
}

function subscribe(session: Session, address: string, options: Options) {
  return withConnection(session, address, options, async (connection) => {
    const { to, query = EVERY_ALERT, language, name = NAME } = options;
    const made = await subscriptionsOf(session, connection).ensure({ name, destination: to, query, language });
    session.result(made, () =>
      session.tell(made.isNew ? WORDS.made : WORDS.present, { subscription: made.subscription }),
    );
  });
}

function unsubscribe(session: Session, address: string, options: TargetOptions & { readonly name?: string }) {
  return withConnection(session, address, options, async (connection) => {
    const { name = NAME } = options;
    if (!(await subscriptionsOf(session, connection).remove(name)))
      throw session.failure("not-found", WORDS.none, { values: { address, name } });
    session.result({ name }, () => session.tell(WORDS.removed));
  });
}

function subscriptionsOf(session: Session, { subscriptions }: Connection): NonNullable<Connection["subscriptions"]> {
  if (subscriptions === undefined) throw session.failure("usage", WORDS.notHere, { exit: EXIT.usage });
  return subscriptions;
}
