export const JOB_KINDS = ["backup", "restore"] as const;
export type JobKind = (typeof JOB_KINDS)[number];

/** `partly`: done, but some entries could not be read or restored; they are listed in the job's log. */
export const JOB_STATES = ["queued", "running", "done", "partly", "failed", "canceled"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** A piece of work on a host, from request to outcome. Its log is kept beside it. */
export interface Job {
  readonly id: string;
  readonly kind: JobKind;
  readonly hostId: string;
  readonly hostName: string;
  readonly state: JobState;
  readonly requestedBy: string;
  /** Directories of a backup; wanted paths of a restore. As text for people: bytes that are not UTF-8 show as U+FFFD. */
  readonly paths: readonly string[];
  readonly snapshotId: string | null;
  readonly target: string | null;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly progress: JobProgress;
  /** Why it failed, in one line that names flow, port and host where a connection was the cause. */
  readonly reason: string | null;
}

export interface JobProgress {
  readonly files: number;
  readonly bytes: number;
  /** Bytes that had to be sent because the store did not have them. */
  readonly bytesSent: number;
  readonly problems: number;
  /** What is being worked on now, for people; empty when nothing is. */
  readonly current: string;
}

export interface JobLogLine {
  readonly atMs: number;
  readonly level: "info" | "warning" | "error";
  readonly text: string;
}
