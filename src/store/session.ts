import { codeOf, PeerError, WireError } from "../runtime/errors.ts";
import type { ObjectKind } from "./chunk-id.ts";
import { ChunkSet } from "./chunk-set.ts";
import type { Ownership } from "./ownership.ts";
import { reachableFrom } from "./reachability.ts";
import { SALT_BYTES, sealFile } from "./sealing.ts";
import { encodeSnapshot, type Snapshot, type SnapshotDraft, snapshotFile } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";

/**
 * One client's work with the store, and the only way to add to it. A session can ask, put, read and commit; it cannot
 * delete or overwrite. What it was told is there, collection spares until `close`.
 */
export interface StoreSession {
  /** For each id, whether this client must put it. */
  missing(kind: ObjectKind, ids: readonly Buffer[]): boolean[];
  /** Resolves when there is room for the next, not when durable. WireError when id and content do not match. */
  put(object: SessionObject): Promise<{ added: boolean }>;
  /** As `put`, and believed: for objects that this process has named, encoded and proven itself (encoder.ts). Never for a client's. */
  add(object: SessionObject): Promise<{ added: boolean }>;
  /** Plaintext. PeerError("not-found") for what this client may not know of, be it there or not. */
  read(kind: ObjectKind, id: Buffer): Promise<Buffer>;
  /** Coding, length, body: what `decodeObject` takes. */
  readEncoded(kind: ObjectKind, id: Buffer): Promise<Buffer>;
  /**
   * Makes the snapshot visible, once all that it names is durable and there. Committing the same draft again is answered
   * with the same snapshot. WireError when it names what is missing or not this client's; nothing is changed then.
   */
  commit(draft: SnapshotDraft): Promise<Snapshot>;
  /** Bytes that were added for this session, sealed. */
  readonly storedBytes: number;
  close(): void;
}

export interface SessionObject {
  readonly kind: ObjectKind;
  readonly id: Buffer;
  /** What `encodeObject` returns. */
  readonly encoded: Buffer;
}

/** "host": only what the host's own snapshots reach or the session put. "store": everything; for the store's owner himself. */
export type SessionScope = "host" | "store";

export async function openSession(
  { core, ownership }: { core: StoreCore; ownership: Ownership },
  { hostId, scope }: { hostId: string; scope: SessionScope },
): Promise<StoreSession> {
  // Registered before ownership is looked up: what is looked up must not be collected in between.
  const protects = new ChunkSet();
  const protector = { protects };
  core.sessions.add(protector);
  let owned: ChunkSet;
  try {
    const known = await ownership.ownedBy(hostId);
    owned = known.closed ? known.chunks.copy() : new ChunkSet();
    protects.addAll(known.chunks);
  } catch (error) {
    core.sessions.delete(protector);
    throw error;
  }
  const { failures } = core.writer;
  let storedBytes = 0;
  const mayName = (ordinal: number) => scope === "store" || protects.has(ordinal);

  /** A pack that could not be written may have held what this session put. */
  function assertAllWritten(): void {
    if (core.writer.failures !== failures) throw core.writer.failure;
  }

  function note({ ordinal, added }: { ordinal: number; added: boolean }): { added: boolean } {
    protects.add(ordinal);
    if (added) storedBytes += core.table.lengthOf(ordinal);
    return { added };
  }

  function readable(kind: ObjectKind, id: Buffer): void {
    const ordinal = core.find(kind, id);
    if (ordinal < 0 || !mayName(ordinal))
      throw new PeerError("not-found", `${kind} object ${id.toString("hex")} is not there`);
    protects.add(ordinal);
  }

  async function verify(draft: SnapshotDraft): Promise<ChunkSet> {
    const onMissing = (kind: ObjectKind, id: Buffer) => {
      throw new WireError("snapshot.root", `names ${kind} object ${id.toString("hex")}, which this client has not put`);
    };
    return reachableFrom([draft.root], { ...core.walking(onMissing), mayName, whole: true }, owned);
  }

  return {
    missing(kind, ids) {
      return ids.map((id) => {
        const ordinal = core.find(kind, id);
        const known = ordinal >= 0 && mayName(ordinal);
        if (known) protects.add(ordinal);
        return !known;
      });
    },

    async put({ kind, id, encoded }) {
      assertAllWritten();
      return note(await core.put(kind, id, encoded));
    },

    async add({ kind, id, encoded }) {
      assertAllWritten();
      return note(await core.add(kind, id, encoded));
    },

    async read(kind, id) {
      readable(kind, id);
      return kind === "tree" ? core.readTree(id) : core.read(kind, id);
    },

    async readEncoded(kind, id) {
      readable(kind, id);
      return core.readEncoded(kind, id);
    },

    async commit(draft) {
      const done = core.snapshots.get(draft.id);
      if (done !== undefined) {
        if (done.hostId === draft.hostId && done.root.equals(draft.root)) return done;
        throw new WireError("snapshot.id", `${draft.id} is another snapshot's`);
      }
      if (scope === "host" && draft.hostId !== hostId)
        throw new WireError("snapshot.hostId", `${draft.hostId} is not ${hostId}`);
      await core.writer.flush();
      assertAllWritten();
      const reached = await verify(draft);
      const snapshot = await writeSnapshot(core, draft);
      await ownership.add(draft.hostId, reached);
      return snapshot;
    },

    get storedBytes() {
      return storedBytes;
    },

    close() {
      // A collection under way looked for snapshots before this session's may have appeared.
      if (core.sessions.delete(protector)) core.collection?.protects.addAll(protects);
    },
  };
}

/** Durable, and listed from now on. What it names must be durable already. */
export async function writeSnapshot(core: StoreCore, draft: SnapshotDraft): Promise<Snapshot> {
  const snapshot = { ...draft, sequence: ++core.lastSequence, storedAtMs: core.clock.now() };
  const name = snapshotFile(draft.id);
  const salt = core.random(SALT_BYTES);
  const parts = sealFile(
    { sealingKey: core.keys.sealingKey, salt, fileClass: "snapshot", name },
    encodeSnapshot(snapshot),
  );
  try {
    await core.medium.write(name, parts);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new WireError("snapshot.id", `${draft.id} is taken`);
    throw error;
  }
  core.protection.fileWritten(name, parts);
  core.snapshots.set(snapshot.id, snapshot);
  return snapshot;
}
