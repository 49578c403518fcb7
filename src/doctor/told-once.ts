import type { Clock } from "../runtime/clock.ts";
import { withTimeout } from "../runtime/service.ts";

/** What nobody came to hear by then is read anew: an examination is over. */
export const UNTOLD_MS = 15_000;

/**
 * A reader whose answer is told once: rules may have changed before the next examination. Who does not wait for it to the
 * end (`waitMs`; undefined is then the answer) finds it at a later ask, and who asks meanwhile gets the same. `read` does
 * not reject.
 */
export function createToldOnce<T>(read: () => Promise<T>, clock: Clock): (waitMs?: number) => Promise<T | undefined> {
  let asked: { readonly atMs: number; readonly answer: Promise<T> } | undefined;
  return async (waitMs) => {
    if (asked === undefined || clock.monotonic() - asked.atMs > UNTOLD_MS) {
      asked = { atMs: clock.monotonic(), answer: read() };
    }
    const mine = asked;
    const whole =
      waitMs === undefined ? mine.answer : withTimeout(mine.answer, { what: "it", timeoutMs: waitMs, clock });
    try {
      const answer = await whole;
      if (asked === mine) asked = undefined;
      return answer;
    } catch {
      return undefined;
    }
  };
}
