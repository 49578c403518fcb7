import type { Clock } from "./clock.ts";
import { reasonOf, TimeoutError } from "./errors.ts";
import type { Log } from "./log.ts";

/** A part of a program that runs. What it needs is one typed argument of the function that creates it. */
export interface Service {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Each service gets this long to stop; `up` promises five seconds for the whole. */
export const STOP_TIMEOUT_MS = 2_000;

/**
 * Starts services in order. When one fails, those already started are stopped last-first and the failure is thrown;
 * a service that may be missing says so itself by not failing (a listener whose port is taken reports and goes on).
 */
export async function startAll(
  services: readonly Service[],
  needs: { clock: Clock; log: Log },
): Promise<() => Promise<void>> {
  const started: Service[] = [];
  const stopAll = async () => {
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      await stopOne(service, needs);
    }
  };
  for (const service of services) {
    try {
      await service.start();
      started.push(service);
    } catch (error) {
      await stopAll();
      throw error;
    }
  }
  return stopAll;
}

async function stopOne(service: Service, { clock, log }: { clock: Clock; log: Log }): Promise<void> {
  try {
    await withTimeout(service.stop(), { what: `stopping ${service.name}`, timeoutMs: STOP_TIMEOUT_MS, clock });
  } catch (error) {
    log.warn({ service: service.name, reason: reasonOf(error) }, "service did not stop cleanly");
  }
}

/** The promise's value, or a TimeoutError after `timeoutMs`. The work itself goes on: give it a signal where that matters. */
export function withTimeout<T>(
  promise: Promise<T>,
  { what, timeoutMs, clock }: { what: string; timeoutMs: number; clock: Clock },
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(timeoutMs, () => reject(new TimeoutError(what, timeoutMs)));
    promise.then(resolve, reject).finally(cancel);
  });
}
