import { closeSync, fsyncSync, openSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import { CorruptionError, codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import { RecentMap } from "../runtime/recent-map.ts";
import { sqliteFailure } from "./sqlite-failure.ts";

// One way to open a SQLite file, for the manager's database (under Kysely) and the agent's spool (raw statements, which
// never becomes PostgreSQL). What COMMIT has answered survives the death of the process and of the machine: WAL with
// synchronous=FULL syncs the log at every commit (https://www.sqlite.org/pragma.html#pragma_synchronous).

/** Another process may hold the write lock this long, such as a backup of the file. Waiting blocks the event loop. */
const BUSY_TIMEOUT_MS = 2_000;
/** Statements kept compiled; the house has fewer, so this only stops a mistake from growing without end. */
const STATEMENTS_MAX = 256;
/** Files up to this size are checked whole when opened: about 100 ms. Larger ones are checked where they are read. */
const CHECKED_BYTES_MAX = 64 * 1024 * 1024;
/** A log of this size goes into the file: with SQLite's own 4 MiB a flood of alerts waits a third longer (bench/alerts.ts). */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;
const PAGE_BYTES = 4_096;
/** The log is cut back to this after a checkpoint, so that one burst does not hold disk space for ever. */
const LOG_BYTES_KEPT = 64 * 1024 * 1024;

/** A row as SQLite gives it: text, number, bytes or null. The object has no prototype: `__proto__` is a name like others. */
export type SqliteRow = Readonly<Record<string, unknown>>;

/** What a statement takes. Booleans are bound as 1 and 0, and come back as numbers; integers beyond 53 bits throw when read. */
export type SqliteValue = string | number | bigint | boolean | null | Uint8Array;

export interface SqliteStatement {
  readonly returnsRows: boolean;
  all(...values: SqliteValue[]): SqliteRow[];
  /** The number of rows changed. */
  run(...values: SqliteValue[]): number;
}

/** An open SQLite file. Every call throws CorruptionError where the file is damaged. */
export interface Sqlite {
  readonly file: string;
  /** Compiled once for each text and kept. */
  prepare(sql: string): SqliteStatement;
  exec(sql: string): void;
  /** Runs `work` in one transaction: all of it is on disk when this returns, or nothing when it throws. */
  transaction<T>(work: () => T): T;
  readonly inTransaction: boolean;
  close(): void;
}

export interface OpenSqliteOptions {
  /** `:memory:` for tests. A new file is readable by its owner only. */
  readonly file: string;
  /** Pages held in memory. */
  readonly cacheBytes: number;
}

/** Throws SettingsError where the file cannot be opened and CorruptionError where it is not a sound database. */
export function openSqlite({ file, cacheBytes }: OpenSqliteOptions): Sqlite {
  const inMemory = file === ":memory:";
  if (!inMemory) createPrivateFile(file);
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
  } catch (error) {
    throw new SettingsError(file, `cannot be opened as a database: ${reasonOf(error)}`);
  }
  try {
    configure(database, { file, cacheBytes, inMemory });
  } catch (error) {
    database.close();
    throw sqliteFailure(file, error);
  }
  if (!inMemory) syncDirectoryOf(file);
  return wrap(file, database);
}

function createPrivateFile(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600)); // SQLite gives its log and index files the same mode.
  } catch (error) {
    const hint = codeOf(error) === "ENOENT" ? "its folder does not exist" : reasonOf(error);
    throw new SettingsError(file, `cannot be opened as a database: ${hint}`);
  }
}

/** The names of new files are durable only when their directory is. */
function syncDirectoryOf(file: string): void {
  if (process.platform === "win32") return; // Directories cannot be opened there; NTFS logs names by itself.
  const directory = openSync(dirname(file), "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function configure(
  database: DatabaseSync,
  { file, cacheBytes, inMemory }: { file: string; cacheBytes: number; inMemory: boolean },
): void {
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode;
  if (mode !== "wal" && !inMemory) {
    throw new SettingsError(
      file,
      `the file system does not allow a write-ahead log (journal mode ${mode}): use a local disk`,
    );
  }
  database.exec(`
    PRAGMA synchronous = FULL;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
    PRAGMA temp_store = MEMORY;
    PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)};
    PRAGMA wal_autocheckpoint = ${CHECKPOINT_BYTES / PAGE_BYTES};
    PRAGMA journal_size_limit = ${LOG_BYTES_KEPT};
  `);
  if (inMemory || statSync(file).size > CHECKED_BYTES_MAX) return;
  const verdict = database.prepare("PRAGMA quick_check(1)").get()?.quick_check;
  if (verdict !== "ok") throw new CorruptionError(file, String(verdict));
}

function wrap(file: string, database: DatabaseSync): Sqlite {
  const statements = new RecentMap<string, SqliteStatement>(STATEMENTS_MAX);

  function guarded<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      throw sqliteFailure(file, error);
    }
  }

  function prepare(sql: string): SqliteStatement {
    return statements.recall(sql, () => guarded(() => wrapStatement(database.prepare(sql), guarded)));
  }

  return {
    file,
    prepare,
    exec: (sql) => guarded(() => database.exec(sql)),
    transaction(work) {
      // IMMEDIATE: the write lock is taken here, where waiting is possible, not in the middle where it would fail.
      prepare("BEGIN IMMEDIATE").run();
      try {
        const result = work();
        prepare("COMMIT").run();
        return result;
      } catch (error) {
        if (database.isTransaction) prepare("ROLLBACK").run();
        throw error;
      }
    },
    get inTransaction() {
      return database.isTransaction;
    },
    close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}

function wrapStatement(statement: StatementSync, guarded: <T>(run: () => T) => T): SqliteStatement {
  return {
    returnsRows: statement.columns().length > 0,
    all: (...values) => guarded(() => statement.all(...values.map(bindable))),
    run: (...values) => guarded(() => Number(statement.run(...values.map(bindable)).changes)),
  };
}

function bindable(value: SqliteValue): SQLInputValue {
  return typeof value === "boolean" ? Number(value) : value;
}
