import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { instanceJson, printInstance } from "./cim-output.ts";
import { ADDRESS_ARGUMENT, TARGET_OPTIONS, type TargetOptions, withConnection } from "./cim-target.ts";
import { defineCommand } from "./define-command.ts";
import { Interruption } from "./interruption.ts";
import { EXIT } from "./output.ts";
import type { Cli, Session } from "./session.ts";
import { jsonText } from "./visible.ts";

const WORDS = {
  about: {
    en: "show a server's indications as they come, without a listener here (WS-Management)",
    ja: "サーバの CIM-Indication を待ち受けなしで表示し続ける(WS-Management)",
  },
  query: {
    en: "which: SELECT * FROM CIM_AlertIndication where not given",
    ja: "対象を選ぶクエリ(省略時はすべてのアラート)",
  },
  language: { en: "WQL or DMTF:CQL", ja: "クエリ言語(WQL または DMTF:CQL)" },
  notHere: {
    en: "over this protocol a server sends to a listener only: use --protocol wsman, or `rusuban cim listen`",
    ja: "このプロトコルでは待ち受けが必要です。--protocol wsman か `rusuban cim listen` を使ってください",
  },
} as const satisfies Record<string, Text>;

interface Options extends TargetOptions {
  readonly language?: string;
}

/** `rusuban cim follow`: goes on until Ctrl-C. */
export function cimFollowCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "follow",
    about: WORDS.about,
    arguments: [ADDRESS_ARGUMENT, ["[query]", WORDS.query]],
    options: [{ flags: "--language <name>", about: WORDS.language }, ...TARGET_OPTIONS],
    examples: [
      "rusuban cim follow https://ops@web1.example --protocol wsman",
      `rusuban cim follow https://ops@web1.example "SELECT * FROM CIM_InstIndication" --protocol wsman`,
    ],
    streams: () => true,
    run: follow,
  });
}

async function follow(session: Session, address: string, query: string | undefined, options: Options): Promise<never> {
  const interruption = session.world.interruption();
  try {
    await withConnection(session, address, options, async (connection) => {
      if (connection.follow === undefined) throw session.failure("usage", WORDS.notHere, { exit: EXIT.usage });
      const text = query ?? "SELECT * FROM CIM_AlertIndication";
      for await (const indication of connection.follow(options.language ?? "WQL", text)) {
        if (session.json) session.print(jsonText(instanceJson(indication)));
        else printInstance(session, indication);
      }
    });
  } catch (error) {
    if (!interruption.aborted) throw error;
  }
  throw new Interruption();
}
