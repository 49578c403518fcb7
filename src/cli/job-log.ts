import type { ApiClient } from "../api/client.ts";
import { API_LIMITS } from "../api/limits.ts";
import type { Job, JobLogLine } from "../model/job.ts";
import type { Text } from "../ports/flow.ts";
import { pause } from "../runtime/clock.ts";
import { Interruption } from "./interruption.ts";
import { isUnreachable } from "./job-progress.ts";
import { paint, type Style } from "./output.ts";
import { formatMoment } from "./quantities.ts";
import type { Session } from "./session.ts";
import { jsonText, visible } from "./visible.ts";

const LEVELS: Readonly<Record<JobLogLine["level"], { readonly word: Text; readonly style: Style }>> = {
  info: { word: { en: "info", ja: "情報" }, style: "dim" },
  warning: { word: { en: "warning", ja: "警告" }, style: "yellow" },
  error: { word: { en: "error", ja: "エラー" }, style: "red" },
};

const WORDS = {
  goesOn: { en: "Stopped following; the job goes on.", ja: "ログの表示を終了しました。ジョブは続いています。" },
  lost: { en: "Lost the manager; trying again.", ja: "マネージャとの接続が切れました。再接続しています。" },
} as const satisfies Record<string, Text>;

const RETRY_MS = 2_000;
/** As long as a manager may need to come back; then following ends with the error. */
const RETRIES_MAX = 30;

/**
 * The log of a job, to stdout: its lines for people, the envelope with `--json`; where it is followed, `--json` gives one
 * object a line.
 */
export async function printLog(
  session: Session,
  api: ApiClient,
  job: Job,
  { follow }: { follow: boolean },
): Promise<void> {
  const lines: JobLogLine[] = [];
  let next = 0;
  let ended = false;
  for await (const part of readLog(session, api, { id: job.id, follow })) {
    ({ next, ended } = part);
    if (session.json && !follow) lines.push(...part.lines);
    else for (const line of part.lines) session.print(session.json ? jsonText(line) : logLine(session, line));
  }
  if (session.json && !follow) session.result({ lines, next, ended }, () => {});
}

function logLine(session: Session, { atMs, level, text }: JobLogLine): string {
  const { word, style } = LEVELS[level];
  return `${formatMoment(atMs)}  ${paint(session.world.output, { text: session.say(word), style })}  ${visible(text)}`;
}

interface LogPart {
  readonly lines: readonly JobLogLine[];
  readonly next: number;
  readonly ended: boolean;
}

/** The log in parts: all there is, and with `follow` what comes until the job has ended. */
async function* readLog(
  session: Session,
  api: ApiClient,
  { id, follow }: { id: string; follow: boolean },
): AsyncGenerator<LogPart> {
  const interruption = follow ? session.world.interruption() : new AbortController().signal;
  let from = 0;
  let retries = 0;
  for (;;) {
    if (interruption.aborted) throw new Interruption(session.say(WORDS.goesOn));
    try {
      const part = await api.jobLog(
        {
          params: { id },
          query: { from, limit: API_LIMITS.logLines, ...(follow ? { waitSeconds: API_LIMITS.logWaitSeconds } : {}) },
        },
        { signal: interruption },
      );
      yield part;
      retries = 0;
      from = part.next;
      const isAtEnd = part.lines.length < API_LIMITS.logLines;
      if (isAtEnd && (part.ended || !follow)) return;
    } catch (error) {
      if (interruption.aborted) continue;
      if (!follow || !isUnreachable(error) || retries === RETRIES_MAX) throw error;
      if (retries++ === 0) session.tell(WORDS.lost);
      await pause(session.world.clock, RETRY_MS, interruption);
    }
  }
}
