// The one way to the firewall's own programs: argument vectors, never a shell; bounded in time and output. Tests hand in
// a runner that enters a network namespace, or one that stops after the n-th command.

import { spawn } from "node:child_process";
import type { Clock } from "../../runtime/clock.ts";
import { codeOf, PeerError, reasonOf, TimeoutError } from "../../runtime/errors.ts";

export interface CommandInput {
  /** What the program reads from stdin; without it, nothing. */
  readonly input?: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Rejects with TimeoutError or, for a program that is not there, PeerError `not-installed`. Other exits are results. */
export type CommandRunner = (program: string, args: readonly string[], input?: CommandInput) => Promise<CommandResult>;

/** A firewall with 20,000 rules of others lists them in about this much; nothing of ours is near it. */
export const COMMAND_OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** firewalld's programs take a third of a second to start on a quiet machine; what is slower than this hangs. */
export const COMMAND_TIMEOUT_MS = 30_000;
const STDERR_SHOWN = 400;

/** Runs programs of this machine, in the folders where firewalls' programs are even when PATH of a plain user lacks them. */
export function createCommandRunner(clock: Clock, timeoutMs = COMMAND_TIMEOUT_MS): CommandRunner {
  const path = [process.env.PATH ?? "", "/usr/sbin", "/sbin", "/usr/bin", "/bin"].filter(Boolean).join(":");
  // The programs' words are read: they must be English.
  const env = { ...process.env, PATH: path, LC_ALL: "C", LANGUAGE: "C" };
  return (program, args, { input } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(program, [...args], { env, stdio: ["pipe", "pipe", "pipe"] });
      const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
      let bytes = 0;
      let problem: Error | undefined;
      const end = (error: Error) => {
        problem ??= error;
        child.kill("SIGKILL");
      };
      const cancel = clock.after(timeoutMs, () => end(new TimeoutError(commandLine(program, args), timeoutMs)));
      for (const name of ["stdout", "stderr"] as const) {
        child[name].on("data", (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > COMMAND_OUTPUT_BYTES_MAX) end(tooMuch(program, args));
          else chunks[name].push(chunk);
        });
      }
      child.stdin.on("error", () => {}); // A program that ends without reading its input says why on stderr.
      child.stdin.end(input ?? "");
      child.once("error", (error) => {
        cancel();
        const missing = codeOf(error) === "ENOENT";
        reject(missing ? new PeerError("not-installed", `${program} is not installed`) : error);
      });
      child.once("close", (code) => {
        cancel();
        if (problem !== undefined) return reject(problem);
        const text = (name: keyof typeof chunks) => Buffer.concat(chunks[name]).toString("utf8");
        resolve({ code: code ?? -1, stdout: text("stdout"), stderr: text("stderr") });
      });
    });
}

function tooMuch(program: string, args: readonly string[]): PeerError {
  const problem = `wrote more than ${COMMAND_OUTPUT_BYTES_MAX} bytes`;
  return new PeerError("too-much-output", `${commandLine(program, args)}: ${problem}`);
}

/** The output of a command that must succeed; throws PeerError `command-failed` with its own words. */
export async function mustRun(
  run: CommandRunner,
  program: string,
  args: readonly string[],
  input?: CommandInput,
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, input);
  if (code === 0) return stdout;
  const words = (stderr.trim() || stdout.trim() || "no reason given").slice(0, STDERR_SHOWN);
  throw new PeerError("command-failed", `${commandLine(program, args)}: exit code ${code}: ${words}`);
}

/** The output, or undefined where the program is missing or says no: for looking, where both are an answer. */
export async function tryRun(
  run: CommandRunner,
  program: string,
  args: readonly string[],
): Promise<string | undefined> {
  try {
    const { code, stdout } = await run(program, args);
    return code === 0 ? stdout : undefined;
  } catch (error) {
    if (error instanceof PeerError && error.code === "not-installed") return undefined;
    throw error;
  }
}

/** As a person would type it; for messages only, nothing ever reads it back. */
export function commandLine(program: string, args: readonly string[]): string {
  return [program, ...args.map(shellWord)].join(" ");
}

export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** The text of a file of this machine, or undefined where there is none. Read by a command, so that it is the namespace's. */
export async function readSystemFile(run: CommandRunner, path: string): Promise<string | undefined> {
  try {
    const { code, stdout, stderr } = await run("cat", ["--", path]);
    if (code === 0) return stdout;
    if (/No such file/.test(stderr)) return undefined;
    throw new PeerError("command-failed", `cannot read ${path}: ${stderr.trim().slice(0, STDERR_SHOWN)}`);
  } catch (error) {
    throw error instanceof PeerError ? error : new Error(`cannot read ${path}: ${reasonOf(error)}`);
  }
}
