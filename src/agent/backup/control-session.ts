import type { JobProgress } from "../../model/job.ts";
import { type NdmpConnection, openNdmpConnection } from "../../protocols/ndmp/connection.ts";
import { type DataEvent, type DataState, nextDataState } from "../../protocols/ndmp/data-states.ts";
import type { CallReply, CallRequest } from "../../protocols/ndmp/messages.ts";
import { RUSUBAN_CLASS, RUSUBAN_CLASS_VERSION } from "../../protocols/ndmp/rusuban-extension.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Channel } from "../../wire/channel.ts";
import { judgePath, type PathVerdict } from "./allowed-paths.ts";

// The agent's side of one backup control connection: NDMP v4, of which the manager uses our extension class to start
// jobs that the agent deduplicates by itself. One connection, one job; when the connection ends, so does the job.

/** What a job reports while it runs. */
export interface JobReport {
  progress(progress: JobProgress): void;
  /** A line for the job's log. */
  message(text: string): void;
  problem(problem: { readonly path: Buffer; readonly code: string; readonly problem: string }): void;
}

export interface JobOutcome {
  readonly outcome: "done" | "partly" | "failed" | "canceled";
  /** Empty where all went well. */
  readonly reason: string;
  /** Of a backup that became a snapshot. */
  readonly snapshotId: string | null;
}

export type BackupOrder = CallRequest<"startDedupBackup">;
export type RecoverOrder = CallRequest<"startDedupRecover">;

export type Place =
  | { readonly taken: true; readonly leave: () => void }
  | { readonly taken: false; readonly reason: string };

export interface ControlNeeds {
  /** Run until done; never throw: a failure is an outcome. */
  readonly runBackup: (order: BackupOrder, report: JobReport, signal: AbortSignal) => Promise<JobOutcome>;
  readonly runRecover: (order: RecoverOrder, report: JobReport, signal: AbortSignal) => Promise<JobOutcome>;
  /** Resolves when the alerts are in the spool. */
  readonly raiseTestAlerts: (order: CallRequest<"raiseTestAlerts">) => Promise<void>;
  /** Answers the manager's doctor; rejects with WireError for bytes that are no question of it. */
  readonly answerDoctor: (body: Buffer) => Promise<Buffer>;
  /** What this host lets the manager read and write. */
  readonly allowed: { readonly paths: readonly string[]; readonly targets: readonly string[] };
  /** A place for a job, or why there is none. */
  readonly takePlace: (jobId: string) => Place;
  readonly host: {
    readonly hostname: string;
    readonly osType: string;
    readonly osVersion: string;
    readonly hostId: string;
  };
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly log: Log;
}

const NDMP_VERSION = 4;
const ALL_ZERO_UUID = "00000000-0000-0000-0000-000000000000";
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;
const CALL_TIMEOUT_MS = 60_000;
/** Between two progress posts of a job: often enough to look alive, rarely enough to cost nothing. */
const PROGRESS_INTERVAL_MS = 500;
/** Problems told one by one; the rest are counted in the progress. A directory without read permission may hold millions. */
const PROBLEMS_TOLD_MAX = 1_000;
/** Lines for the log of a job: what the manager keeps of them (JOB_LOG_LINES_MAX). */
const MESSAGES_TOLD_MAX = 10_000;

/** Serves one connection until its end. */
export async function serveControl(channel: Channel, needs: ControlNeeds): Promise<void> {
  const session = new ControlSession(channel, needs);
  await session.serve();
}

class ControlSession {
  readonly #needs: ControlNeeds;
  readonly #ndmp: NdmpConnection;
  #state: DataState = "idle";
  #isOpen = false;
  #hasExtension = false;
  #abort: AbortController | undefined;
  #operation: "noAction" | "backup" | "recover" = "noAction";
  #haltReason: CallReply<"dataGetState">["haltReason"] = "none";
  #bytes = 0;

  constructor(channel: Channel, needs: ControlNeeds) {
    this.#needs = needs;
    this.#ndmp = openNdmpConnection(channel, {
      clock: needs.clock,
      timeoutMs: CALL_TIMEOUT_MS,
      posts: { connectClose: () => this.#ndmp.close() },
      calls: {
        connectOpen: ({ protocolVersion }) => this.#connectOpen(protocolVersion),
        configGetHostInfo: () => ({ error: "noError", ...needs.host }),
        configGetServerInfo: () => ({
          error: "noError",
          vendor: "Rusuban",
          product: "Rusuban agent",
          revision: needs.agentVersion,
          authTypes: ["none"], // The TLS certificate has said who asks; NDMP's own authentication adds nothing to it.
        }),
        configGetExtList: () => ({
          error: "noError",
          extensions: [{ classId: RUSUBAN_CLASS, versions: [RUSUBAN_CLASS_VERSION] }],
        }),
        configSetExtList: ({ extensions }) => this.#setExtensions(extensions),
        dataGetState: () => this.#dataState(),
        dataAbort: () => this.#abortData(),
        dataStop: () => this.#stopData(),
        startDedupBackup: (order) => this.#startBackup(order),
        startDedupRecover: (order) => this.#startRecover(order),
        raiseTestAlerts: (order) => this.#raiseTestAlerts(order),
        askDoctor: (question) => this.#askDoctor(question),
      },
    });
  }

  async serve(): Promise<void> {
    // §3.2.1: the server speaks first.
    await this.#ndmp.post("notifyConnectionStatus", { reason: "connected", protocolVersion: NDMP_VERSION, text: "" });
    const failure = await this.#ndmp.ended;
    this.#abort?.abort();
    if (failure !== undefined) throw failure;
  }

  #connectOpen(version: number): CallReply<"connectOpen"> {
    if (this.#isOpen) return { error: "illegalState" };
    if (version !== NDMP_VERSION) return { error: "illegalArguments" };
    this.#isOpen = true;
    return { error: "noError" };
  }

  #setExtensions(wanted: CallRequest<"configSetExtList">["extensions"]): CallReply<"configSetExtList"> {
    for (const { classId, version } of wanted) {
      if (classId !== RUSUBAN_CLASS) return { error: "classNotSupported" };
      if (version !== RUSUBAN_CLASS_VERSION) return { error: "versionNotSupported" };
    }
    this.#hasExtension = wanted.length > 0;
    return { error: "noError" };
  }

  #dataState(): CallReply<"dataGetState"> {
    return {
      unsupported: 3, // Neither bytes nor time remaining can be told (§3.5.2).
      error: "noError",
      operation: this.#operation,
      state: this.#state,
      haltReason: this.#haltReason,
      bytesProcessed: BigInt(this.#bytes),
      bytesRemaining: NO_LIMIT,
      secondsRemaining: 0xffff_ffff,
      addressType: "local",
      readOffset: 0n,
      readLength: 0n,
    };
  }

  #abortData(): CallReply<"dataAbort"> {
    if (!this.#move("abort")) return { error: "illegalState" };
    this.#abort?.abort();
    return { error: "noError" };
  }

  #stopData(): CallReply<"dataStop"> {
    if (!this.#move("stop")) return { error: "illegalState" };
    this.#operation = "noAction";
    this.#haltReason = "none";
    this.#bytes = 0;
    return { error: "noError" };
  }

  async #raiseTestAlerts(order: CallRequest<"raiseTestAlerts">): Promise<CallReply<"raiseTestAlerts">> {
    if (!this.#hasExtension) return { error: "extensionNotNegotiated", reason: "agree on the extension first" };
    await this.#needs.raiseTestAlerts(order);
    return { error: "noError", reason: "" };
  }

  async #askDoctor({ body }: CallRequest<"askDoctor">): Promise<CallReply<"askDoctor">> {
    const none = Buffer.alloc(0);
    if (!this.#hasExtension)
      return { error: "extensionNotNegotiated", reason: "agree on the extension first", body: none };
    return { error: "noError", reason: "", body: await this.#needs.answerDoctor(body) };
  }

  async #startBackup(order: BackupOrder): Promise<CallReply<"startDedupBackup">> {
    const verdicts = await Promise.all(
      order.paths.map((path) => judgePath(path, this.#needs.allowed.paths, "backup.paths")),
    );
    return this.#start("backup", order.jobId, verdicts, (report, signal) =>
      this.#needs.runBackup(order, report, signal),
    );
  }

  async #startRecover(order: RecoverOrder): Promise<CallReply<"startDedupRecover">> {
    const verdict = await judgePath(order.target, this.#needs.allowed.targets, "backup.targets");
    return this.#start("recover", order.jobId, [verdict], (report, signal) =>
      this.#needs.runRecover(order, report, signal),
    );
  }

  #start(
    operation: "backup" | "recover",
    jobId: string,
    verdicts: readonly PathVerdict[],
    run: (report: JobReport, signal: AbortSignal) => Promise<JobOutcome>,
  ): CallReply<"startDedupBackup"> {
    if (!this.#hasExtension) return { error: "extensionNotNegotiated", reason: "agree on the extension first" };
    if (verdicts.length === 0) return { error: "illegalArguments", reason: "no path was given" };
    for (const verdict of verdicts) if (!verdict.allowed) return { error: "permission", reason: verdict.reason };
    if (nextDataState(this.#state, "start") === undefined)
      return { error: "illegalState", reason: "a job is under way here" };
    const place = this.#needs.takePlace(jobId);
    if (!place.taken) return { error: "deviceBusy", reason: place.reason };
    this.#move("start");
    this.#operation = operation;
    const abort = new AbortController();
    this.#abort = abort;
    void this.#follow(run, abort).finally(place.leave);
    return { error: "noError", reason: "" };
  }

  async #follow(
    run: (report: JobReport, signal: AbortSignal) => Promise<JobOutcome>,
    abort: AbortController,
  ): Promise<void> {
    const { clock, log } = this.#needs;
    let latest: JobProgress | undefined;
    let problemsTold = 0;
    let messagesTold = 0;
    let cancelTimer: (() => void) | undefined;
    const flush = async () => {
      cancelTimer?.();
      cancelTimer = undefined;
      const progress = latest;
      latest = undefined;
      if (progress !== undefined) await this.#ndmp.post("notifyProgress", progress);
    };
    const report: JobReport = {
      progress: (progress) => {
        latest = progress;
        this.#bytes = progress.bytes;
        cancelTimer ??= clock.after(PROGRESS_INTERVAL_MS, () => void flush().catch(() => abort.abort()));
      },
      message: (text) => {
        if (messagesTold++ >= MESSAGES_TOLD_MAX) return;
        const line = {
          level: "normal",
          messageId: 0,
          text: text.slice(0, 2_000),
          hasAssociated: "no",
          associatedSequence: 0,
        } as const;
        void this.#ndmp.post("logMessage", line).catch(() => abort.abort());
      },
      problem: (problem) => {
        if (problemsTold++ >= PROBLEMS_TOLD_MAX) return;
        const { path, code, problem: text } = problem;
        void this.#ndmp.post("notifyProblem", { path, errorCode: code, problem: text }).catch(() => abort.abort());
      },
    };
    let outcome: JobOutcome;
    try {
      outcome = await run(report, abort.signal);
    } catch (error) {
      outcome = { outcome: "failed", reason: reasonOf(error), snapshotId: null };
    }
    try {
      await flush();
      await this.#ndmp.post("notifyOutcome", { ...outcome, snapshotId: outcome.snapshotId ?? ALL_ZERO_UUID });
      this.#move("finish");
      this.#haltReason =
        outcome.outcome === "failed" ? "internalError" : outcome.outcome === "canceled" ? "aborted" : "successful";
      await this.#ndmp.post("notifyDataHalted", { reason: this.#haltReason });
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, "the manager is not there to hear how the job ended");
    }
  }

  /** False where the event is illegal now. */
  #move(event: DataEvent): boolean {
    const next = nextDataState(this.#state, event);
    if (next === undefined) return false;
    this.#state = next;
    return true;
  }
}
