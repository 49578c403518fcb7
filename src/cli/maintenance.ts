import type { Command } from "commander";
import { API_LIMITS } from "../api/limits.ts";
import type { Maintenance } from "../api/maintenance-routes.ts";
import type { Text } from "../ports/flow.ts";
import { seconds } from "../runtime/setting-kinds.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { formatDuration, formatMoment } from "./quantities.ts";
import { findHost } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { LABELS } from "./words.ts";

const WORDS = {
  group: {
    en: "times in which alerts are kept, but bother nobody",
    ja: "メンテナンス時間(通報は記録されるが、未確認として残りません)",
  },
  add: {
    en: "begin maintenance now, at a time, or again and again",
    ja: "メンテナンス時間を登録(今すぐ・日時指定・繰り返し)",
  },
  list: { en: "maintenance under way and to come", ja: "実施中・予定のメンテナンスの一覧" },
  end: { en: "end maintenance, or take back one to come", ja: "メンテナンスを終了、または予定を取り消し" },
  hostOption: { en: "only this host", ja: "このホストだけ" },
  groupOption: { en: "only hosts of this group and those below it", ja: "このグループ(下位を含む)だけ" },
  forOption: { en: "how long: 30m, 2h", ja: "長さ: 30m、2h" },
  fromOption: {
    en: "when it begins, such as 2026-12-24T22:00 (now otherwise)",
    ja: "開始日時。例: 2026-12-24T22:00(省略時は今)",
  },
  everyOption: {
    en: 'again and again, as cron has it: "0 2 * * 0" is Sundays at 2:00',
    ja: '繰り返し(cron 形式)。"0 2 * * 0" は毎週日曜 2:00',
  },
  zoneOption: {
    en: "time zone of --every (this computer's otherwise)",
    ja: "--every のタイムゾーン(省略時はこのコンピュータのもの)",
  },
  noteOption: { en: "why, for others", ja: "理由のメモ" },
  id: { en: "the maintenance's id", ja: "メンテナンスの ID" },
  whom: { en: "WHOM", ja: "対象" },
  begins: { en: "BEGINS", ja: "開始" },
  ends: { en: "ENDS", ja: "終了" },
  repeats: { en: "REPEATS", ja: "繰り返し" },
  note: { en: "NOTE", ja: "メモ" },
  all: { en: "every host", ja: "全ホスト" },
  ofGroup: { en: "group {group}", ja: "グループ {group}" },
  underWay: { en: "under way", ja: "実施中" },
  toCome: { en: "to come", ja: "予定" },
  past: { en: "past", ja: "終了" },
  nothing: { en: "No maintenance is under way or to come.", ja: "実施中・予定のメンテナンスはありません。" },
  added: { en: "{id}: from {from} to {to}", ja: "{id}: {from} から {to} まで" },
  ended: { en: "{id}: ended", ja: "{id}: 終了しました" },
  badMoment: {
    en: "--from: {value} is no time, such as 2026-12-24T22:00",
    ja: "--from: {value} は日時として読めません。例: 2026-12-24T22:00",
  },
} as const satisfies Record<string, Text>;

/** `rusuban maintenance add|list|end`. */
export function maintenanceCommand(cli: Cli): Command {
  return defineGroup(cli, "maintenance", WORDS.group, [
    defineCommand(cli, {
      name: "add",
      about: WORDS.add,
      options: [
        {
          flags: "--for <time>",
          about: WORDS.forOption,
          isRequired: true,
          kind: seconds({ min: 60, max: API_LIMITS.maintenanceSeconds }),
        },
        { flags: "--host <host>", about: WORDS.hostOption },
        { flags: "--group <group>", about: WORDS.groupOption },
        { flags: "--from <moment>", about: WORDS.fromOption },
        { flags: "--every <cron>", about: WORDS.everyOption },
        { flags: "--zone <zone>", about: WORDS.zoneOption },
        { flags: "--note <text>", about: WORDS.noteOption },
      ],
      examples: [
        "rusuban maintenance add --for 2h --host web1 --note 'kernel update'",
        "rusuban maintenance add --for 3h --group tokyo --every '0 2 * * 0'",
      ],
      run: add,
    }),
    defineCommand(cli, { name: "list", about: WORDS.list, examples: ["rusuban maintenance list"], run: list }),
    defineCommand(cli, {
      name: "end",
      about: WORDS.end,
      arguments: [["<id>", WORDS.id]],
      examples: ["rusuban maintenance end 0193a1b2-0000-7000-8000-000000000001"],
      run: end,
    }),
  ]);
}

interface AddOptions {
  readonly for: number;
  readonly host?: string;
  readonly group?: string;
  readonly from?: string;
  readonly every?: string;
  readonly zone?: string;
  readonly note?: string;
}

async function add(session: Session, options: AddOptions): Promise<void> {
  const { host, group, from, every, note } = options;
  const fromMs = from === undefined ? undefined : Date.parse(from);
  if (fromMs !== undefined && Number.isNaN(fromMs)) {
    throw session.failure("usage", WORDS.badMoment, { values: { value: from ?? "" }, exit: 2 });
  }
  const api = await session.api();
  const hostId = host === undefined ? undefined : (await findHost(session, api, host)).id;
  const zone = options.zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  const added = await api.maintenanceAdd({
    body: {
      seconds: options.for,
      ...(hostId === undefined ? {} : { host: hostId }),
      ...(group === undefined ? {} : { group }),
      ...(fromMs === undefined ? {} : { fromMs }),
      ...(every === undefined ? {} : { cron: every, timeZone: zone }),
      ...(note === undefined ? {} : { note }),
    },
  });
  session.result(added, () => {
    const { id, next } = added;
    if (next === null) return session.print(id);
    const values = { id, from: formatMoment(next.fromMs), to: formatMoment(next.toMs) };
    return session.print(session.say(WORDS.added, values));
  });
}

async function list(session: Session): Promise<void> {
  const api = await session.api();
  const { items } = await api.maintenanceList({});
  const names = new Map<string, string>();
  for (const { scope } of items) {
    if (scope.kind !== "host" || names.has(scope.hostId)) continue;
    names.set(scope.hostId, (await api.hostShow({ params: { host: scope.hostId } })).name);
  }
  session.result({ items }, () => {
    if (items.length === 0) return session.tell(WORDS.nothing);
    return session.table(
      [LABELS.state, WORDS.whom, WORDS.begins, WORDS.ends, WORDS.repeats, WORDS.note, LABELS.id],
      items.map((item) => row(session, item, names)),
    );
  });
}

function row(session: Session, { id, scope, schedule, note, underWay, next }: Maintenance, names: Map<string, string>) {
  const state = underWay ? WORDS.underWay : next === null ? WORDS.past : WORDS.toCome;
  const whom =
    scope.kind === "all"
      ? session.say(WORDS.all)
      : scope.kind === "group"
        ? session.say(WORDS.ofGroup, { group: scope.group })
        : (names.get(scope.hostId) ?? scope.hostId);
  const repeats =
    schedule.kind === "once"
      ? "-"
      : `${schedule.cron} ${schedule.timeZone}, ${formatDuration(schedule.seconds * 1_000, session.language)}`;
  const [begins, ends] = next === null ? ["-", "-"] : [formatMoment(next.fromMs), formatMoment(next.toMs)];
  return [session.say(state), whom, begins, ends, repeats, note, id];
}

async function end(session: Session, id: string): Promise<void> {
  const api = await session.api();
  await api.maintenanceEnd({ params: { id } });
  session.result({ id, ended: true }, () => session.print(session.say(WORDS.ended, { id })));
}
