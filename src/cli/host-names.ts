import type { CertificateNames } from "../api/host-routes.ts";
import type { Text } from "../ports/flow.ts";
import type { CommandShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "names and addresses in the certificate of a host with an agent: tell them, or give it others",
    ja: "エージェントのあるホストの証明書に入る名前とアドレスを表示、または変更",
  },
  names: {
    en: "DNS names and addresses, instead of those given before",
    ja: "DNS 名とアドレス(以前の指定を置き換えます)",
  },
  none: { en: "take away what was given", ja: "指定をすべて取り消す" },
  notes: {
    en: "For clients that compare names, such as Prometheus. The address at which the manager sees the host is in the certificate,\ntoo; what is the manager's or another host's never is. The agent fetches its new certificate within minutes.",
    ja: "Prometheus など、証明書の名前を照合するクライアントのための設定です。マネージャから見たアドレスも証明書に入ります。\nマネージャや他のホストの名前・アドレスは入りません。エージェントは数分以内に新しい証明書を取得します。",
  },
  either: { en: "give names, or --none", ja: "名前か --none のどちらかを指定してください" },
  given: { en: "Given", ja: "指定" },
  signed: { en: "In the certificate", ja: "証明書" },
} as const satisfies Record<string, Text>;

/** `rusuban host names`. */
export const HOST_NAMES = {
  name: "names",
  about: WORDS.about,
  arguments: [
    ["<host>", SHARED.hostArgument],
    ["[names...]", WORDS.names],
  ],
  options: [{ flags: "--none", about: WORDS.none }],
  examples: ["rusuban host names web1", "rusuban host names web1 web1.example.jp 192.0.2.7"],
  notes: WORDS.notes,
  async run(session: Session, ref: string, names: readonly string[], options: { none?: boolean }): Promise<void> {
    if (options.none === true && names.length > 0) throw session.failure("usage", WORDS.either, { exit: EXIT.usage });
    const api = await session.api();
    const { id } = await findHost(session, api, ref);
    const params = { host: id };
    const isChange = names.length > 0 || options.none === true;
    const told = isChange
      ? await api.hostNamesSet({ params, body: { names: [...names] } })
      : await api.hostNames({ params });
    session.result(told, () => show(session, told));
  },
} satisfies CommandShape<[string, readonly string[], { none?: boolean }]>;

function show(session: Session, { given, signed }: CertificateNames): void {
  session.facts([
    [WORDS.given, given.join(", ") || "-"],
    [WORDS.signed, signed.join(", ") || "-"],
  ]);
}
