// The words that several commands share, in both languages. What belongs to one command stands in that command's file,
// in the same form. JSON keys and values are never translated.

import type { AlertState, Severity } from "../model/alert.ts";
import type { HostState } from "../model/host.ts";
import type { JobKind, JobState } from "../model/job.ts";
import type { ReadingState } from "../model/reading.ts";
import type { Language, Text } from "../ports/flow.ts";

export type Values = Readonly<Record<string, string | number>>;

/** The text in a language, `{name}` replaced by the value of that name. Values are put in as they are. */
export function fill(text: Text, language: Language, values: Values = {}): string {
  return text[language].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export const SEVERITY_WORDS: Readonly<Record<Severity, Text>> = {
  information: { en: "information", ja: "情報" },
  warning: { en: "warning", ja: "警告" },
  minor: { en: "minor", ja: "軽度" },
  major: { en: "major", ja: "重度" },
  critical: { en: "critical", ja: "重大" },
  fatal: { en: "fatal", ja: "致命的" },
};

export const ALERT_STATE_WORDS: Readonly<Record<AlertState, Text>> = {
  open: { en: "open", ja: "未確認" },
  acknowledged: { en: "acknowledged", ja: "確認済み" },
  cleared: { en: "cleared", ja: "解消" },
};

export const HOST_STATE_WORDS: Readonly<Record<HostState, Text>> = {
  up: { en: "up", ja: "稼働中" },
  unreachable: { en: "unreachable", ja: "到達不能" },
  unknown: { en: "unknown", ja: "不明" },
  revoked: { en: "revoked", ja: "失効" },
};

export const READING_STATE_WORDS: Readonly<Record<ReadingState, Text>> = {
  ok: { en: "ok", ja: "正常" },
  unknown: { en: "unknown", ja: "不明" },
  warning: { en: "warning", ja: "警告" },
  critical: { en: "critical", ja: "重大" },
};

export const JOB_STATE_WORDS: Readonly<Record<JobState, Text>> = {
  queued: { en: "queued", ja: "待機中" },
  running: { en: "running", ja: "実行中" },
  done: { en: "done", ja: "完了" },
  partly: { en: "done in part", ja: "一部完了" },
  failed: { en: "failed", ja: "失敗" },
  canceled: { en: "canceled", ja: "中止" },
};

export const JOB_KIND_WORDS: Readonly<Record<JobKind, Text>> = {
  backup: { en: "backup", ja: "バックアップ" },
  restore: { en: "restore", ja: "復元" },
};

export const LABELS = {
  host: { en: "HOST", ja: "ホスト" },
  state: { en: "STATE", ja: "状態" },
  severity: { en: "SEVERITY", ja: "重要度" },
  id: { en: "ID", ja: "ID" },
  when: { en: "WHEN", ja: "日時" },
  what: { en: "WHAT", ja: "内容" },
  name: { en: "NAME", ja: "名前" },
  address: { en: "ADDRESS", ja: "アドレス" },
  paths: { en: "PATHS", ja: "パス" },
  files: { en: "FILES", ja: "ファイル数" },
  size: { en: "SIZE", ja: "サイズ" },
  added: { en: "ADDED", ja: "増分" },
  problems: { en: "PROBLEMS", ja: "問題" },
  kind: { en: "KIND", ja: "種類" },
  took: { en: "TOOK", ja: "所要時間" },
} as const satisfies Record<string, Text>;

export const SHARED = {
  moment: { en: "{moment} ({age})", ja: "{moment}({age})" },
  never: { en: "never", ja: "なし" },
  none: { en: "none", ja: "なし" },
  yes: { en: "yes", ja: "はい" },
  no: { en: "no", ja: "いいえ" },
  more: {
    en: "There is more: add --limit {limit} or --after {cursor}.",
    ja: "続きがあります。--limit {limit} または --after {cursor} を付けてください。",
  },
  unexpectedReply: {
    en: "the manager's answer is not what this version expects: {problem}",
    ja: "マネージャの応答がこのバージョンの想定と異なります: {problem}",
  },
  compareVersions: {
    en: "compare `rusuban --version` here and on the manager's computer",
    ja: "このコンピュータとマネージャのコンピュータで `rusuban --version` を比べてください",
  },
  hostArgument: {
    en: "host: its name, its id, or a unique beginning of its id",
    ja: "ホストの名前、ID、または ID の一意な先頭部分",
  },
  snapshotArgument: {
    en: "snapshot: its id, a unique beginning of it, or `latest`",
    ja: "スナップショットの ID、ID の一意な先頭部分、または latest",
  },
  limitOption: { en: "how many to show at most", ja: "最大表示件数" },
  afterOption: {
    en: "go on after this place in the list (`next` of the output before)",
    ja: "前回の出力の next の位置から続ける",
  },
} as const satisfies Record<string, Text>;
