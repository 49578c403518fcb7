import type { ApiClient } from "../api/client.ts";
import { API_LIMITS } from "../api/limits.ts";
import type { Job, JobLogLine, JobState } from "../model/job.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { awaitJob } from "./job-progress.ts";
import { type CommandError, EXIT, type ExitCode } from "./output.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import type { Session } from "./session.ts";
import { JOB_KIND_WORDS } from "./words.ts";

const WORDS = {
  queued: { en: "{kind} {host}: job {id} was started", ja: "{kind} {host}: ジョブ {id} を開始しました" },
  lookAt: {
    en: "`rusuban job show {id}` looks at it; --wait would have waited.",
    ja: "状況は `rusuban job show {id}` で確認できます(--wait で完了まで待機)。",
  },
  backupDone: {
    en: "{kind} {host}: {files} files, {bytes}, sent {sent}, in {took}; snapshot {snapshot}",
    ja: "{kind} {host}: {files} ファイル、{bytes}、送信 {sent}、所要 {took}、スナップショット {snapshot}",
  },
  restoreDone: {
    en: "{kind} {host}: {files} files, {bytes} below {target}, in {took}",
    ja: "{kind} {host}: {files} ファイル、{bytes} を {target} に復元、所要 {took}",
  },
  partly: { en: "{count} entries could not be done:", ja: "{count} 件は処理できませんでした:" },
  rest: { en: "`rusuban job log {id}` lists them all.", ja: "全件は `rusuban job log {id}` で確認できます。" },
  failed: { en: "{kind} {host}: {reason}", ja: "{kind} {host}: {reason}" },
  canceled: { en: "{kind} {host}: the job was cancelled", ja: "{kind} {host}: ジョブは中止されました" },
  failedHint: { en: "`rusuban job log {id}` tells more", ja: "詳細は `rusuban job log {id}` で確認できます" },
  noReason: { en: "failed without a reason", ja: "理由不明の失敗" },
} as const satisfies Record<string, Text>;

const PROBLEMS_SHOWN = 10;

/** Tells that a job was started, or waits for it and tells how it ended; `failed` and `canceled` are thrown. */
export async function concludeJob(
  session: Session,
  api: ApiClient,
  { job, wait }: { job: Job; wait: boolean },
): Promise<ExitCode> {
  const values = wordsOf(session, job);
  if (!wait) {
    session.result(job, () => {
      session.print(session.say(WORDS.queued, values));
      session.tell(WORDS.lookAt, values);
    });
    return EXIT.done;
  }
  const ended = await awaitJob(session, api, job);
  if (ended.state === "failed" || ended.state === "canceled") throw jobFailure(session, ended);
  session.result(ended, () =>
    session.print(session.say(ended.kind === "backup" ? WORDS.backupDone : WORDS.restoreDone, wordsOf(session, ended))),
  );
  if (ended.state === "partly") await tellProblems(session, api, ended);
  return exitOf(ended.state);
}

/** What a job's end is as an exit code. */
export function exitOf(state: JobState): ExitCode {
  if (state === "partly") return EXIT.partly;
  return state === "failed" || state === "canceled" ? EXIT.failed : EXIT.done;
}

function jobFailure(session: Session, job: Job): CommandError {
  const values = { ...wordsOf(session, job), reason: job.reason ?? session.say(WORDS.noReason) };
  const isCanceled = job.state === "canceled";
  return session.failure(isCanceled ? "job-canceled" : "job-failed", isCanceled ? WORDS.canceled : WORDS.failed, {
    hint: WORDS.failedHint,
    values,
  });
}

async function tellProblems(session: Session, api: ApiClient, job: Job): Promise<void> {
  session.tell(WORDS.partly, { count: formatCount(job.progress.problems) });
  const problems: JobLogLine[] = [];
  let from: number | undefined = 0;
  while (from !== undefined && problems.length < PROBLEMS_SHOWN) {
    const part: { lines: JobLogLine[]; next: number } = await api.jobLog({
      params: { id: job.id },
      query: { from, limit: API_LIMITS.logLines },
    });
    problems.push(...part.lines.filter(({ level }) => level !== "info"));
    from = part.lines.length === 0 ? undefined : part.next;
  }
  for (const { text } of problems.slice(0, PROBLEMS_SHOWN)) session.tell({ en: "  {text}", ja: "  {text}" }, { text });
  session.tell(WORDS.rest, { id: job.id });
}

function wordsOf(session: Session, job: Job) {
  const { progress, startedAtMs, endedAtMs } = job;
  return {
    kind: session.say(JOB_KIND_WORDS[job.kind]),
    host: job.hostName,
    id: job.id,
    files: formatCount(progress.files),
    bytes: formatBytes(progress.bytes),
    sent: formatBytes(progress.bytesSent),
    took: formatDuration((endedAtMs ?? 0) - (startedAtMs ?? endedAtMs ?? 0), session.language),
    snapshot: job.snapshotId ?? "-",
    target: job.target ?? "-",
  };
}
