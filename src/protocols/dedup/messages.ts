import { formatUuid, parseUuid } from "../../runtime/random.ts";
import {
  bool,
  type Decoded,
  enumeration,
  fixed,
  integer,
  list,
  mapped,
  opaque,
  optional,
  struct,
  text,
  u32,
  union,
} from "../../wire/xdr.ts";

// Client-side deduplication, on two flows. The deduplication manager (dedupManager) opens a session for a job that the
// manager itself has given to this host, and makes its snapshot visible; the engine (dedupEngine) takes and serves
// chunks for open sessions. XDR messages in RFC 5531 records over TLS 1.3 with both sides known; replies come in the
// order of the requests. Specified in docs/protocols/dedup.md.
//
// Invariants: a host learns of a chunk's presence, and is served it, only where its own snapshots or this session name
// it; nothing here deletes or overwrites; a snapshot is committed only when all it names is durable.

export const DEDUP_VERSION = 1;
export const IDS_PER_QUESTION_MAX = 4_096;
/** The largest encoded chunk: the chunker's largest cut and what a codec may add. */
export const ENCODED_CHUNK_BYTES_MAX = 9 * 1024 * 1024;
export const DEDUP_ENGINE_RECORD_BYTES_MAX = ENCODED_CHUNK_BYTES_MAX + 1_024;
export const DEDUP_MANAGER_RECORD_BYTES_MAX = 4 * 1024 * 1024;

const Uuid = mapped(fixed(16), { toWire: parseUuid, fromWire: formatUuid });
const SessionId = fixed(16);
const ChunkIdMessage = fixed(32);
const ChunkKindMessage = enumeration({ data: 1, tree: 2 });

/** How a store cuts and names chunks: sizes in bytes, keys that only its own hosts and itself know. */
export const ChunkingMessage = struct({ min: u32, average: u32, max: u32, idKey: fixed(32), gearKey: fixed(32) });

const refused = struct({
  code: enumeration({
    unknownJob: 1,
    unknownSession: 2,
    notYours: 3,
    falseId: 4,
    malformed: 5,
    missingChunks: 6,
    storeFull: 7,
    storeFailed: 8,
    unsupportedVersion: 9,
    tooMany: 10,
  }),
  reason: text(1_024),
});

export const DedupManagerRequest = union({
  openBackup: [1, struct({ version: u32, jobId: Uuid })],
  openRestore: [2, struct({ version: u32, jobId: Uuid })],
  commit: [
    3,
    struct({
      sessionId: SessionId,
      root: ChunkIdMessage,
      startedAtMs: integer,
      finishedAtMs: integer,
      files: integer,
      directories: integer,
      bytes: integer,
      newBytes: integer,
      chunks: integer,
      problems: integer,
    }),
  ],
  close: [4, struct({ sessionId: SessionId })],
});
export type DedupManagerRequest = Decoded<typeof DedupManagerRequest>;

export const DedupManagerReply = union({
  backupOpened: [
    1,
    struct({
      sessionId: SessionId,
      chunking: ChunkingMessage,
      /** Root tree of the latest snapshot of the same paths, to compare with; absent for the first. */
      parentRoot: optional(ChunkIdMessage),
    }),
  ],
  restoreOpened: [2, struct({ sessionId: SessionId, chunking: ChunkingMessage, root: ChunkIdMessage })],
  committed: [3, struct({ snapshotId: Uuid, bytesAdded: integer })],
  closed: [4, struct({})],
  refused: [5, refused],
});
export type DedupManagerReply = Decoded<typeof DedupManagerReply>;

export const DedupEngineRequest = union({
  attach: [1, struct({ version: u32, sessionId: SessionId })],
  which: [2, struct({ chunk: ChunkKindMessage, ids: list(ChunkIdMessage, IDS_PER_QUESTION_MAX) })],
  put: [3, struct({ chunk: ChunkKindMessage, id: ChunkIdMessage, encoded: opaque(ENCODED_CHUNK_BYTES_MAX) })],
  get: [4, struct({ chunk: ChunkKindMessage, id: ChunkIdMessage })],
});
export type DedupEngineRequest = Decoded<typeof DedupEngineRequest>;

export const DedupEngineReply = union({
  attached: [1, struct({ putsUnderWayMax: u32 })],
  /** One byte a question, in its order: 1 present, 0 missing. */
  presence: [2, struct({ present: opaque(IDS_PER_QUESTION_MAX) })],
  /** Taken, not yet durable: durable is what `committed` says. */
  taken: [3, struct({ added: bool })],
  chunk: [4, struct({ encoded: opaque(ENCODED_CHUNK_BYTES_MAX) })],
  refused: [5, refused],
});
export type DedupEngineReply = Decoded<typeof DedupEngineReply>;
