// One command, measured as a whole process: wall time, processor time, peak memory.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "./store-programs.ts";

export interface Cost {
  readonly wallSeconds: number;
  /** User and system time together. */
  readonly cpuSeconds: number;
  /** Peak resident set, bytes. */
  readonly peakBytes: number;
}

const GNU_TIME = "/usr/bin/time";
const hasGnuTime =
  existsSync(GNU_TIME) && /GNU/.test(`${spawnSync(GNU_TIME, ["--version"], { encoding: "utf8" }).stdout}`);
export const METHOD = hasGnuTime ? "GNU time" : "/proc, sampled every 10 ms";
const SAMPLE_MS = 10;
const CLOCK_TICKS_PER_SECOND = 100; // USER_HZ of every Linux port that Node runs on.

let running: ChildProcess | undefined;

/** Ends what is being measured, for Ctrl-C. */
export function stopMeasured(): void {
  if (running?.pid === undefined) return;
  try {
    process.kill(-running.pid, "SIGKILL");
  } catch {}
}

/** Runs it to its end. @throws Error with the end of its stderr where its exit code is not 0. */
export async function measure(command: Command, scratch: string): Promise<Cost> {
  const errors = join(scratch, "stderr");
  const report = join(scratch, "time");
  const { file, args, env, cwd } = command;
  const words = hasGnuTime ? [GNU_TIME, "-o", report, "-f", "%U %S %M", file, ...args] : [file, ...args];
  const [first, ...rest] = words as [string, ...string[]];
  const { PATH = "", HOME = "/" } = process.env;
  const begunAt = performance.now();
  const child = spawn(first, rest, {
    env: { PATH, HOME, LC_ALL: "C.UTF-8", ...env },
    cwd,
    detached: true, // A group of its own: ended as a whole.
    stdio: ["ignore", "ignore", openSync(errors, "w")],
  });
  running = child;
  const sampler = hasGnuTime ? undefined : sample(child.pid ?? 0);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("exit", resolve));
  const wallSeconds = (performance.now() - begunAt) / 1_000;
  running = undefined;
  const sampled = sampler?.stop();
  if (code !== 0) {
    const text = readFileSync(errors, "utf8").slice(-2_000);
    throw new Error(`${file} ${args.join(" ")} ended with ${code}: ${text}`);
  }
  if (sampled !== undefined) return { wallSeconds, ...sampled };
  const [user = 0, system = 0, kibibytes = 0] = (readFileSync(report, "utf8").trim().split("\n").at(-1) ?? "")
    .split(" ")
    .map(Number);
  return { wallSeconds, cpuSeconds: user + system, peakBytes: kibibytes * 1_024 };
}

/** The kernel keeps the peak itself; only the time after the last sample is lost. */
function sample(pid: number) {
  let cpuSeconds = 0;
  let peakBytes = 0;
  const look = () => {
    try {
      const peak = /^VmHWM:\s*(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      if (peak !== null) peakBytes = Number(peak[1]) * 1_024;
      cpuSeconds = (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
    } catch {}
  };
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return { cpuSeconds, peakBytes };
    },
  };
}

/** Bytes that a directory takes on the disk. */
export function diskUsage(path: string): number {
  const { stdout } = spawnSync("du", ["-s", "-B1", path], { encoding: "utf8" });
  return Number(stdout.split("\t")[0]);
}

/** So that nobody pays for what another has written. */
export function settleDisk(): void {
  spawnSync("sync");
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}
