// What was measured, as Markdown: the targets, the tables, the method, the profile.

import { mebibytes, table } from "./markdown-table.ts";
import { type Cost, METHOD, median } from "./store-measure.ts";
import type { ThreadProfile } from "./store-profile.ts";
import type { Program } from "./store-programs.ts";
import type { DataSet, Results, Step } from "./store-scenarios.ts";

export interface ChunkMemory {
  readonly chunks: number;
  readonly residentBytes: number;
  readonly tableBytes: number;
  readonly baseBytes: number;
}

export interface Report {
  readonly machine: readonly string[];
  readonly programs: readonly Program[];
  readonly missing: readonly string[];
  readonly rounds: number;
  readonly dataSets: readonly (DataSet & { readonly about: string })[];
  readonly results: Results;
  readonly chunkMemory: ChunkMemory;
  readonly profiles: readonly { readonly what: string; readonly threads: readonly ThreadProfile[] }[];
}

type Measure = (cost: Cost) => number;
const WALL: Measure = ({ wallSeconds }) => wallSeconds;
const PROCESSOR: Measure = ({ cpuSeconds }) => cpuSeconds;

const STEP_WORDS: Readonly<Record<Step, string>> = {
  first: "first backup",
  unchanged: "nothing changed",
  restore: "full restore",
};

/** Not a number where nothing was measured, and for a restore that was wrong. */
function medianOf({ costs, verdicts }: Results, key: string, measure: Measure): number {
  const isWrong = verdicts.some(
    ({ dataSet, program, wrong }) => wrong.length > 0 && key === `${dataSet}/restore/${program}`,
  );
  return isWrong ? Number.NaN : median((costs.get(key) ?? []).map(measure));
}

/** The reached ratios against those to reach. */
export function renderTargets(report: Report): string {
  const { results, chunkMemory } = report;
  const against = (set: string, step: Step, peer: string, measure: Measure) =>
    medianOf(results, `${set}/${step}/rusuban`, measure) / medianOf(results, `${set}/${step}/${peer}`, measure);
  const time = (set: string, step: Step, peer: string) =>
    [against(set, step, peer, WALL), against(set, step, peer, PROCESSOR)] as const;
  const size = (name: string) => results.sizes.get(`system/${name}`) ?? Number.NaN;
  const peak = (name: string) =>
    Math.max(
      ...(["first", "unchanged", "restore"] as const).map((step) =>
        medianOf(results, `system/${step}/${name}`, ({ peakBytes }) => peakBytes),
      ),
    );
  const smaller = Math.min(...[size("restic"), size("borg")].filter((bytes) => !Number.isNaN(bytes)));
  const perChunk = chunkMemory.residentBytes / chunkMemory.chunks;
  const rows: [what: string, against: string, reach: number, reached: readonly [number, number?]][] = [
    ["first backup, wall time", "restic", 0.38, time("system", "first", "restic")],
    ["first backup, wall time", "borg", 0.5, time("system", "first", "borg")],
    ["nothing changed, wall time", "restic", 0.5, time("system", "unchanged", "restic")],
    ["full restore, wall time", "restic", 0.44, time("system", "restore", "restic")],
    ["size of the store", "the smaller of the two", 1, [size("rusuban") / smaller]],
    ["peak memory of the whole process, worst of the three", "restic", 1, [peak("rusuban") / peak("restic")]],
    ["one large file, first backup, wall time", "restic", 0.6, time("large", "first", "restic")],
    ["many small files, first backup, wall time", "restic", 0.5, time("small", "first", "restic")],
    ["many small files, nothing changed, wall time", "restic", 0.5, time("small", "unchanged", "restic")],
  ];
  return table(
    ["what", "against", "to reach", "reached", "", "processor time, same ratio"],
    [
      ...rows.map(([what, peer, reach, [reached, processor = Number.NaN]]) => [
        ...[what, peer, `at most ${reach}`, ratio(reached), mark(reached, reach), ratio(processor)],
      ]),
      [
        `memory with ${chunkMemory.chunks.toLocaleString("en")} chunks known`,
        "-",
        "at most 64 bytes a chunk",
        `${perChunk.toFixed(1)} bytes`,
        mark(perChunk, 64),
        "-",
      ],
    ],
  );
}

export function renderReport(report: Report): string {
  const { machine, programs, missing, rounds, dataSets, results, profiles } = report;
  return `${[
    "# Benchmarks of the store",
    "Written by `npm run bench:store`; do not edit. The figures belong to the machine below and to nothing else; the ratios travel better.",
    "## Reached and to reach",
    renderTargets(report),
    missing.length === 0 ? "" : `Not found on this machine, and therefore not compared: ${missing.join(", ")}.`,
    "## What was measured",
    table(
      ["data set", "what it is"],
      dataSets.map(({ name, about }) => [name, about]),
    ),
    table(
      ["program", "version", "run as"],
      programs.map(({ name, version, settings }) => [name, version, settings]),
    ),
    machine.map((line) => `- ${line}`).join("\n"),
    "## How",
    `Every program is run as a whole process, alternately, ${rounds} ${rounds === 1 ? "round" : "rounds"}; each round starts with another program. A round makes a fresh store, backs up, backs up again with nothing changed, and restores everything into a fresh directory. All data is in the system's cache, and \`sync\` runs before each measurement, so that nobody pays for what another has written. Processor time is user and system time of the process with all its threads; memory is its peak resident set (${METHOD}). Sizes are what \`du\` says. Tables show medians, and the span of the rounds for wall time.`,
    "Each program's first restore is compared with the source, entry by entry, by the comparer of our tests: a wrong restore is named below and its time does not count.",
    ...dataSets.map((dataSet) => renderDataSet(report, dataSet)),
    "## Restores compared",
    renderVerdicts(results),
    "## Memory of the index",
    renderMemory(report.chunkMemory),
    "## Where the time goes",
    profiles.length === 0
      ? "Not profiled in this run: leave out `--no-profile`."
      : profiles.map(renderProfile).join("\n\n"),
  ]
    .filter((part) => part !== "")
    .join("\n\n")}\n`;
}

function renderDataSet({ programs, results }: Report, { name, steps }: DataSet): string {
  const rows = steps.flatMap((step) =>
    programs.map((program) => {
      const key = `${name}/${step}/${program.name}`;
      const costs = results.costs.get(key) ?? [];
      const walls = costs.map(WALL);
      const against = (measure: Measure) =>
        ratio(medianOf(results, key, measure) / medianOf(results, `${name}/${step}/restic`, measure));
      return [
        STEP_WORDS[step],
        program.name,
        `${median(walls).toFixed(2)} s`,
        `${Math.min(...walls).toFixed(2)}–${Math.max(...walls).toFixed(2)}`,
        `${median(costs.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2)} s`,
        mebibytes(median(costs.map(({ peakBytes }) => peakBytes))),
        against(WALL),
        against(PROCESSOR),
      ];
    }),
  );
  const sizes = programs.map((program) => [program.name, mebibytes(results.sizes.get(`${name}/${program.name}`) ?? 0)]);
  return [
    `## Data set \`${name}\``,
    table(
      [
        "what",
        "program",
        "wall",
        "span",
        "processor",
        "peak memory",
        "wall against restic",
        "processor against restic",
      ],
      rows,
    ),
    table(["store of", "size"], sizes),
  ].join("\n\n");
}

function renderVerdicts({ verdicts }: Results): string {
  return table(
    ["program", "data set", "entries", "missing or other content", "other times, modes, owners, links"],
    verdicts.map(({ program, dataSet, entries, wrong, inexact }) => [
      program,
      dataSet,
      entries.toLocaleString("en"),
      wrong.length === 0 ? "0" : `**${wrong.length}**, the first: ${wrong[0]}`,
      String(inexact.length),
    ]),
  );
}

function renderMemory({ chunks, residentBytes, tableBytes, baseBytes }: ChunkMemory): string {
  const per = (bytes: number) => `${(bytes / chunks).toFixed(1)} bytes a chunk`;
  return `A process that knows ${chunks.toLocaleString("en")} chunks: the table is ${mebibytes(tableBytes)} (${per(tableBytes)}), the resident set grew by ${mebibytes(residentBytes)} (${per(residentBytes)}) over the base of ${mebibytes(baseBytes)}.`;
}

function renderProfile({ what, threads }: Report["profiles"][number]): string {
  const parts = threads.map(({ thread, busySeconds, lines }) => {
    const rows = lines.map(({ what, seconds, share }) => [
      `\`${what}\``,
      `${seconds.toFixed(2)} s`,
      `${(share * 100).toFixed(1)} %`,
    ]);
    return `${thread}, busy for ${busySeconds.toFixed(1)} s:\n\n${table(["function (self time)", "time", "share"], rows)}`;
  });
  return [`### ${what}`, ...parts].join("\n\n");
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "-";
}

function mark(reached: number, reach: number): string {
  if (!Number.isFinite(reached)) return "not measured";
  return reached <= reach ? "reached" : "**not reached**";
}
