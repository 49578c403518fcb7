import { ApiError } from "../../api/api-error.ts";
import { API_LIMITS } from "../../api/limits.ts";
import type { Job } from "../../model/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { findHost, findHostId } from "./find-host.ts";
import { findSnapshot } from "./find-snapshot.ts";
import type { Handlers } from "./handler.ts";
import type { HostDirectory, Jobs, Snapshots } from "./needs.ts";

export interface JobNeeds {
  readonly clock: Clock;
  readonly hosts: Pick<HostDirectory, "find">;
  readonly jobs: Jobs;
  readonly snapshots: Pick<Snapshots, "find">;
}

type JobRouteName = "jobList" | "jobShow" | "jobLog" | "jobCancel" | "backupStart" | "restoreStart";

export function createJobHandlers({ clock, hosts, jobs, snapshots }: JobNeeds): Handlers<JobRouteName> {
  return {
    async jobList({ query }) {
      return jobs.list({
        limit: query.limit ?? API_LIMITS.pageItemsDefault,
        after: query.after,
        states: query.state,
        kind: query.kind,
        hostId: await findHostId(hosts, query.host),
      });
    },
    jobShow: ({ params }) => findJob(params.id),
    async jobLog({ params, query }, { signal }) {
      const range = { from: query.from ?? 0, limit: query.limit ?? API_LIMITS.logLines };
      const waitMs = (query.waitSeconds ?? 0) * 1_000;
      const wait = new AbortController();
      const cancelTimer = clock.after(waitMs, () => wait.abort());
      try {
        for (;;) {
          // The promise is made before looking: what happens in between is not missed.
          const change = jobs.changed(params.id, AbortSignal.any([wait.signal, signal]));
          const job = await findJob(params.id);
          const lines = await jobs.log(params.id, range);
          const ended = job.endedAtMs !== null && lines.length < range.limit;
          if (lines.length > 0 || ended || waitMs === 0 || wait.signal.aborted || signal.aborted) {
            return { lines: [...lines], next: range.from + lines.length, ended };
          }
          await change;
        }
      } finally {
        cancelTimer();
        wait.abort();
      }
    },
    async jobCancel({ params }) {
      const job = await findJob(params.id);
      return job.endedAtMs === null ? jobs.cancel(job.id) : job;
    },
    async backupStart({ body }, { identity }) {
      return jobs.startBackup({
        host: await findHost(hosts, body.host),
        paths: body.paths,
        excludes: body.excludes ?? [],
        tags: body.tags ?? [],
        requestedBy: identity.name,
      });
    },
    async restoreStart({ body }, { identity }) {
      const snapshot = await findSnapshot(snapshots, body.snapshot);
      return jobs.startRestore({
        snapshot,
        host: await findHost(hosts, body.host ?? snapshot.hostId),
        paths: [
          ...(body.paths ?? []).map((path) => Buffer.from(path)),
          ...(body.rawPaths ?? []).map((path) => Buffer.from(path, "base64")),
        ],
        target: body.target,
        overwrite: body.overwrite ?? "never",
        dryRun: body.dryRun ?? false,
        requestedBy: identity.name,
      });
    },
  };

  async function findJob(id: string): Promise<Job> {
    const job = await jobs.find(id);
    if (job === undefined)
      throw new ApiError("not-found", `job: there is no job ${id}`, "`rusuban job list` shows all jobs");
    return job;
  }
}
