import { execFile } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";

/** What providers may ask of the machine; tests answer with recorded files. */
export interface HostSystem {
  /** The bytes of a file. Rejects with the system's error, or when it is longer than SYSTEM_FILE_BYTES_MAX. */
  read(path: string): Promise<Buffer>;
  /** As `read`, for a file of /sys that asks a chip or a disk, which may take its time: in the thread pool. */
  readDevice(path: string): Promise<Buffer>;
  /** Names in a directory, in the system's order. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Settles when the file system answers, which on a dead disk may be never: the caller bounds its waiting. */
  figures(mountPoint: Buffer): Promise<FileSystemFigures>;
  /**
   * Runs a program without a shell and gives what it wrote to stdout; rejects on any other exit than 0, but for programs
   * that tell findings by their exit code (`anyExit`). `signal` kills it. Settles only when the process has really ended,
   * so that the caller knows what is still hanging.
   */
  run(
    program: string,
    args: readonly (string | Buffer)[],
    signal: AbortSignal,
    options?: { readonly anyExit?: boolean; readonly encoding?: "utf8" | "utf16le" },
  ): Promise<string>;
}

/** As statvfs(3) tells it; blocks are of `blockBytes` each. */
export interface FileSystemFigures {
  readonly blockBytes: number;
  readonly blocks: number;
  readonly blocksFree: number;
  /** Free to users other than root. */
  readonly blocksAvailable: number;
  /** 0 where the file system has no such count (btrfs, FAT). */
  readonly inodes: number;
  readonly inodesFree: number;
}

/** The mount table of a node with thousands of containers is about 1 MiB. */
export const SYSTEM_FILE_BYTES_MAX = 4 * 1024 * 1024;
/** 250 events of Windows with their texts, two bytes a character, have about 1 MiB. */
const COMMAND_OUTPUT_BYTES_MAX = 4 * 1024 * 1024;
const READ_STEP_BYTES = 64 * 1024;

/** This machine. */
export function createHostSystem(): HostSystem {
  const step = Buffer.alloc(READ_STEP_BYTES);
  return {
    // The kernel answers for /proc and /sys from memory. A synchronous read costs a tenth of an asynchronous one, and
    // does not stand in the thread pool behind a disk that hangs.
    read: async (path) => (isKernelPath(path) ? readKernelFile(path, step) : readFile(path)),
    readDevice: (path) => readFile(path),
    list: async (path) => readdirSync(path),
    exists: async (path) => existsSync(path),
    async figures(mountPoint) {
      const figures = await statfs(mountPoint);
      return {
        blockBytes: figures.bsize,
        blocks: figures.blocks,
        blocksFree: figures.bfree,
        blocksAvailable: figures.bavail,
        inodes: figures.files,
        inodesFree: figures.ffree,
      };
    },
    run,
  };
}

function isKernelPath(path: string): boolean {
  return path.startsWith("/proc/") || path.startsWith("/sys/");
}

function readKernelFile(path: string, step: Buffer): Buffer {
  const file = openSync(path, "r");
  try {
    const parts: Buffer[] = [];
    let bytes = 0;
    for (;;) {
      const count = readSync(file, step, 0, step.length, null);
      if (count === 0) return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
      bytes += count;
      if (bytes > SYSTEM_FILE_BYTES_MAX) throw new Error(`${path}: longer than ${SYSTEM_FILE_BYTES_MAX} bytes`);
      parts.push(Buffer.from(step.subarray(0, count)));
    }
  } finally {
    closeSync(file);
  }
}

function run(
  program: string,
  args: readonly (string | Buffer)[],
  signal: AbortSignal,
  { anyExit = false, encoding = "utf8" }: { readonly anyExit?: boolean; readonly encoding?: "utf8" | "utf16le" } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    // Arguments that are bytes reach execve as they are only when they are UTF-8; the caller keeps others away.
    const texts = args.map((arg) => (typeof arg === "string" ? arg : arg.toString("utf8")));
    let outcome = () => {};
    const child = execFile(
      program,
      texts,
      { encoding, maxBuffer: COMMAND_OUTPUT_BYTES_MAX, env: { ...process.env, LC_ALL: "C" } },
      (error, stdout, stderr) => {
        // A number is the program's own exit code; a program that is not there or was killed has none.
        const ended = error === null || (anyExit && typeof error.code === "number");
        outcome = () => (ended ? resolve(stdout) : reject(new Error(`${program}: ${stderr.trim() || error?.message}`)));
        if (child.pid === undefined) outcome(); // It never started, so it will not end.
      },
    );
    const kill = () => child.kill("SIGKILL");
    if (signal.aborted) kill();
    signal.addEventListener("abort", kill, { once: true });
    child.on("close", () => {
      signal.removeEventListener("abort", kill);
      setImmediate(() => outcome()); // execFile calls back on the same event; ours may be first.
    });
  });
}
