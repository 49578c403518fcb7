// The processes that bench/watch.ts is made of: one asks, the other does and answers. And a clock that runs faster.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Clock, systemClock } from "../src/runtime/clock.ts";

/** What a part can be asked: names with one argument and one answer, both of them JSON. */
// biome-ignore lint/suspicious/noExplicitAny: "a work of whatever type"; the types of argument and answer are inferred.
type Works = Readonly<Record<string, (argument: any) => unknown>>;

export interface Part<W extends Works> {
  readonly pid: number;
  ask<K extends keyof W & string>(work: K, argument: Parameters<W[K]>[0]): Promise<Awaited<ReturnType<W[K]>>>;
  stop(): Promise<void>;
}

/** Starts a file of this folder as a process of its own. */
export function startPart<W extends Works>(file: string, execArgv: readonly string[] = []): Part<W> {
  const child: ChildProcess = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: ["--disable-warning=ExperimentalWarning", ...execArgv],
  });
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let last = 0;
  child.on("message", ({ id, value, problem }: { id: number; value: never; problem?: string }) => {
    const one = waiting.get(id);
    waiting.delete(id);
    if (problem === undefined) one?.resolve(value);
    else one?.reject(new Error(`${file}: ${problem}`));
  });
  const ended = once(child, "exit");
  void ended.then(([code]) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} has ended with ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    ask: (work, argument) =>
      new Promise((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve, reject });
        child.send({ id: last, work, argument });
      }),
    async stop() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}

/** The other side: does what it is asked until nobody asks any more. */
export function serveParts(works: Works, end: () => Promise<void>): void {
  process.on("message", async ({ id, work, argument }: { id: number; work: string; argument: unknown }) => {
    try {
      process.send?.({ id, value: await works[work]?.(argument) });
    } catch (error) {
      process.send?.({ id, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.once("disconnect", () => void end().finally(() => process.exit()));
}

/** An hour of this clock takes an hour divided by `factor`: everything that waits by it comes as often as in an hour. */
export function fasterClock(factor: number): Clock {
  const [start, begun] = [systemClock.now(), systemClock.monotonic()];
  const passed = () => (systemClock.monotonic() - begun) * factor;
  return {
    now: () => Math.floor(start + passed()),
    monotonic: passed,
    after: (delayMs, callback) => systemClock.after(delayMs / factor, callback),
  };
}
