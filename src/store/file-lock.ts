import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { SettingsError } from "../runtime/errors.ts";

/** A lock that is held until `release` or the death of the process. */
export interface FileLock {
  release(): void;
}

/**
 * Locks the file `path`. Node has no flock; SQLite takes a POSIX lock on its file, which the kernel gives back when the
 * process dies, so that nobody ever removes a stale lock by hand. The file stays empty: nothing is written to the database.
 */
export function acquireFileLock(path: string): FileLock {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
    if (code !== SQLITE_BUSY) throw error;
    throw new SettingsError("store", `${path} is held by ${holderOf(path)}; one process owns a store at a time`);
  }
  try {
    // For the message above only. On a full disk the lock must still work.
    writeFileSync(`${path}.holder`, `${process.pid}\n`);
  } catch {}
  return { release: () => database.close() };
}

const SQLITE_BUSY = 5;

function holderOf(path: string): string {
  try {
    return `process ${readFileSync(`${path}.holder`, "utf8").trim()}`;
  } catch {
    return "another process";
  }
}
