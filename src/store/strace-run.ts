import { spawnSync } from "node:child_process";

// Test support: a program of ours whose N-th system call of a kind is its last, or fails.

export const hasStrace = spawnSync("strace", ["-V"]).status === 0;

export interface Injection {
  readonly call: string;
  readonly when: number;
  /** strace's words: `signal=SIGKILL`, `error=ENOSPC`. */
  readonly action: string;
}

export interface Run {
  readonly lines: readonly string[];
  readonly isKilled: boolean;
  readonly status: number | null;
  readonly stderr: string;
  /** What the program said after `word`, a line each. */
  told(word: string): string[];
}

export function runUnderStrace(program: readonly string[], inject?: Injection): Run {
  // One pool thread: strace counts calls by thread.
  const env = { ...process.env, UV_THREADPOOL_SIZE: "1", NODE_OPTIONS: "", NODE_NO_WARNINGS: "1" };
  const node = [process.execPath, ...program];
  const command =
    inject === undefined
      ? node
      : [
          ...["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${inject.call}`],
          ...["-e", `inject=${inject.call}:${inject.action}:when=${inject.when}`, ...node],
        ];
  const { stdout, signal, status, stderr } = spawnSync(command[0] as string, command.slice(1), {
    env,
    encoding: "utf8",
  });
  const lines = stdout.split("\n");
  return {
    ...{ lines, status, stderr, isKilled: signal === "SIGKILL" || status === 137 },
    told: (word) => lines.flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : [])),
  };
}
