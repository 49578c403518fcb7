import type { Language } from "../ports/flow.ts";

/** `1,234,567`. */
export function formatCount(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

const STEPS = [
  { seconds: 86_400, en: "d", ja: "日" },
  { seconds: 3_600, en: "h", ja: "時間" },
  { seconds: 60, en: "min", ja: "分" },
  { seconds: 1, en: "s", ja: "秒" },
] as const;

/** A length of time in its largest whole unit and the next, where that is not zero: `2 h 5 min`, `2時間5分`. Never negative. */
export function formatDuration(milliseconds: number, language: Language): string {
  const total = Math.max(0, Math.floor(milliseconds / 1_000));
  const first = STEPS.findIndex(({ seconds }) => total >= seconds);
  if (first < 0) return language === "ja" ? "1秒未満" : "less than 1 s";
  const parts: string[] = [];
  let rest = total;
  for (const step of STEPS.slice(first, first + 2)) {
    const count = Math.floor(rest / step.seconds);
    rest -= count * step.seconds;
    if (count > 0) parts.push(language === "ja" ? `${count}${step.ja}` : `${count} ${step.en}`);
  }
  return parts.join(language === "ja" ? "" : " ");
}

/** How long ago in one unit: `12 s ago`, `2 min ago`, `3分前`; `in 5 min` for what is to come. */
export function formatAge(atMs: number, nowMs: number, language: Language): string {
  const apart = Math.abs(nowMs - atMs) / 1_000;
  const step = STEPS.find(({ seconds }) => apart >= seconds);
  if (step === undefined) return language === "ja" ? "たった今" : "just now";
  const count = Math.floor(apart / step.seconds);
  if (language === "ja") return `${count}${step.ja}${atMs <= nowMs ? "前" : "後"}`;
  return atMs <= nowMs ? `${count} ${step.en} ago` : `in ${count} ${step.en}`;
}

/** `2026-11-22 18:04:05`, in this computer's time zone. */
export function formatMoment(atMs: number): string {
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return String(atMs);
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
