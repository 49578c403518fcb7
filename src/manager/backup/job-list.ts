import type { Selectable } from "kysely";
import type { Database } from "../../database/open-database.ts";
import type { JobsTable } from "../../database/schema.ts";
import type { Job, JobKind, JobLogLine, JobProgress, JobState } from "../../model/job.ts";

// Jobs and their logs as the database has them.

/** A page of jobs goes on behind this one: newest first. */
export type JobCursor = number;

export interface JobQuery {
  readonly after?: JobCursor;
  readonly limit: number;
  readonly states?: readonly JobState[];
  readonly kind?: JobKind;
  readonly hostId?: string;
}

export interface JobList {
  add(
    job: Pick<Job, "id" | "kind" | "hostId" | "requestedBy" | "paths" | "snapshotId" | "target" | "createdAtMs">,
  ): Promise<void>;
  find(id: string): Promise<Job | undefined>;
  page(query: JobQuery): Promise<readonly { readonly cursor: JobCursor; readonly job: Job }[]>;
  start(id: string, atMs: number): Promise<void>;
  progress(id: string, progress: JobProgress): Promise<void>;
  end(
    id: string,
    outcome: { state: JobState; reason: string | null; snapshotId: string | null; atMs: number },
  ): Promise<void>;
  /** Queued and running ones, oldest first. */
  unfinished(): Promise<readonly string[]>;
  addLog(id: string, lines: readonly JobLogLine[]): Promise<void>;
  /** Lines from number `from` on, counted from 0. */
  log(id: string, from: number, limit: number): Promise<readonly JobLogLine[]>;
  counts(): Promise<{ queued: number; running: number }>;
}

/** A job's log keeps so many lines; the last says how many more there were. */
export const JOB_LOG_LINES_MAX = 10_000;

export function createJobList(database: Database): JobList {
  const rows = () =>
    database
      .selectFrom("jobs")
      .innerJoin("hosts", "hosts.id", "jobs.host_id")
      .selectAll("jobs")
      .select("hosts.name as host_name");
  return {
    async add({ id, kind, hostId, requestedBy, paths, snapshotId, target, createdAtMs }) {
      await database
        .insertInto("jobs")
        .values({
          id,
          kind,
          host_id: hostId,
          state: "queued",
          requested_by: requestedBy,
          paths: JSON.stringify(paths),
          snapshot_id: snapshotId,
          target,
          created_at_ms: createdAtMs,
          started_at_ms: null,
          ended_at_ms: null,
          files: 0,
          bytes: 0,
          bytes_sent: 0,
          problems: 0,
          current: "",
          reason: null,
        })
        .execute();
    },
    async find(id) {
      const row = await rows().where("jobs.id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toJob(row);
    },
    async page({ after, limit, states, kind, hostId }) {
      let query = rows().orderBy("jobs.sequence", "desc").limit(limit);
      if (after !== undefined) query = query.where("jobs.sequence", "<", after);
      if (states !== undefined) query = query.where("jobs.state", "in", [...states]);
      if (kind !== undefined) query = query.where("jobs.kind", "=", kind);
      if (hostId !== undefined) query = query.where("jobs.host_id", "=", hostId);
      return (await query.execute()).map((row) => ({ cursor: row.sequence, job: toJob(row) }));
    },
    async start(id, atMs) {
      await database.updateTable("jobs").set({ state: "running", started_at_ms: atMs }).where("id", "=", id).execute();
    },
    async progress(id, { files, bytes, bytesSent, problems, current }) {
      await database
        .updateTable("jobs")
        .set({ files, bytes, bytes_sent: bytesSent, problems, current })
        .where("id", "=", id)
        .execute();
    },
    async end(id, { state, reason, snapshotId, atMs }) {
      await database
        .updateTable("jobs")
        .set({
          state,
          reason,
          ended_at_ms: atMs,
          current: "",
          ...(snapshotId === null ? {} : { snapshot_id: snapshotId }),
        })
        .where("id", "=", id)
        .execute();
    },
    async unfinished() {
      const found = await database
        .selectFrom("jobs")
        .select("id")
        .where("state", "in", ["queued", "running"])
        .orderBy("sequence")
        .execute();
      return found.map(({ id }) => id);
    },
    async addLog(id, lines) {
      if (lines.length === 0) return;
      await database
        .insertInto("job_log_lines")
        .values(lines.map(({ atMs, level, text }) => ({ job_id: id, at_ms: atMs, level, text })))
        .execute();
    },
    async log(id, from, limit) {
      const lines = await database
        .selectFrom("job_log_lines")
        .select(["at_ms", "level", "text"])
        .where("job_id", "=", id)
        .orderBy("sequence")
        .offset(from)
        .limit(limit)
        .execute();
      return lines.map(({ at_ms, level, text }) => ({ atMs: at_ms, level, text }));
    },
    async counts() {
      const counts = { queued: 0, running: 0 };
      const found = await database
        .selectFrom("jobs")
        .select(({ fn }) => ["state", fn.countAll<number>().as("count")])
        .where("state", "in", ["queued", "running"])
        .groupBy("state")
        .execute();
      for (const { state, count } of found) counts[state as "queued" | "running"] = Number(count);
      return counts;
    },
  };
}

type JobRow = Selectable<JobsTable> & { readonly host_name: string };

function toJob(row: JobRow): Job {
  return {
    id: row.id,
    kind: row.kind,
    hostId: row.host_id,
    hostName: row.host_name,
    state: row.state,
    requestedBy: row.requested_by,
    paths: JSON.parse(row.paths) as string[],
    snapshotId: row.snapshot_id,
    target: row.target,
    createdAtMs: row.created_at_ms,
    startedAtMs: row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    progress: {
      files: row.files,
      bytes: row.bytes,
      bytesSent: row.bytes_sent,
      problems: row.problems,
      current: row.current,
    },
    reason: row.reason,
  };
}
