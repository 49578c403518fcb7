// Reachability by ICMP echo. A raw socket needs a privilege, the system's ping has it; of its answer only the exit code
// counts, because the text differs from system to system.

import { spawn } from "node:child_process";
import { isIPv6 } from "node:net";
import type { Clock } from "../runtime/clock.ts";
import { codeOf, reasonOf } from "../runtime/errors.ts";
import { PING_OUTPUT_BYTES_MAX } from "./limits.ts";

export interface PingResult {
  /** undefined: could not be found out, because there is no ping, or it failed by itself. */
  readonly reachable: boolean | undefined;
  readonly reason: string;
}

/** For people: `answers`, `no answer`, or why it could not be found out. */
export function describePing({ reachable, reason }: PingResult): string {
  if (reachable === undefined) return `unknown (${reason})`;
  return reachable ? "answers" : "no answer";
}

/** Sends one echo request and waits at most `timeoutMs` for the reply. Never throws. */
export function ping({
  host,
  timeoutMs,
  clock,
  command = "ping",
  platform = process.platform,
}: {
  host: string;
  timeoutMs: number;
  clock: Clock;
  command?: string;
  platform?: NodeJS.Platform;
}): Promise<PingResult> {
  if (!isPingable(host)) return Promise.resolve(notPingable(host));
  return new Promise((resolve) => {
    const child = spawn(command, pingArguments({ host, timeoutMs, platform }), { stdio: ["ignore", "ignore", "pipe"] });
    let output = "";
    const settle = (result: PingResult) => {
      cancelTimeout();
      resolve(result);
    };
    const cancelTimeout = clock.after(timeoutMs, () => {
      child.kill("SIGKILL");
      settle({ reachable: false, reason: `no reply within ${timeoutMs} ms` });
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(0, PING_OUTPUT_BYTES_MAX);
    });
    child.once("error", (error) => {
      settle({ reachable: undefined, reason: codeOf(error) === "ENOENT" ? noPing(command) : reasonOf(error) });
    });
    child.once("close", (exitCode) => settle(resultOf(exitCode, output, command)));
  });
}

/** It becomes an argument of another program: it must not read as an option, or as anything that a shell understands. */
export function isPingable(host: string): boolean {
  return /^[A-Za-z0-9:_][A-Za-z0-9.:_%-]*$/.test(host);
}

export function notPingable(host: string): PingResult {
  return { reachable: undefined, reason: `${JSON.stringify(host)} is not a host name or address` };
}

export function noPing(command: string): string {
  return `this machine has no ${command}`;
}

/** What an exit code means; `output`: what ping wrote to its error stream. */
export function resultOf(exitCode: number | null, output: string, command: string): PingResult {
  if (exitCode === 0) return { reachable: true, reason: "replies" };
  if (exitCode === 1) return { reachable: false, reason: "no reply" };
  const [line = ""] = output.trim().split("\n");
  return { reachable: undefined, reason: line || `${command} ended with ${exitCode}` };
}

/** One echo request, quiet, without looking names up. */
export function pingArguments({
  host,
  timeoutMs,
  platform,
}: {
  host: string;
  timeoutMs: number;
  platform: string;
}): string[] {
  const family = isIPv6(host.split("%", 1)[0] ?? "") ? ["-6"] : [];
  if (platform === "win32") return [...family, "-n", "1", "-w", String(timeoutMs), host];
  // One beat more than our own bound, which decides; whole seconds are what every ping takes. -q and -n: no lookups.
  const seconds = String(Math.ceil(timeoutMs / 1_000) + 1);
  if (platform === "darwin") return ["-n", "-q", "-c", "1", "-t", seconds, host];
  return [...family, "-n", "-q", "-c", "1", "-w", seconds, host];
}
