import type { HostSystem } from "./host-system.ts";
import { PROCESSES_MAX } from "./process-finder.ts";

/** A process as /proc/PID tells it (proc_pid_stat(5), proc_pid_status(5), proc_pid_cmdline(5)). */
export interface ProcessFacts {
  readonly pid: number;
  readonly name: string;
  /** `R`, `S`, `D`, `Z`, `T`, `t`, `X`, `I`. */
  readonly state: string;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Number of the terminal; 0 without one. */
  readonly terminal: number;
  readonly userMs: number;
  readonly kernelMs: number;
  readonly priority: number;
  readonly nice: number;
  /** After boot. */
  readonly startedMs: number;
  readonly residentBytes: number | null;
  readonly user: number | null;
  /** Empty for threads of the kernel. */
  readonly command: readonly string[];
}

/** USER_HZ, in which the kernel counts for programs on every architecture that Node runs on (time(7)). */
const TICK_MS = 10;
/** Others get their turn after this many: each costs three small reads. */
const PROCESS_BATCH_MAX = 64;
/** Characters of one process's command line. */
export const COMMAND_LINE_MAX = 4_096;

/** All processes, in batches by number. One that ends meanwhile is left out. */
export async function* readProcesses(system: HostSystem, signal: AbortSignal): AsyncGenerator<readonly ProcessFacts[]> {
  const pids = (await system.list("/proc"))
    .filter((entry) => /^\d{1,9}$/.test(entry))
    .map(Number)
    .sort((one, other) => one - other)
    .slice(0, PROCESSES_MAX);
  for (let from = 0; from < pids.length; from += PROCESS_BATCH_MAX) {
    const batch: ProcessFacts[] = [];
    for (const pid of pids.slice(from, from + PROCESS_BATCH_MAX)) {
      const facts = await readProcess(system, pid);
      if (facts !== null) batch.push(facts);
    }
    yield batch;
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) return;
  }
}

/** Null when there is no such process. */
export async function readProcess(system: HostSystem, pid: number): Promise<ProcessFacts | null> {
  try {
    const stat = parseStat((await system.read(`/proc/${pid}/stat`)).toString("utf8"));
    if (stat === null) return null;
    const status = (await system.read(`/proc/${pid}/status`)).toString("utf8");
    const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
    const user = /^Uid:\s+(\d+)/m.exec(status)?.[1];
    const command = (await system.read(`/proc/${pid}/cmdline`)).toString("utf8").slice(0, COMMAND_LINE_MAX);
    return {
      ...stat,
      pid,
      residentBytes: resident === undefined ? null : Number(resident) * 1024,
      user: user === undefined ? null : Number(user),
      command: command === "" ? [] : command.replace(/\0$/, "").split("\0"),
    };
  } catch {
    return null;
  }
}

/** Null for a line that is none. The name stands in parentheses and may hold some itself. */
export function parseStat(line: string): Omit<ProcessFacts, "pid" | "residentBytes" | "user" | "command"> | null {
  const end = line.lastIndexOf(")");
  const start = line.indexOf("(");
  const fields = line
    .slice(end + 2)
    .trim()
    .split(" ");
  const state = fields[0];
  const numbers = fields.slice(1).map(Number);
  // proc_pid_stat(5) counts from 1; what follows the name begins with the third field, the state.
  const field = (number: number) => numbers[number - 4] ?? Number.NaN;
  const taken = [4, 5, 6, 7, 14, 15, 18, 19, 22].map(field);
  if (start < 0 || end < start || state === undefined || !/^[A-Za-z]$/.test(state)) return null;
  if (!taken.every(Number.isFinite)) return null;
  return {
    name: line.slice(start + 1, end),
    state,
    parent: field(4),
    group: field(5),
    session: field(6),
    terminal: field(7),
    userMs: field(14) * TICK_MS,
    kernelMs: field(15) * TICK_MS,
    priority: field(18),
    nice: field(19),
    startedMs: field(22) * TICK_MS,
  };
}
