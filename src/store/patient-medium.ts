import { type Clock, pause } from "../runtime/clock.ts";
import { codeOf } from "../runtime/errors.ts";
import type { Medium } from "./medium.ts";

/** What may pass: a bus error, a network file system that is away, too many open files, too little memory, an interruption. */
const PASSING = new Set(["EIO", "EMFILE", "ENFILE", "ENOMEM", "EAGAIN", "EINTR", "EBUSY", "ESTALE", "ETIMEDOUT"]);
/** Before the second and the third attempt: time for a neighbour to close its files. */
const DELAYS_MS = [20, 200];

/** Whether an error says that the system could not read, not that what it read is wrong. */
export function isPassing(error: unknown): boolean {
  return PASSING.has(codeOf(error));
}

/** The medium, reading three times before it gives up on what may pass. Writing is not repeated: an fsync that failed once may lie the second time. */
export function createPatientMedium(medium: Medium, clock: Clock): Medium {
  const patiently = async <T>(read: () => Promise<T>): Promise<T> => {
    for (const delayMs of DELAYS_MS) {
      try {
        return await read();
      } catch (error) {
        if (!isPassing(error)) throw error;
        await wait(clock, delayMs);
      }
    }
    return read();
  };
  return {
    ...medium,
    list: (prefix) => patiently(() => medium.list(prefix)),
    readRange: (name, offset, length) => patiently(() => medium.readRange(name, offset, length)),
  };
}

/** The clock's timers let a process end; a command that has nothing else to do must not end here. */
async function wait(clock: Clock, delayMs: number): Promise<void> {
  const keepsAlive = setInterval(() => {}, 0x7fffffff);
  try {
    await pause(clock, delayMs);
  } finally {
    clearInterval(keepsAlive);
  }
}
