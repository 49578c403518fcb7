import type { JobProgress } from "../../model/job.ts";
import { type NdmpConnection, openNdmpConnection, type PostHandlers } from "../../protocols/ndmp/connection.ts";
import type { CallRequest, PostBody } from "../../protocols/ndmp/messages.ts";
import { RUSUBAN_CLASS, RUSUBAN_CLASS_VERSION } from "../../protocols/ndmp/rusuban-extension.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { PeerError } from "../../runtime/errors.ts";
import type { Channel } from "../../wire/channel.ts";

// The manager's side of a backup control connection: it opens NDMP v4, agrees on our extension, starts one job and
// follows it to its end.

export type HostOrder =
  | { readonly kind: "backup"; readonly order: CallRequest<"startDedupBackup"> }
  | { readonly kind: "restore"; readonly order: CallRequest<"startDedupRecover"> };

export type HostOutcome = Omit<PostBody<"notifyOutcome">, "snapshotId"> & { readonly snapshotId: string | null };

export interface HostReport {
  progress(progress: JobProgress): void;
  problem(problem: PostBody<"notifyProblem">): void;
  message(level: "info" | "warning" | "error", text: string): void;
}

interface Needs {
  readonly clock: Clock;
}

const CALL_TIMEOUT_MS = 60_000;
/** The agent's state is asked for this often: a line on which nothing happens is cut by firewalls, and a dead host is found. */
const POLL_MS = 30_000;
const NDMP_VERSION = 4;
const ALL_ZERO_UUID = "00000000-0000-0000-0000-000000000000";
const LEVELS = { normal: "info", debug: "info", warning: "warning", error: "error" } as const;

/** Runs one job on a host. Rejects with PeerError where the host refuses it, and where the connection breaks. */
export async function runOnHost(
  channel: Channel,
  job: HostOrder,
  { clock, report, signal }: Needs & { readonly report: HostReport; readonly signal: AbortSignal },
): Promise<HostOutcome> {
  let outcome: HostOutcome | undefined;
  let halted = () => {};
  const hasHalted = new Promise<void>((resolve) => {
    halted = resolve;
  });
  const ndmp = await open(channel, {
    clock,
    posts: {
      notifyProgress: (progress) => report.progress(progress),
      notifyProblem: (problem) => report.problem(problem),
      logMessage: ({ level, text }) => report.message(LEVELS[level], text),
      notifyOutcome: (told) => {
        outcome = { ...told, snapshotId: told.snapshotId === ALL_ZERO_UUID ? null : told.snapshotId };
      },
      notifyDataHalted: () => halted(),
    },
  });
  const abort = () => void ndmp.call("dataAbort", {}).catch(() => {}); // Where it is over already, the outcome comes anyway.
  const stopPolling = every(clock, POLL_MS, async () => {
    await ndmp.call("dataGetState", {}).catch(() => {}); // Where it fails, the connection has ended and says so itself.
  });
  try {
    const started =
      job.kind === "backup"
        ? await ndmp.call("startDedupBackup", job.order)
        : await ndmp.call("startDedupRecover", job.order);
    if (started.error !== "noError") throw new PeerError(started.error, started.reason || started.error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
    const failure = await Promise.race([
      hasHalted.then(() => undefined),
      ndmp.ended.then((error) => error ?? new Error("the agent went away")),
    ]);
    if (outcome === undefined) throw failure ?? new Error("the agent ended the job without saying how");
    await ndmp.call("dataStop", {}).catch(() => {}); // The job is over; a courtesy.
    await ndmp.post("connectClose", {}).catch(() => {});
    return outcome;
  } finally {
    stopPolling();
    signal.removeEventListener("abort", abort);
    ndmp.close();
  }
}

/** What one call of the extension takes. */
const TEST_ALERTS_PER_CALL = 1_000;

/** Has a host raise test alerts; resolves when they are all in its spool. */
export async function raiseTestAlerts(
  channel: Channel,
  order: CallRequest<"raiseTestAlerts">,
  { clock }: Needs,
): Promise<void> {
  const ndmp = await open(channel, { clock, posts: {} });
  try {
    for (let from = 0; from < order.ids.length; from += TEST_ALERTS_PER_CALL) {
      const ids = order.ids.slice(from, from + TEST_ALERTS_PER_CALL);
      const { error, reason } = await ndmp.call("raiseTestAlerts", { ...order, ids });
      if (error !== "noError") throw new PeerError(error, reason || error);
    }
    await ndmp.post("connectClose", {}).catch(() => {});
  } finally {
    ndmp.close();
  }
}

/** Whether the agent greets a manager there; rejects where it does not. */
export async function greet(channel: Channel, { clock }: Needs): Promise<void> {
  const ndmp = await open(channel, { clock, posts: {} });
  await ndmp.post("connectClose", {}).catch(() => {});
  ndmp.close();
}

/** Puts questions of the doctor to a host's agent, until `close`. */
export async function openDoctorLine(
  channel: Channel,
  { clock }: Needs,
): Promise<{ readonly ask: (body: Buffer) => Promise<Buffer>; readonly close: () => void }> {
  const ndmp = await open(channel, { clock, posts: {} });
  return {
    async ask(body) {
      const answer = await ndmp.call("askDoctor", { body });
      if (answer.error !== "noError") throw new PeerError(answer.error, answer.reason || answer.error);
      return answer.body;
    },
    close: () => ndmp.close(),
  };
}

async function open(
  channel: Channel,
  { clock, posts }: Needs & { readonly posts: PostHandlers },
): Promise<NdmpConnection> {
  let greeted = (_: PostBody<"notifyConnectionStatus">) => {};
  const greeting = new Promise<PostBody<"notifyConnectionStatus">>((resolve) => {
    greeted = resolve;
  });
  const ndmp = openNdmpConnection(channel, {
    clock,
    timeoutMs: CALL_TIMEOUT_MS,
    calls: {},
    posts: { ...posts, notifyConnectionStatus: (status) => greeted(status) },
  });
  try {
    // §3.2.1: the server speaks first; the connection itself ends where it never does (idle bound of the channel).
    const status = await Promise.race([
      greeting,
      ndmp.ended.then((error) => error ?? new Error("the agent closed the connection")),
    ]);
    if (status instanceof Error) throw status;
    if (status.reason !== "connected")
      throw new PeerError(status.reason, `the agent refuses: ${status.text || status.reason}`);
    const opened = await ndmp.call("connectOpen", { protocolVersion: NDMP_VERSION });
    if (opened.error !== "noError") throw new PeerError(opened.error, `the agent does not speak NDMP ${NDMP_VERSION}`);
    const extended = await ndmp.call("configSetExtList", {
      extensions: [{ classId: RUSUBAN_CLASS, version: RUSUBAN_CLASS_VERSION }],
    });
    if (extended.error !== "noError") {
      throw new PeerError(
        extended.error,
        "the agent does not speak our NDMP extension: its version may be older than the manager's",
      );
    }
    return ndmp;
  } catch (error) {
    ndmp.close();
    throw error;
  }
}
