// What is measured: for each round, every program alternately, each into a fresh store.

import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { compareTrees } from "../test/tree-comparer.ts";
import { type Cost, diskUsage, measure, settleDisk } from "./store-measure.ts";
import type { Place, Program } from "./store-programs.ts";

export interface DataSet {
  readonly name: string;
  readonly paths: readonly string[];
  readonly steps: readonly Step[];
}

export type Step = "first" | "unchanged" | "restore";

/** `first` of the large file by borg: `large/first/borg`. */
export type Costs = Map<string, Cost[]>;

export interface Verdict {
  readonly program: string;
  readonly dataSet: string;
  readonly entries: number;
  /** Missing or different content: the restore is wrong. */
  readonly wrong: readonly string[];
  /** Times, modes, owners, hard links that differ. */
  readonly inexact: readonly string[];
}

export interface Results {
  readonly costs: Costs;
  /** Bytes on the disk after the first backup, `large/borg`. */
  readonly sizes: Map<string, number>;
  readonly verdicts: Verdict[];
}

export interface Bench {
  readonly programs: readonly Program[];
  readonly scratch: string;
  readonly results: Results;
  readonly tell: (line: string) => void;
}

/** One round over one data set. The order of the programs turns with each round. */
export async function runRound(bench: Bench, dataSet: DataSet, round: number): Promise<void> {
  const { programs } = bench;
  for (let turn = 0; turn < programs.length; turn++)
    await runProgram(bench, dataSet, programs[(turn + round) % programs.length] as Program, round);
}

async function runProgram(bench: Bench, { name, paths, steps }: DataSet, program: Program, round: number) {
  const { scratch, results, tell } = bench;
  const home = join(scratch, "run");
  const place: Place = { home, store: join(home, "store") };
  const target = join(home, "restored");
  mkdirSync(home, { recursive: true });
  try {
    await measure(program.init(place), scratch);
    for (const [number, step] of steps.entries()) {
      settleDisk();
      if (step === "restore") mkdirSync(target);
      const command =
        step === "restore" ? program.restore(place, target, number - 1) : program.backup(place, paths, number);
      const cost = await measure(command, scratch);
      const key = `${name}/${step}/${program.name}`;
      results.costs.set(key, [...(results.costs.get(key) ?? []), cost]);
      const { wallSeconds, cpuSeconds, peakBytes } = cost;
      const figures = [wallSeconds.toFixed(2), cpuSeconds.toFixed(2), (peakBytes / 2 ** 20).toFixed(0)];
      tell(`${key} round ${round + 1}: ${figures[0]} s, processor ${figures[1]} s, peak ${figures[2]} MiB`);
      if (step === "first") {
        settleDisk();
        results.sizes.set(`${name}/${program.name}`, diskUsage(place.store));
      }
      // Once: a fast wrong restore must not win.
      if (step === "restore" && round === 0) results.verdicts.push(verify(program, { name, paths }, target));
    }
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}

/** Node sets times to a fraction of a microsecond; borg keeps nanoseconds. */
const TIME_TOLERANCE_NS = 1_000n;

function verify(program: Program, { name, paths }: Pick<DataSet, "name" | "paths">, target: string): Verdict {
  const found = paths.map((path) =>
    compareTrees(path, join(target, path), { timeToleranceNs: TIME_TOLERANCE_NS, ignoreRootTimes: true }),
  );
  const differences = found.flatMap((comparison) => comparison.differences);
  const isContent = (line: string) => /: (missing on|contents differ|size |target |device )/.test(line);
  return {
    ...{ program: program.name, dataSet: name },
    entries: found.reduce((sum, { entries }) => sum + entries, 0),
    wrong: differences.filter(isContent),
    inexact: differences.filter((line) => !isContent(line)),
  };
}
