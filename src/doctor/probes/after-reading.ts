import { type Clock, every } from "../../runtime/clock.ts";

/**
 * As `clock.after`, but what has come by then is read first: on a busy computer a timer is looked at before the sockets
 * that were ready long ago, and what was only read late shall not count as silence.
 */
export function afterReading(clock: Clock, delayMs: number, callback: () => void): () => void {
  let turn: NodeJS.Immediate | undefined;
  const cancel = clock.after(delayMs, () => {
    turn = setImmediate(callback);
  });
  return () => {
    cancel();
    clearImmediate(turn);
  };
}

const TICK_MS = 50;
/** Part of the time in which a program may have stood still and still have heard what came. */
const ASLEEP_PART = 0.2;
/** Less in all is nothing, however short the time. */
const ASLEEP_MS = 300;

/**
 * The same for answers that take several turns of the event loop: `wasBusy` where this program itself stood still for so
 * much of the time that its not having heard anything says nothing.
 */
export function afterListening(clock: Clock, delayMs: number, callback: (wasBusy: boolean) => void): () => void {
  let asleepMs = 0;
  let beganAt = clock.monotonic();
  const stop = every(clock, TICK_MS, () => {
    const now = clock.monotonic();
    asleepMs += Math.max(0, now - beganAt - 2 * TICK_MS);
    beganAt = now;
  });
  const cancel = afterReading(clock, delayMs, () => {
    stop();
    asleepMs += Math.max(0, clock.monotonic() - beganAt - 2 * TICK_MS);
    callback(asleepMs > Math.max(ASLEEP_MS, ASLEEP_PART * delayMs));
  });
  return () => {
    stop();
    cancel();
  };
}
