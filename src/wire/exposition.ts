// Prometheus's text format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats): what `/metrics` answers.

export const EXPOSITION_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric. Names after Prometheus's conventions: base unit last, `_total` for what only grows. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Families without samples are left out. Throws for a name that Prometheus would refuse: it is our bug. */
export function formatExposition(families: Iterable<MetricFamily>): string {
  const parts: string[] = [];
  for (const { name, help, type, samples } of families) {
    if (!NAME.test(name)) throw new Error(`assertion failed: ${name} is the name of a metric`);
    if (samples.length === 0) continue;
    parts.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n# TYPE ${name} ${type}\n`);
    for (const { labels = {}, value } of samples) parts.push(`${name}${formatLabels(labels)} ${formatValue(value)}\n`);
  }
  return parts.join("");
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
  const entries = Object.entries(labels);
  if (entries.length === 0) return "";
  const pairs = entries.map(([name, value]) => {
    if (!LABEL.test(name)) throw new Error(`assertion failed: ${name} is the name of a label`);
    // A lone surrogate is no UTF-8, and Prometheus refuses the whole scrape for one.
    return `${name}="${value.toWellFormed().replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
  });
  return `{${pairs.join(",")}}`;
}

function formatValue(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
