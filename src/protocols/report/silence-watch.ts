import type { Clock } from "../../runtime/clock.ts";

/** Notices a peer that has said nothing for a while. */
export interface SilenceWatch {
  heard(): void;
  stop(): void;
}

/** Calls `onSilence` once, `timeoutMs` after the last `heard()`. One timer however much is heard. */
export function watchSilence(
  clock: Clock,
  { timeoutMs, onSilence }: { readonly timeoutMs: number; readonly onSilence: () => void },
): SilenceWatch {
  let heardAt = clock.monotonic();
  let cancel = clock.after(timeoutMs, look);
  function look() {
    const left = heardAt + timeoutMs - clock.monotonic();
    if (left > 0) cancel = clock.after(left, look);
    else onSilence();
  }
  return {
    heard() {
      heardAt = clock.monotonic();
    },
    stop: () => cancel(),
  };
}
