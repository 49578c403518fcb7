import {
  DEDUP_ENGINE_RECORD_BYTES_MAX,
  DEDUP_MANAGER_RECORD_BYTES_MAX,
  DEDUP_VERSION,
  DedupEngineReply,
  DedupEngineRequest,
  DedupManagerReply,
  DedupManagerRequest,
  IDS_PER_QUESTION_MAX,
} from "../../protocols/dedup/messages.ts";
import { expectReply } from "../../protocols/expect-reply.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { ObjectKind } from "../../store/chunk-id.ts";
import { decodeObject } from "../../store/codec.ts";
import type { Chunking } from "../../store/keys.ts";
import { createExchange, type Exchange } from "../../wire/exchange.ts";
import type { ManagerLink } from "../fleet/manager-link.ts";

// The manager's store as a job on this host sees it: chunks over the deduplication engine's flow, sessions and snapshots
// over the deduplication manager's.

const CONNECT_TIMEOUT_MS = 20_000;
/** One answer: the store may be flushing packs to a slow disk. */
const ANSWER_TIMEOUT_MS = 300_000;
/** A job may read unchanged files for long without a word to the store; the job's end closes the line before this does. */
const IDLE_TIMEOUT_MS = 24 * 3_600_000;
/** Bytes of puts that wait for their answer: enough to fill a line of 1 Gbit/s with 100 ms of delay. */
const PUT_BYTES_UNDER_WAY_MAX = 16 * 1024 * 1024;

export interface RemoteBackup {
  readonly chunking: Chunking;
  readonly parentRoot: Buffer | undefined;
  readonly store: RemoteStore;
  commit(
    snapshot: Omit<Extract<DedupManagerRequest, { kind: "commit" }>, "kind" | "sessionId">,
  ): Promise<{ snapshotId: string; bytesAdded: number }>;
}

export interface RemoteRestore {
  readonly chunking: Chunking;
  readonly root: Buffer;
  readonly store: RemoteStore;
}

interface Needs {
  readonly link: ManagerLink;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Throws ConnectError where a flow is shut, PeerError where the manager refuses. */
export async function openRemoteBackup(jobId: string, needs: Needs): Promise<RemoteBackup> {
  const opened = expectReply(
    await askManager({ kind: "openBackup", version: DEDUP_VERSION, jobId }, needs),
    "backupOpened",
  );
  const { sessionId, chunking, parentRoot } = opened;
  return {
    chunking: toChunking(chunking),
    parentRoot,
    store: await RemoteStore.open(sessionId, needs),
    async commit(snapshot) {
      return expectReply(await askManager({ kind: "commit", sessionId, ...snapshot }, needs), "committed");
    },
  };
}

export async function openRemoteRestore(jobId: string, needs: Needs): Promise<RemoteRestore> {
  const opened = expectReply(
    await askManager({ kind: "openRestore", version: DEDUP_VERSION, jobId }, needs),
    "restoreOpened",
  );
  return {
    chunking: toChunking(opened.chunking),
    root: opened.root,
    store: await RemoteStore.open(opened.sessionId, needs),
  };
}

/** Each question on a connection of its own: hours may lie between a session's beginning and its commit. */
async function askManager(request: DedupManagerRequest, { link, clock, signal }: Needs): Promise<DedupManagerReply> {
  const channel = await link.connect("dedupManager", {
    recordBytesMax: DEDUP_MANAGER_RECORD_BYTES_MAX,
    idleTimeoutMs: ANSWER_TIMEOUT_MS,
    timeoutMs: CONNECT_TIMEOUT_MS,
    signal,
  });
  const exchange = createExchange(channel, {
    request: DedupManagerRequest,
    reply: DedupManagerReply,
    clock,
    timeoutMs: ANSWER_TIMEOUT_MS,
  });
  try {
    return await exchange.ask(request);
  } finally {
    exchange.close();
  }
}

export class RemoteStore {
  readonly #exchange: Exchange<DedupEngineRequest, DedupEngineReply>;
  /** Answers of puts that have not come yet. The first refusal is told by the next call. */
  readonly #underWay = new Set<Promise<unknown>>();
  #bytesUnderWay = 0;
  #failure: unknown;
  /** Bytes of chunks that were sent, as encoded. */
  bytesSent = 0;

  private constructor(exchange: Exchange<DedupEngineRequest, DedupEngineReply>) {
    this.#exchange = exchange;
  }

  static async open(sessionId: Buffer, { link, clock, signal }: Needs): Promise<RemoteStore> {
    const channel = await link.connect("dedupEngine", {
      recordBytesMax: DEDUP_ENGINE_RECORD_BYTES_MAX,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      timeoutMs: CONNECT_TIMEOUT_MS,
      signal,
    });
    const exchange = createExchange(channel, {
      request: DedupEngineRequest,
      reply: DedupEngineReply,
      clock,
      timeoutMs: ANSWER_TIMEOUT_MS,
    });
    try {
      expectReply(await exchange.ask({ kind: "attach", version: DEDUP_VERSION, sessionId }), "attached");
    } catch (error) {
      exchange.close();
      throw error;
    }
    return new RemoteStore(exchange);
  }

  /** For each id, whether it must be put. */
  async missing(kind: ObjectKind, ids: readonly Buffer[]): Promise<boolean[]> {
    const missing: boolean[] = [];
    for (let from = 0; from < ids.length; from += IDS_PER_QUESTION_MAX) {
      const asked = ids.slice(from, from + IDS_PER_QUESTION_MAX);
      const { present } = expectReply(await this.#exchange.ask({ kind: "which", chunk: kind, ids: asked }), "presence");
      for (let index = 0; index < asked.length; index++) missing.push(present[index] !== 1);
    }
    return missing;
  }

  /** Resolves when there is room for the next; `settle` says whether all were taken. */
  async put({ kind, id, encoded }: { kind: ObjectKind; id: Buffer; encoded: Buffer }): Promise<void> {
    while (this.#bytesUnderWay > PUT_BYTES_UNDER_WAY_MAX && this.#failure === undefined)
      await Promise.race(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
    this.#bytesUnderWay += encoded.length;
    this.bytesSent += encoded.length;
    const answer = this.#exchange
      .ask({ kind: "put", chunk: kind, id, encoded })
      .then((reply) => expectReply(reply, "taken"))
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#bytesUnderWay -= encoded.length;
        this.#underWay.delete(answer);
      });
    this.#underWay.add(answer);
  }

  /** Resolves when every put was taken; rejects with the first that was not. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** The plaintext of an object. */
  async read(kind: ObjectKind, id: Buffer): Promise<Buffer> {
    const { encoded } = expectReply(await this.#exchange.ask({ kind: "get", chunk: kind, id }), "chunk");
    return decodeObject(encoded);
  }

  close(): void {
    this.#exchange.close();
  }
}

function toChunking({
  min,
  average,
  max,
  idKey,
  gearKey,
}: Extract<DedupManagerReply, { kind: "backupOpened" }>["chunking"]): Chunking {
  return { sizes: { min, average, max }, idKey, gearKey };
}
