import type { Command } from "commander";
import type { HostOverview } from "../api/host-routes.ts";
import { API_LIMITS } from "../api/limits.ts";
import { HOST_STATES, type HostState } from "../model/host.ts";
import type { HostReadings, ReadingState } from "../model/reading.ts";
import type { SubscriptionState } from "../model/subscription.ts";
import type { Text } from "../ports/flow.ts";
import { integer, seconds } from "../runtime/setting-kinds.ts";
import { confirm, DRY_RUN_OPTION, YES_OPTION } from "./confirm.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { HOST_ADD, HOST_CHECK } from "./host-add.ts";
import { HOST_DISCOVER } from "./host-discover.ts";
import { HOST_GROUP, HOST_GROUPS, HOST_WATCH } from "./host-groups.ts";
import { HOST_HISTORY } from "./host-history.ts";
import { HOST_INDICATIONS } from "./host-indications.ts";
import { HOST_NAMES } from "./host-names.ts";
import { HOST_THRESHOLDS } from "./host-thresholds.ts";
import { listPages } from "./list-pages.ts";
import type { Cell, Style } from "./output.ts";
import { formatMoment } from "./quantities.ts";
import { findHost } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { HOST_STATE_WORDS, LABELS, READING_STATE_WORDS, SHARED } from "./words.ts";

const WORDS = {
  group: { en: "the servers that are minded", ja: "監視・保護しているサーバ" },
  list: {
    en: "list hosts with their state, readings, alerts and last backup",
    ja: "ホストの状態・計測・通報・最終バックアップの一覧",
  },
  show: { en: "show one host with its latest readings", ja: "ホストの詳細と最新の計測値を表示" },
  token: { en: "make a token that enrols one server, once", ja: "サーバを 1 台登録するための一度限りのトークンを発行" },
  remove: {
    en: "revoke a host: its certificate is refused from now on; its snapshots stay",
    ja: "ホストを失効させる(証明書は以後拒否されます。スナップショットは残ります)",
  },
  rename: { en: "give a host another name", ja: "ホストの名前を変更" },
  stateOption: { en: "only hosts in this state (may be repeated)", ja: "この状態のホストだけ(複数指定可)" },
  textOption: { en: "only hosts with this in name or address", ja: "名前またはアドレスにこの文字列を含むものだけ" },
  nameOption: {
    en: "what the host will be called; its own name otherwise",
    ja: "登録後のホスト名(省略時はサーバ自身の名前)",
  },
  certificateNameOption: {
    en: "DNS name or address for the certificate of the host, for clients that compare names (repeatable)",
    ja: "ホストの証明書に入れる DNS 名またはアドレス。名前を照合するクライアント用(複数指定可)",
  },
  validOption: { en: "how long the token can be used: 90s, 30m, 12h, 7d", ja: "トークンの有効期間: 90s、30m、12h、7d" },
  newName: { en: "the new name", ja: "新しい名前" },
  readings: { en: "READINGS", ja: "計測" },
  alerts: { en: "OPEN ALERTS", ja: "未確認の通報" },
  lastBackup: { en: "LAST BACKUP", ja: "最終バックアップ" },
  lastSeen: { en: "LAST SEEN", ja: "最終応答" },
  component: { en: "COMPONENT", ja: "対象" },
  noHosts: {
    en: "No hosts yet. `rusuban host token` gives the line to paste on a server.",
    ja: "ホストがまだありません。`rusuban host token` で、サーバに貼り付ける行を発行できます。",
  },
  noReadings: {
    en: "No readings yet since the manager started.",
    ja: "マネージャの起動後、計測値がまだ届いていません。",
  },
  pasteLine: {
    en: "Paste this on the server, once, before {moment}:",
    ja: "サーバで次の行を一度だけ実行してください(期限 {moment}):",
  },
  removed: { en: "{name}: revoked", ja: "{name}: 失効させました" },
  wouldRemove: {
    en: "{name} ({id}) would be revoked: its certificate is refused, live connections end, its snapshots stay",
    ja: "{name}({id})を失効させます: 証明書は拒否され、接続は切断されます。スナップショットは残ります",
  },
  removeQuestion: { en: "Revoke {name} ({id})?", ja: "{name}({id})を失効させますか?" },
  renamed: { en: "{before} is now called {after}", ja: "{before} の名前を {after} に変更しました" },
} as const satisfies Record<string, Text>;

const FACTS = {
  name: { en: "Name", ja: "名前" },
  id: { en: "Id", ja: "ID" },
  state: { en: "State", ja: "状態" },
  seen: { en: "Last seen", ja: "最終応答" },
  address: { en: "Address", ja: "アドレス" },
  hostname: { en: "Hostname", ja: "ホスト名" },
  system: { en: "Operating system", ja: "OS" },
  agent: { en: "Agent version", ja: "エージェント" },
  group: { en: "Group", ja: "グループ" },
  watched: { en: "Watched", ja: "監視対象" },
  enrolled: { en: "Enrolled", ja: "登録日時" },
  alerts: { en: "Open alerts", ja: "未確認の通報" },
  backup: { en: "Last backup", ja: "最終バックアップ" },
  readings: { en: "Readings", ja: "計測日時" },
  subscription: { en: "Indications", ja: "CIM-Indication" },
} as const satisfies Record<string, Text>;

const SUBSCRIPTION_WORDS = {
  waiting: { en: "not subscribed yet", ja: "予約待ち" },
  kept: { en: "subscribed, seen {moment}", ja: "予約済み(確認 {moment})" },
  failing: { en: "NOT subscribed, tried {moment}: {reason}", ja: "予約失敗(試行 {moment}): {reason}" },
} as const satisfies Record<SubscriptionState, Text>;

const STATE_STYLES: Readonly<Record<HostState, Style>> = {
  up: "green",
  unreachable: "red",
  unknown: "yellow",
  revoked: "dim",
};
const READING_STYLES: Readonly<Record<ReadingState, Style>> = {
  ok: "green",
  unknown: "yellow",
  warning: "yellow",
  critical: "red",
};

/** Managers of some hundred hosts show all of them; beyond, one asks for more. */
const HOSTS_SHOWN = 1_000;

/** `rusuban host list|show|history|groups|group|watch|names|token|remove|rename` and those of hosts without an agent. */
export function hostCommand(cli: Cli): Command {
  return defineGroup(cli, "host", WORDS.group, [
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      options: [
        { flags: "--state <state>", about: WORDS.stateOption, choices: HOST_STATES, isRepeatable: true },
        { flags: "--text <text>", about: WORDS.textOption },
        { flags: "--limit <n>", about: SHARED.limitOption, kind: integer({ min: 1, max: 100_000 }) },
        { flags: "--after <place>", about: SHARED.afterOption },
      ],
      examples: ["rusuban host list", "rusuban host list --state unreachable", "rusuban host list --json"],
      run: list,
    }),
    defineCommand(cli, {
      name: "show",
      about: WORDS.show,
      arguments: [["<host>", SHARED.hostArgument]],
      examples: ["rusuban host show web1", "rusuban host show 0193a1b2"],
      run: show,
    }),
    defineCommand(cli, HOST_ADD),
    defineCommand(cli, HOST_CHECK),
    defineCommand(cli, HOST_DISCOVER),
    defineCommand(cli, HOST_HISTORY),
    defineCommand(cli, HOST_GROUPS),
    defineCommand(cli, HOST_GROUP),
    defineCommand(cli, HOST_WATCH),
    defineCommand(cli, HOST_INDICATIONS),
    defineCommand(cli, HOST_THRESHOLDS),
    defineCommand(cli, HOST_NAMES),
    defineCommand(cli, {
      name: "token",
      about: WORDS.token,
      options: [
        { flags: "--name <name>", about: WORDS.nameOption },
        { flags: "--certificate-name <name>", about: WORDS.certificateNameOption, isRepeatable: true },
        { flags: "--valid <time>", about: WORDS.validOption, kind: seconds(API_LIMITS.tokenSeconds) },
      ],
      examples: [
        "rusuban host token",
        "rusuban host token --name web1 --valid 2h",
        "rusuban host token --name web1 --certificate-name web1.example.jp",
      ],
      run: token,
    }),
    defineCommand(cli, {
      name: "remove",
      about: WORDS.remove,
      arguments: [["<host>", SHARED.hostArgument]],
      options: [DRY_RUN_OPTION, YES_OPTION],
      examples: ["rusuban host remove web1 --dry-run", "rusuban host remove web1 --yes"],
      run: remove,
    }),
    defineCommand(cli, {
      name: "rename",
      about: WORDS.rename,
      arguments: [
        ["<host>", SHARED.hostArgument],
        ["<name>", WORDS.newName],
      ],
      examples: ["rusuban host rename web1 web1-old"],
      run: rename,
    }),
  ]);
}

async function list(
  session: Session,
  options: { state?: HostState[]; text?: string; limit?: number; after?: string },
): Promise<void> {
  const { state, text, limit = HOSTS_SHOWN, after } = options;
  const api = await session.api();
  const page = await listPages((query) => api.hostList({ query: { ...query, state, text } }), { limit, after });
  session.result(page, () => {
    if (page.items.length === 0) return session.tell(WORDS.noHosts);
    session.table(
      [
        LABELS.name,
        LABELS.state,
        WORDS.readings,
        WORDS.alerts,
        WORDS.lastBackup,
        WORDS.lastSeen,
        LABELS.address,
        LABELS.id,
      ],
      hostRows(session, page.items),
    );
    session.tellMore(page.next, limit);
  });
}

function hostRows(session: Session, hosts: readonly HostOverview[]): Cell[][] {
  const ids = shortIds(hosts.map(({ id }) => id));
  return hosts.map((host, index) => [
    host.name,
    hostState(session, host.state),
    host.readingState === null ? "-" : readingState(session, host.readingState),
    openAlerts(session, host),
    session.age(host.lastSnapshot?.finishedAtMs ?? null),
    session.age(host.lastSeenAtMs),
    host.address,
    ids[index] ?? host.id,
  ]);
}

export function hostState(session: Session, state: HostState): Cell {
  return { text: session.say(HOST_STATE_WORDS[state]), style: STATE_STYLES[state] };
}

function readingState(session: Session, state: ReadingState): Cell {
  return { text: session.say(READING_STATE_WORDS[state]), style: READING_STYLES[state] };
}

/** `0`, or `3 (critical)`: how many and the worst. */
function openAlerts(session: Session, { openAlerts: count, worstOpenSeverity }: HostOverview): Cell {
  if (count === 0 || worstOpenSeverity === null) return String(count);
  const worst = session.severity(worstOpenSeverity);
  return { ...worst, text: `${count} (${worst.text})` };
}

function subscription(session: Session, told: NonNullable<HostOverview["subscription"]>): Cell {
  const { state, reason, checkedAtMs } = told;
  const moment = checkedAtMs === null ? "-" : formatMoment(checkedAtMs);
  return {
    text: session.say(SUBSCRIPTION_WORDS[state], { moment, reason }),
    style: { waiting: "yellow", kept: "green", failing: "red" }[state] as Style,
  };
}

async function show(session: Session, ref: string): Promise<void> {
  const api = await session.api();
  const host = await findHost(session, api, ref);
  const { latest } = await api.hostReadings({ params: { host: host.id } });
  session.result({ host, readings: latest }, () => {
    session.facts([
      [FACTS.name, host.name],
      [FACTS.state, hostState(session, host.state)],
      [FACTS.seen, session.moment(host.lastSeenAtMs)],
      [FACTS.address, host.address],
      [FACTS.hostname, host.facts.hostname],
      [FACTS.system, `${host.facts.operatingSystem} (${host.facts.platform} ${host.facts.architecture})`],
      [FACTS.agent, host.facts.agentVersion],
      [FACTS.group, host.group === "" ? "-" : host.group],
      ...(host.watched ? [] : [[FACTS.watched, session.say(SHARED.no)] as const]),
      [FACTS.enrolled, session.moment(host.enrolledAtMs)],
      [FACTS.alerts, openAlerts(session, host)],
      [FACTS.backup, session.moment(host.lastSnapshot?.finishedAtMs ?? null)],
      [FACTS.readings, session.moment(latest?.readAtMs ?? null)],
      ...(host.subscription === null ? [] : [[FACTS.subscription, subscription(session, host.subscription)] as const]),
      [FACTS.id, host.id],
    ]);
    session.print("");
    showReadings(session, latest);
  });
}

function showReadings(session: Session, latest: HostReadings | null): void {
  if (latest === null) {
    session.tell(WORDS.noReadings);
    return;
  }
  session.table(
    [LABELS.state, WORDS.component, LABELS.what],
    latest.readings.map(({ state, component, measure, summary }) => [
      readingState(session, state),
      `${component} ${measure}`,
      summary,
    ]),
  );
}

async function token(
  session: Session,
  { name, valid, certificateName }: { name?: string; valid?: number; certificateName?: string[] },
): Promise<void> {
  const api = await session.api();
  const made = await api.hostToken({ body: { name, validSeconds: valid, certificateNames: certificateName } });
  session.result(made, () => {
    session.tell(WORDS.pasteLine, { moment: formatMoment(made.expiresAtMs) });
    session.printText(made.line);
  });
}

async function remove(session: Session, ref: string, options: { dryRun?: boolean; yes?: boolean }): Promise<void> {
  const api = await session.api();
  const { id, name } = await findHost(session, api, ref);
  if (options.dryRun) {
    return session.result({ id, name, removed: false }, () =>
      session.print(session.say(WORDS.wouldRemove, { id, name })),
    );
  }
  await confirm(session, options, WORDS.removeQuestion, { id, name });
  await api.hostRemove({ params: { host: id } });
  session.result({ id, name, removed: true }, () => session.print(session.say(WORDS.removed, { name })));
}

async function rename(session: Session, ref: string, name: string): Promise<void> {
  const api = await session.api();
  const before = await findHost(session, api, ref);
  const host = await api.hostChange({ params: { host: before.id }, body: { name } });
  session.result(host, () => session.print(session.say(WORDS.renamed, { before: before.name, after: host.name })));
}
