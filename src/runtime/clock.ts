/** Time, as an argument. Everything in src/ that waits or stamps takes a Clock; only this file reads the real one. */
export interface Clock {
  /** Milliseconds since 1970, of this machine: for people to read, never for comparing two machines. */
  now(): number;
  /** Milliseconds since some fixed moment; never steps back. For durations. */
  monotonic(): number;
  /** Calls `callback` once, after `delayMs`; the function returned cancels it. Does not keep the process alive. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects: the caller looks at the signal. */
export function pause(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/** Calls `task` every `intervalMs`, counted from the end of one run to the start of the next; the function returned stops it. */
export function every(clock: Clock, intervalMs: number, task: () => void | Promise<void>): () => void {
  let stopped = false;
  let cancel = () => {};
  const schedule = () => {
    cancel = clock.after(intervalMs, async () => {
      await task();
      if (!stopped) schedule();
    });
  };
  schedule();
  return () => {
    stopped = true;
    cancel();
  };
}
