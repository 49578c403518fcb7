import type { Clock } from "../../runtime/clock.ts";
import { TimeoutError } from "../../runtime/errors.ts";

/** A failure is tried again after this, even where an answer would be kept for longer. */
const FAILURE_KEPT_MS = 10_000;

/**
 * A source that is asked at most once in `keptMs`, however many want to know: who comes while it is being asked gets the
 * answer before, when that is younger than `staleMs`, or else waits for `patienceMs` at most. The source itself has
 * `timeoutMs`, and goes on when nobody waits any more, so that a slow one is ready for the next question.
 */
export function remembered<T>(
  clock: Clock,
  what: string,
  {
    keptMs,
    staleMs = keptMs,
    patienceMs,
    timeoutMs,
  }: { readonly keptMs: number; readonly staleMs?: number; readonly patienceMs: number; readonly timeoutMs: number },
  ask: (signal: AbortSignal) => Promise<T>,
): () => Promise<T> {
  let good: { readonly atMs: number; readonly answer: T } | undefined;
  let bad: { readonly atMs: number; readonly error: unknown } | undefined;
  let pending: Promise<T> | undefined;

  function start(): Promise<T> {
    const controller = new AbortController();
    const cancel = clock.after(timeoutMs, () => controller.abort());
    const asked = ask(controller.signal).finally(() => {
      cancel();
      pending = undefined;
    });
    asked.then(
      (answer) => {
        good = { atMs: clock.monotonic(), answer };
        bad = undefined;
      },
      (error: unknown) => {
        bad = { atMs: clock.monotonic(), error };
      },
    );
    return asked;
  }

  return async () => {
    const nowMs = clock.monotonic();
    if (good !== undefined && nowMs - good.atMs < keptMs) return good.answer;
    if (bad !== undefined && nowMs - bad.atMs < Math.min(keptMs, FAILURE_KEPT_MS)) throw bad.error;
    pending ??= start();
    if (good !== undefined && nowMs - good.atMs < staleMs) return good.answer;
    return patient(clock, what, patienceMs, pending);
  };
}

function patient<T>(clock: Clock, what: string, patienceMs: number, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(patienceMs, () => reject(new TimeoutError(what, patienceMs)));
    answer.then(resolve, reject).finally(cancel);
  });
}
