import { archive } from "../../archive/archiver.ts";
import { patternOfPath } from "../../archive/exclude-rules.ts";
import { extract } from "../../archive/extractor.ts";
import type { JobProgress } from "../../model/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { ManagerLink } from "../fleet/manager-link.ts";
import type { BackupOrder, JobOutcome, JobReport, RecoverOrder } from "./control-session.ts";
import { openRemoteBackup, openRemoteRestore } from "./remote-store.ts";

// Runs the manager's jobs on this host: reads and cuts what is here into the manager's store, or writes what is there.

const DRY_RUN_WORDS = {
  create: "create",
  replace: "replace",
  unchanged: "leave unchanged",
  skip: "leave what is there instead of",
};

export interface JobRunnerNeeds {
  /** Folders that are never backed up: a store on this computer would take itself in, and grow with every backup. */
  readonly leftOut: readonly string[];
  readonly link: ManagerLink;
  readonly clock: Clock;
  readonly log: Log;
}

export interface JobRunner {
  runBackup(order: BackupOrder, report: JobReport, signal: AbortSignal): Promise<JobOutcome>;
  runRecover(order: RecoverOrder, report: JobReport, signal: AbortSignal): Promise<JobOutcome>;
}

export function createJobRunner({ link, leftOut, clock, log }: JobRunnerNeeds): JobRunner {
  return {
    runBackup: (order, report, signal) =>
      run("backup", order.jobId, { log, signal }, async () => {
        const remote = await openRemoteBackup(order.jobId, { link, clock, signal });
        try {
          const startedAtMs = clock.now();
          const { root, stats, problems } = await archive({
            roots: order.paths,
            excludes: [...order.excludes, ...leftOut.map(patternOfPath)],
            oneFileSystem: order.oneFileSystem,
            chunking: remote.chunking,
            sink: remote.store,
            parent: remote.parentRoot === undefined ? undefined : { root: remote.parentRoot, source: remote.store },
            clock,
            signal,
            onProgress: ({ files, bytes, problems: count }) =>
              report.progress({ files, bytes, bytesSent: remote.store.bytesSent, problems: count, current: "" }),
          });
          await remote.store.settle();
          for (const { path, code, problem } of problems) report.problem({ path, code, problem });
          const { snapshotId } = await remote.commit({
            root,
            startedAtMs,
            finishedAtMs: clock.now(),
            files: stats.files,
            directories: stats.directories,
            bytes: stats.bytes,
            newBytes: stats.newBytes,
            chunks: stats.chunks,
            problems: stats.problems,
          });
          report.progress(finalProgress(stats, remote.store.bytesSent));
          return outcomeOf(stats.problems, "could not be read", snapshotId);
        } finally {
          remote.store.close();
        }
      }),
    runRecover: (order, report, signal) =>
      run("restore", order.jobId, { log, signal }, async () => {
        const remote = await openRemoteRestore(order.jobId, { link, clock, signal });
        try {
          const { stats, problems } = await extract({
            source: remote.store,
            chunking: remote.chunking,
            root: remote.root,
            paths: order.paths.length === 0 ? undefined : order.paths,
            target: order.target,
            overwrite: order.overwrite,
            dryRun: order.dryRun,
            onEntry: order.dryRun
              ? ({ path, action }) => report.message(`would ${DRY_RUN_WORDS[action]} ${path.toString("utf8")}`)
              : undefined,
            signal,
            clock,
            onProgress: ({ files, bytes, problems: count }) =>
              report.progress({ files, bytes, bytesSent: 0, problems: count, current: "" }),
          });
          for (const { path, code, problem } of problems) report.problem({ path, code, problem });
          report.progress(finalProgress(stats, 0));
          return outcomeOf(stats.problems, "could not be restored as they were", null);
        } finally {
          remote.store.close();
        }
      }),
  };
}

/** A failure is an outcome, and a failure after a cancel is the cancel. */
async function run(
  kind: string,
  jobId: string,
  { log, signal }: { log: Log; signal: AbortSignal },
  work: () => Promise<JobOutcome>,
): Promise<JobOutcome> {
  log.info({ jobId, kind }, "job begins");
  let outcome: JobOutcome;
  try {
    outcome = await work();
  } catch (error) {
    outcome = signal.aborted
      ? { outcome: "canceled", reason: "canceled", snapshotId: null }
      : { outcome: "failed", reason: reasonOf(error), snapshotId: null };
  }
  log.info(
    { jobId, kind, outcome: outcome.outcome, ...(outcome.reason ? { reason: outcome.reason } : {}) },
    "job ended",
  );
  return outcome;
}

function outcomeOf(problems: number, what: string, snapshotId: string | null): JobOutcome {
  if (problems === 0) return { outcome: "done", reason: "", snapshotId };
  return {
    outcome: "partly",
    reason: `${problems} ${problems === 1 ? "entry" : "entries"} ${what}; the job's log names them`,
    snapshotId,
  };
}

function finalProgress(stats: { files: number; bytes: number; problems: number }, bytesSent: number): JobProgress {
  return { files: stats.files, bytes: stats.bytes, bytesSent, problems: stats.problems, current: "" };
}
