import { useQuery } from "@tanstack/react-query";
import type { ReadingHistory } from "../api/host-routes.ts";
import { call } from "./api-call.ts";
import { formatValue } from "./format.ts";
import { useSpeech } from "./language.tsx";

const WIDTH = 120;
const HEIGHT = 22;
/** The line's own width must not be cut off at the edges. */
const MARGIN = 2;
const POINTS = 60;
const REFRESH_MS = 60_000;

type Point = ReadingHistory["points"][number];

/** One day of a measure as a small line in the band of its least and greatest; nothing where there is no history yet. */
export function HistoryGraph({
  hostId,
  component,
  measure,
}: {
  readonly hostId: string;
  readonly component: string;
  readonly measure: string;
}) {
  const { words } = useSpeech();
  const query = { component, measure, points: POINTS };
  const history = useQuery({
    queryKey: ["history", hostId, component, measure],
    queryFn: ({ signal }) => call("GET /api/v1/hosts/:host/history", { params: { host: hostId }, query }, signal),
    refetchInterval: REFRESH_MS,
    retry: false, // A measure that has just appeared has no history: the next round asks again.
  });
  const { points = [], unit = "none", stepSeconds = 60 } = history.data ?? {};
  if (points.length < 2) return null;
  const least = Math.min(...points.map((point) => point.minimum));
  const greatest = Math.max(...points.map((point) => point.maximum));
  const title = words.hosts.history(formatValue(least, unit), formatValue(greatest, unit));
  const from = points[0]?.atMs ?? 0;
  const length = Math.max(1, (points.at(-1)?.atMs ?? 0) - from);
  // A share is drawn between nothing and all: 3 % and 4 % full are the same calm.
  const [bottom, top] = unit === "ratio" ? [0, Math.max(1, greatest)] : [least, greatest];
  const x = ({ atMs }: Point) => ((atMs - from) / length) * WIDTH;
  const y = (value: number) =>
    top === bottom ? HEIGHT / 2 : HEIGHT - MARGIN - ((value - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN);
  const at = (point: Point, value: number) => `${x(point).toFixed(1)},${y(value).toFixed(1)}`;
  return (
    <svg className="history" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={title}>
      <title>{title}</title>
      {stretchesOf(points, stepSeconds * 1_000).map((stretch) => (
        <g key={stretch[0]?.atMs}>
          <polygon
            points={[
              ...stretch.map((point) => at(point, point.maximum)),
              ...stretch.toReversed().map((point) => at(point, point.minimum)),
            ].join(" ")}
          />
          <polyline points={stretch.map((point) => at(point, point.average)).join(" ")} />
        </g>
      ))}
    </svg>
  );
}

/** What was read without a gap: the line is broken where nothing was. */
function stretchesOf(points: readonly Point[], stepMs: number): Point[][] {
  const stretches: Point[][] = [];
  for (const point of points) {
    const last = stretches.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && point.atMs - before.atMs <= 2 * stepMs) last.push(point);
    else stretches.push([point]);
  }
  return stretches;
}
