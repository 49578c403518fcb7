/** An entry of a snapshot that cannot be restored as it was. */
export interface AffectedFile {
  /** Absolute, as bytes. */
  readonly path: Buffer;
  /** True: a directory whose contents are unknown now, and with it all that lies below. */
  readonly isDirectory: boolean;
  /** Ids of the snapshots in which it is affected. */
  readonly snapshots: readonly string[];
}

/**
 * - `damaged`: bytes are not what was written
 * - `missing`: something that is named is not there
 * - `unreadable`: the system refused to read it, three times; it may be whole
 * - `unprotected`: whole itself, but its parity or copy is not there or damaged
 */
export type CheckProblemKind = "damaged" | "missing" | "unreadable" | "unprotected";

export interface CheckProblem {
  readonly kind: CheckProblemKind;
  /** A file of the medium (`packs/data/3f/3f…`), or an object that is in no file (`data object 9c…`). */
  readonly what: string;
  readonly problem: string;
  /** Ids in hexadecimal of the damaged objects of a pack; at most 64. */
  readonly objects: readonly string[];
  /** Ids of the snapshots that are affected; empty where none needs it. */
  readonly snapshots: readonly string[];
  /** Sorted by path; at most CHECK_FILES_MAX. */
  readonly files: readonly AffectedFile[];
  /** How many more paths are affected. */
  readonly filesMore: number;
}

/** Paths that one problem lists. */
export const CHECK_FILES_MAX = 1_000;

export interface CheckReport {
  /** Problems of kind `unprotected` cost nothing yet: all else is in order without them. */
  readonly problems: readonly CheckProblem[];
  readonly snapshots: number;
  readonly packs: number;
  readonly objects: number;
  /** Sealed bytes that were read and opened. */
  readonly bytesRead: number;
  /** Packs all of whose bytes were read. Less than `packs` without `readData`, or when the time was over. */
  readonly packsRead: number;
  /** Packs whose data was never read by a check, or not since they were written, after this one. */
  readonly packsNeverVerified: number;
  /** When the longest unverified pack was last read (manager's clock, ms since 1970); undefined where one never was. */
  readonly oldestVerifiedAtMs: number | undefined;
}

export interface CheckOptions {
  /** Read and verify every object, not only trees. */
  readonly readData?: boolean | undefined;
  /** With `readData`: the longest unverified first, and no further pack once so many seconds have passed. */
  readonly maxSeconds?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

export interface CheckProgress {
  readonly packsDone: number;
  readonly packs: number;
  readonly bytesDone: number;
  readonly bytes: number;
}
