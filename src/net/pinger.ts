// Many pings. Forking a large process is slow: at 400 MB each ping took 9 ms of the processor and held up everything else
// meanwhile, for 2,000 servers a third of a core (docs/benchmarks-watch.md). So a shell that stays small forks instead.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import type { Clock } from "../runtime/clock.ts";
import type { Service } from "../runtime/service.ts";
import { PING_OUTPUT_BYTES_MAX } from "./limits.ts";
import { isPingable, noPing, notPingable, type PingResult, ping, pingArguments, resultOf } from "./ping.ts";

/** Pings under way at once; further ones wait for nothing and are told that it could not be found out. */
export const PINGS_AT_ONCE_MAX = 1_024;

/** POSIX shell, exit status of a command that was not found (IEEE 1003.1 §2.8.2). */
const NOT_FOUND = 127;

/** Takes lines of a number and ping's arguments; answers each with the number, the exit code, and what ping complained of. */
const SCRIPT = `newline='
'
while read -r number arguments; do
  (
    text=$("$0" $arguments 2>&1 >/dev/null)
    code=$?
    printf '%s %s %.${PING_OUTPUT_BYTES_MAX}s\\n' "$number" "$code" "\${text%%"$newline"*}"
  ) &
done`;

export interface Pinger extends Service {
  /** As `ping`: one echo request, and at most `timeoutMs` for the reply. Never throws. */
  ping(host: string, timeoutMs: number): Promise<PingResult>;
}

type Shell = ChildProcessByStdio<Writable, Readable, null>;

export function createPinger({
  clock,
  command = "ping",
  platform = process.platform,
}: {
  readonly clock: Clock;
  readonly command?: string;
  readonly platform?: NodeJS.Platform;
}): Pinger {
  const waiting = new Map<string, (result: PingResult) => void>();
  let shell: Shell | undefined;
  let last = 0;

  function start(): Shell {
    const started = spawn("/bin/sh", ["-c", SCRIPT, command], { stdio: ["pipe", "pipe", "ignore"] });
    const end = () => {
      if (shell !== started) return;
      shell = undefined;
      for (const settle of waiting.values()) settle({ reachable: undefined, reason: "the shell that pings has ended" });
    };
    started.once("error", end).once("close", end);
    started.stdin.on("error", () => {}); // "close" follows.
    createInterface({ input: started.stdout }).on("line", (line) => {
      const [, number = "", code, text = ""] = /^(\d+) (\d+) (.*)$/.exec(line) ?? [];
      const exitCode = Number(code);
      const noCommand: PingResult = { reachable: undefined, reason: noPing(command) };
      waiting.get(number)?.(exitCode === NOT_FOUND ? noCommand : resultOf(exitCode, text, command));
    });
    return started;
  }

  return {
    name: "pinger",
    ping(host, timeoutMs) {
      if (platform === "win32") return ping({ host, timeoutMs, clock, command, platform }); // It has no shell.
      if (!isPingable(host)) return Promise.resolve(notPingable(host));
      if (waiting.size >= PINGS_AT_ONCE_MAX) {
        const reason = `${PINGS_AT_ONCE_MAX} pings are under way`;
        return Promise.resolve({ reachable: undefined, reason });
      }
      return new Promise((resolve) => {
        last += 1;
        const number = String(last);
        const settle = (result: PingResult) => {
          cancel();
          waiting.delete(number);
          resolve(result);
        };
        const cancel = clock.after(timeoutMs, () =>
          settle({ reachable: false, reason: `no reply within ${timeoutMs} ms` }),
        );
        waiting.set(number, settle);
        shell ??= start();
        shell.stdin.write(`${number} ${pingArguments({ host, timeoutMs, platform }).join(" ")}\n`);
      });
    },
    async start() {},
    async stop() {
      shell?.stdin.end();
    },
  };
}
