import type { ReadingHistory } from "../api/host-routes.ts";
import { formatBytes } from "../model/quantity.ts";
import type { ReadingUnit } from "../model/reading.ts";
import type { Text } from "../ports/flow.ts";
import { integer, seconds } from "../runtime/setting-kinds.ts";
import type { CommandShape } from "./define-command.ts";
import { formatDuration, formatMoment } from "./quantities.ts";
import { findHost } from "./references.ts";
import type { Session } from "./session.ts";
import { SHARED } from "./words.ts";

const WORDS = {
  about: {
    en: "show what a measure of a host was; without one, what there is a history of",
    ja: "計測値の履歴を表示(対象を省くと、履歴のある項目の一覧)",
  },
  componentArgument: { en: 'such as memory or "file system /var"', ja: 'memory、"file system /var" など' },
  measureArgument: { en: "such as used; may be left out where there is only one", ja: "used など(一つだけなら省略可)" },
  sinceOption: {
    en: "how far back: 90m, 24h, 7d (a day otherwise)",
    ja: "さかのぼる長さ: 90m、24h、7d(省略時は 1 日)",
  },
  pointsOption: { en: "how many points at most", ja: "点の数の上限" },
  component: { en: "COMPONENT", ja: "対象" },
  measure: { en: "MEASURE", ja: "項目" },
  unit: { en: "UNIT", ja: "単位" },
  from: { en: "FROM", ja: "開始" },
  average: { en: "AVERAGE", ja: "平均" },
  minimum: { en: "LEAST", ja: "最小" },
  maximum: { en: "GREATEST", ja: "最大" },
  nothing: { en: "Nothing was read in this time.", ja: "この期間の計測値はありません。" },
  noSeries: { en: "There is no history of this host yet.", ja: "このホストの履歴はまだありません。" },
  chart: { en: "{series}, {step} a point, {least} to {greatest}", ja: "{series}(1 点 {step}、{least}~{greatest})" },
} as const satisfies Record<string, Text>;

const ROWS_SHOWN = 24;
const POINTS_SHOWN = 96;
const BARS = "▁▂▃▄▅▆▇█";

/** `rusuban host history`. */
export const HOST_HISTORY = {
  name: "history",
  about: WORDS.about,
  arguments: [
    ["<host>", SHARED.hostArgument],
    ["[component]", WORDS.componentArgument],
    ["[measure]", WORDS.measureArgument],
  ],
  options: [
    { flags: "--since <time>", about: WORDS.sinceOption, kind: seconds({ min: 60, max: 3_650 * 86_400 }) },
    { flags: "--points <n>", about: WORDS.pointsOption, kind: integer({ min: 2, max: 2_000 }) },
  ],
  examples: ["rusuban host history web1", "rusuban host history web1 memory used --since 7d"],
  run: history,
} satisfies CommandShape<[string, string | undefined, string | undefined, HistoryOptions]>;

interface HistoryOptions {
  readonly since?: number;
  readonly points?: number;
}

async function history(
  session: Session,
  ref: string,
  component: string | undefined,
  measure: string | undefined,
  options: HistoryOptions,
): Promise<void> {
  const api = await session.api();
  const host = await findHost(session, api, ref);
  const { series } = await api.hostSeries({ params: { host: host.id } });
  const ofComponent = series.filter((one) => one.component === component);
  const only = ofComponent.length === 1 ? ofComponent[0] : undefined;
  const wanted = measure ?? only?.measure;
  if (component === undefined || wanted === undefined) {
    const shown = ofComponent.length > 0 ? ofComponent : series;
    return session.result({ hostId: host.id, series: shown }, () => {
      if (shown.length === 0) return session.tell(WORDS.noSeries);
      session.table(
        [WORDS.component, WORDS.measure, WORDS.unit],
        shown.map((one) => [one.component, one.measure, one.unit]),
      );
    });
  }
  const { since = 86_400, points = POINTS_SHOWN } = options;
  const toMs = session.world.clock.now();
  const query = { component, measure: wanted, fromMs: toMs - since * 1_000, toMs, points };
  const found = await api.hostHistory({ params: { host: host.id }, query });
  session.result(found, () => show(session, found));
}

function show(session: Session, { component, measure, unit, stepSeconds, points }: ReadingHistory): void {
  if (points.length === 0) {
    session.tell(WORDS.nothing);
    return;
  }
  const least = Math.min(...points.map((point) => point.minimum));
  const greatest = Math.max(...points.map((point) => point.maximum));
  session.print(
    session.say(WORDS.chart, {
      series: `${component} ${measure}`,
      step: formatDuration(stepSeconds * 1_000, session.language),
      least: formatValue(least, unit),
      greatest: formatValue(greatest, unit),
    }),
  );
  session.print(barsOf(points, { least, greatest, stepMs: stepSeconds * 1_000 }));
  session.print("");
  session.table(
    [WORDS.from, WORDS.average, WORDS.minimum, WORDS.maximum],
    points
      .slice(-ROWS_SHOWN)
      .map((point) => [
        formatMoment(point.atMs),
        ...[point.average, point.minimum, point.maximum].map((value) => formatValue(value, unit)),
      ]),
  );
}

/** One character a step, from the least to the greatest; a blank where nothing was read. */
export function barsOf(
  points: ReadingHistory["points"],
  { least, greatest, stepMs }: { readonly least: number; readonly greatest: number; readonly stepMs: number },
): string {
  const first = points[0]?.atMs ?? 0;
  const bars: string[] = [];
  for (const { atMs, average } of points) {
    const share = greatest === least ? 0 : (average - least) / (greatest - least);
    const place = Math.min(Math.round((atMs - first) / stepMs), POINTS_PLACES_MAX);
    bars[place] = BARS[Math.round(share * (BARS.length - 1))] ?? " ";
  }
  return Array.from(bars, (bar) => bar ?? " ").join("");
}

/** More than an answer ever has: a wrong time makes no endless line. */
const POINTS_PLACES_MAX = 4_000;

function formatValue(value: number, unit: ReadingUnit): string {
  if (unit === "ratio") return `${(value * 100).toFixed(1)} %`;
  if (unit === "bytes") return formatBytes(value);
  return unit === "seconds" ? `${value.toFixed(1)} s` : String(Number(value.toPrecision(4)));
}
