// xs:duration (XML Schema part 2 §3.2.6) as milliseconds. Years and months have no fixed length; they are counted as 365
// and 30 days, because openwsman and Windows send them for "never" only.

const DURATION =
  /^(-)?P(?:(\d{1,9})Y)?(?:(\d{1,9})M)?(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:\.(\d{1,9}))?S)?)?$/;

const DAY_MS = 86_400_000;

/** Milliseconds, negative ones included; undefined for what is no duration. `PT600.000000S`, openwsman's form, is one. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  const match = DURATION.exec(trimmed);
  if (match === null || trimmed.endsWith("P") || trimmed.endsWith("T")) return undefined;
  const [, sign, years, months, days, hours, minutes, seconds, fraction] = match;
  const number = (digits: string | undefined) => Number(digits ?? 0);
  const ms =
    (number(years) * 365 + number(months) * 30 + number(days)) * DAY_MS +
    number(hours) * 3_600_000 +
    number(minutes) * 60_000 +
    number(seconds) * 1_000 +
    Math.round(Number(`0.${fraction ?? 0}`) * 1_000);
  return sign === undefined ? ms : -ms;
}

/** `PT60.000S`: seconds only, as Windows writes them, since every peer was seen to read this form. */
export function formatDuration(ms: number): string {
  return `PT${Math.floor(ms / 1_000)}.${String(Math.floor(ms % 1_000)).padStart(3, "0")}S`;
}

/** How long from now an expiration lasts: a duration, or a moment with its offset; undefined for what is neither. */
export function parseExpiration(text: string, nowMs: number): number | undefined {
  const duration = parseDuration(text);
  if (duration !== undefined) return duration;
  const trimmed = text.trim();
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/.test(trimmed)) return undefined;
  const at = Date.parse(trimmed);
  return Number.isNaN(at) ? undefined : at - nowMs;
}
