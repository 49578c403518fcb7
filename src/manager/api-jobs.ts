import { ApiError } from "../api/api-error.ts";
import type { Job } from "../model/job.ts";
import type { Jobs as JobDesk } from "./api/needs.ts";
import { decodeNumberPosition, encodePosition } from "./api/position.ts";
import type { JobList } from "./backup/job-list.ts";
import type { Jobs } from "./backup/jobs.ts";

/** Jobs as the API sees them. */
export function createJobDesk({
  jobs,
  list,
  pathsOf,
}: {
  readonly jobs: Jobs;
  readonly list: JobList;
  /** The directories that a snapshot was made of, in bytes. */
  readonly pathsOf: (snapshotId: string) => readonly Buffer[];
}): JobDesk {
  const mustFind = async (id: string): Promise<Job> => {
    const job = await list.find(id);
    if (job === undefined) throw new ApiError("not-found", `job: there is no ${id}`);
    return job;
  };
  return {
    async list({ limit, after, states, kind, hostId }) {
      const rows = await list.page({
        limit: limit + 1,
        ...(after === undefined ? {} : { after: decodeNumberPosition(after) }),
        ...(states === undefined ? {} : { states }),
        ...(kind === undefined ? {} : { kind }),
        ...(hostId === undefined ? {} : { hostId }),
      });
      const shown = rows.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(({ job }) => job),
        next: rows.length > limit && last !== undefined ? encodePosition(last.cursor) : null,
      };
    },
    find: (id) => list.find(id),
    log: (id, { from, limit }) => list.log(id, from, limit),
    changed: (id, signal) => jobs.changed(id, signal),
    async cancel(id) {
      await jobs.cancel(id);
      return mustFind(id);
    },
    startBackup: ({ host, paths, excludes, tags, requestedBy }) =>
      jobs.submit({
        kind: "backup",
        hostId: host.id,
        paths: paths.map((path) => Buffer.from(path, "utf8")),
        excludes,
        oneFileSystem: false,
        tags,
        requestedBy,
      }),
    startRestore: ({ snapshot, host, paths, target, overwrite, dryRun, requestedBy }) =>
      jobs.submit({
        kind: "restore",
        hostId: host.id,
        snapshotId: snapshot.id,
        // Everything is what was backed up: the directories above it are nobody's to restore.
        paths: paths.length > 0 ? paths : pathsOf(snapshot.id),
        target: Buffer.from(target, "utf8"),
        overwrite,
        dryRun,
        requestedBy,
      }),
    countUnended: () => list.counts(),
  };
}
