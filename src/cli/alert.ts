import type { Command } from "commander";
import type { ApiClient } from "../api/client.ts";
import { API_LIMITS } from "../api/limits.ts";
import { ALERT_STATES, type AlertState, type InboxAlert, SEVERITIES, type Severity } from "../model/alert.ts";
import { alertSentence } from "../model/alert-words.ts";
import type { Text } from "../ports/flow.ts";
import { integer } from "../runtime/setting-kinds.ts";
import { follow } from "./alert-follow.ts";
import { HOST_FILTER, SEVERITY_FILTER } from "./alert-line.ts";
import { test } from "./alert-test.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { listPages } from "./list-pages.ts";
import { EXIT, type ExitCode } from "./output.ts";
import { findAlert, findHost } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { ALERT_STATE_WORDS, LABELS, SHARED } from "./words.ts";

const WORDS = {
  group: { en: "what went wrong: the inbox of alerts", ja: "通報の受信箱" },
  list: {
    en: "list alerts, newest first; those still open where nothing else is asked",
    ja: "通報を新しい順に一覧表示(既定は未確認のもの)",
  },
  show: { en: "show one alert with all its details", ja: "通報の詳細を表示" },
  ack: { en: "mark alerts as seen", ja: "通報を確認済みにする" },
  test: {
    en: "have a host raise a test alert, which travels like every other",
    ja: "ホストからテスト通報を送信(通常の通報と同じ経路)",
  },
  follow: { en: "show alerts as they come, until Ctrl-C", ja: "通報を受信しながら表示(Ctrl-C で終了)" },
  stateOption: { en: "only alerts in this state (may be repeated)", ja: "この状態の通報だけ(複数指定可)" },
  allStates: { en: "in every state", ja: "すべての状態の通報" },
  textOption: {
    en: "only alerts with this in summary, component or condition",
    ja: "要約・対象・条件にこの文字列を含むものだけ",
  },
  idArgument: { en: "alert: its id, or a unique beginning of it", ja: "通報の ID、または ID の一意な先頭部分" },
  ackAll: { en: "every open alert", ja: "未確認の通報すべて" },
  testHost: { en: "which host; may be left out where there is only one", ja: "対象ホスト(1 台だけの場合は省略可)" },
  countOption: { en: "how many alerts", ja: "通報の件数" },
  waitOption: { en: "wait until the manager has committed them", ja: "マネージャに記録されるまで待つ" },
  resumeOption: {
    en: "go on after this event (`id` of a line of --json)",
    ja: "このイベントの後から続ける(--json 出力の id)",
  },
  noAlerts: { en: "No such alerts.", ja: "該当する通報はありません。" },
  acknowledged: { en: "{count} acknowledged", ja: "{count} 件を確認済みにしました" },
  unchanged: { en: "{count} already acknowledged or cleared", ja: "{count} 件は既に確認済みか解消済みです" },
  unknownIds: { en: "{count} gone: {ids}", ja: "{count} 件は見つかりません: {ids}" },
  ackNothing: { en: "alert ack: which alerts?", ja: "alert ack: 対象の通報が指定されていません" },
  ackHint: {
    en: "give ids from `rusuban alert list`, or --all",
    ja: "`rusuban alert list` の ID か --all を指定してください",
  },
  followNotes: {
    en: 'With --json each line of output is one JSON object (no envelope, since the output has no end):\n  {"id": "…", "kind": "alert", "alert": {…}}   an alert, new or changed; `id` is what --after takes\n  {"id": "…", "kind": "missed"}               some went by unseen: ask `rusuban alert list`\nAn error ends the output with {"ok": false, "error": {…}} on one line.',
    ja: '--json では 1 行が 1 個の JSON オブジェクトです(出力に終わりがないため共通の封筒はありません):\n  {"id": "…", "kind": "alert", "alert": {…}}   新しい、または変化した通報。id は --after に指定できます\n  {"id": "…", "kind": "missed"}               取りこぼしあり。`rusuban alert list` で確認してください\nエラーのときは {"ok": false, "error": {…}} の 1 行で終わります。',
  },
} as const satisfies Record<string, Text>;

const FACTS = {
  summary: { en: "Summary", ja: "要約" },
  severity: { en: "Severity", ja: "重要度" },
  state: { en: "State", ja: "状態" },
  host: { en: "Host", ja: "ホスト" },
  component: { en: "Component", ja: "対象" },
  condition: { en: "Condition", ja: "条件" },
  raised: { en: "Raised", ja: "発生" },
  received: { en: "Received", ja: "受信" },
  acknowledged: { en: "Acknowledged", ja: "確認" },
  cleared: { en: "Cleared", ja: "解消" },
  id: { en: "Id", ja: "ID" },
} as const satisfies Record<string, Text>;

const severities = Object.keys(SEVERITIES) as Severity[];

/** `rusuban alert list|show|ack|test|follow`. */
export function alertCommand(cli: Cli): Command {
  return defineGroup(cli, "alert", WORDS.group, [
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      options: [
        { flags: "--state <state>", about: WORDS.stateOption, choices: ALERT_STATES, isRepeatable: true },
        { flags: "--all", about: WORDS.allStates },
        { flags: "--severity <severity>", about: SEVERITY_FILTER, choices: severities },
        { flags: "--host <host>", about: HOST_FILTER },
        { flags: "--text <text>", about: WORDS.textOption },
        { flags: "--limit <n>", about: SHARED.limitOption, kind: integer({ min: 1, max: 10_000 }) },
        { flags: "--after <place>", about: SHARED.afterOption },
      ],
      examples: [
        "rusuban alert list",
        "rusuban alert list --all --host web1",
        "rusuban alert list --severity major --json",
      ],
      run: list,
    }),
    defineCommand(cli, {
      name: "show",
      about: WORDS.show,
      arguments: [["<alert>", WORDS.idArgument]],
      examples: ["rusuban alert show 0193a1b2-c3d4"],
      run: show,
    }),
    defineCommand(cli, {
      name: "ack",
      about: WORDS.ack,
      arguments: [["[alert...]", WORDS.idArgument]],
      options: [
        { flags: "--all", about: WORDS.ackAll },
        { flags: "--host <host>", about: HOST_FILTER },
      ],
      examples: ["rusuban alert ack 0193a1b2-c3d4", "rusuban alert ack --all --host web1"],
      run: acknowledge,
    }),
    defineCommand(cli, {
      name: "test",
      about: WORDS.test,
      arguments: [["[host]", WORDS.testHost]],
      options: [
        { flags: "--count <n>", about: WORDS.countOption, kind: integer({ min: 1, max: API_LIMITS.testAlerts }) },
        { flags: "--wait", about: WORDS.waitOption },
      ],
      examples: ["rusuban alert test web1 --wait", "rusuban alert test web1 --count 100"],
      run: test,
    }),
    defineCommand(cli, {
      name: "follow",
      about: WORDS.follow,
      options: [
        { flags: "--severity <severity>", about: SEVERITY_FILTER, choices: severities },
        { flags: "--host <host>", about: HOST_FILTER },
        { flags: "--after <id>", about: WORDS.resumeOption },
      ],
      examples: ["rusuban alert follow", "rusuban alert follow --severity major --json"],
      notes: WORDS.followNotes,
      streams: () => true,
      run: follow,
    }),
  ]);
}

interface ListOptions {
  readonly state?: AlertState[];
  readonly all?: boolean;
  readonly severity?: Severity;
  readonly host?: string;
  readonly text?: string;
  readonly limit?: number;
  readonly after?: string;
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { state, all, severity: severityMin, host: ref, text, limit = API_LIMITS.pageItemsDefault, after } = options;
  const api = await session.api();
  const host = ref === undefined ? undefined : (await findHost(session, api, ref)).id;
  const states: AlertState[] | undefined = state ?? (all ? undefined : ["open"]);
  const page = await listPages(
    (query) => api.alertList({ query: { ...query, state: states, severityMin, host, text } }),
    { limit, after },
  );
  session.result(page, () => {
    if (page.items.length === 0) return session.tell(WORDS.noAlerts);
    const ids = shortIds(page.items.map(({ id }) => id));
    session.table(
      [LABELS.severity, LABELS.state, LABELS.host, LABELS.when, LABELS.id, LABELS.what],
      page.items.map((alert, index) => [
        session.severity(alert.severity),
        session.say(ALERT_STATE_WORDS[alert.state]),
        alert.hostName,
        session.age(alert.raisedAtMs),
        ids[index] ?? alert.id,
        alertSentence(alert, session.language),
      ]),
    );
    session.tellMore(page.next, limit);
  });
}

async function show(session: Session, ref: string): Promise<void> {
  const alert = await findAlert(session, await session.api(), ref);
  session.result(alert, () => {
    session.facts([
      [FACTS.summary, alertSentence(alert, session.language)],
      [FACTS.severity, session.severity(alert.severity)],
      [FACTS.state, session.say(ALERT_STATE_WORDS[alert.state])],
      [FACTS.host, alert.hostName],
      [FACTS.component, alert.component],
      [FACTS.condition, alert.condition],
      [FACTS.raised, session.moment(alert.raisedAtMs)],
      [FACTS.received, session.moment(alert.receivedAtMs)],
      ...(alert.acknowledgedAtMs === null ? [] : [[FACTS.acknowledged, acknowledgement(session, alert)] as const]),
      ...(alert.clearedAtMs === null ? [] : [[FACTS.cleared, session.moment(alert.clearedAtMs)] as const]),
      [FACTS.id, alert.id],
    ]);
    if (alert.details.length === 0) return;
    session.print("");
    session.facts(alert.details.map(({ name, value }) => [name, value]));
  });
}

function acknowledgement(session: Session, { acknowledgedAtMs, acknowledgedBy }: InboxAlert): string {
  return `${session.moment(acknowledgedAtMs)} ${acknowledgedBy ?? ""}`.trimEnd();
}

async function acknowledge(
  session: Session,
  refs: readonly string[],
  options: { all?: boolean; host?: string },
): Promise<ExitCode> {
  const api = await session.api();
  const ids = await wantedIds(session, api, refs, options);
  const sum = { acknowledged: [] as string[], unchanged: [] as string[], unknown: [] as string[] };
  for (let start = 0; start < ids.length; start += API_LIMITS.alertsPerAcknowledge) {
    const part = await api.alertAcknowledge({
      body: { ids: ids.slice(start, start + API_LIMITS.alertsPerAcknowledge) },
    });
    sum.acknowledged.push(...part.acknowledged);
    sum.unchanged.push(...part.unchanged);
    sum.unknown.push(...part.unknown);
  }
  session.result(sum, () => {
    session.print(session.say(WORDS.acknowledged, { count: sum.acknowledged.length }));
    if (sum.unchanged.length > 0) session.tell(WORDS.unchanged, { count: sum.unchanged.length });
    if (sum.unknown.length > 0)
      session.tell(WORDS.unknownIds, { count: sum.unknown.length, ids: sum.unknown.join(", ") });
  });
  return sum.unknown.length > 0 ? EXIT.partly : EXIT.done;
}

/** An inbox of a year; what is beyond is acknowledged by doing it again. */
const ACKNOWLEDGED_AT_ONCE = 100_000;

async function wantedIds(
  session: Session,
  api: ApiClient,
  refs: readonly string[],
  { all = false, host: ref }: { all?: boolean; host?: string },
): Promise<string[]> {
  if (refs.length === 0 && !all)
    throw session.failure("usage", WORDS.ackNothing, { hint: WORDS.ackHint, exit: EXIT.usage });
  if (!all) {
    const ids: string[] = [];
    for (const one of refs) ids.push((await findAlert(session, api, one)).id);
    return ids;
  }
  const host = ref === undefined ? undefined : (await findHost(session, api, ref)).id;
  const { items } = await listPages((query) => api.alertList({ query: { ...query, state: ["open"], host } }), {
    limit: ACKNOWLEDGED_AT_ONCE,
  });
  return items.map(({ id }) => id);
}
