import type { Alert } from "./alert.ts";

// What an alert says to readers of Japanese. Its summary is English, as it was raised and stored; our own conditions are said
// anew from their fields, and what comes from elsewhere (indications, Windows' events) stays in its maker's words.

/** What the sentence is made of. Also InboxAlert, and the API's alerts. */
export type SaidAlert = Pick<Alert, "condition" | "kind" | "component" | "summary"> & {
  readonly details: readonly { readonly name: string; readonly value: string }[];
};

/** The alert's one sentence in this language. */
export function alertSentence(alert: SaidAlert, language: "en" | "ja"): string {
  if (language === "en") return alert.summary;
  return (
    (Object.hasOwn(JAPANESE, alert.condition) ? JAPANESE[alert.condition] : undefined)?.(partsOf(alert)) ??
    alert.summary
  );
}

interface Parts {
  readonly isCleared: boolean;
  /** Of what: without the words `file system` and `service` before it. */
  readonly name: string;
  /** The value of a detail; undefined where there is none. */
  readonly detail: (name: string) => string | undefined;
  readonly summary: string;
}

type Sentence = (parts: Parts) => string | undefined;

/**
 * What lasts: the words while it is bad, and when it is well again; what was read stands behind them. Where that is not among
 * the details, only the English sentence has it.
 */
function lasting(bad: (name: string) => string, well: (name: string) => string): Sentence {
  return ({ isCleared, name, detail }) => {
    const lasted = detail("lasted");
    const read = detail("reading");
    if (isCleared && read === undefined && lasted !== undefined)
      return `${name} はなくなったか、監視の対象から外れました（この状態が${durationText(lasted)}続いていました）`;
    if (read === undefined) return undefined;
    const behind = `${lasted === undefined ? "" : `${durationText(lasted)}継続、`}${readingText(read)}`;
    const before = !isCleared && detail("before") === "critical" ? "改善しましたが、まだ正常ではありません: " : "";
    return `${before}${(isCleared ? well : bad)(name)}（${behind}）`;
  };
}

/** Behind the first `: ` of the English sentence: a reason in its maker's words. */
function reasonIn(summary: string): string {
  const at = summary.indexOf(": ");
  return at < 0 ? "" : `: ${summary.slice(at + 2)}`;
}

const JAPANESE: Readonly<Record<string, Sentence>> = {
  "filesystem.filling": lasting(
    (name) => `ファイルシステム ${name} の空きが少なくなっています`,
    (name) => `ファイルシステム ${name} の空きが戻りました`,
  ),
  "filesystem.inodes": lasting(
    (name) => `ファイルシステム ${name} の inode が残り少なくなっています`,
    (name) => `ファイルシステム ${name} の inode に余裕が戻りました`,
  ),
  "filesystem.not-answering": lasting(
    (name) => `ファイルシステム ${name} が応答しません`,
    (name) => `ファイルシステム ${name} が再び応答しています`,
  ),
  "filesystem.read-only": lasting(
    (name) => `ファイルシステム ${name} に書き込めません`,
    (name) => `ファイルシステム ${name} に再び書き込めます`,
  ),
  "memory.short": lasting(
    () => "メモリが不足しています",
    () => "メモリの不足が解消しました",
  ),
  "load.high": lasting(
    () => "負荷が高くなっています",
    () => "負荷が通常に戻りました",
  ),
  "processor.busy": lasting(
    () => "プロセッサの使用率が高くなっています",
    () => "プロセッサに余裕が戻りました",
  ),
  "service.down": lasting(
    (name) => `サービス ${name} が動作していません`,
    (name) => `サービス ${name} が再び動作しています`,
  ),
  "hardware.failing": lasting(
    (name) => `${name} に異常があります`,
    (name) => `${name} が正常に戻りました`,
  ),
  "sensor.alarming": lasting(
    (name) => `${name} の値をサーバが異常と判断しています`,
    (name) => `${name} が正常に戻りました`,
  ),
  "agent.started": ({ detail }) => {
    const away = detail("away for");
    if (away === undefined) return "このコンピュータでエージェントが初めて起動しました";
    const restarted = detail("computer restarted") === "yes";
    const why =
      detail("last stop") === "clean"
        ? restarted
          ? "コンピュータの再起動のあと"
          : "正常な停止のあと"
        : restarted
          ? "停止の手続きなしにコンピュータが再起動したあと（電源断、クラッシュ、リセット）"
          : "強制終了またはクラッシュのあと";
    return `${why}、エージェントが起動しました。監視されていなかった時間: ${durationText(away)}`;
  },
  "agent.stopping": () => "エージェントを停止します: 次に起動するまで、このコンピュータは監視されません",
  "agent.memory-lost": () =>
    "これまでに知らせた状態の記録を読めませんでした: その間に終わったものは手で閉じる必要があります",
  "host.unreachable": ({ isCleared, detail, summary }) => {
    if (!isCleared) return `ホストに到達できません${reasonIn(summary)}`;
    const lasted = detail("unreachable for");
    return `ホストが復帰しました${lasted === undefined ? "" : `（停止していた時間: ${durationText(lasted)}）`}`;
  },
  "backup.failed": ({ isCleared, name, summary }) => {
    const paths = name.replace(/^backup of /, "");
    return isCleared
      ? `${paths} のバックアップが完了しました`
      : `${paths} のバックアップに失敗しました${reasonIn(summary)}`;
  },
  "store.damaged": ({ isCleared, summary }) => {
    if (isCleared) return "保存されているバックアップは再び完全です";
    const counts = /: (\d+) places, (\d+) snapshots/.exec(summary);
    const where = counts === null ? "" : `（${counts[1]} か所、スナップショット ${counts[2]} 個）`;
    return `保存されているバックアップが壊れています${where}。マネージャを止めて \`rusuban store check --repair\` を実行してください`;
  },
  "firewall.drift": ({ isCleared, detail }) => {
    if (isCleared) return "ファイアウォールの規則は適用したときの状態に戻ったか、適用されたものがなくなりました";
    const mend = detail("mend");
    return `適用したファイアウォールの規則が変更されています${mend === undefined ? "" : `。直すには \`${mend}\``}`;
  },
  "indications.lost": ({ summary }) => {
    const count = /^(\d+) /.exec(summary)?.[1];
    return count === undefined ? undefined : `このサーバからの通知（インディケーション）${count} 件が届きませんでした`;
  },
  "indications.subscription": ({ isCleared, summary }) =>
    isCleared
      ? "通知（インディケーション）の購読が元に戻ったか、不要になりました"
      : `このサーバの通知（インディケーション）を購読できません${reasonIn(summary)}`,
  "indications.subscription-lost": () =>
    "このサーバで通知（インディケーション）の購読が失われていました: 届かなかったものがあるかもしれません",
  "windows.lost": ({ summary }) => {
    const count = /^(\d+) /.exec(summary)?.[1];
    return count === undefined ? undefined : `このサーバのイベント ${count} 件が届きませんでした（サーバ自身の通知）`;
  },
  "windows.unreadable": ({ summary }) => `読めないイベントが届きました${reasonIn(summary)}`,
  "windows.ended": () => "サーバがイベントの送信をやめました: 次の更新のときに再び問い合わせてきます",
};

function partsOf({ kind, component, details, summary }: SaidAlert): Parts {
  return {
    isCleared: kind === "cleared",
    name: component.replace(/^(file system|service) /, ""),
    detail: (name) => details.find((each) => each.name === name)?.value,
    summary,
  };
}

const UNITS: Readonly<Record<string, string>> = { second: "秒", minute: "分", hour: "時間", day: "日", s: "秒" };

/** `2 hours 5 minutes`, `about 3 days`, `90 s`. */
function durationText(english: string): string {
  if (english.startsWith("an unknown time")) return "不明（時計が戻されました）";
  return english
    .replace(/^about /, "約 ")
    .replace(/(\d+) (s|second|minute|hour|day)s?\b/g, (_, number: string, unit: string) => `${number} ${UNITS[unit]}`);
}

/** What a reading says of itself, where the words are ours; else as it stands. */
function readingText(english: string): string {
  for (const [pattern, japanese] of READINGS) if (pattern.test(english)) return english.replace(pattern, japanese);
  return english;
}

const READINGS: readonly (readonly [RegExp, string])[] = [
  [/^(\d+ %) of its inodes used: (\d+) of (\d+) left for new files$/, "inode 使用率 $1、$3 個のうち残り $2 個"],
  [/^(\d+ %) (?:full|used): (\S+ \S+) of (\S+ \S+) (?:free|available)(.*)$/, "使用率 $1、$3 のうち空き $2$4"],
  [/^([\d.]+) over (\d+) minutes? on (\d+) processors?$/, "$2 分間の平均 $1、プロセッサ $3 個"],
  [/^([\d.]+) on (\d+) processors?$/, "平均 $1、プロセッサ $2 個"],
  [/^(\d+ %) busy(.*)$/, "使用率 $1$2"],
];
