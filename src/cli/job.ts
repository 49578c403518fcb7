import type { Command } from "commander";
import { API_LIMITS } from "../api/limits.ts";
import { JOB_KINDS, JOB_STATES, type Job, type JobKind, type JobState } from "../model/job.ts";
import { formatBytes } from "../model/quantity.ts";
import type { Text } from "../ports/flow.ts";
import { integer } from "../runtime/setting-kinds.ts";
import { HOST_FILTER } from "./alert-line.ts";
import { defineCommand, defineGroup } from "./define-command.ts";
import { printLog } from "./job-log.ts";
import { exitOf } from "./job-outcome.ts";
import { hasEnded } from "./job-progress.ts";
import { listPages } from "./list-pages.ts";
import type { Cell, ExitCode, Style } from "./output.ts";
import { formatCount, formatDuration } from "./quantities.ts";
import { findHost, findJob } from "./references.ts";
import type { Cli, Session } from "./session.ts";
import { shortIds } from "./short-ids.ts";
import { JOB_KIND_WORDS, JOB_STATE_WORDS, LABELS, SHARED } from "./words.ts";

const WORDS = {
  group: { en: "backups and restores under way and past", ja: "バックアップと復元のジョブ" },
  list: { en: "list jobs, newest first", ja: "ジョブを新しい順に一覧表示" },
  show: { en: "show one job with its progress", ja: "ジョブの詳細と進捗を表示" },
  log: { en: "show a job's log", ja: "ジョブのログを表示" },
  cancel: { en: "ask a job to stop", ja: "ジョブの中止を依頼" },
  stateOption: { en: "only jobs in this state (may be repeated)", ja: "この状態のジョブだけ(複数指定可)" },
  kindOption: { en: "only jobs of this kind", ja: "この種類のジョブだけ" },
  idArgument: { en: "job: its id, or a unique beginning of it", ja: "ジョブの ID、または ID の一意な先頭部分" },
  followOption: { en: "go on until the job has ended", ja: "ジョブが終わるまで表示を続ける" },
  noJobs: { en: "No such jobs.", ja: "該当するジョブはありません。" },
  canceling: { en: "{kind} {host}: asked to stop", ja: "{kind} {host}: 中止を依頼しました" },
  hasEnded: { en: "{kind} {host}: had ended already ({state})", ja: "{kind} {host}: 既に終了しています({state})" },
  logNotes: {
    en: 'With --json: the envelope; with --follow, whose output has no end, one JSON object a line instead:\n  {"atMs": …, "level": "info"|"warning"|"error", "text": "…"}\nWith --follow the exit code is the job\'s: 0 done, 3 done in part, 1 failed.',
    ja: '--json では共通の封筒で出力します。--follow を付けると 1 行が 1 個の JSON オブジェクトになります:\n  {"atMs": …, "level": "info"|"warning"|"error", "text": "…"}\n--follow の終了コードはジョブの結果です: 0 完了、3 一部完了、1 失敗。',
  },
} as const satisfies Record<string, Text>;

const FACTS = {
  kind: { en: "Kind", ja: "種類" },
  host: { en: "Host", ja: "ホスト" },
  state: { en: "State", ja: "状態" },
  reason: { en: "Reason", ja: "理由" },
  paths: { en: "Paths", ja: "パス" },
  target: { en: "Restored below", ja: "復元先" },
  snapshot: { en: "Snapshot", ja: "スナップショット" },
  by: { en: "Asked for by", ja: "依頼者" },
  created: { en: "Asked for", ja: "依頼日時" },
  started: { en: "Started", ja: "開始" },
  ended: { en: "Ended", ja: "終了" },
  took: { en: "Took", ja: "所要時間" },
  files: { en: "Files", ja: "ファイル数" },
  bytes: { en: "Read", ja: "読み取り" },
  sent: { en: "Sent", ja: "送信" },
  problems: { en: "Problems", ja: "問題" },
  current: { en: "Now at", ja: "処理中" },
  id: { en: "Id", ja: "ID" },
} as const satisfies Record<string, Text>;

const STATE_STYLES: Readonly<Record<JobState, Style>> = {
  queued: "dim",
  running: "cyan",
  done: "green",
  partly: "yellow",
  failed: "red",
  canceled: "dim",
};

/** `rusuban job list|show|log|cancel`. */
export function jobCommand(cli: Cli): Command {
  const oneJob = [["<job>", WORDS.idArgument]] as const;
  return defineGroup(cli, "job", WORDS.group, [
    defineCommand(cli, {
      name: "list",
      about: WORDS.list,
      options: [
        { flags: "--state <state>", about: WORDS.stateOption, choices: JOB_STATES, isRepeatable: true },
        { flags: "--kind <kind>", about: WORDS.kindOption, choices: JOB_KINDS },
        { flags: "--host <host>", about: HOST_FILTER },
        { flags: "--limit <n>", about: SHARED.limitOption, kind: integer({ min: 1, max: 10_000 }) },
        { flags: "--after <place>", about: SHARED.afterOption },
      ],
      examples: ["rusuban job list", "rusuban job list --state failed --state partly --host web1"],
      run: list,
    }),
    defineCommand(cli, {
      name: "show",
      about: WORDS.show,
      arguments: oneJob,
      examples: ["rusuban job show 0193a1b2-c3d4"],
      run: show,
    }),
    defineCommand(cli, {
      name: "log",
      about: WORDS.log,
      arguments: oneJob,
      options: [{ flags: "--follow", about: WORDS.followOption }],
      examples: ["rusuban job log 0193a1b2-c3d4", "rusuban job log 0193a1b2-c3d4 --follow"],
      notes: WORDS.logNotes,
      streams: ({ follow }) => follow === true,
      run: log,
    }),
    defineCommand(cli, {
      name: "cancel",
      about: WORDS.cancel,
      arguments: oneJob,
      examples: ["rusuban job cancel 0193a1b2-c3d4"],
      run: cancel,
    }),
  ]);
}

interface ListOptions {
  readonly state?: JobState[];
  readonly kind?: JobKind;
  readonly host?: string;
  readonly limit?: number;
  readonly after?: string;
}

async function list(session: Session, options: ListOptions): Promise<void> {
  const { state, kind, host: ref, limit = API_LIMITS.pageItemsDefault, after } = options;
  const api = await session.api();
  const host = ref === undefined ? undefined : (await findHost(session, api, ref)).id;
  const page = await listPages((query) => api.jobList({ query: { ...query, state, kind, host } }), { limit, after });
  session.result(page, () => {
    if (page.items.length === 0) return session.tell(WORDS.noJobs);
    const ids = shortIds(page.items.map(({ id }) => id));
    session.table(
      [
        LABELS.id,
        LABELS.kind,
        LABELS.host,
        LABELS.state,
        LABELS.when,
        LABELS.took,
        LABELS.files,
        LABELS.size,
        LABELS.paths,
      ],
      page.items.map((job, index) => [
        ids[index] ?? job.id,
        session.say(JOB_KIND_WORDS[job.kind]),
        job.hostName,
        jobState(session, job.state),
        session.age(job.createdAtMs),
        tookOf(session, job),
        formatCount(job.progress.files),
        formatBytes(job.progress.bytes),
        job.paths.join(" "),
      ]),
    );
    session.tellMore(page.next, limit);
  });
}

function jobState(session: Session, state: JobState): Cell {
  return { text: session.say(JOB_STATE_WORDS[state]), style: STATE_STYLES[state] };
}

/** From start to end, or to now by the manager's word and our clock; `-` before it started. */
function tookOf(session: Session, { startedAtMs, endedAtMs }: Job): string {
  if (startedAtMs === null) return "-";
  return formatDuration((endedAtMs ?? session.world.clock.now()) - startedAtMs, session.language);
}

async function show(session: Session, ref: string): Promise<void> {
  const job = await findJob(session, await session.api(), ref);
  const { progress } = job;
  session.result(job, () =>
    session.facts([
      [FACTS.kind, session.say(JOB_KIND_WORDS[job.kind])],
      [FACTS.host, job.hostName],
      [FACTS.state, jobState(session, job.state)],
      ...(job.reason === null ? [] : [[FACTS.reason, job.reason] as const]),
      ...job.paths.map((path, index) => [index === 0 ? FACTS.paths : "", path] as const),
      ...(job.target === null ? [] : [[FACTS.target, job.target] as const]),
      ...(job.snapshotId === null ? [] : [[FACTS.snapshot, job.snapshotId] as const]),
      [FACTS.by, job.requestedBy],
      [FACTS.created, session.moment(job.createdAtMs)],
      ...(job.startedAtMs === null ? [] : [[FACTS.started, session.moment(job.startedAtMs)] as const]),
      ...(job.endedAtMs === null ? [] : [[FACTS.ended, session.moment(job.endedAtMs)] as const]),
      [FACTS.took, tookOf(session, job)],
      [FACTS.files, formatCount(progress.files)],
      [FACTS.bytes, formatBytes(progress.bytes)],
      [FACTS.sent, formatBytes(progress.bytesSent)],
      [FACTS.problems, formatCount(progress.problems)],
      ...(progress.current === "" ? [] : [[FACTS.current, progress.current] as const]),
      [FACTS.id, job.id],
    ]),
  );
}

async function log(
  session: Session,
  ref: string,
  { follow = false }: { follow?: boolean },
): Promise<ExitCode | undefined> {
  const api = await session.api();
  const job = await findJob(session, api, ref);
  await printLog(session, api, job, { follow });
  return follow ? exitOf((await api.jobShow({ params: { id: job.id } })).state) : undefined;
}

async function cancel(session: Session, ref: string): Promise<void> {
  const api = await session.api();
  const before = await findJob(session, api, ref);
  const job = await api.jobCancel({ params: { id: before.id } });
  const words = {
    kind: session.say(JOB_KIND_WORDS[job.kind]),
    host: job.hostName,
    state: session.say(JOB_STATE_WORDS[before.state]),
  };
  session.result(job, () => session.print(session.say(hasEnded(before) ? WORDS.hasEnded : WORDS.canceling, words)));
}
