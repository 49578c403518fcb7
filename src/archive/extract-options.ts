import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";
import type { Chunking } from "../store/keys.ts";
import type { TreeNode } from "../store/tree.ts";
import type { BackupProblem } from "./problem-list.ts";

// What a restore is asked, and what it tells.

/** What happens to entries that are there already: stay; are replaced where type, size, time, mode or owner differ; are always replaced. */
export type Overwrite = "never" | "changed" | "always";

export interface ExtractOptions {
  readonly source: ChunkSource;
  /** Whose `idKey` all that is read is verified with. */
  readonly chunking: Pick<Chunking, "idKey">;
  /** Snapshot.root. */
  readonly root: Buffer;
  /** Absolute paths in the snapshot, such as Snapshot.paths; everything, the directories above those too, when absent. Whole paths are made below the target: `/etc/hosts` becomes `TARGET/etc/hosts`. */
  readonly paths?: readonly (Buffer | string)[] | undefined;
  /** Patterns (exclude-rules.ts) of what is left out. */
  readonly excludes?: readonly string[];
  /** A directory; made when it is not there. */
  readonly target: Buffer | string;
  readonly overwrite: Overwrite;
  /** Change nothing; `onEntry` tells what would be done. */
  readonly dryRun?: boolean;
  readonly clock: Clock;
  readonly random?: Random;
  /** Threads that decode, prove and write; by the machine's processors when absent. */
  readonly threadsMax?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called at most a few times a second. */
  readonly onProgress?: ((progress: ExtractProgress) => void) | undefined;
  /** Called for every entry. `path` is absolute in the snapshot. */
  readonly onEntry?: ((entry: { path: Buffer; node: TreeNode; action: ExtractAction }) => void) | undefined;
}

export type ExtractAction = "create" | "replace" | "unchanged" | "skip";

export interface ExtractProgress extends ExtractStats {
  /** Absolute path in the snapshot of the entry under way; undefined before the first. */
  readonly current: Buffer | undefined;
}

export interface ExtractStats {
  /** Entries that are no directories, made or found unchanged. */
  readonly files: number;
  readonly directories: number;
  /** Bytes of files written. */
  readonly bytes: number;
  readonly unchanged: number;
  /** Left alone because something is there and must stay. */
  readonly skipped: number;
  readonly problems: number;
}

export interface ExtractResult {
  readonly stats: ExtractStats;
  /** By path. Not empty: done in part. At most 10,000; `stats.problems` counts all. */
  readonly problems: readonly BackupProblem[];
}
