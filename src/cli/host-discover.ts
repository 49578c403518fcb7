import { API_LIMITS } from "../api/limits.ts";
import type { ApiReply } from "../api/routes.ts";
import type { Text } from "../ports/flow.ts";
import { reasonOf } from "../runtime/errors.ts";
import { addressesOf } from "./address-ranges.ts";
import type { CommandShape } from "./define-command.ts";
import { EXIT } from "./output.ts";
import type { Session } from "./session.ts";
import { LABELS, SHARED } from "./words.ts";

const WORDS = {
  about: { en: "look for servers at a range of addresses", ja: "アドレス範囲からサーバを探索" },
  range: { en: "192.0.2.0/24, 192.0.2.10-50, or one address", ja: "192.0.2.0/24、192.0.2.10-50、または単一アドレス" },
  bad: { en: "{problem}", ja: "{problem}" },
  asking: { en: "{done} of {all} addresses asked", ja: "{all} 件中 {done} 件を確認" },
  nothing: { en: "Nothing answers at these {all} addresses.", ja: "{all} 件のアドレスから応答はありませんでした。" },
  ping: { en: "PING", ja: "PING" },
  means: { en: "CAN BE LOOKED AT BY", ja: "監視方式" },
  known: { en: "KNOWN AS", ja: "登録名" },
  certificate: { en: "CERTIFICATE", ja: "証明書" },
  yes: { en: "answers", ja: "応答あり" },
  no: { en: "no answer", ja: "応答なし" },
  unknown: { en: "not known", ja: "不明" },
  next: {
    en: "`rusuban host add NAME ADDRESS --by …` minds one of them; `rusuban host token` is for servers that get our agent.",
    ja: "`rusuban host add 名前 アドレス --by …` で監視対象に追加できます。エージェントを入れるサーバには `rusuban host token` を使ってください。",
  },
} as const satisfies Record<string, Text>;

type Found = ApiReply<"hostDiscover">["found"][number];

/** `rusuban host discover`. */
export const HOST_DISCOVER = {
  name: "discover",
  about: WORDS.about,
  arguments: [["<range>", WORDS.range]],
  examples: ["rusuban host discover 192.0.2.0/24"],
  async run(session: Session, range: string): Promise<void> {
    const addresses = readRange(session, range);
    const api = await session.api();
    const found: Found[] = [];
    for (let start = 0; start < addresses.length; start += API_LIMITS.discovered) {
      const some = addresses.slice(start, start + API_LIMITS.discovered);
      const answer = await api.hostDiscover({ body: { addresses: some } });
      found.push(...answer.found.filter(({ ping, means }) => ping === true || means.length > 0));
      if (addresses.length > API_LIMITS.discovered) {
        session.tell(WORDS.asking, { done: start + some.length, all: addresses.length });
      }
    }
    session.result({ range, asked: addresses.length, found }, () => {
      if (found.length === 0) {
        session.tell(WORDS.nothing, { all: addresses.length });
        return;
      }
      session.table(
        [LABELS.address, WORDS.known, WORDS.ping, WORDS.means, WORDS.certificate],
        found.map(({ address, ping, means, hostName }) => [
          address,
          hostName ?? "-",
          session.say(ping === null ? WORDS.unknown : ping ? WORDS.yes : WORDS.no),
          means.length === 0 ? session.say(SHARED.none) : means.map((one) => one.means).join(", "),
          means[0]?.certificate ?? "-",
        ]),
      );
      session.tell(WORDS.next);
    });
  },
} satisfies CommandShape<[string]>;

function readRange(session: Session, range: string): string[] {
  try {
    return addressesOf(range);
  } catch (error) {
    throw session.failure("usage", WORDS.bad, { values: { problem: reasonOf(error) }, exit: EXIT.usage });
  }
}
