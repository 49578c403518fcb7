import { type ChildProcess, fork } from "node:child_process";
import { type Clock, pause } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ReadyMessage } from "../runtime/supervised.ts";

// Keeps one program of ours running as a child process: notices its end, says so, and starts it again with back-off.

export interface SupervisorNeeds<Ready> {
  readonly name: string;
  /** Script and arguments, run by this Node. */
  readonly script: string;
  readonly args: readonly string[];
  /** Each time the program is ready, also after a restart. */
  readonly onReady: (ready: Ready) => void;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Supervisor {
  /** Resolves at the first "ready"; rejects where the program ends before it ever was. */
  start(): Promise<void>;
  /** Resolves when the program has ended; kills it after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
  readonly pid: number | undefined;
}

const BACK_OFF_FIRST_MS = 250;
const BACK_OFF_MAX_MS = 30_000;
/** A program that ran for so long has recovered: the next back-off begins anew. */
const STABLE_MS = 60_000;

export function createSupervisor<Ready>(needs: SupervisorNeeds<Ready>): Supervisor {
  const { name, script, args, onReady, clock, log } = needs;
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let backOffMs = BACK_OFF_FIRST_MS;
  let hasBeenReady = false;
  let running: Promise<void> = Promise.resolve();

  const runOnce = (onFirstReady: () => void): Promise<string> =>
    new Promise((resolve) => {
      // Its messages are ours: the same terminal, the same file.
      const started = fork(script, [...args], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      child = started;
      started.on("message", (message: ReadyMessage<Ready>) => {
        if (message?.kind !== "ready") return;
        hasBeenReady = true;
        onReady(message.ready);
        onFirstReady();
      });
      started.on("error", (error) => resolve(error.message));
      started.on("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });

  const runAlways = async (onFirstReady: () => void, onFailure: (error: Error) => void) => {
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonic();
      const end = await runOnce(onFirstReady);
      child = undefined;
      if (stopping.signal.aborted) return;
      if (!hasBeenReady)
        return onFailure(new Error(`the ${name} could not start (${end}); its messages above say why`));
      if (clock.monotonic() - startedAt >= STABLE_MS) backOffMs = BACK_OFF_FIRST_MS;
      log.error({ program: name, end, againInMs: backOffMs }, "a program ended unexpectedly; it is started again");
      await pause(clock, backOffMs, stopping.signal);
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MAX_MS);
    }
  };

  return {
    get pid() {
      return child?.pid;
    },
    start: () =>
      new Promise((resolve, reject) => {
        running = runAlways(resolve, reject);
      }),
    async stop(timeoutMs) {
      stopping.abort();
      const ending = child;
      if (ending === undefined) return running;
      if (ending.connected) ending.send("stop");
      else ending.kill("SIGTERM");
      const cancel = clock.after(timeoutMs, () => ending.kill("SIGKILL"));
      await running;
      cancel();
    },
  };
}
