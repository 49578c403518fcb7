import { CorruptionError } from "../runtime/errors.ts";

// SQLite's primary result codes (https://www.sqlite.org/rescode.html); an extended code carries its primary one in the low byte.
const SQLITE_FULL = 13;
const SQLITE_CORRUPT = 11;
const SQLITE_CONSTRAINT = 19;
const SQLITE_NOTADB = 26;

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("errcode" in error) || typeof error.errcode !== "number") return undefined;
  return error.errcode & 0xff;
}

/** What to throw in place of `error`: a CorruptionError where the file is damaged, otherwise the error itself. */
export function sqliteFailure(file: string, error: unknown): unknown {
  const code = primaryCode(error);
  if (code !== SQLITE_CORRUPT && code !== SQLITE_NOTADB) return error;
  return new CorruptionError(file, (error as Error).message);
}

/** True where the database refused the data itself (unique, foreign key, not null, check): the same rows never pass. */
export function isConstraintFailure(error: unknown): boolean {
  return primaryCode(error) === SQLITE_CONSTRAINT;
}

/** True where the disk is full: the same write passes once there is room. */
export function isDiskFull(error: unknown): boolean {
  return primaryCode(error) === SQLITE_FULL;
}
