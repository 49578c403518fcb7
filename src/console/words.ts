import type { DoctorEntry, DoctorReport } from "../api/doctor-routes.ts";
import type { ApiReply } from "../api/routes.ts";

// Everything the console says. Both dictionaries have the same type: a sentence that is missing in one does not compile.

type Alert = ApiReply<"alertList">["items"][number];
type Host = ApiReply<"hostList">["items"][number];
type Job = ApiReply<"jobList">["items"][number];
export type Severity = Alert["severity"];
export type Level = "good" | "look" | "act";

export interface Words {
  readonly title: string;
  readonly language: string;
  readonly toDark: string;
  readonly toLight: string;
  readonly account: string;
  readonly signOut: string;
  readonly cancel: string;
  readonly close: string;
  readonly copy: string;
  readonly copied: string;
  readonly details: string;
  readonly loading: string;
  readonly failed: string;
  readonly again: string;
  readonly none: string;
  readonly live: string;
  readonly connecting: string;
  readonly lost: string;
  readonly signIn: {
    readonly title: string;
    readonly motto: string;
    readonly name: string;
    readonly password: string;
    readonly submit: string;
    readonly byLink: string;
    readonly linkUsed: string;
    readonly linkHint: string;
    readonly wrong: string;
    readonly ended: string;
    readonly noManager: string;
  };
  readonly password: {
    readonly title: string;
    readonly why: string;
    readonly set: string;
    readonly change: string;
    readonly current: string;
    readonly fresh: string;
    readonly rule: string;
    readonly save: string;
    readonly saved: string;
  };
  readonly doctor: {
    readonly title: string;
    readonly examine: string;
    readonly via: (via: DoctorReport["via"], seconds: number) => string;
    readonly paste: string;
    readonly next: (test: string) => string;
    readonly state: Readonly<Record<DoctorEntry["state"], string>>;
    readonly direction: Readonly<Record<DoctorEntry["direction"], string>>;
    readonly where: Readonly<Record<DoctorEntry["where"][number], string>>;
  };
  readonly verdict: Readonly<Record<Level, string>>;
  readonly facts: {
    readonly hostsUp: (up: number, all: number) => string;
    readonly unreachable: (count: number) => string;
    readonly open: (count: number) => string;
    readonly ports: (count: number) => string;
    readonly quiet: string;
  };
  readonly tiles: {
    readonly hosts: string;
    readonly alerts: string;
    readonly jobs: string;
    readonly snapshots: string;
    readonly up: string;
    readonly running: string;
  };
  readonly severity: Readonly<Record<Severity, string>>;
  readonly alertState: Readonly<Record<Alert["state"], string>>;
  readonly hostState: Readonly<Record<Host["state"], string>>;
  readonly readingState: Readonly<Record<NonNullable<Host["readingState"]>, string>>;
  readonly jobState: Readonly<Record<Job["state"], string>>;
  readonly jobKind: Readonly<Record<Job["kind"], string>>;
  readonly hosts: {
    readonly title: string;
    readonly add: string;
    readonly empty: string;
    readonly emptyHint: string;
    readonly lastBackup: string;
    readonly noBackup: string;
    readonly openAlerts: (count: number) => string;
    readonly seen: string;
    readonly never: string;
    readonly readings: string;
    readonly noReadings: string;
    readonly history: (least: string, greatest: string) => string;
    readonly agent: string;
    readonly search: string;
    readonly settings: string;
    readonly name: string;
    readonly group: string;
    readonly groupExample: string;
    readonly save: string;
    readonly watched: string;
    readonly indications: string;
    readonly remove: string;
    readonly removeTitle: (name: string) => string;
    readonly removeAgent: string;
    readonly removeAgentless: string;
    readonly removeNow: string;
  };
  readonly token: {
    readonly title: string;
    readonly how: string;
    readonly expires: string;
    readonly waiting: string;
    readonly done: (name: string) => string;
  };
  readonly alerts: {
    readonly title: string;
    readonly empty: string;
    readonly emptyHint: string;
    readonly emptyFilter: string;
    readonly test: string;
    readonly acknowledge: string;
    readonly acknowledgeMany: (count: number) => string;
    readonly select: string;
    readonly selectAll: string;
    readonly all: string;
    readonly anySeverity: string;
    readonly andWorse: (severity: string) => string;
    readonly search: string;
    readonly newer: string;
    readonly older: string;
    readonly when: string;
    readonly host: string;
    readonly what: string;
    readonly state: string;
    readonly level: string;
    readonly by: (name: string) => string;
    readonly raisedAt: string;
    readonly receivedAt: string;
    readonly onlyHost: (name: string) => string;
    readonly fresh: (host: string, summary: string) => string;
  };
  readonly jobs: {
    readonly title: string;
    readonly empty: string;
    readonly files: (count: string) => string;
    readonly read: (bytes: string) => string;
    readonly sent: (bytes: string) => string;
    readonly problems: (count: number) => string;
  };
  readonly snapshots: {
    readonly title: string;
    readonly empty: string;
    readonly paths: string;
    readonly finished: string;
    readonly size: string;
    readonly added: string;
    readonly problems: string;
  };
  readonly flows: { readonly title: string };
  readonly component: (name: string) => string;
}

/** `file system /var` into the words of a language; what is not known stays as the agent wrote it. */
function translate(names: Readonly<Record<string, string>>, prefixes: Readonly<Record<string, string>>) {
  return (name: string) => {
    for (const [prefix, word] of Object.entries(prefixes)) {
      if (name.startsWith(`${prefix} `)) return `${word} ${name.slice(prefix.length + 1)}`;
    }
    return names[name] ?? name;
  };
}

const many = (count: number, one: string, more: string) => `${count} ${count === 1 ? one : more}`;

export const ENGLISH: Words = {
  title: "Rusuban",
  language: "Language",
  toDark: "Dark colours",
  toLight: "Light colours",
  account: "Account",
  signOut: "Sign out",
  cancel: "Cancel",
  close: "Close",
  copy: "Copy",
  copied: "Copied",
  details: "Details",
  loading: "Loading",
  failed: "This did not work",
  again: "Try again",
  none: "none",
  live: "Live",
  connecting: "Connecting",
  lost: "Connection lost, retrying",
  signIn: {
    title: "Sign in",
    motto: "Watches your servers, and keeps your things safe.",
    name: "Name",
    password: "Password",
    submit: "Sign in",
    byLink: "Signing in by your link",
    linkUsed: "This link has been used or has expired.",
    linkHint: "On the manager's own machine, rusuban up prints a new one.",
    wrong: "Name or password is wrong.",
    ended: "Your session has ended.",
    noManager: "The manager does not answer.",
  },
  password: {
    title: "Your password",
    why: "You came by a one-time link. Set a password to come back without one.",
    set: "Set a password",
    change: "Change password",
    current: "Present password",
    fresh: "New password",
    rule: "At least 12 characters. A few words are best.",
    save: "Save",
    saved: "The password is set.",
  },
  doctor: {
    title: "Connections",
    examine: "Examine",
    via: (via, seconds) =>
      via === null
        ? `Examined from the manager's side only, in ${seconds} s: the server could not be asked.`
        : `Examined from both ends in ${seconds} s.`,
    paste: "Run this on the server, and give its output to `rusuban doctor --answer`:",
    next: (test) => `What decides: ${test}`,
    state: { open: "Open", closed: "Closed", partly: "Partly", unknown: "Not known" },
    direction: { "manager-to-agent": "manager → server", "agent-to-manager": "server → manager" },
    where: {
      "this-host": "On the manager's computer",
      between: "On a firewall in between",
      "far-host": "On the server",
    },
  },
  verdict: { good: "All is well", look: "Worth a look", act: "Needs you now" },
  facts: {
    hostsUp: (up, all) => `${up} of ${all} servers answer`,
    unreachable: (count) => `${many(count, "server", "servers")} cannot be reached`,
    open: (count) => `${many(count, "alert is", "alerts are")} open`,
    ports: (count) => `${many(count, "port", "ports")} of the manager could not be opened`,
    quiet: "no alert is open",
  },
  tiles: {
    hosts: "Servers",
    alerts: "Open alerts",
    jobs: "Jobs",
    snapshots: "Backups kept",
    up: "up",
    running: "running",
  },
  severity: {
    information: "Information",
    warning: "Warning",
    minor: "Minor",
    major: "Major",
    critical: "Critical",
    fatal: "Fatal",
  },
  alertState: { open: "Open", acknowledged: "Acknowledged", cleared: "Cleared" },
  hostState: { up: "Up", unreachable: "Unreachable", unknown: "Not heard yet", revoked: "Removed" },
  readingState: { ok: "Fine", unknown: "Cannot be read", warning: "Warning", critical: "Critical" },
  jobState: {
    queued: "Waiting",
    running: "Running",
    done: "Done",
    partly: "Done in part",
    failed: "Failed",
    canceled: "Canceled",
  },
  jobKind: { backup: "Backup", restore: "Restore" },
  hosts: {
    title: "Servers",
    add: "Add a server",
    empty: "No server is minded yet",
    emptyHint: "Paste one line on a server, and it appears here.",
    lastBackup: "Last backup",
    noBackup: "Never backed up",
    openAlerts: (count) => many(count, "open alert", "open alerts"),
    seen: "Last heard",
    never: "never",
    readings: "Readings",
    noReadings: "No readings yet. They come within a minute of the agent's start.",
    history: (least, greatest) => `The last 24 hours: ${least} to ${greatest}`,
    agent: "Agent",
    search: "Find a server",
    settings: "Settings",
    name: "Name",
    group: "Group",
    groupExample: "tokyo/web",
    save: "Save",
    watched: "Its state counts",
    indications: "Subscribe to its indications",
    remove: "Remove this server",
    removeTitle: (name) => `Remove ${name}?`,
    removeAgent:
      "Its certificate is revoked at once and its connections end: it is watched and backed up no more. Its backups stay. To come back it must be enrolled anew.",
    removeAgentless:
      "It is watched no more, and its subscription and password are given up. To come back it must be added anew.",
    removeNow: "Remove",
  },
  token: {
    title: "Add a server",
    how: "Paste this line in a terminal on the server:",
    expires: "Works once, until",
    waiting: "Waiting for the server to appear",
    done: (name) => `${name} is here.`,
  },
  alerts: {
    title: "Alerts",
    empty: "No alert is open",
    emptyHint: "To see that alerts find their way here, send a test.",
    emptyFilter: "No alert fits this filter",
    test: "Send a test alert",
    acknowledge: "Acknowledge",
    acknowledgeMany: (count) => `Acknowledge ${count}`,
    select: "Select",
    selectAll: "Select all on this page",
    all: "All",
    anySeverity: "Any severity",
    andWorse: (severity) => `${severity} and worse`,
    search: "Find in alerts",
    newer: "Newer",
    older: "Older",
    when: "When",
    host: "Server",
    what: "What",
    state: "State",
    level: "Severity",
    by: (name) => `by ${name}`,
    raisedAt: "Raised (server's clock)",
    receivedAt: "Received (manager's clock)",
    onlyHost: (name) => `Only ${name}`,
    fresh: (host, summary) => `New alert from ${host}: ${summary}`,
  },
  jobs: {
    title: "Jobs",
    empty: "Nothing is running",
    files: (count) => `${count} files`,
    read: (bytes) => `${bytes} read`,
    sent: (bytes) => `${bytes} sent`,
    problems: (count) => many(count, "problem", "problems"),
  },
  snapshots: {
    title: "Backups",
    empty: "Nothing has been backed up yet. Start with:",
    paths: "Directories",
    finished: "Finished",
    size: "Size",
    added: "Added",
    problems: "Problems",
  },
  flows: { title: "Ports that could not be opened" },
  component: translate(
    { memory: "Memory", processor: "Processor", load: "Load", swap: "Swap" },
    { "file system": "Disk" },
  ),
};

export const JAPANESE: Words = {
  title: "留守番 Rusuban",
  language: "言語",
  toDark: "暗い配色",
  toLight: "明るい配色",
  account: "アカウント",
  signOut: "サインアウト",
  cancel: "キャンセル",
  close: "閉じる",
  copy: "コピー",
  copied: "コピーしました",
  details: "詳細",
  loading: "読み込み中",
  failed: "うまくいきませんでした",
  again: "もう一度",
  none: "なし",
  live: "接続中",
  connecting: "接続しています",
  lost: "接続が切れました。再接続しています",
  signIn: {
    title: "サインイン",
    motto: "サーバを見守り、大切なデータを守ります。",
    name: "名前",
    password: "パスワード",
    submit: "サインイン",
    byLink: "リンクでサインインしています",
    linkUsed: "このリンクは使用済みか、有効期限が切れています。",
    linkHint: "マネージャのマシンで rusuban up を実行すると、新しいリンクが表示されます。",
    wrong: "名前またはパスワードが違います。",
    ended: "セッションが終了しました。",
    noManager: "マネージャが応答しません。",
  },
  password: {
    title: "パスワード",
    why: "一回限りのリンクでサインインしています。次回のためにパスワードを設定してください。",
    set: "パスワードを設定",
    change: "パスワードを変更",
    current: "現在のパスワード",
    fresh: "新しいパスワード",
    rule: "12文字以上。いくつかの単語をつなげるのがおすすめです。",
    save: "保存",
    saved: "パスワードを設定しました。",
  },
  doctor: {
    title: "接続",
    examine: "診断",
    via: (via, seconds) =>
      via === null
        ? `マネージャ側だけで診断しました(${seconds}秒)。サーバに問い合わせできませんでした。`
        : `両端から診断しました(${seconds}秒)。`,
    paste: "サーバで次の行を実行し、出力を `rusuban doctor --answer` に渡してください:",
    next: (test) => `判別方法: ${test}`,
    state: { open: "開いています", closed: "閉じています", partly: "一部のみ", unknown: "不明" },
    direction: { "manager-to-agent": "マネージャ → サーバ", "agent-to-manager": "サーバ → マネージャ" },
    where: { "this-host": "マネージャ側", between: "途中のファイアウォール", "far-host": "サーバ側" },
  },
  verdict: { good: "異常ありません", look: "確認してください", act: "対応が必要です" },
  facts: {
    hostsUp: (up, all) => `${all}台中${up}台が応答`,
    unreachable: (count) => `${count}台のサーバに到達できません`,
    open: (count) => `未確認の通報が${count}件`,
    ports: (count) => `マネージャのポート${count}個を開けません`,
    quiet: "未確認の通報はありません",
  },
  tiles: {
    hosts: "サーバ",
    alerts: "未確認の通報",
    jobs: "ジョブ",
    snapshots: "保管中のバックアップ",
    up: "稼働",
    running: "実行中",
  },
  severity: {
    information: "情報",
    warning: "警告",
    minor: "軽度",
    major: "重度",
    critical: "重大",
    fatal: "致命的",
  },
  alertState: { open: "未確認", acknowledged: "確認済み", cleared: "解消" },
  hostState: { up: "稼働", unreachable: "到達不能", unknown: "応答待ち", revoked: "登録解除" },
  readingState: { ok: "正常", unknown: "読み取れません", warning: "警告", critical: "重大" },
  jobState: {
    queued: "待機中",
    running: "実行中",
    done: "完了",
    partly: "一部完了",
    failed: "失敗",
    canceled: "取り消し",
  },
  jobKind: { backup: "バックアップ", restore: "リストア" },
  hosts: {
    title: "サーバ",
    add: "サーバを追加",
    empty: "サーバはまだ登録されていません",
    emptyHint: "サーバで1行のコマンドを実行すると、ここに表示されます。",
    lastBackup: "最終バックアップ",
    noBackup: "バックアップなし",
    openAlerts: (count) => `未確認${count}件`,
    seen: "最終応答",
    never: "なし",
    readings: "測定値",
    noReadings: "測定値はまだありません。エージェント起動後1分以内に届きます。",
    history: (least, greatest) => `直近24時間: ${least}~${greatest}`,
    agent: "エージェント",
    search: "サーバを検索",
    settings: "設定",
    name: "名前",
    group: "グループ",
    groupExample: "tokyo/web",
    save: "保存",
    watched: "状態を監視対象にする",
    indications: "CIM-Indication を予約",
    remove: "このサーバを削除",
    removeTitle: (name) => `${name} を削除しますか?`,
    removeAgent:
      "証明書を直ちに失効させ、接続を切断します。監視とバックアップは停止します。取得済みのバックアップは残ります。戻すには再登録が必要です。",
    removeAgentless: "監視を終了し、予約と保存されたパスワードを使わなくなります。戻すには再度追加が必要です。",
    removeNow: "削除",
  },
  token: {
    title: "サーバを追加",
    how: "サーバの端末に次の1行を貼り付けてください。",
    expires: "一回限り有効。期限:",
    waiting: "サーバの登録を待っています",
    done: (name) => `${name} が登録されました。`,
  },
  alerts: {
    title: "通報",
    empty: "未確認の通報はありません",
    emptyHint: "通報が届くことを確かめるには、テスト通報を送ってください。",
    emptyFilter: "条件に合う通報はありません",
    test: "テスト通報を送る",
    acknowledge: "確認",
    acknowledgeMany: (count) => `${count}件を確認済みにする`,
    select: "選択",
    selectAll: "このページをすべて選択",
    all: "すべて",
    anySeverity: "すべての重要度",
    andWorse: (severity) => `${severity}以上`,
    search: "通報を検索",
    newer: "新しい方へ",
    older: "古い方へ",
    when: "日時",
    host: "サーバ",
    what: "内容",
    state: "状態",
    level: "重要度",
    by: (name) => `${name} が確認`,
    raisedAt: "発生日時(サーバの時計)",
    receivedAt: "受信日時(マネージャの時計)",
    onlyHost: (name) => `${name} のみ`,
    fresh: (host, summary) => `${host} から新しい通報: ${summary}`,
  },
  jobs: {
    title: "ジョブ",
    empty: "実行中のジョブはありません",
    files: (count) => `${count} ファイル`,
    read: (bytes) => `読み取り ${bytes}`,
    sent: (bytes) => `送信 ${bytes}`,
    problems: (count) => `問題 ${count}件`,
  },
  snapshots: {
    title: "バックアップ",
    empty: "まだバックアップがありません。次のコマンドで始められます。",
    paths: "ディレクトリ",
    finished: "完了日時",
    size: "サイズ",
    added: "追加分",
    problems: "問題",
  },
  flows: { title: "開けなかったポート" },
  component: translate(
    { memory: "メモリ", processor: "プロセッサ", load: "負荷", swap: "スワップ", network: "ネットワーク" },
    { "file system": "ディスク", service: "サービス", host: "サーバ" },
  ),
};
