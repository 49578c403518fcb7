import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Sqlite } from "../../database/open-sqlite.ts";
import { isDiskFull } from "../../database/sqlite-failure.ts";

// A full disk is what an agent most needs to tell, and the spool stands on that disk. So the spool's file grows only in
// steps, ahead of need and while there is space, and its log is kept at a length that is already there.
//
// Invariant: the file has all the pages that SQLite may use (max_page_count). Whatever is in the log therefore fits into
// the file, the log can always be emptied and used again, and alerts can leave though nothing can be allocated any more.

const PAGE_BYTES = 4_096;
/** A step is only taken where this many times its size is free: others write to the disk at the same moment. */
const STEPS_LEFT_FREE = 4;
/** Large files grow by a part of themselves, so that a flood does not try again at every mebibyte. */
const STEP_PART = 8;

export interface SpoolReserve {
  /** Gives the file more pages; false where the disk has no space for them. */
  grow(): boolean;
  /** Empties the log, so that its space serves again. */
  emptyLog(): void;
}

export function createSpoolReserve(sqlite: Sqlite, bytes: number): SpoolReserve {
  if (sqlite.file === ":memory:") return { grow: () => false, emptyLog() {} };

  const emptyLog = () => void sqlite.prepare("PRAGMA wal_checkpoint(RESTART)").all();
  const limitTo = (pages: number) => void sqlite.prepare(`PRAGMA max_page_count = ${pages}`).all();
  const filePages = () => Math.floor(statSync(sqlite.file).size / PAGE_BYTES);
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(dirname(sqlite.file));
    return bavail * bsize;
  };

  /** Writes so many bytes and gives their pages back, through the log, which is afterwards as long as that. */
  function fill(count: number): void {
    try {
      // Two transactions: pages that are filled and freed in one are never written.
      sqlite.prepare("INSERT INTO reserve VALUES (zeroblob(?))").run(count);
      sqlite.prepare("DELETE FROM reserve").run();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
    emptyLog();
  }

  function grow(): boolean {
    const stepBytes = Math.max(bytes, Math.floor(statSync(sqlite.file).size / STEP_PART));
    if (freeBytes() < stepBytes * STEPS_LEFT_FREE) return false;
    const before = filePages();
    const free = Number(sqlite.prepare("PRAGMA freelist_count").all()[0]?.freelist_count);
    limitTo(before + Math.ceil(stepBytes / PAGE_BYTES));
    try {
      fill(free * PAGE_BYTES + stepBytes - 16 * PAGE_BYTES);
    } finally {
      limitTo(filePages());
    }
    return filePages() > before;
  }

  emptyLog();
  limitTo(filePages());
  sqlite.prepare(`PRAGMA wal_autocheckpoint = ${Math.ceil(bytes / PAGE_BYTES)}`).all();
  const free = Number(sqlite.prepare("PRAGMA freelist_count").all()[0]?.freelist_count);
  if (free * PAGE_BYTES < bytes) grow();
  else fill(bytes / 2); // The log of the last run was deleted at its end.
  return { grow, emptyLog };
}
