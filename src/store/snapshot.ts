import { CorruptionError, WireError } from "../runtime/errors.ts";
import { formatUuid, isUuid, parseUuid } from "../runtime/random.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { ID_BYTES } from "./chunk-id.ts";

/** What a backup did, for people. */
export interface SnapshotStats {
  readonly files: number;
  readonly directories: number;
  /** Bytes of all files' contents. */
  readonly bytes: number;
  /** Bytes of content that no earlier snapshot of this store held, before compression. */
  readonly newBytes: number;
  /** Bytes that were added to the store, compressed. */
  readonly storedBytes: number;
  /** Data chunks the snapshot's files were cut into. */
  readonly chunks: number;
  /** Entries that could not be backed up as they are. */
  readonly problems: number;
}

/** What is known of a snapshot before the store takes it. */
export interface SnapshotDraft {
  /** UUID, the client's choice, so that a repeated request adds nothing twice. */
  readonly id: string;
  /** The host's id in the fleet: whose data this is. At most 128 bytes, as all texts here. */
  readonly hostId: string;
  readonly hostName: string;
  readonly jobId: string;
  /** The paths that were asked for, as bytes. */
  readonly paths: readonly Buffer[];
  /** The tree of `/`, holding the asked paths and the directories above them. */
  readonly root: Buffer;
  /** By the host's clock; for people only. The store orders snapshots by `sequence`. */
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly stats: SnapshotStats;
  readonly tags: readonly string[];
  /** The snapshot that unchanged files were taken from. */
  readonly parent: string | undefined;
  readonly managerVersion: string;
  readonly agentVersion: string;
}

export interface Snapshot extends SnapshotDraft {
  /** Rises by at least one with every snapshot of a store. */
  readonly sequence: number;
  /** By the clock of the store's owner, not the host's: what retention counts with. Milliseconds since 1970. */
  readonly storedAtMs: number;
}

export const SNAPSHOT_FOLDER = "snapshots/";
const SNAPSHOT_VERSION = 1;
const TEXT_MAX = 128;
const PATH_MAX = 64 * 1024;
const PATHS_MAX = 4096;
const TAGS_MAX = 64;
const STATS = ["files", "directories", "bytes", "newBytes", "storedBytes", "chunks", "problems"] as const;
const TEXTS = ["hostId", "hostName", "jobId", "managerVersion", "agentVersion"] as const;

export function snapshotFile(id: string): string {
  return SNAPSHOT_FOLDER + id;
}

/** WireError when the snapshot breaks a bound: what is written here can always be read. */
export function encodeSnapshot(snapshot: Snapshot): Buffer {
  if (!isUuid(snapshot.id)) throw new WireError("snapshot.id", `${snapshot.id} is not a UUID`);
  if (snapshot.parent !== undefined && !isUuid(snapshot.parent))
    throw new WireError("snapshot.parent", `${snapshot.parent} is not a UUID`);
  const writer = new ByteWriter().u8(SNAPSHOT_VERSION).raw(parseUuid(snapshot.id)).varint(snapshot.sequence);
  for (const name of TEXTS) writer.text(snapshot[name]);
  writer.varint(snapshot.paths.length);
  for (const path of snapshot.paths) writer.bytes(path);
  writer
    .raw(snapshot.root)
    .i64(BigInt(Math.round(snapshot.startedAtMs)))
    .i64(BigInt(Math.round(snapshot.finishedAtMs)));
  for (const name of STATS) writer.varint(snapshot.stats[name]);
  writer.varint(snapshot.tags.length);
  for (const tag of snapshot.tags) writer.text(tag);
  writer.u8(snapshot.parent === undefined ? 0 : 1);
  if (snapshot.parent !== undefined) writer.raw(parseUuid(snapshot.parent));
  writer.i64(BigInt(Math.round(snapshot.storedAtMs)));
  const bytes = writer.finish();
  decodeFields(new ByteReader(bytes, "snapshot"));
  return bytes;
}

/** CorruptionError(`name`) when the bytes are no snapshot. */
export function decodeSnapshot(name: string, bytes: Buffer): Snapshot {
  try {
    return decodeFields(new ByteReader(bytes, name));
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}

function decodeFields(reader: ByteReader): Snapshot {
  const version = reader.u8();
  if (version !== SNAPSHOT_VERSION) reader.fail(`unknown version ${version}`);
  const id = formatUuid(reader.raw(16));
  const sequence = reader.varint();
  const [hostId, hostName, jobId, managerVersion, agentVersion] = TEXTS.map((name) => reader.text(TEXT_MAX, name)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  const paths = list(reader, PATHS_MAX, "paths", () => reader.bytes(PATH_MAX, "path"));
  const root = reader.raw(ID_BYTES);
  const startedAtMs = Number(reader.i64());
  const finishedAtMs = Number(reader.i64());
  const stats = Object.fromEntries(STATS.map((name) => [name, reader.varint()])) as unknown as SnapshotStats;
  const tags = list(reader, TAGS_MAX, "tags", () => reader.text(TEXT_MAX, "tag"));
  const parent = reader.bounded(1, "parent flag") === 1 ? formatUuid(reader.raw(16)) : undefined;
  const storedAtMs = Number(reader.i64());
  reader.end();
  return {
    ...{ storedAtMs },
    ...{ id, sequence, hostId, hostName, jobId, paths, root, startedAtMs, finishedAtMs, stats, tags, parent },
    ...{ managerVersion, agentVersion },
  };
}

function list<T>(reader: ByteReader, max: number, name: string, read: () => T): T[] {
  const count = reader.bounded(max, name);
  const items: T[] = [];
  for (let index = 0; index < count; index++) items.push(read());
  return items;
}
