import type { Language } from "../ports/flow.ts";

// The store gives its reasons in English, as stable phrases (src/store/retention.ts). These are the same in Japanese; `$1`
// is what the pattern finds. A phrase that is not here is shown as it is.

const PERIODS: Readonly<Record<string, string>> = {
  hourly: "時間ごと",
  daily: "日ごと",
  weekly: "週ごと",
  monthly: "月ごと",
  yearly: "年ごと",
};

const JAPANESE: readonly (readonly [RegExp, string])[] = [
  [/^on hold: (.*)$/s, "保護中: $1"],
  [/^on hold$/, "保護中"],
  [/^tag: (.*)$/s, "タグ: $1"],
  [/^no rule is given$/, "規則の指定なし"],
  [/^the newest of its host and paths$/, "このホストとパスの最新"],
  [/^within the duration$/, "期間内"],
  [/^last: one of the newest (\d+)$/, "最新 $1 件"],
  [/^last: one of the newest (\d+) that are whole$/, "欠けのない最新 $1 件"],
  [/^last: one of the newest (\d+) a week ago$/, "1 週間前の時点で最新 $1 件"],
  [/^(\w+): newest of (.*)$/, "$1: $2 の最新"],
  [/^(\w+): newest whole one of (.*)$/, "$1: $2 の欠けのない最新"],
  [/^(\w+): before the rush in (.*)$/, "$1: $2 の大量作成より前"],
  [/^no rule keeps it$/, "残す規則なし"],
];

/** Why a snapshot stays or goes, in the reader's language. */
export function retentionReason(reason: string, language: Language): string {
  if (language === "en") return reason;
  const found = JAPANESE.find(([pattern]) => pattern.test(reason));
  if (found === undefined) return reason;
  return reason.replace(...found).replace(/^\w+(?=: )/, (kind) => PERIODS[kind] ?? kind);
}
