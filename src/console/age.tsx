import { useSyncExternalStore } from "react";
import { formatAge, formatTime } from "./format.ts";
import { useSpeech } from "./language.tsx";
import { serverNow } from "./server-clock.ts";

const TICK_MS = 5_000;
const listeners = new Set<() => void>();
let now = serverNow();
let timer: ReturnType<typeof setInterval> | undefined;

/** The manager's time, renewed every few seconds by one timer for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = serverNow();
    for (const one of listeners) one();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** How long ago, with the full time in the reader's zone on hover. */
export function Age({ atMs }: { readonly atMs: number }) {
  const { language } = useSpeech();
  // What has just come is newer than the last tick.
  const age = Math.max(0, Math.max(useNow(), serverNow()) - atMs);
  return (
    <time dateTime={new Date(atMs).toISOString()} title={formatTime(atMs, language)}>
      {formatAge(age, language)}
    </time>
  );
}
