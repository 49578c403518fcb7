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
  // The host is an argument of another program: it must not read as an option.
  if (!/^[A-Za-z0-9:_][A-Za-z0-9.:_%-]*$/.test(host)) {
    return Promise.resolve({ reachable: undefined, reason: `${JSON.stringify(host)} is not a host name or address` });
  }
  return new Promise((resolve) => {
    const child = spawn(command, argumentsFor({ host, timeoutMs, platform }), { stdio: ["ignore", "ignore", "pipe"] });
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
      const reason = codeOf(error) === "ENOENT" ? `this machine has no ${command}` : reasonOf(error);
      settle({ reachable: undefined, reason });
    });
    child.once("close", (exitCode) => {
      if (exitCode === 0) return settle({ reachable: true, reason: "replies" });
      if (exitCode === 1) return settle({ reachable: false, reason: "no reply" });
      const [line = ""] = output.trim().split("\n");
      settle({ reachable: undefined, reason: line || `${command} ended with ${exitCode}` });
    });
  });
}

function argumentsFor({ host, timeoutMs, platform }: { host: string; timeoutMs: number; platform: string }): string[] {
  const family = isIPv6(host.split("%", 1)[0] ?? "") ? ["-6"] : [];
  if (platform === "win32") return [...family, "-n", "1", "-w", String(timeoutMs), host];
  // One beat more than our own bound, which decides; whole seconds are what every ping takes. -q and -n: no lookups.
  const seconds = String(Math.ceil(timeoutMs / 1_000) + 1);
  if (platform === "darwin") return ["-n", "-q", "-c", "1", "-t", seconds, host];
  return [...family, "-n", "-q", "-c", "1", "-w", seconds, host];
}
