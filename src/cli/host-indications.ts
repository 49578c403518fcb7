import type { Text } from "../ports/flow.ts";
import type { CommandShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "subscribe to the indications of a server without our agent, or no more",
    ja: "エージェントなしのサーバの CIM-Indication を予約、または予約を解除",
  },
  switchArgument: { en: "on or off", ja: "on または off" },
  notes: {
    en: "The server must be able to reach the manager and to answer ping, and the manager must have `indications.subscribe` on.\n`rusuban host check HOST` says whether the subscription is in place.",
    ja: "サーバからマネージャへの通信と Ping 応答、マネージャの設定 `indications.subscribe` が必要です。\n予約の状態は `rusuban host check ホスト` で確認できます。",
  },
  on: {
    en: "{name}: its indications are subscribed to. `rusuban host check {name}` says whether that holds.",
    ja: "{name}: CIM-Indication を予約します。`rusuban host check {name}` で確認できます。",
  },
  off: {
    en: "{name}: not subscribed to any more; what is at the server is taken away",
    ja: "{name}: 予約を解除しました(サーバ側の予約も削除します)",
  },
  onOrOff: { en: "{value} is neither on nor off", ja: "{value} は on でも off でもありません" },
} as const satisfies Record<string, Text>;

/** `rusuban host indications`. */
export const HOST_INDICATIONS = {
  name: "indications",
  about: WORDS.about,
  arguments: [
    ["<host>", SHARED.hostArgument],
    ["<on|off>", WORDS.switchArgument],
  ],
  examples: ["rusuban host indications esx1 on", "rusuban host indications esx1 off"],
  notes: WORDS.notes,
  async run(session: Session, ref: string, value: string): Promise<void> {
    if (value !== "on" && value !== "off") {
      throw session.failure("usage", WORDS.onOrOff, { values: { value }, exit: EXIT.usage });
    }
    const api = await session.api();
    const { id, name } = await findHost(session, api, ref);
    const told = await api.hostIndications({ params: { host: id }, body: { subscribed: value === "on" } });
    session.result(told, () => session.print(session.say(WORDS[value], { name })));
  },
} satisfies CommandShape<[string, string]>;
