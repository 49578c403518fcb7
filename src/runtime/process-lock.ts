import { readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

export type ProcessLock =
  | { readonly held: true; release(): void }
  /** `holder` is a process id where it could be read. */
  | { readonly held: false; readonly holder: number | undefined };

/**
 * Takes the lock `path` for this process until `release` or its death. Node has no flock; SQLite takes a POSIX lock on
 * its file, which the kernel gives back when the process dies, so that nobody ever removes a stale lock by hand.
 */
export function takeProcessLock(path: string): ProcessLock {
  const database = new DatabaseSync(path);
  try {
    database.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    const code = error instanceof Error && "errcode" in error ? error.errcode : undefined;
    if (code !== SQLITE_BUSY) throw error;
    return { held: false, holder: holderOf(path) };
  }
  try {
    // For messages only: on a full disk the lock must still work.
    writeFileSync(`${path}.holder`, `${process.pid}\n`, { mode: 0o600 });
  } catch {}
  return { held: true, release: () => database.close() };
}

const SQLITE_BUSY = 5;

function holderOf(path: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(`${path}.holder`, "utf8"), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}
