// Is a connection cut on which nothing is sent? Three are opened: one is silent for T, one for four times T, and one is
// kept busy all the while. Only where the busy one still lives at the end it was the silence that cut the others.

import { type Clock, every, pause } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import { DOCTOR_LIMITS } from "../limits.ts";
import { openHeldConnection } from "./held-connection.ts";
import type { Target } from "./tcp-connect.ts";

export interface IdleOrder {
  readonly target: Target;
  readonly secret: Buffer;
  /** T. */
  readonly seconds: number;
}

export interface IdleOutcome {
  readonly shortLives: boolean;
  /** False as well where the short one was cut, and the long one was not waited for. */
  readonly longLives: boolean;
}

/** Below every idle time that can be asked for. */
const BUSY_EVERY_MS = 500;
/** Whatever is cut shows by then: a byte that is lost is sent four times in this time (RTO 200 ms, doubling). */
const ANSWER_MS = DOCTOR_LIMITS.attemptMs;
/** The longest connection has to live this much longer than four times T, for hellos and answers. */
export const IDLE_RESERVE_MS = 15_000;

/** Null where it says nothing: no connection, the busy one ended too, or `signal` aborted. Never rejects. */
export async function leaveIdle(
  { target, secret, seconds }: IdleOrder,
  { clock, random, signal }: { clock: Clock; random: Random; signal: AbortSignal },
): Promise<IdleOutcome | null> {
  const idleMs = seconds * 1_000;
  let busyLeft = Math.ceil((4 * idleMs + IDLE_RESERVE_MS) / BUSY_EVERY_MS);
  const open = (bulkBytes: number) => openHeldConnection(target, { secret, bulkBytes, random, clock });
  const [busy, short, long] = await Promise.all([open(busyLeft), open(1), open(1)]);
  const stop = every(clock, BUSY_EVERY_MS, () => {
    if (busyLeft <= 1) return;
    busyLeft -= 1;
    busy?.send(1);
  });
  const lives = async (connection: typeof short) => {
    connection?.send(1);
    return (await connection?.answered(ANSWER_MS)) ?? false;
  };
  try {
    if (busy === undefined || short === undefined || long === undefined) return null;
    await pause(clock, idleMs, signal);
    if (signal.aborted) return null;
    const began = clock.monotonic();
    const shortLives = await lives(short);
    if (shortLives) await pause(clock, 3 * idleMs - (clock.monotonic() - began), signal);
    if (signal.aborted) return null;
    const longLives = shortLives && (await lives(long));
    stop();
    busy.send(busyLeft);
    return (await busy.answered(ANSWER_MS)) ? { shortLives, longLives } : null;
  } finally {
    stop();
    for (const connection of [busy, short, long]) connection?.close();
  }
}
