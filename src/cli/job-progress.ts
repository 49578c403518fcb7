// Waiting for a job, with its progress.

import type { ApiClient } from "../api/client.ts";
import type { Job } from "../model/job.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { pause } from "../runtime/clock.ts";
import { Interruption } from "./interruption.ts";
import { CommandError } from "./output.ts";
import { createProgressLine, createRate } from "./progress-line.ts";
import { formatCount } from "./quantities.ts";
import type { Session } from "./session.ts";
import { JOB_KIND_WORDS, JOB_STATE_WORDS } from "./words.ts";

const WORDS = {
  progress: {
    en: "{kind} {host}: {files} files  {bytes}  {rate}/s  sent {sent}",
    ja: "{kind} {host}: {files} ファイル  {bytes}  {rate}/秒  送信 {sent}",
  },
  waiting: { en: "{kind} {host}: {state}", ja: "{kind} {host}: {state}" },
  goesOn: {
    en: "Stopped waiting; the job goes on. `rusuban job show {id}` looks at it, `rusuban job cancel {id}` stops it.",
    ja: "待機を中止しました。ジョブは続いています。確認は `rusuban job show {id}`、中止は `rusuban job cancel {id}`。",
  },
  lost: {
    en: "Lost the manager; waiting for it. The job goes on.",
    ja: "マネージャとの接続が切れました。再接続を待っています(ジョブは続きます)。",
  },
} as const satisfies Record<string, Text>;

/** Redrawing faster than four times a second cannot be read, and each time is a request. */
const POLL_MS = 250;
/** A manager that is restarted is back within this, and finds its jobs again. */
const PATIENCE_MS = 60_000;

/** Waits until the job has ended and gives it as it is then. @throws Interruption at Ctrl-C; the job goes on. */
export async function awaitJob(session: Session, api: ApiClient, started: Job): Promise<Job> {
  const { clock } = session.world;
  const interruption = session.world.interruption();
  const line = createProgressLine(session.world);
  const rateOf = createRate(() => clock.monotonic());
  let job = started;
  let lostAt: number | undefined;
  try {
    while (!hasEnded(job)) {
      line.show(progressText(session, job, rateOf(job.progress.bytes)), job.progress.current);
      await pause(clock, POLL_MS, interruption);
      if (interruption.aborted) throw new Interruption(session.say(WORDS.goesOn, { id: job.id }));
      try {
        job = await api.jobShow({ params: { id: job.id } }, { signal: interruption });
        lostAt = undefined;
      } catch (error) {
        if (interruption.aborted) continue;
        if (!isUnreachable(error)) throw error;
        if (lostAt === undefined) {
          line.clear();
          session.tell(WORDS.lost);
        }
        lostAt ??= clock.monotonic();
        if (clock.monotonic() - lostAt > PATIENCE_MS) throw error;
      }
    }
    return job;
  } finally {
    line.clear();
  }
}

export function hasEnded({ state }: Pick<Job, "state">): boolean {
  return state !== "queued" && state !== "running";
}

/** The manager did not answer, so it may do so later. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof CommandError && error.code === "manager-unreachable";
}

function progressText(session: Session, job: Job, rate: number): string {
  const words = { kind: session.say(JOB_KIND_WORDS[job.kind]), host: job.hostName };
  if (job.state === "queued") {
    return session.say(WORDS.waiting, { ...words, state: session.say(JOB_STATE_WORDS.queued) });
  }
  return session.say(WORDS.progress, {
    ...words,
    files: formatCount(job.progress.files),
    bytes: formatBytes(job.progress.bytes),
    rate: formatBytes(rate),
    sent: formatBytes(job.progress.bytesSent),
  });
}
