import type { Text } from "../ports/flow.ts";

/** What `rusuban up` says. */
export const WORDS = {
  about: {
    en: "run a manager and an agent for this computer, and show that they work: state, a backup, a restore, an alert",
    ja: "このコンピュータのマネージャとエージェントを起動し、動作を確認(状態・バックアップ・復元・通報)",
  },
  protect: {
    en: "directory to back up (repeatable; default: {directory})",
    ja: "バックアップするディレクトリ(複数指定可。既定: {directory})",
  },
  once: {
    en: "make the tour once and stop; without --data in a new folder that is removed again",
    ja: "一度だけ確認して終了(--data がなければ一時フォルダを使い、終了時に削除)",
  },
  listen: {
    en: "address to listen on, at the first start; 0.0.0.0 or :: lets other computers in (default: 127.0.0.1)",
    ja: "初回起動時の待ち受けアドレス。0.0.0.0 または :: で他のコンピュータからも接続可(既定: 127.0.0.1)",
  },
  freePorts: {
    en: "at the first start take free ports instead of the declared ones (`rusuban ports list`)",
    ja: "初回起動時に、既定のポート(`rusuban ports list`)ではなく空きポートを使う",
  },
  notes: {
    en: "The data folder keeps everything; a second run goes on where the first left off. Ctrl-C stops both programs.",
    ja: "すべてデータフォルダに保存され、次回はそこから続きます。Ctrl-C で両方のプログラムが停止します。",
  },
  settingUp: { en: "data folder", ja: "データフォルダ" },
  buildingConsole: { en: "web console", ja: "Web コンソール" },
  manager: { en: "manager", ja: "マネージャ" },
  managerListens: { en: "{count} ports open, process {pid}", ja: "{count} ポートで待ち受け、プロセス {pid}" },
  agent: { en: "agent", ja: "エージェント" },
  agentIs: { en: "enrolled as {name}, process {pid}", ja: "{name} として登録、プロセス {pid}" },
  state: { en: "state", ja: "状態" },
  stateIs: { en: "{count} readings, all told {worst}", ja: "計測 {count} 件、総合 {worst}" },
  backup: { en: "backup", ja: "バックアップ" },
  backupIs: {
    en: "{paths}: {files} files, {bytes}, sent {sent}",
    ja: "{paths}: {files} ファイル、{bytes}、送信 {sent}",
  },
  backupPartly: {
    en: "{paths}: {files} files, {bytes}, sent {sent}; {problems} could not be read by this user",
    ja: "{paths}: {files} ファイル、{bytes}、送信 {sent}(このユーザーでは読めないもの {problems} 件)",
  },
  cannotProtect: {
    en: "{path} cannot be backed up ({reason}): give --protect a directory that is there",
    ja: "{path} はバックアップできません({reason})。--protect には存在するディレクトリを指定してください",
  },
  restore: { en: "restore", ja: "復元" },
  restoreIs: { en: "{path} came back identical ({bytes})", ja: "{path} を復元し、元と一致({bytes})" },
  alert: { en: "test alert", ja: "テスト通報" },
  alertIs: { en: "in the manager's inbox after {ms} ms", ja: "{ms} ミリ秒後にマネージャが受信・保存" },
  console: { en: "Console:", ja: "コンソール:" },
  signIn: { en: "Sign in once with:", ja: "一度限りのサインイン:" },
  fingerprint: {
    en: "The browser will not know the certificate; its authority's SHA-256 is {fingerprint}",
    ja: "ブラウザは証明書を確認できません。認証局の SHA-256: {fingerprint}",
  },
  moreServers: {
    en: "Another server: `rusuban host token` prints the line to paste there.",
    ja: "サーバの追加: `rusuban host token` が貼り付ける 1 行を表示します。",
  },
  onlyHere: {
    en: "Only this computer can connect; to let others in, set listen.host in {file} to 0.0.0.0 and start again.",
    ja: "現在はこのコンピュータからのみ接続できます。他からも接続するには {file} の listen.host を 0.0.0.0 にして再起動してください。",
  },
  serving: {
    en: "Ready after {seconds} s. Ctrl-C stops everything.",
    ja: "{seconds} 秒で準備完了。Ctrl-C ですべて停止します。",
  },
  notAll: {
    en: "Running, but not every step held (✘ above says which and why). Ctrl-C stops everything.",
    ja: "起動しましたが、成功しなかった項目があります(上の ✘ を参照)。Ctrl-C ですべて停止します。",
  },
  notHeld: {
    en: "rusuban: not every step held: {failed}",
    ja: "rusuban: 成功しなかった項目があります: {failed}",
  },
  notRemoved: {
    en: "{directory} could not be removed ({reason}): it holds keys of this trial, remove it by hand",
    ja: "{directory} を削除できませんでした({reason})。この試用の鍵が含まれるため、手動で削除してください",
  },
  stopping: { en: "Stopping…", ja: "停止しています…" },
  stopped: { en: "Stopped.", ja: "停止しました。" },
  portsTaken: {
    en: "{open} of {count} ports open, process {pid}; the rest goes on",
    ja: "{count} ポート中 {open} で待ち受け、プロセス {pid}(他は動作を続けます)",
  },
  noAdministration: {
    en: "without its administration port the manager cannot be commanded",
    ja: "管理ポートがないため、マネージャを操作できません",
  },
  inUse: {
    en: "{directory} is in use by another `rusuban up`{who}",
    ja: "{directory} は別の `rusuban up`{who}が使用中です",
  },
  inUseBy: { en: " (process {pid})", ja: "(プロセス {pid})" },
  inUseHint: {
    en: "stop that one first (Ctrl-C in its terminal, or `kill {pid}`), or name another folder with --data DIR",
    ja: "先にそれを停止する(その端末で Ctrl-C、または `kill {pid}`)か、--data DIR で別のフォルダを指定してください",
  },
  portsHint: {
    en: "stop what holds them, move ours in {file}, or start with --free-ports on a new data folder",
    ja: "使用中のプログラムを止めるか、{file} でポートを変更するか、新しいデータフォルダで --free-ports を指定してください",
  },
} as const satisfies Record<string, Text>;
