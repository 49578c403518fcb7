import { type ChildProcess, fork } from "node:child_process";
import { type Clock, pause } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { ReadyMessage } from "../runtime/supervised.ts";

// Keeps one program of ours running as a child process: notices its end, says so, and starts it again with back-off.

export interface SupervisorNeeds {
  readonly name: string;
  /** Script and arguments, run by this Node. */
  readonly script: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
}

export interface Supervisor<Ready = unknown> {
  /** Resolves at the first "ready"; rejects where the program ends, or is stopped, before it ever was. */
  start(): Promise<Ready>;
  /** Resolves when the program has ended; kills it after `timeoutMs`. */
  stop(timeoutMs: number): Promise<void>;
  readonly pid: number | undefined;
}

const BACK_OFF_FIRST_MS = 250;
const BACK_OFF_MAX_MS = 30_000;
/** A program that ran for so long has recovered: the next back-off begins anew. */
const STABLE_MS = 60_000;

export function createSupervisor<Ready>(needs: SupervisorNeeds): Supervisor<Ready> {
  const { name, script, args, clock, log } = needs;
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  let backOffMs = BACK_OFF_FIRST_MS;
  let hasBeenReady = false;
  let running: Promise<void> = Promise.resolve();

  const runOnce = (onReady: (ready: Ready) => void): Promise<string> =>
    new Promise((resolve) => {
      // Its messages are ours: the same terminal, the same file. Its output is not: ours is for one envelope or the tour.
      const started = fork(script, [...args], { stdio: ["ignore", 2, 2, "ipc"] });
      child = started;
      started.on("message", (message: ReadyMessage<Ready>) => {
        if (message?.kind !== "ready") return;
        if (hasBeenReady) log.info({ program: name, process: started.pid }, `the ${name} is ready again`);
        hasBeenReady = true;
        onReady(message.ready);
      });
      started.on("error", (error) => resolve(error.message));
      started.on("exit", (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`));
    });

  const runAlways = async (onReady: (ready: Ready) => void, onFailure: (error: Error) => void) => {
    while (!stopping.signal.aborted) {
      const startedAt = clock.monotonic();
      const end = await runOnce(onReady);
      child = undefined;
      if (stopping.signal.aborted) break;
      if (!hasBeenReady)
        return onFailure(new Error(`the ${name} could not start (${end}); its messages above say why`));
      if (clock.monotonic() - startedAt >= STABLE_MS) backOffMs = BACK_OFF_FIRST_MS;
      log.error(
        { program: name, end, againInMs: backOffMs },
        `the ${name} ended unexpectedly (${end}); it is started again in ${backOffMs} ms`,
      );
      await pause(clock, backOffMs, stopping.signal);
      backOffMs = Math.min(backOffMs * 2, BACK_OFF_MAX_MS);
    }
    onFailure(new Error(`the ${name} was stopped before it was ready`)); // Nobody hears it where it has been ready.
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
      if (ending.connected)
        ending.send("stop", () => {}); // A child that has just ended needs no order.
      else ending.kill("SIGTERM");
      const cancel = clock.after(timeoutMs, () => ending.kill("SIGKILL"));
      await running;
      cancel();
    },
  };
}
