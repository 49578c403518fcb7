// Waiting for a job. On a terminal one line is redrawn; elsewhere (a log, a pipe) a plain line comes every few seconds.

import type { ApiClient } from "../api/client.ts";
import type { Job } from "../model/job.ts";
import type { Text } from "../ports/flow.ts";
import { pause } from "../runtime/clock.ts";
import { displayWidth } from "./display-width.ts";
import { Interruption } from "./interruption.ts";
import { CommandError } from "./output.ts";
import { formatBytes, formatCount } from "./quantities.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";
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
const PLAIN_LINE_MS = 5_000;
/** A manager that is restarted is back within this, and finds its jobs again. */
const PATIENCE_MS = 60_000;

/** Waits until the job has ended and gives it as it is then. @throws Interruption at Ctrl-C; the job goes on. */
export async function awaitJob(session: Session, api: ApiClient, started: Job): Promise<Job> {
  const { clock } = session.world;
  const interruption = session.world.interruption();
  const line = createProgressLine(session);
  let job = started;
  let lostAt: number | undefined;
  try {
    while (!hasEnded(job)) {
      line.show(job);
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

interface ProgressLine {
  show(job: Job): void;
  /** Takes the line away, so that something else can be printed. */
  clear(): void;
}

function createProgressLine(session: Session): ProgressLine {
  const { clock, output, terminal } = session.world;
  const rateOf = createRate(() => clock.monotonic());
  let lastPlain: number | undefined;
  let isDrawn = false;
  return {
    show(job) {
      const text = progressText(session, job, rateOf(job.progress.bytes));
      if (terminal !== undefined) {
        output.tell(`\r\u001b[2K${withPath(text, job.progress.current, terminal.columns - 1)}`);
        isDrawn = true;
        return;
      }
      // Without a terminal the first line comes when there is something to tell.
      lastPlain ??= clock.monotonic();
      if (clock.monotonic() - lastPlain < PLAIN_LINE_MS) return;
      lastPlain = clock.monotonic();
      output.tell(`${withPath(text, job.progress.current, Number.POSITIVE_INFINITY)}\n`);
    },
    clear() {
      if (isDrawn) output.tell("\r\u001b[2K");
      isDrawn = false;
    },
  };
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

/** The path behind the text as far as there is room: its end says more than its beginning. */
function withPath(text: string, current: string, columns: number): string {
  const used = displayWidth(text);
  if (used > columns) return cutTo(text, columns);
  const path = [...visible(current)];
  let width = displayWidth(path.join(""));
  if (width === 0 || used + 3 > columns) return text;
  if (used + 2 + width <= columns) return `${text}  ${path.join("")}`;
  while (path.length > 0 && used + 3 + width > columns) width -= displayWidth(path.shift() ?? "");
  return `${text}  …${path.join("")}`;
}

function cutTo(text: string, columns: number): string {
  let cut = "";
  for (const character of text) {
    if (displayWidth(cut + character) > columns) break;
    cut += character;
  }
  return cut;
}

/** Bytes a second over the last few seconds: the whole job's mean would not show that it has stopped. */
function createRate(now: () => number): (bytes: number) => number {
  const samples: { at: number; bytes: number }[] = [];
  return (bytes) => {
    samples.push({ at: now(), bytes });
    while (samples.length > 2 && (samples[0]?.at ?? 0) < now() - RATE_WINDOW_MS) samples.shift();
    const [first] = samples;
    if (first === undefined || now() <= first.at) return 0;
    return (Math.max(0, bytes - first.bytes) * 1_000) / (now() - first.at);
  };
}

const RATE_WINDOW_MS = 5_000;
