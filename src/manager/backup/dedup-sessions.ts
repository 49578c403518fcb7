import type {
  DedupEngineReply,
  DedupEngineRequest,
  DedupManagerReply,
  DedupManagerRequest,
} from "../../protocols/dedup/messages.ts";
import { DEDUP_VERSION } from "../../protocols/dedup/messages.ts";
import { CorruptionError, codeOf, PeerError, reasonOf, WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { StoreSession } from "../../store/session.ts";
import type { Snapshot, SnapshotDraft } from "../../store/snapshot.ts";
import type { Store } from "../../store/store.ts";

// What agents may do with the store. A session begins with a job that this manager has given to this host, and ends
// with it. Nothing here deletes or overwrites.

/** As much of the store as agents reach. */
export type SessionStore = Pick<Store, "chunking" | "openSession" | "findSnapshot" | "listSnapshots">;

/** A job that a host may open a session for, while it runs. */
export type Permit =
  | {
      readonly kind: "backup";
      readonly jobId: string;
      readonly hostId: string;
      readonly draft: PermittedDraft;
      /** Asked at commit: names change, agents are updated. */
      readonly describeHost: () => Promise<Pick<SnapshotDraft, "hostName" | "agentVersion">>;
    }
  | { readonly kind: "restore"; readonly jobId: string; readonly hostId: string; readonly snapshotId: string };

/** What the manager knows of the snapshot to be, which no agent can say otherwise. */
export type PermittedDraft = Pick<SnapshotDraft, "paths" | "tags" | "managerVersion">;

interface OpenSession {
  readonly permit: Permit;
  readonly store: StoreSession;
  readonly parent: Snapshot | undefined;
  /** Settles with the last commit that was asked for; never rejects. */
  committing: Promise<unknown>;
}

type CommitRequest = Extract<DedupManagerRequest, { kind: "commit" }>;
type Refusal = Extract<DedupManagerReply, { kind: "refused" }> & Extract<DedupEngineReply, { kind: "refused" }>;

/** Open sessions of one job: a second is for an agent that lost its first connection. */
const SESSIONS_PER_JOB_MAX = 4;

export class DedupSessions {
  readonly #store: SessionStore;
  readonly #random: Random;
  readonly #log: Log;
  readonly #permits = new Map<string, Permit>();
  readonly #sessions = new Map<string, OpenSession>();

  constructor({ store, random, log }: { store: SessionStore; random: Random; log: Log }) {
    this.#store = store;
    this.#random = random;
    this.#log = log;
  }

  /**
   * Lets the host open sessions for this job. The function returned takes that back, ends them, and resolves to the
   * snapshot that the job has made, if any: an agent may die between asking for it and hearing of it.
   */
  permit(permit: Permit): () => Promise<Snapshot | undefined> {
    this.#permits.set(permit.jobId, permit);
    return async () => {
      this.#permits.delete(permit.jobId);
      await Promise.all([...this.#sessions].map(([id, { permit: its }]) => (its === permit ? this.#close(id) : null)));
      return permit.kind === "backup" ? this.#store.findSnapshot(permit.jobId) : undefined;
    };
  }

  /** Whether a job under way reads this snapshot: its chunks must stay. */
  isRestoring(snapshotId: string): boolean {
    return [...this.#permits.values()].some((permit) => permit.kind === "restore" && permit.snapshotId === snapshotId);
  }

  /** Answers on the deduplication manager's flow. Never throws for what an agent can cause. */
  async answerManager(hostId: string, request: DedupManagerRequest): Promise<DedupManagerReply> {
    try {
      switch (request.kind) {
        case "openBackup":
        case "openRestore":
          return await this.#open(hostId, request);
        case "commit":
          return await this.#commit(this.#find(hostId, request.sessionId), request);
        case "close":
          this.#find(hostId, request.sessionId);
          await this.#close(request.sessionId.toString("hex"));
          return { kind: "closed" };
      }
    } catch (error) {
      return this.#refuse(hostId, request.kind, error);
    }
  }

  /** Answers on the engine's flow, for one connection that `attach` has tied to a session. */
  async answerEngine(
    hostId: string,
    sessionId: Buffer,
    request: Exclude<DedupEngineRequest, { kind: "attach" }>,
  ): Promise<DedupEngineReply> {
    try {
      const { store, permit } = this.#find(hostId, sessionId);
      switch (request.kind) {
        case "which": {
          const missing = store.missing(request.chunk, request.ids);
          return { kind: "presence", present: Buffer.from(missing.map((isMissing) => (isMissing ? 0 : 1))) };
        }
        case "put": {
          if (permit.kind !== "backup") throw new PeerError("notYours", "a restore puts nothing");
          const { added } = await store.put({ kind: request.chunk, id: request.id, encoded: request.encoded });
          return { kind: "taken", added };
        }
        case "get":
          return { kind: "chunk", encoded: await store.readEncoded(request.chunk, request.id) };
      }
    } catch (error) {
      return this.#refuse(hostId, request.kind, error);
    }
  }

  /** Refuses a session that is not this host's, so that the first word on a connection is checked like all others. */
  answerAttach(
    hostId: string,
    { version, sessionId }: Extract<DedupEngineRequest, { kind: "attach" }>,
    putsUnderWayMax: number,
  ): DedupEngineReply {
    try {
      checkVersion(version);
      this.#find(hostId, sessionId);
      return { kind: "attached", putsUnderWayMax };
    } catch (error) {
      return this.#refuse(hostId, "attach", error);
    }
  }

  async #open(
    hostId: string,
    { kind, version, jobId }: Extract<DedupManagerRequest, { kind: "openBackup" | "openRestore" }>,
  ): Promise<DedupManagerReply> {
    checkVersion(version);
    const permit = this.#permits.get(jobId);
    // The same answer for a job of another host and for none: neither helps to find the other.
    if (
      permit === undefined ||
      permit.hostId !== hostId ||
      permit.kind !== (kind === "openBackup" ? "backup" : "restore")
    ) {
      throw new PeerError("unknownJob", `this host has no such job under way: ${jobId}`);
    }
    const openOfJob = [...this.#sessions.values()].filter((session) => session.permit === permit).length;
    if (openOfJob >= SESSIONS_PER_JOB_MAX) throw new PeerError("tooMany", `the job has ${openOfJob} sessions already`);
    const { sizes, idKey, gearKey } = this.#store.chunking;
    const chunking = { ...sizes, idKey, gearKey };
    if (permit.kind === "restore") {
      const snapshot = this.#store.findSnapshot(permit.snapshotId);
      if (snapshot === undefined) throw new PeerError("unknownJob", `snapshot ${permit.snapshotId} is gone`);
      // The snapshot's host, which need not be the asking one: an administrator chose where it is restored.
      const store = await this.#store.openSession({ hostId: snapshot.hostId, scope: "host" });
      return {
        kind: "restoreOpened",
        sessionId: this.#keep({ permit, store, parent: snapshot }),
        chunking,
        root: snapshot.root,
      };
    }
    const store = await this.#store.openSession({ hostId, scope: "host" });
    const parent = this.#latestOf(hostId, permit.draft.paths);
    return {
      kind: "backupOpened",
      sessionId: this.#keep({ permit, store, parent }),
      chunking,
      parentRoot: parent?.root,
    };
  }

  #commit(session: OpenSession, request: CommitRequest): Promise<DedupManagerReply> {
    const commit = this.#write(session, request);
    session.committing = Promise.allSettled([session.committing, commit]);
    return commit;
  }

  async #write({ permit, store, parent }: OpenSession, request: CommitRequest): Promise<DedupManagerReply> {
    if (permit.kind !== "backup") throw new PeerError("notYours", "a restore commits nothing");
    const { root, startedAtMs, finishedAtMs, files, directories, bytes, newBytes, chunks, problems } = request;
    const snapshot = await store.commit({
      ...permit.draft,
      ...(await permit.describeHost()),
      id: permit.jobId, // One job, one snapshot: an agent that lost the answer asks again and gets the same.
      hostId: permit.hostId,
      jobId: permit.jobId,
      root,
      startedAtMs,
      finishedAtMs,
      stats: { files, directories, bytes, newBytes, storedBytes: store.storedBytes, chunks, problems },
      parent: parent?.id,
    });
    return { kind: "committed", snapshotId: snapshot.id, bytesAdded: snapshot.stats.storedBytes };
  }

  /** The snapshot to compare with: the host's latest of the same paths. */
  #latestOf(hostId: string, paths: readonly Buffer[]): Snapshot | undefined {
    const key = (of: readonly Buffer[]) =>
      of
        .map((path) => path.toString("base64"))
        .sort()
        .join(" ");
    const wanted = key(paths);
    return this.#store.listSnapshots().findLast((one) => one.hostId === hostId && key(one.paths) === wanted);
  }

  #keep(opened: Omit<OpenSession, "committing">): Buffer {
    const session = { ...opened, committing: Promise.resolve() };
    // Withdrawn while the store was opening its side: nobody would ever close it.
    if (this.#permits.get(session.permit.jobId) !== session.permit) {
      session.store.close();
      throw new PeerError("unknownJob", "the job has ended");
    }
    const id = this.#random(16);
    this.#sessions.set(id.toString("hex"), session);
    return id;
  }

  #find(hostId: string, sessionId: Buffer): OpenSession {
    const session = this.#sessions.get(sessionId.toString("hex"));
    if (session === undefined || session.permit.hostId !== hostId) {
      throw new PeerError("unknownSession", "this host has no such session: its job may have ended");
    }
    return session;
  }

  /** A commit under way goes on to its end: what it names must not be collected before its snapshot is there. */
  async #close(id: string): Promise<void> {
    const session = this.#sessions.get(id);
    this.#sessions.delete(id);
    await session?.committing;
    session?.store.close();
  }

  #refuse(hostId: string, asked: string, error: unknown): Refusal {
    const code = refusalCode(error);
    this.#log.warn({ hostId, asked, code, reason: reasonOf(error) }, "request of an agent to the store refused");
    // What failed inside stays in the manager's log; an agent hears what concerns it.
    const reason =
      code === "storeFailed" ? "the store failed; the manager's log says why" : reasonOf(error).slice(0, 500);
    return { kind: "refused", code, reason };
  }
}

function checkVersion(version: number): void {
  if (version !== DEDUP_VERSION)
    throw new PeerError("unsupportedVersion", `version ${version} is not spoken here, ${DEDUP_VERSION} is`);
}

const OWN_CODES = ["unknownJob", "unknownSession", "notYours", "tooMany", "unsupportedVersion"] as const;

function refusalCode(error: unknown): Refusal["code"] {
  if (error instanceof PeerError) return OWN_CODES.find((code) => code === error.code) ?? "notYours";
  if (error instanceof WireError)
    return error.path === "object.id" ? "falseId" : error.path.startsWith("snapshot") ? "missingChunks" : "malformed";
  if (codeOf(error) === "ENOSPC" || codeOf(error) === "EDQUOT") return "storeFull";
  if (error instanceof CorruptionError) return "storeFailed";
  return "storeFailed";
}
