import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ReadyMessage } from "../../src/runtime/supervised.ts";

// One program of ours as a child process, started the way `rusuban up` starts it, and killed the way a power cut does.

const SCRIPT = fileURLToPath(new URL("../../bin/rusuban.js", import.meta.url));
/** Lines kept of what the programs of a story log. */
const LOG_LINES_MAX = 5_000;
/** A busy machine needs a few seconds; what takes longer hangs. */
const START_MS = 60_000;

/** What all programs of a story said, in the order in which it was heard. */
export class StoryLog {
  readonly #lines: string[] = [];
  readonly #waiting = new Set<(line: string) => void>();
  #omitted = 0;

  add(program: string, line: string): void {
    for (const hear of this.#waiting) hear(line);
    this.#lines.push(`${program}: ${line}`);
    if (this.#lines.length > LOG_LINES_MAX) this.#omitted += this.#lines.splice(0, 500).length;
  }

  /** Resolves when a program says a line that holds `text`, from now on. */
  next(text: string): Promise<void> {
    return new Promise((resolve) => {
      const hear = (line: string) => {
        if (!line.includes(text)) return;
        this.#waiting.delete(hear);
        resolve();
      };
      this.#waiting.add(hear);
    });
  }

  toString(): string {
    return [`(${this.#omitted} earlier lines left out)`, ...this.#lines].slice(this.#omitted > 0 ? 0 : 1).join("\n");
  }
}

export interface ProgramNeeds {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly log: StoryLog;
}

/** A program that can be started again and again. */
export class StoryProgram<Ready> {
  readonly name: string;
  readonly #needs: ProgramNeeds;
  #child: ChildProcess | undefined;
  #kills = 0;

  constructor(needs: ProgramNeeds) {
    this.name = needs.name;
    this.#needs = needs;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error(`the ${this.name} is not running`);
    return pid;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** How often it was killed while it ran. */
  get kills(): number {
    return this.#kills;
  }

  /** Resolves when it says that it is ready; rejects where it ends before. `set` are settings, `key=value`, before all others. */
  async start(set: readonly string[] = []): Promise<Ready> {
    if (this.#child !== undefined) throw new Error(`the ${this.name} is running already`);
    const { args } = this.#needs;
    const child = launch({ ...this.#needs, args: [...args, ...set.flatMap((setting) => ["--set", setting])] });
    this.#child = child;
    const ended = new Promise<never>((_, reject) => {
      child.once("exit", (code, signal) => {
        this.#needs.log.add(this.name, `(process ${child.pid} ended: ${signal ?? `exit code ${code}`})`);
        if (this.#child === child) this.#child = undefined;
        reject(new Error(`the ${this.name} ended before it was ready: ${signal ?? `exit code ${code}`}`));
      });
    });
    const ready = new Promise<Ready>((resolve) => {
      child.on("message", (message: ReadyMessage<Ready>) => {
        if (message?.kind === "ready") resolve(message.ready);
      });
    });
    const late = AbortSignal.timeout(START_MS);
    const hangs = new Promise<never>((_, reject) => {
      late.addEventListener("abort", () =>
        reject(new Error(`the ${this.name} is neither ready nor over after ${START_MS} ms`)),
      );
    });
    hangs.catch(() => {}); // The race has heard it, or was over before.
    return Promise.race([ready, ended, hangs]);
  }

  /** kill -9. Resolves when the process is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#kills += 1;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }

  /** Asks it to stop, as `up` does. Resolves to its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined) return null;
    const exit = once(child, "exit");
    if (child.connected) child.send("stop");
    else child.kill("SIGTERM");
    const [code] = await exit;
    return code as number | null;
  }
}

/** Runs one command of ours to its end; rejects where it fails. */
export async function runCommand(needs: ProgramNeeds): Promise<void> {
  const [code, signal] = await once(launch(needs), "exit");
  if (code !== 0) throw new Error(`${needs.name} failed: ${signal ?? `exit code ${code}`}\n${needs.log}`);
}

function launch({ name, args, env = {}, log }: ProgramNeeds): ChildProcess {
  // Nothing of the settings of whoever runs the tests.
  const inherited = Object.entries(process.env).filter(([key]) => !/^(RUSUBAN_|VITEST|NODE_OPTIONS$)/.test(key));
  const child = fork(SCRIPT, [...args], {
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...Object.fromEntries(inherited), NO_COLOR: "1", ...env },
    execArgv: [],
  });
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) log.add(`${name} ${child.pid}`, line);
    });
  }
  return child;
}
