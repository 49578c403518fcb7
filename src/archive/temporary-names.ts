import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { type Directory, listNames, unlinkAt } from "./file-calls.ts";

// Names under which a restore makes what cannot be made without one: symlinks, special files, what replaces something, and
// files where the file system knows none without a name. A killed restore may leave one behind. The next restore of the
// store into the directory knows it by its seal, which nobody makes by accident, and by its maker, who is gone.
//
//   .rusuban-<random>-<process>-<its start>-<thread>.<number>-<seal>

const PREFIX = ".rusuban-";
const PATTERN = /^\.rusuban-[0-9a-f]+-(\d+)-(\d+)-\d+\.\d+-([0-9a-f]+)$/;
const SEAL_HEX_DIGITS = 24;

export class TemporaryNames {
  readonly #idKey: Buffer;
  readonly #start: string;
  #count = 0;

  /** `start`: what `startOfNames` made for this restore. `thread` counts the threads that share it. */
  constructor({ idKey, start, thread }: { idKey: Buffer; start: string; thread: number }) {
    this.#idKey = idKey;
    this.#start = `${start}-${thread}`;
  }

  next(): Buffer {
    const text = `${this.#start}.${++this.#count}`;
    return Buffer.from(`${text}-${sealOf(this.#idKey, text)}`);
  }
}

/** `random` is this restore's alone. */
export function startOfNames(random: Buffer): string {
  return `${PREFIX}${random.toString("hex")}-${process.pid}-${startOfProcess(process.pid) ?? 0}`;
}

/** Whether the name was made by a restore of this store whose process has ended. */
export function isLeftover(name: Buffer, idKey: Buffer): boolean {
  const text = name.toString("latin1");
  const [, pid, start, seal] = PATTERN.exec(text) ?? [];
  if (pid === undefined || seal === undefined) return false;
  if (seal !== sealOf(idKey, text.slice(0, -seal.length - 1))) return false;
  // Where processes cannot be looked at, it may be alive.
  return startOfProcess(process.pid) !== undefined && startOfProcess(Number(pid)) !== start;
}

/** What killed restores left in this directory. */
export function removeLeftovers(directory: Directory, idKey: Buffer): void {
  try {
    for (const name of listNames(directory)) if (isLeftover(name, idKey)) unlinkAt(directory, name);
  } catch {
    // It may be read-only, and what stays disturbs nobody: no snapshot knows it.
  }
}

function sealOf(idKey: Buffer, text: string): string {
  const seal = createHmac("sha256", idKey).update(`temporary name\0${text}`).digest("hex");
  return seal.slice(0, SEAL_HEX_DIGITS);
}

/** Clock ticks after the boot: with the id it names a process for good (proc(5), /proc/pid/stat, field 22). */
function startOfProcess(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The second field is the program's name in parentheses, and may hold anything.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}
