import type { Text } from "../ports/flow.ts";

/** The words of `rusuban firewall render` and `targets`. */
export const WORDS = {
  group: { en: "exact firewall rules for every host", ja: "ホストごとの正確なファイアウォール規則" },
  render: {
    en: "write the rules that let the flows of a host through, and nothing else",
    ja: "ホストの通信だけを許可する規則を出力",
  },
  targets: { en: "list what rules can be written for", ja: "出力できる形式の一覧" },
  target: {
    en: "what to write for; `rusuban firewall targets` lists all",
    ja: "出力形式(一覧: `rusuban firewall targets`)",
  },
  side: {
    en: "whose rules: the agent's host, the manager's host, or a firewall in between (default: agent)",
    ja: "規則の適用場所: エージェント側・マネージャ側・中間のファイアウォール(既定: agent)",
  },
  host: {
    en: "a host that the running manager knows (may be repeated)",
    ja: "稼働中のマネージャに登録済みのホスト(複数指定可)",
  },
  agent: {
    en: "a server with an agent, no manager needed: NAME=ADDRESS[,ADDRESS] (may be repeated; the same name: more addresses of it)",
    ja: "エージェントのサーバ(マネージャ不要): 名前=アドレス[,アドレス](複数指定可。同じ名前はアドレスの追加)",
  },
  manager: {
    en: "the manager's addresses: [NAME=]ADDRESS[,ADDRESS] (may be repeated)",
    ja: "マネージャのアドレス: [名前=]アドレス[,アドレス](複数指定可)",
  },
  platform: {
    en: "of the servers given with --agent (default: linux)",
    ja: "--agent で指定したサーバの OS(既定: linux)",
  },
  profile: {
    en: "rules for an original product instead: esmpro, backup-exec",
    ja: "元の製品の規則を出力: esmpro、backup-exec",
  },
  variant: {
    en: "which ports hold, such as windows-server-2008",
    ja: "ポートの条件(windows-server-2008 など)",
  },
  port: {
    en: "a changed port or range: FLOW=5986, FLOW=20300-20349, ROW=31134 (may be repeated)",
    ja: "変更したポート: フロー=5986、フロー=20300-20349、資料の行=31134(複数指定可)",
  },
  from: {
    en: "who begins, where the product's document does not say: ROW=PARTY (may be repeated)",
    ja: "製品の資料に記載のない発信元: 資料の行=発信元(複数指定可)",
  },
  with: {
    en: "also this flow, which is not in use yet; all of them: all (may be repeated)",
    ja: "未使用のフローも含める。すべて含めるには all(複数指定可)",
  },
  without: { en: "not this flow (may be repeated)", ja: "このフローを除く(複数指定可)" },
  plainHttp: {
    en: "also plain HTTP for WS-Management: passwords and readings pass unprotected",
    ja: "WS-Management の平文 HTTP も許可(パスワードと計測値が保護されません)",
  },
  jobs: {
    en: "backups at once on one host; the data ports must hold two for each (default: 1)",
    ja: "ホストあたりの同時ジョブ数。データ接続用にジョブごとに 2 ポート必要(既定: 1)",
  },
  allowOverlap: {
    en: "the data ports are reserved on every agent although the system may hand them out",
    ja: "データ接続のポートが OS の自動割当範囲と重なるが、各エージェントで予約済み",
  },
  nftTable: {
    en: "nftables: the table that filters (default: inet filter)",
    ja: "nftables: フィルタを行うテーブル(既定: inet filter)",
  },
  out: { en: "write the files into this folder", ja: "ファイルをこのフォルダに出力" },
  leftOut: { en: "left out: {flow}: {reason}", ja: "対象外: {flow}: {reason}" },
  written: { en: "{count} files in {directory}; {use}", ja: "{directory} に {count} ファイルを出力しました。{use}" },
  rangeUnknown: {
    en: "data ports: {range} is assumed; where the agent's ports.backupData says otherwise, give it with --port backup-data=FROM-TO",
    ja: "データ接続: {range} として出力しました。エージェントの ports.backupData を変更している場合は --port backup-data=開始-終了 を指定してください",
  },
  noHost: { en: "no host is given", ja: "ホストが指定されていません" },
  giveHost: {
    en: "name one that the manager knows (--host NAME), or say where it is (--agent NAME=ADDRESS)",
    ja: "登録済みのホスト(--host 名前)か、サーバの所在(--agent 名前=アドレス)を指定してください",
  },
  manyHosts: {
    en: "the rules of an agent's host are for one host, {count} are given",
    ja: "エージェント側の規則は 1 台分です({count} 台指定されています)",
  },
  oneHost: {
    en: "give one of them, or ask for --side manager or --side between",
    ja: "1 台だけ指定するか、--side manager または --side between を指定してください",
  },
  noRules: { en: "no flow is left to let through", ja: "許可する通信がありません" },
  noRulesHint: {
    en: "above is why each is left out: name addresses of one family at both ends, or ask for less --without",
    ja: "対象外の理由は上のとおりです。両端に同じファミリのアドレスを指定するか、--without を減らしてください",
  },
  noManager: { en: "the manager's address is not given", ja: "マネージャのアドレスが指定されていません" },
  giveManager: { en: "add --manager ADDRESS", ja: "--manager アドレス を指定してください" },
  noVariant: { en: "profile {profile} differs by platform", ja: "プロファイル {profile} は条件によって異なります" },
  giveVariant: { en: "add --variant with one of: {list}", ja: "--variant で次のいずれかを指定してください: {list}" },
  notWritable: { en: "{directory}: cannot be written: {reason}", ja: "{directory}: 書き込めません: {reason}" },
  otherFolder: { en: "name another folder with --out", ja: "--out で別のフォルダを指定してください" },
  name: { en: "TARGET", ja: "形式" },
  what: { en: "FOR", ja: "対象" },
  sides: { en: "SIDES", ja: "適用場所" },
} as const satisfies Record<string, Text>;

/** Options that say where somebody else is. */
export const PARTY_WORDS = {
  "mail-server": {
    en: "mail server's address (or any): also the flows to it",
    ja: "メールサーバのアドレス(または any)。宛先とする通信も含めます",
  },
  "web-server": {
    en: "web server's address (or any): also the flows to it",
    ja: "Web サーバのアドレス(または any)。宛先とする通信も含めます",
  },
  "microsoft-365": {
    en: "Microsoft 365's addresses (or any): also the flows to it",
    ja: "Microsoft 365 のアドレス(または any)。宛先とする通信も含めます",
  },
  "peer-manager": {
    en: "another manager's address: also the flows between managers",
    ja: "他のマネージャのアドレス。マネージャ間の通信も含めます",
  },
  device: {
    en: "address of a device that sends traps or indications",
    ja: "トラップやインジケーションを送る機器のアドレス",
  },
  console: { en: "address from which administrators command the manager", ja: "管理コマンドを実行する端末のアドレス" },
  browser: { en: "address from which the web console is opened", ja: "Web コンソールを開く端末のアドレス" },
} as const satisfies Record<string, Text>;
