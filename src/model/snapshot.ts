/** A finished backup: everything it names is durable. */
export interface Snapshot {
  /** UUID; a unique beginning of it is enough on the command line. */
  readonly id: string;
  readonly hostId: string;
  readonly hostName: string;
  readonly jobId: string;
  readonly paths: readonly string[];
  readonly startedAtMs: number;
  readonly finishedAtMs: number;
  readonly files: number;
  readonly directories: number;
  /** Size of all files together, as they were read. */
  readonly bytes: number;
  /** What this snapshot added to the store, compressed and sealed. */
  readonly bytesAdded: number;
  /** Entries that could not be read; the snapshot is good without them and the job's log names them. */
  readonly problems: number;
}

/** One entry of a snapshot, for listing. Names that are not UTF-8 show U+FFFD; `rawName` is their bytes in base64. */
export interface SnapshotEntry {
  readonly name: string;
  readonly rawName: string;
  readonly kind: "directory" | "file" | "symlink" | "fifo" | "socket" | "character-device" | "block-device";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly modifiedAtMs: number;
  readonly linkTarget: string | null;
}
