import { flushCompileCache } from "node:module";
import { reasonOf } from "./errors.ts";
import type { Log } from "./log.ts";

// A program that may run alone (by systemd, in a terminal) or under `rusuban up`. Under `up` the parent says when to
// stop, through the channel that Node opens between parent and child; when the parent dies, the channel closes and the
// child stops, so that nothing is left running.

/** How long a program may take to stop before it ends itself. */
const STOP_AT_MOST_MS = 4_000;

export interface Program<Ready> {
  /** Starts everything; what it resolves to is told to the parent. */
  start(): Promise<Ready>;
  stop(): Promise<void>;
}

/** Message of a child that is ready. */
export interface ReadyMessage<Ready> {
  readonly kind: "ready";
  readonly ready: Ready;
}

/** Runs until told to stop. Resolves to the exit code; a start that fails rejects. */
export async function runUntilStopped<Ready>(program: Program<Ready>, log: Log): Promise<number> {
  const isSupervised = process.send !== undefined;
  const told = new Promise<string>((resolve) => {
    process.on("SIGTERM", () => resolve("SIGTERM"));
    process.on("disconnect", () => resolve("the parent is gone"));
    process.on("message", (message) => {
      if (message === "stop") resolve("stop");
    });
    // The terminal sends Ctrl-C to parent and children alike; under a parent the parent decides on the order.
    process.on("SIGINT", () => {
      if (!isSupervised) resolve("SIGINT");
    });
  });
  const ready = await program.start();
  flushCompileCache(); // Otherwise written at a clean exit only, which a program that runs for months may never have.
  process.send?.({ kind: "ready", ready } satisfies ReadyMessage<Ready>);
  const reason = await told;
  log.info({ reason }, "stopping");
  const limit = setTimeout(() => {
    log.error({}, "could not stop in time");
    process.exit(1);
  }, STOP_AT_MOST_MS);
  limit.unref();
  try {
    await program.stop();
  } catch (error) {
    log.error({ reason: reasonOf(error) }, "did not stop cleanly");
    return 1;
  } finally {
    clearTimeout(limit);
    if (process.connected) process.disconnect();
  }
  return 0;
}
