import type { Command } from "commander";
import type { Text } from "../ports/flow.ts";
import { createPortBook } from "../ports/port-settings.ts";
import { silentLog } from "../runtime/log.ts";
import { integer } from "../runtime/setting-kinds.ts";
import { instanceJson, printInstance } from "./cim-output.ts";
import { defineCommand } from "./define-command.ts";
import { Interruption } from "./interruption.ts";
import type { Cli, Session } from "./session.ts";
import { jsonText } from "./visible.ts";

const WORDS = {
  about: { en: "show the indications that arrive here", ja: "届いた CIM-Indication を表示" },
  host: {
    en: "address to listen on; this computer only where not given",
    ja: "待ち受けアドレス(省略時はこのコンピュータのみ)",
  },
  port: { en: "port to listen on", ja: "待ち受けポート" },
  notes: {
    en: "For trying things out: plain HTTP, whoever sends. The manager has its own listener.",
    ja: "動作確認用です(平文 HTTP、送信元の確認なし)。マネージャは別に待ち受けています。",
  },
  listening: {
    en: "Listening on {host}:{port}; Ctrl-C ends it.",
    ja: "{host}:{port} で待っています。Ctrl-C で終了します。",
  },
} as const satisfies Record<string, Text>;

interface Options {
  readonly host?: string;
  readonly port?: number;
}

/** `rusuban cim listen`: goes on until Ctrl-C. */
export function cimListenCommand(cli: Cli): Command {
  return defineCommand(cli, {
    name: "listen",
    about: WORDS.about,
    options: [
      { flags: "--host <address>", about: WORDS.host },
      { flags: "--port <number>", about: WORDS.port, kind: integer({ min: 0, max: 65_535 }) },
    ],
    examples: ["rusuban cim listen --host 0.0.0.0"],
    notes: WORDS.notes,
    streams: () => true,
    run: listen,
  });
}

async function listen(session: Session, options: Options): Promise<never> {
  const [{ createHttpListener, remoteAddressOf }, { createCimXmlListener }] = await Promise.all([
    import("../net/http-listen.ts"),
    import("../protocols/cim-xml/export-server.ts"),
  ]);
  const host = options.host ?? "127.0.0.1";
  const port = options.port ?? createPortBook().portOf("cimIndication");
  const interruption = session.world.interruption();
  const listener = createHttpListener({
    flow: "cimIndication",
    host,
    port,
    log: silentLog,
    clock: session.world.clock,
  });
  listener.serverFactory(
    createCimXmlListener({
      identify: async () => ({ known: true, user: "anybody", mayChange: false }),
      addressOf: remoteAddressOf,
      async commit(indications, { remoteAddress }) {
        for (const indication of indications) {
          if (session.json) session.print(jsonText({ from: remoteAddress, ...instanceJson(indication) }));
          else printInstance(session, indication);
        }
        return indications.map(() => undefined);
      },
      log: silentLog,
    }),
  );
  await listener.start();
  try {
    session.tell(WORDS.listening, { host, port: listener.port });
    await new Promise<void>((resolve) => {
      if (interruption.aborted) resolve();
      interruption.addEventListener("abort", () => resolve(), { once: true });
    });
  } finally {
    await listener.stop();
  }
  throw new Interruption();
}
