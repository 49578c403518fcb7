import type { Text } from "../ports/flow.ts";

export const WORDS = {
  about: {
    en: "test every flow to and from a host, and say what stands in the way; without HOST, look at this computer",
    ja: "ホストとの全フローを試験し、何が妨げているかを表示(HOST 省略時はこのコンピュータを点検)",
  },
  host: { en: "host: its name, its id, or a unique beginning of its id", ja: "ホスト(名前、ID、または ID の先頭部分)" },
  answer: {
    en: "what the pasted line printed on the host; - reads it from stdin",
    ja: "ホストに貼り付けた行の出力(- で標準入力から読み取り)",
  },
  explain: {
    en: "say what a code or a log line means and which flows to check",
    ja: "コードやログの 1 行の意味と、確認すべきフローを表示",
  },
  explainLine: { en: "a code, or a line of a log", ja: "コード、またはログの 1 行" },
  answerAbout: {
    en: "on a host that the manager cannot ask: look at this host and print a signed answer to paste back",
    ja: "マネージャから問い合わせできないホストで実行し、貼り付けて返すための署名付き回答を出力",
  },
  answerToken: {
    en: "the token of the line that `rusuban doctor HOST` printed",
    ja: "`rusuban doctor HOST` が表示した行のトークン",
  },
  idleOption: {
    en: "besides leave connections idle for so many seconds, and for four times as many (default 60)",
    ja: "指定した秒数とその 4 倍の間、無通信の接続が維持されるかも試験(既定 60 秒)",
  },
  idleSecondsWrong: {
    en: "--idle {text}: a number of seconds from 1 to {max}",
    ja: "--idle {text}: 1 ~ {max} の秒数を指定してください",
  },
  testingIdle: {
    en: "Testing every flow between the manager and {host}, then leaving connections idle for {seconds} s and for {long} s.",
    ja: "マネージャと {host} の間の全フローを試験し、続けて {seconds} 秒と {long} 秒の無通信接続を試験します。",
  },
  idleLeft: { en: "connections are idle: about {seconds} s left", ja: "無通信の接続を維持中: 残り約 {seconds} 秒" },
  idleStopped: {
    en: "Stopped; the idle connections are closed.",
    ja: "中止しました。無通信の接続は閉じられます。",
  },
  idleFailed: { en: "the examination failed: {problem}", ja: "試験に失敗しました: {problem}" },
  idleCancelled: { en: "somebody else ended the examination", ja: "試験は他から中止されました" },
  idleLives: {
    en: "Connections idle for {long} s live ({family}).",
    ja: "{long} 秒無通信の接続は維持されます({family})。",
  },
  idleUntried: {
    en: "Idle connections could not be examined: that needs a data port that passes, and an agent that can be asked.",
    ja: "無通信の接続は試験できませんでした。通じるデータポートと、問い合わせ可能なエージェントが必要です。",
  },
  testing: {
    en: "Testing every flow between the manager and {host}; this takes up to ten seconds.",
    ja: "マネージャと {host} の間の全フローを試験しています(最大 10 秒)。",
  },
  bothEnds: {
    en: "Tested from both ends in {seconds} s; {host} was asked over {via}.",
    ja: "両端から試験しました({seconds} 秒、{host} へは {via} で問い合わせ)。",
  },
  oneEnd: {
    en: "Tested from one end in {seconds} s: {host} could not be asked over any flow.",
    ja: "片側から試験しました({seconds} 秒)。{host} にはどのフローでも問い合わせできませんでした。",
  },
  paste: {
    en: "To have both ends, run this on {host} and give its output to `rusuban doctor {host} --answer -` within 15 minutes:",
    ja: "両端から判定するには、{host} で次の行を実行し、その出力を 15 分以内に `rusuban doctor {host} --answer -` に渡してください:",
  },
  flow: { en: "FLOW", ja: "フロー" },
  family: { en: "FAMILY", ja: "ファミリ" },
  direction: { en: "DIRECTION", ja: "方向" },
  ports: { en: "PORTS", ja: "ポート" },
  state: { en: "STATE", ja: "状態" },
  cause: { en: "CAUSE", ja: "原因" },
  where: { en: "WHERE", ja: "場所" },
  or: { en: " or ", ja: " または " },
  and: { en: "; ", ja: "、" },
  what: { en: "  what is wrong: {line}", ja: "  状況: {line}" },
  known: { en: "  how it is known: {line}", ja: "  根拠: {line}" },
  decides: { en: "  what decides: {line}", ja: "  判別方法: {line}" },
  mends: { en: "  what mends it ({where}{firewall}): {line}", ja: "  対処({where}{firewall}): {line}" },
  owners: { en: "HELD BY", ja: "使用中のプログラム" },
  thisComputerOnly: {
    en: "this computer only, as listen.host says",
    ja: "listen.host の設定どおり、このコンピュータ内のみ",
  },
  oneComputer: {
    en: "Both are on this computer and speak over its loopback: other computers were not considered.",
    ja: "両者はこのコンピュータ上にあり、ループバックで通信しています。他のコンピュータからの接続は対象外です。",
  },
  firewallInCharge: { en: "Firewall in charge: {kind}", ja: "有効なファイアウォール: {kind}" },
  firewallUnknown: {
    en: "Firewall in charge: not known (root can see it)",
    ja: "有効なファイアウォール: 不明(root なら確認可能)",
  },
  ephemeralClear: {
    en: "Data ports: apart from the ports that the system gives to outgoing connections",
    ja: "データポート: システムの一時ポートと重複していません",
  },
  ephemeralOverlaps: {
    en: "Data ports: they lie among the system's ephemeral ports; reserve them: {command}",
    ja: "データポート: システムの一時ポートと重複しています。予約してください: {command}",
  },
  installation: { en: "{name} ({path}): {advice}", ja: "{name}({path}): {advice}" },
  nothingUnderstood: {
    en: "nothing in this line is a code, a flow, a port or an error that is known here",
    ja: "この行には、既知のコード・フロー・ポート・エラーが見つかりません",
  },
  examineHost: {
    en: "`rusuban doctor HOST` tests the flows themselves",
    ja: "`rusuban doctor HOST` でフローそのものを試験できます",
  },
  check: { en: "  check: {flows}", ja: "  確認するフロー: {flows}" },
  rows: { en: "  rows: {rows}", ja: "  元製品の表の行: {rows}" },
  may: { en: "  it may be: {causes}", ja: "  考えられる原因: {causes}" },
  test: { en: "  test it: {command}", ja: "  試験: {command}" },
} as const satisfies Record<string, Text>;

export const STATE_WORDS: Readonly<Record<string, Text>> = {
  open: { en: "open", ja: "開通" },
  closed: { en: "closed", ja: "不通" },
  partly: { en: "in part", ja: "一部不通" },
  unknown: { en: "unknown", ja: "不明" },
  free: { en: "free", ja: "空き" },
};

export const WHERE_WORDS: Readonly<Record<string, Text>> = {
  "this-host": { en: "the manager's host", ja: "マネージャのホスト" },
  between: { en: "the firewall in between", ja: "途中のファイアウォール" },
  "far-host": { en: "the agent's host", ja: "エージェントのホスト" },
};

export const DIRECTION_WORDS: Readonly<Record<string, Text>> = {
  "manager-to-agent": { en: "manager → agent", ja: "マネージャ → エージェント" },
  "agent-to-manager": { en: "agent → manager", ja: "エージェント → マネージャ" },
};
