import type { Job, JobLogLine, JobProgress, JobState } from "../../model/job.ts";
import type { Clock } from "../../runtime/clock.ts";
import { ConnectError, PeerError, reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Channel } from "../../wire/channel.ts";
import { type HostOrder, type HostOutcome, runOnHost } from "./control-client.ts";
import { JOB_LOG_LINES_MAX, type JobList } from "./job-list.ts";

// Jobs from request to outcome: they wait for a place, run on their host over the backup control flow, and leave a log.

export interface BackupRequest {
  readonly kind: "backup";
  readonly hostId: string;
  readonly paths: readonly Buffer[];
  readonly excludes: readonly string[];
  readonly oneFileSystem: boolean;
  readonly tags: readonly string[];
  readonly requestedBy: string;
}

export interface RestoreRequest {
  readonly kind: "restore";
  readonly hostId: string;
  readonly snapshotId: string;
  /** None: everything. */
  readonly paths: readonly Buffer[];
  readonly target: Buffer;
  readonly overwrite: "never" | "changed" | "always";
  readonly dryRun: boolean;
  readonly requestedBy: string;
}

/** As much of a snapshot as says how its job ended. */
export interface MadeSnapshot {
  readonly id: string;
  readonly stats: { readonly problems: number };
}

export type JobRequest = BackupRequest | RestoreRequest;

export interface JobsNeeds {
  readonly list: JobList;
  /** A control connection to a host. Rejects with ConnectError naming the flow. */
  readonly connect: (hostId: string, signal: AbortSignal) => Promise<Channel>;
  /**
   * Lets the host's agent open a session for this job; the function returned takes that back, ends the session, and
   * resolves to what the job has made.
   */
  readonly permit: (job: {
    readonly id: string;
    readonly request: JobRequest;
  }) => () => Promise<MadeSnapshot | undefined>;
  /** The snapshot of a job, where there is one. */
  readonly madeBy: (jobId: string) => MadeSnapshot | undefined;
  readonly concurrent: number;
  /** A job has changed, for whoever looks on. */
  readonly onChange: (job: Job) => void;
  readonly onEnded: (job: Job) => Promise<void>;
  /** What stands in the way of a connection that failed, in one line; undefined where that is not known. Never rejects. */
  readonly explain: (hostId: string, error: ConnectError) => Promise<string | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Progress reaches the database this often: a killed manager loses a second of it. */
const PROGRESS_SAVE_MS = 1_000;
const LOG_FLUSH_LINES = 100;
const INTERRUPTED = "the manager ended while this job was under way";
/** Waiting jobs; more is a script gone wrong. */
export const JOBS_QUEUED_MAX = 1_000;

interface Entry {
  readonly id: string;
  readonly request: JobRequest;
  readonly abort: AbortController;
}

export class Jobs {
  readonly #needs: JobsNeeds;
  readonly #queue: Entry[] = [];
  readonly #underWay = new Map<string, { readonly entry: Entry; readonly done: Promise<void> }>();
  readonly #watchers = new Map<string, Set<() => void>>();
  #isStopping = false;

  constructor(needs: JobsNeeds) {
    this.#needs = needs;
  }

  /** Ends what a killed manager left behind; call it once at start. */
  async start(): Promise<void> {
    const { list, clock, madeBy } = this.#needs;
    for (const jobId of await list.unfinished()) {
      const outcome = judge({ outcome: "failed", reason: INTERRUPTED, snapshotId: null }, madeBy(jobId));
      const level = outcome.outcome === "failed" ? "error" : "info";
      await list.addLog(jobId, [{ atMs: clock.now(), level, text: `${outcome.outcome}: ${INTERRUPTED}` }]);
      await this.#end(jobId, outcome);
    }
  }

  /** Cancels what runs and waits for it. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { entry } of this.#underWay.values()) entry.abort.abort();
    await Promise.all([...this.#underWay.values()].map(({ done }) => done));
  }

  /** Takes a job. Throws Error where too many wait already. */
  async submit(request: JobRequest): Promise<Job> {
    const { list, clock, random } = this.#needs;
    if (this.#queue.length >= JOBS_QUEUED_MAX) throw new Error(`${JOBS_QUEUED_MAX} jobs are waiting already`);
    const id = createUuid({ clock, random });
    await list.add({
      id,
      kind: request.kind,
      hostId: request.hostId,
      requestedBy: request.requestedBy,
      paths: request.paths.map((path) => path.toString("utf8")),
      snapshotId: request.kind === "restore" ? request.snapshotId : null,
      target: request.kind === "restore" ? request.target.toString("utf8") : null,
      createdAtMs: clock.now(),
    });
    this.#queue.push({ id, request, abort: new AbortController() });
    const job = await this.#changed(id);
    this.#startNext();
    return job;
  }

  /** Asks a job to stop; one that has ended stays as it is. */
  async cancel(id: string): Promise<void> {
    const waiting = this.#queue.findIndex((entry) => entry.id === id);
    const [entry] = waiting < 0 ? [] : this.#queue.splice(waiting, 1);
    if (entry !== undefined)
      await this.#end(id, { outcome: "canceled", reason: "canceled before it began", snapshotId: null });
    else this.#underWay.get(id)?.entry.abort.abort();
  }

  /** Resolves when the job's log or state has changed, or when `signal` aborts. Never rejects. */
  changed(id: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const watchers = this.#watchers.get(id) ?? new Set();
      this.#watchers.set(id, watchers);
      const done = () => {
        signal.removeEventListener("abort", done);
        watchers.delete(done);
        if (watchers.size === 0) this.#watchers.delete(id);
        resolve();
      };
      signal.addEventListener("abort", done, { once: true });
      watchers.add(done);
    });
  }

  #startNext(): void {
    while (!this.#isStopping && this.#underWay.size < this.#needs.concurrent) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      const done = this.#run(entry)
        .catch((error: unknown) =>
          this.#needs.log.error({ jobId: entry.id, reason: reasonOf(error) }, "job could not be recorded"),
        )
        .finally(() => {
          this.#underWay.delete(entry.id);
          this.#startNext();
        });
      this.#underWay.set(entry.id, { entry, done });
    }
  }

  async #run({ id, request, abort }: Entry): Promise<void> {
    const { list, connect, permit, clock } = this.#needs;
    await list.start(id, clock.now());
    await this.#changed(id);
    const log = new JobLog(id, this.#needs, () => this.#wake(id));
    log.add("info", describe(request));
    const withdraw = permit({ id, request });
    let outcome: HostOutcome;
    let explained: Promise<string | undefined> | undefined;
    let savedAt = clock.monotonic();
    let saving = Promise.resolve();
    let latest: JobProgress | undefined;
    const save = () => {
      const progress = latest;
      latest = undefined;
      if (progress === undefined) return;
      savedAt = clock.monotonic();
      saving = saving
        .then(() => list.progress(id, progress))
        .then(() => this.#changed(id))
        .then(() => {});
    };
    try {
      const channel = await connect(request.hostId, abort.signal);
      outcome = await runOnHost(channel, orderOf(id, request), {
        clock,
        signal: abort.signal,
        report: {
          progress: (progress) => {
            latest = progress;
            if (clock.monotonic() - savedAt >= PROGRESS_SAVE_MS) save();
          },
          problem: ({ path, errorCode, problem }) =>
            log.add("warning", `${path.toString("utf8")}: ${problem}${errorCode ? ` (${errorCode})` : ""}`),
          message: (level, text) => log.add(level, text),
        },
      });
    } catch (error) {
      const canceled = abort.signal.aborted;
      if (error instanceof ConnectError && !canceled) explained = this.#needs.explain(request.hostId, error);
      const reason = error instanceof PeerError ? `the host refuses: ${error.message}` : reasonOf(error);
      outcome = { outcome: canceled ? "canceled" : "failed", reason: canceled ? "canceled" : reason, snapshotId: null };
    }
    outcome = judge(outcome, await withdraw());
    if (this.#isStopping && outcome.outcome === "canceled") {
      // Nobody canceled it: a backup that did not happen must not pass for one that was not wanted.
      outcome = {
        outcome: "failed",
        reason: "the manager was stopped while this job was under way: start it again",
        snapshotId: null,
      };
    }
    save();
    await saving;
    log.add(
      outcome.outcome === "failed" ? "error" : "info",
      outcome.reason === "" ? outcome.outcome : `${outcome.outcome}: ${outcome.reason}`,
    );
    const line = await explained;
    if (line !== undefined) log.add("error", line);
    await log.close();
    await this.#end(id, outcome);
  }

  async #end(id: string, { outcome, reason, snapshotId }: HostOutcome): Promise<void> {
    const { list, clock, onEnded, log } = this.#needs;
    const state: JobState = outcome;
    await list.end(id, { state, reason: reason || null, snapshotId, atMs: clock.now() });
    const job = await this.#changed(id);
    const tell = state === "failed" ? log.warn : log.info;
    tell.call(
      log,
      { jobId: id, kind: job.kind, host: job.hostName, state, ...(reason ? { reason } : {}) },
      "job ended",
    );
    await onEnded(job);
  }

  async #changed(id: string): Promise<Job> {
    const job = await this.#needs.list.find(id);
    if (job === undefined) throw new Error(`job ${id} is not in the database`);
    this.#needs.onChange(job);
    this.#wake(id);
    return job;
  }

  #wake(id: string): void {
    for (const watcher of [...(this.#watchers.get(id) ?? [])]) watcher();
  }
}

/** Lines of one job, written in groups; what exceeds the bound is counted in a last line. */
class JobLog {
  readonly #id: string;
  readonly #needs: Pick<JobsNeeds, "list" | "clock">;
  readonly #onWritten: () => void;
  #waiting: JobLogLine[] = [];
  #count = 0;
  #writing: Promise<void> = Promise.resolve();
  #cancelFlush: (() => void) | undefined;

  constructor(id: string, needs: Pick<JobsNeeds, "list" | "clock">, onWritten: () => void) {
    this.#id = id;
    this.#needs = needs;
    this.#onWritten = onWritten;
  }

  add(level: JobLogLine["level"], text: string): void {
    this.#count += 1;
    if (this.#count > JOB_LOG_LINES_MAX) return;
    this.#waiting.push({ atMs: this.#needs.clock.now(), level, text });
    if (this.#waiting.length >= LOG_FLUSH_LINES) this.#flush();
    else this.#cancelFlush ??= this.#needs.clock.after(PROGRESS_SAVE_MS, () => this.#flush());
  }

  async close(): Promise<void> {
    const beyond = this.#count - JOB_LOG_LINES_MAX;
    if (beyond > 0) {
      const text = `${beyond} further lines were left out`;
      this.#waiting.push({ atMs: this.#needs.clock.now(), level: "warning", text });
    }
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    const lines = this.#waiting;
    this.#waiting = [];
    this.#writing = this.#writing.then(() => this.#needs.list.addLog(this.#id, lines)).then(this.#onWritten);
    this.#writing.catch(() => {}); // Heard by close().
  }
}

/** A backup whose snapshot is there has succeeded, whoever died before telling so. */
function judge(outcome: HostOutcome, made: MadeSnapshot | undefined): HostOutcome {
  if (made === undefined || outcome.outcome === "done" || outcome.outcome === "partly") return outcome;
  const { problems } = made.stats;
  if (problems === 0) return { outcome: "done", reason: "", snapshotId: made.id };
  return { outcome: "partly", reason: `${problems} entries could not be read`, snapshotId: made.id };
}

function orderOf(jobId: string, request: JobRequest): HostOrder {
  if (request.kind === "backup") {
    const { paths, excludes, oneFileSystem } = request;
    return { kind: "backup", order: { jobId, paths, excludes, oneFileSystem } };
  }
  const { paths, target, overwrite, dryRun } = request;
  return { kind: "restore", order: { jobId, paths, target, overwrite, dryRun } };
}

function describe(request: JobRequest): string {
  const paths = request.paths.map((path) => path.toString("utf8")).join(", ");
  if (request.kind === "backup") return `backup of ${paths}`;
  return `${request.dryRun ? "dry run of a " : ""}restore of ${paths || "everything"} from snapshot ${request.snapshotId} to ${request.target}`;
}
