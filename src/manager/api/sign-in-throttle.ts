import { ApiError } from "../../api/api-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SERVICE_LIMITS } from "./limits.ts";

/** Failures without any wait: a person mistypes. */
const FREE_FAILURES = 5;
const WAIT_MS_MAX = 15 * 60_000;

export interface SignInThrottle {
  /**
   * Counts an attempt as failed before it is made, so that many at once gain nothing, for every key (an account, an
   * address). Throws ApiError `throttled` while one of them has to wait. `succeed` takes the failure back.
   */
  attempt(keys: readonly string[]): { succeed(): void };
}

export function createSignInThrottle({ clock }: { clock: Clock }): SignInThrottle {
  const failures = new Map<string, { count: number; waitUntil: number }>();

  return {
    attempt(keys) {
      const now = clock.monotonic();
      const waitMs = Math.max(...keys.map((key) => (failures.get(key)?.waitUntil ?? 0) - now));
      if (waitMs > 0) {
        const seconds = Math.ceil(waitMs / 1_000);
        throw new ApiError("throttled", "sign-in: too many failed attempts", `try again in ${seconds} seconds`);
      }
      for (const key of keys) {
        const last = failures.get(key);
        // An hour after the wait has ended, the past is forgotten.
        const count = 1 + (last === undefined || now - last.waitUntil > 3_600_000 ? 0 : last.count);
        const wait = count < FREE_FAILURES ? 0 : Math.min(1_000 * 2 ** (count - FREE_FAILURES), WAIT_MS_MAX);
        failures.delete(key); // So that the map's order is that of use, and the first is the one to forget.
        failures.set(key, { count, waitUntil: now + wait });
        if (failures.size > SERVICE_LIMITS.throttledKeys) failures.delete(failures.keys().next().value ?? "");
      }
      return {
        succeed() {
          for (const key of keys) failures.delete(key);
        },
      };
    },
  };
}
