import { type Clock, systemClock } from "./clock.ts";
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

/** As much of Node's process as a program needs of it; a test hands in its own. */
export interface ProcessLike {
  on(event: string, listener: (message: unknown) => void): unknown;
  off(event: string, listener: (message: unknown) => void): unknown;
  exit(code: number): never;
  /** Only where there is, or was, a parent. */
  readonly send?: ((message: unknown, callback: (error: Error | null) => void) => unknown) | undefined;
  readonly connected?: boolean | undefined;
  disconnect?: (() => void) | undefined;
}

/** Runs until told to stop. Resolves to the exit code; a start that fails rejects. */
export async function runUntilStopped<Ready>(
  program: Program<Ready>,
  log: Log,
  { self = process as ProcessLike, clock = systemClock }: { self?: ProcessLike; clock?: Clock } = {},
): Promise<number> {
  const orders = listenForOrders(self);
  let cancelLimit = () => {};
  // From the order on, also while it is still starting: whoever is told to stop is gone soon, whatever it hangs in.
  void orders.told.then((reason) => {
    log.info({ reason }, "stopping");
    cancelLimit = clock.after(STOP_AT_MOST_MS, () => {
      log.error({ reason }, "could not stop in time");
      self.exit(1);
    });
  });
  try {
    const ready = await program.start();
    tellReady(self, ready);
    await orders.told;
    await program.stop().catch((error: unknown) => {
      log.error({ reason: reasonOf(error) }, "did not stop cleanly");
      throw new StopFailed();
    });
    return 0;
  } catch (error) {
    if (error instanceof StopFailed) return 1;
    throw error;
  } finally {
    cancelLimit();
    // Listening for orders keeps the channel open and the process alive with it, also after a start that failed.
    orders.close();
    if (self.connected) self.disconnect?.();
  }
}

class StopFailed extends Error {}

function tellReady(self: ProcessLike, ready: unknown): void {
  // A parent that is gone by now shows as the order to stop; without the callback it would be an uncaught error.
  if (self.connected) self.send?.({ kind: "ready", ready } satisfies ReadyMessage<unknown>, () => {});
}

/** `told` resolves to who said so, once. */
function listenForOrders(self: ProcessLike): { readonly told: Promise<string>; close(): void } {
  const { promise: told, resolve } = Promise.withResolvers<string>();
  const isSupervised = self.send !== undefined;
  const listeners: Readonly<Record<string, (message: unknown) => void>> = {
    SIGTERM: () => resolve("SIGTERM"),
    // The terminal sends Ctrl-C to parent and children alike, and a closed terminal SIGHUP; under a parent the parent
    // decides on the order.
    SIGINT: () => void (isSupervised || resolve("SIGINT")),
    SIGHUP: () => void (isSupervised || resolve("SIGHUP")),
    disconnect: () => resolve("the parent is gone"),
    message: (message) => {
      if (message === "stop") resolve("stop");
    },
  };
  for (const [event, listener] of Object.entries(listeners)) self.on(event, listener);
  // A parent that was killed while this process was loading has left before anybody listened.
  if (isSupervised && !self.connected) resolve("the parent is gone");
  return {
    told,
    close() {
      for (const [event, listener] of Object.entries(listeners)) self.off(event, listener);
    },
  };
}
