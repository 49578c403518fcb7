// Examinations that leave connections idle take minutes: they are begun, kept and collected.

import { DOCTOR_LIMITS } from "../../doctor/limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { PeerError, reasonOf } from "../../runtime/errors.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Doctor, HostExamination } from "./doctor.ts";

export interface IdleRun {
  readonly id: string;
  readonly hostId: string;
  readonly seconds: number;
  readonly startedAtMs: number;
  /** By the monotonic clock, about. */
  readonly endsAt: number;
  readonly outcome:
    | { readonly state: "running" | "cancelled" }
    | { readonly state: "failed"; readonly problem: string }
    | { readonly state: "done"; readonly examination: HostExamination };
}

export interface IdleExaminations {
  /** Throws PeerError `busy` beyond the bound. */
  start(hostId: string, seconds: number): IdleRun;
  /** Resolves when it has ended, or when `signal` aborts. */
  find(id: string, signal: AbortSignal): Promise<IdleRun | undefined>;
  /** One that has ended stays as it is. */
  cancel(id: string): IdleRun | undefined;
  /** Cancels all of them; resolves when their connections are closed. */
  stop(): Promise<void>;
}

/** What the examination takes besides the idle time. */
const EXAMINATION_MS = 10_000;

interface Kept {
  run: IdleRun;
  readonly giveUp: AbortController;
  readonly ended: Promise<void>;
}

export function createIdleExaminations(
  doctor: Pick<Doctor, "examine">,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): IdleExaminations {
  const kept = new Map<string, Kept>();
  const isRunning = ({ run }: Kept) => run.outcome.state === "running";

  async function examine({ id, hostId, seconds }: IdleRun, signal: AbortSignal): Promise<void> {
    let outcome: IdleRun["outcome"];
    try {
      const examination = await doctor.examine(hostId, { idle: { seconds, signal } });
      outcome = examination
        ? { state: "done", examination }
        : { state: "failed", problem: "the host was removed meanwhile" };
    } catch (error) {
      outcome = { state: "failed", problem: reasonOf(error) };
    }
    const one = kept.get(id);
    if (one === undefined) return;
    if (isRunning(one)) one.run = { ...one.run, outcome };
    clock.after(DOCTOR_LIMITS.idleKeptMs, () => kept.delete(id));
  }

  const cancel = (id: string) => {
    const one = kept.get(id);
    if (one === undefined) return undefined;
    one.giveUp.abort();
    if (isRunning(one)) one.run = { ...one.run, outcome: { state: "cancelled" } };
    return one.run;
  };
  return {
    start(hostId, seconds) {
      const running = [...kept.values()].filter(isRunning);
      if (running.length >= DOCTOR_LIMITS.idleExaminationsMax) {
        throw new PeerError("busy", `${running.length} examinations with idle connections are under way: wait for one`);
      }
      const endsAt = clock.monotonic() + 4 * seconds * 1_000 + EXAMINATION_MS;
      const id = createUuid({ clock, random });
      const run: IdleRun = { id, hostId, seconds, startedAtMs: clock.now(), endsAt, outcome: { state: "running" } };
      const giveUp = new AbortController();
      const ended = Promise.withResolvers<void>();
      kept.set(id, { run, giveUp, ended: ended.promise });
      void examine(run, giveUp.signal).then(ended.resolve);
      return run;
    },
    async find(id, signal) {
      const one = kept.get(id);
      if (one === undefined) return undefined;
      const aborted = Promise.withResolvers<void>();
      const stopWaiting = () => aborted.resolve();
      if (signal.aborted) stopWaiting();
      signal.addEventListener("abort", stopWaiting, { once: true });
      await Promise.race([one.ended, aborted.promise]);
      signal.removeEventListener("abort", stopWaiting);
      return one.run;
    },
    cancel,
    async stop() {
      for (const id of kept.keys()) cancel(id);
      await Promise.all([...kept.values()].map(({ ended }) => ended));
    },
  };
}
