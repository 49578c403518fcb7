import type { Sqlite } from "../../database/open-sqlite.ts";
import { type Alert, SEVERITIES } from "../../model/alert.ts";
import { SettingsError } from "../../runtime/errors.ts";

// The spool's file: SQLite by itself, with statements of its own. It never becomes PostgreSQL, since it is what an agent
// writes when nothing else can be reached.

const SPOOL_SCHEMA = 1;

/**
 * `fold_rank` says what is given up first when there is no room (spool-fold.ts). `body` is the alert as JSON; its id, time
 * and the like stand beside it only where something is looked up by them.
 */
const TABLES = `
  CREATE TABLE alerts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    bytes INTEGER NOT NULL,
    fold_rank INTEGER NOT NULL,
    severity INTEGER NOT NULL,
    raised_at_ms INTEGER NOT NULL,
    condition TEXT NOT NULL,
    component TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alerts_by_fold_rank ON alerts (fold_rank, seq);
  CREATE INDEX words ON alerts (condition, component, seq) WHERE fold_rank >= 10;

  CREATE TABLE last_words (
    condition TEXT NOT NULL,
    component TEXT NOT NULL,
    raised_at_ms INTEGER NOT NULL,
    PRIMARY KEY (condition, component)
  ) STRICT;
  CREATE INDEX last_words_by_time ON last_words (raised_at_ms);

  CREATE TABLE folded (
    condition TEXT NOT NULL,
    severity INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_at_ms INTEGER NOT NULL,
    last_at_ms INTEGER NOT NULL,
    PRIMARY KEY (condition, severity)
  ) STRICT;

  CREATE TABLE reserve (space BLOB NOT NULL) STRICT;

  CREATE TABLE set_aside (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
`;

/** Makes the tables of a new file. Throws SettingsError where a newer agent wrote it. */
export function prepareSpoolTables(sqlite: Sqlite): void {
  const version = Number(sqlite.prepare("PRAGMA user_version").all()[0]?.user_version);
  if (version > SPOOL_SCHEMA) {
    throw new SettingsError(
      sqlite.file,
      `the spool has schema ${version}, this agent knows up to ${SPOOL_SCHEMA}: run the newer agent that wrote it`,
    );
  }
  if (version === SPOOL_SCHEMA) return;
  sqlite.transaction(() => {
    sqlite.exec(TABLES);
    sqlite.exec(`PRAGMA user_version = ${SPOOL_SCHEMA}`);
  });
}

/** Events of no weight. */
export const RANK_INFORMATION = 0;
/** Words on what lasts (raised, cleared): this and their severity. */
export const RANK_WORD = 10;
/** What the spool says of itself: never given up. */
export const RANK_OWN = 99;
/** Conditions of the spool's own alerts. */
export const SPOOL_CONDITIONS = {
  full: "spool.full",
  folded: "spool.folded",
  refused: "spool.refused",
  damaged: "spool.damaged",
} as const;
const ownConditions: ReadonlySet<string> = new Set(Object.values(SPOOL_CONDITIONS));

export function foldRankOf({ kind, severity, condition }: Alert): number {
  if (ownConditions.has(condition)) return RANK_OWN;
  if (kind !== "event") return RANK_WORD + SEVERITIES[severity];
  return severity === "information" ? RANK_INFORMATION : SEVERITIES[severity];
}
