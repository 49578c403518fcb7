import type { CheckProgress, CheckReport } from "./check-report.ts";

/**
 * - `mended`: a damaged pack's objects are whole again from its parity, in new packs
 * - `rescued`: what is whole of a damaged pack was put into new packs; the rest is lost
 * - `copied`: a small file was made anew from its other copy
 * - `set-aside`: a damaged file was moved below `damaged/`, where nothing ever deletes it
 * - `protected`: parity or a copy that was not there or damaged was made anew
 * - `recovered`: a snapshot that was lost with its copy was found again by its root
 * - `indexed`: the index was made anew from the packs, which every opening does by itself
 */
export type RepairActionKind = "mended" | "rescued" | "copied" | "set-aside" | "protected" | "recovered" | "indexed";

export interface RepairAction {
  readonly kind: RepairActionKind;
  /** The file of the medium. */
  readonly what: string;
  /** For people: how many sectors, how many objects. */
  readonly detail: string;
}

export interface RepairOptions {
  /** Find out and tell what would be done; write nothing. */
  readonly dryRun?: boolean | undefined;
  /**
   * Look for snapshots that were lost with their copies, which also finds forgotten ones that were not collected yet. Looked
   * for anyway where a snapshot cannot be read, or none is left.
   */
  readonly findLost?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined;
}

export interface RepairReport {
  /** What the check before found. */
  readonly found: CheckReport;
  /** What was done, or in a dry run would be. */
  readonly actions: readonly RepairAction[];
  /** Ids of snapshots that were found again. They are on hold: nobody knows whose they were. */
  readonly recovered: readonly string[];
  /** What is still wrong: what was lost, with the files and snapshots it touches. In a dry run what could not be repaired, by file. */
  readonly left: CheckReport["problems"];
}
