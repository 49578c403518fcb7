// Rusuban's store beside restic and borg, as whole processes, on the same data, in one run.
//
//   npm run bench:store -- [--rounds N] [--data DIR]… [--large-mib N] [--small-files N] [--chunks N]
//                          [--no-profile] [--scratch DIR] [--out FILE | --no-out] [--quick]
//
// Without flags: the whole table of docs/benchmarks.md, medians of 5 rounds, and a profile of each step.
// Installs nothing; a peer that is not on PATH is named and left out. Writes docs/benchmarks.md. --quick is a small run
// that shows whether everything works; its figures mean nothing, so it writes no document unless --out names one.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { cpus, loadavg, release, tmpdir, totalmem } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type DataSize, makeLargeFile, makeSmallFiles, SMALL_FILE_BYTES, warm } from "./store-data.ts";
import { diskUsage, stopMeasured } from "./store-measure.ts";
import { profile, type ThreadProfile } from "./store-profile.ts";
import { findPrograms, NODE, type Program } from "./store-programs.ts";
import { type ChunkMemory, renderReport, renderTargets } from "./store-report.ts";
import { type DataSet, type Results, runRound } from "./store-scenarios.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string" },
    data: { type: "string", multiple: true },
    "large-mib": { type: "string" },
    "small-files": { type: "string" },
    chunks: { type: "string" },
    "no-profile": { type: "boolean", default: false },
    scratch: { type: "string", default: tmpdir() },
    out: { type: "string" },
    "no-out": { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
  },
});

const FULL = { rounds: 5, data: ["/usr/share", "/usr/lib"], largeMib: 4_096, smallFiles: 300_000, chunks: 5_000_000 };
const QUICK = { rounds: 1, data: ["/usr/share/doc"], largeMib: 64, smallFiles: 3_000, chunks: 500_000 };
const defaults = options.quick ? QUICK : FULL;
const rounds = Number(options.rounds ?? defaults.rounds);
const data = (options.data ?? defaults.data).map((path) => resolve(path));
const largeMib = Number(options["large-mib"] ?? defaults.largeMib);
const smallFiles = Number(options["small-files"] ?? defaults.smallFiles);
const chunks = Number(options.chunks ?? defaults.chunks);
for (const [name, value] of Object.entries({ rounds, largeMib, smallFiles, chunks }))
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${name}: ${value} is not a whole number above 0`);
const out = options["no-out"]
  ? undefined
  : (options.out ?? (options.quick ? undefined : fileURLToPath(new URL("../docs/benchmarks.md", import.meta.url))));

/** A small file takes a block of its own and an inode. */
const SMALL_FILE_DISK_BYTES = 4_096 + 512;

const tell = (line: string) => void process.stderr.write(`${line}\n`);
const scratch = mkdtempSync(join(options.scratch, "rusuban-bench-store-"));
const cleanUp = () => rmSync(scratch, { recursive: true, force: true });
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    stopMeasured();
    cleanUp();
    process.exit(130);
  });
}
try {
  await run();
} finally {
  cleanUp();
}

async function run(): Promise<void> {
  const loadBefore = loadText();
  const { programs, missing } = findPrograms();
  for (const name of missing) tell(`${name} is not on PATH: the comparison goes on without it`);
  assertRoom();
  const large = join(scratch, "large-data");
  const small = join(scratch, "small-data");
  tell("making the data sets …");
  makeLargeFile(large, largeMib);
  makeSmallFiles(small, smallFiles);
  const dataSets: (DataSet & { about: string })[] = [
    {
      ...{ name: "system", paths: data, steps: ["first", "unchanged", "restore"] },
      about: `${data.map((path) => `\`${path}\``).join(", ")} of the machine: ${sizeText(warm(data))}`,
    },
    {
      ...{ name: "large", paths: [large], steps: ["first", "restore"] },
      about: `one file, half random, half text: ${sizeText(warm([large]))}`,
    },
    {
      ...{ name: "small", paths: [small], steps: ["first", "unchanged", "restore"] },
      about: `files of ${SMALL_FILE_BYTES} bytes of text, a thousand a directory: ${sizeText(warm([small]))}`,
    },
  ];
  const results: Results = { costs: new Map(), sizes: new Map(), verdicts: [] };
  tell("warming up …");
  await warmUp(programs);
  for (const dataSet of dataSets)
    for (let round = 0; round < rounds; round++) await runRound({ programs, scratch, results, tell }, dataSet, round);
  const chunkMemory = measureChunkMemory();
  const profiles = options["no-profile"] ? [] : await profileAll(data);
  const machine = [
    ...describeMachine(),
    `load averages (1, 5, 15 minutes) before: ${loadBefore}; after: ${loadText()}`,
  ];
  const report = { machine, programs, missing, rounds, dataSets, results, chunkMemory, profiles };
  console.log(renderTargets(report));
  const wrong = results.verdicts.filter((verdict) => verdict.wrong.length > 0);
  for (const verdict of wrong)
    tell(`WRONG: ${verdict.program}, ${verdict.dataSet}: ${verdict.wrong.slice(0, 5).join("; ")}`);
  if (wrong.some(({ program }) => program === "rusuban")) process.exitCode = 1;
  if (out === undefined) return;
  writeFileSync(out, renderReport(report));
  tell(`written: ${out}`);
}

/** A store and a restored tree beside the data sets, one program at a time. */
function assertRoom(): void {
  const system = data.reduce((sum, path) => sum + diskUsage(path), 0);
  const largeBytes = largeMib * 2 ** 20;
  const smallBytes = smallFiles * SMALL_FILE_DISK_BYTES;
  const needed = largeBytes + smallBytes + 2 * Math.max(system, largeBytes, smallBytes) + 2 ** 30;
  const { bavail, bsize, ffree } = statfsSync(scratch);
  if (bavail * bsize < needed)
    throw new Error(
      `${(needed / 2 ** 30).toFixed(1)} GiB are needed and ${((bavail * bsize) / 2 ** 30).toFixed(1)} GiB are free: ` +
        "name another place with --scratch, or make the data smaller",
    );
  // File systems that make inodes as needed say 0.
  if (ffree > 0 && ffree < 3 * smallFiles) throw new Error(`${ffree} inodes are free: fewer --small-files would do`);
}

/** Programs, libraries and compiled modules are in the cache before anything is measured. */
async function warmUp(programs: readonly Program[]): Promise<void> {
  const paths = [join(scratch, "warm-up")];
  makeSmallFiles(paths[0] as string, 10);
  const steps = ["first", "unchanged", "restore"] as const;
  const results: Results = { costs: new Map(), sizes: new Map(), verdicts: [] };
  await runRound({ programs, scratch, results, tell: () => {} }, { name: "warm-up", paths, steps }, 0);
}

function measureChunkMemory(): ChunkMemory {
  const script = fileURLToPath(new URL("store-chunk-table.ts", import.meta.url));
  const { stdout, stderr } = spawnSync(NODE, ["--expose-gc", script, String(chunks)], { encoding: "utf8" });
  if (stdout === "") throw new Error(`the measurement of the chunk table failed: ${stderr}`);
  return JSON.parse(stdout) as ChunkMemory;
}

async function profileAll(paths: readonly string[]): Promise<{ what: string; threads: ThreadProfile[] }[]> {
  const home = join(scratch, "profiled");
  const place = { home, store: join(home, "store") };
  const target = join(home, "restored");
  tell("profiling …");
  await profile((program) => program.init(place), scratch);
  const profiles = [
    { what: "First backup", threads: await profile((program) => program.backup(place, paths, 0), scratch) },
    { what: "Nothing changed", threads: await profile((program) => program.backup(place, paths, 1), scratch) },
    { what: "Full restore", threads: await profile((program) => program.restore(place, target, 1), scratch) },
  ];
  rmSync(home, { recursive: true, force: true });
  return profiles;
}

/** What others do at the same time makes wall times longer, ours and the peers' alike: the reader must know. */
function loadText(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(", ");
}

function describeMachine(): string[] {
  const [first] = cpus();
  const model = /^Model name:\s*(.*)$/m.exec(spawnSync("lscpu", { encoding: "utf8" }).stdout ?? "")?.[1];
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readOrEmpty("/etc/os-release"))?.[1] ?? process.platform;
  return [
    `processor: ${cpus().length} × ${model ?? first?.model ?? "unknown"}`,
    `memory: ${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    `system: ${system}, kernel ${release()}`,
    `Node: ${spawnSync(NODE, ["--version"], { encoding: "utf8" }).stdout.trim()}`,
    `file system of stores and restores: ${spawnSync("stat", ["-f", "-c", "%T", scratch], { encoding: "utf8" }).stdout.trim()}`,
  ];
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function sizeText({ files, bytes }: DataSize): string {
  return `${files.toLocaleString("en")} ${files === 1 ? "file" : "files"}, ${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
