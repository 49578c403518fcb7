import type { ExitCode, Output } from "./output.ts";

/** An output for tests: keeps what was written, told and set. */
export interface OutputRecorder extends Output {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: ExitCode | undefined;
}

export function createRecorder({ color = false }: { color?: boolean } = {}): OutputRecorder {
  let stdout = "";
  let stderr = "";
  let exitCode: ExitCode | undefined;
  return {
    color,
    write(text) {
      stdout += text;
    },
    tell(text) {
      stderr += text;
    },
    exit(code) {
      exitCode = code;
    },
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    get exitCode() {
      return exitCode;
    },
  };
}
