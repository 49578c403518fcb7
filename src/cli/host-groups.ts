import type { Text } from "../ports/flow.ts";
import type { CommandShape } from "./define-command.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { LABELS, READING_STATE_WORDS, SHARED } from "./words.ts";

const WORDS = {
  groups: { en: "groups of hosts, each with the worst state in it", ja: "グループの一覧(配下で最も悪い状態を表示)" },
  group: {
    en: "put a host into a group; without one, take it out",
    ja: "ホストをグループに入れる(省略時はグループから外す)",
  },
  watch: {
    en: "whether the host's state counts: for its groups, and as an alert when it falls silent",
    ja: "ホストの状態を監視対象にするかどうか(グループの状態と無応答の通報に反映)",
  },
  groupArgument: { en: "such as tokyo/web: web inside tokyo", ja: "tokyo/web のように(tokyo の中の web)" },
  switchArgument: { en: "on or off", ja: "on または off" },
  groupLabel: { en: "GROUP", ja: "グループ" },
  hosts: { en: "HOSTS", ja: "ホスト数" },
  unwatched: { en: "NOT WATCHED", ja: "監視対象外" },
  alerts: { en: "OPEN ALERTS", ja: "未確認の通報" },
  noGroups: {
    en: "No host is in a group. `rusuban host group HOST GROUP` puts one there.",
    ja: "グループに入っているホストはありません。`rusuban host group ホスト グループ` で入れられます。",
  },
  inGroup: { en: "{name} is in {group}", ja: "{name} を {group} に入れました" },
  inNone: { en: "{name} is in no group", ja: "{name} をグループから外しました" },
  watched: { en: "{name} is watched", ja: "{name} を監視対象にしました" },
  notWatched: { en: "{name} is not watched", ja: "{name} を監視対象から外しました" },
  onOrOff: { en: "{value} is neither on nor off", ja: "{value} は on でも off でもありません" },
} as const satisfies Record<string, Text>;

/** `rusuban host groups`. */
export const HOST_GROUPS = {
  name: "groups",
  about: WORDS.groups,
  examples: ["rusuban host groups"],
  async run(session: Session): Promise<void> {
    const { items } = await (await session.api()).groupList({});
    session.result({ items }, () => {
      if (items.length === 0) return session.tell(WORDS.noGroups);
      return session.table(
        [LABELS.state, WORDS.groupLabel, WORDS.hosts, WORDS.unwatched, WORDS.alerts],
        items.map(({ state, group, hosts, unwatched, openAlerts }) => [
          session.say(READING_STATE_WORDS[state]),
          group,
          String(hosts),
          String(unwatched),
          String(openAlerts),
        ]),
      );
    });
  },
} satisfies CommandShape<[]>;

/** `rusuban host group`. */
export const HOST_GROUP = {
  name: "group",
  about: WORDS.group,
  arguments: [
    ["<host>", SHARED.hostArgument],
    ["[group]", WORDS.groupArgument],
  ],
  examples: ["rusuban host group web1 tokyo/web"],
  async run(session: Session, ref: string, group = ""): Promise<void> {
    const api = await session.api();
    const { id } = await findHost(session, api, ref);
    const host = await api.hostChange({ params: { host: id }, body: { group } });
    const said = group === "" ? WORDS.inNone : WORDS.inGroup;
    session.result(host, () => session.print(session.say(said, { name: host.name, group })));
  },
} satisfies CommandShape<[string, string | undefined]>;

/** `rusuban host watch`. */
export const HOST_WATCH = {
  name: "watch",
  about: WORDS.watch,
  arguments: [
    ["<host>", SHARED.hostArgument],
    ["<on|off>", WORDS.switchArgument],
  ],
  examples: ["rusuban host watch test-server off"],
  async run(session: Session, ref: string, value: string): Promise<void> {
    if (value !== "on" && value !== "off") {
      throw session.failure("usage", WORDS.onOrOff, { values: { value }, exit: 2 });
    }
    const api = await session.api();
    const { id } = await findHost(session, api, ref);
    const host = await api.hostChange({ params: { host: id }, body: { watched: value === "on" } });
    const said = host.watched ? WORDS.watched : WORDS.notWatched;
    session.result(host, () => session.print(session.say(said, { name: host.name })));
  },
} satisfies CommandShape<[string, string]>;
