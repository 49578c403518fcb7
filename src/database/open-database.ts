import { Kysely } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { migrate } from "./migrate.ts";
import { ALL_MIGRATIONS } from "./migrations/all-migrations.ts";
import { openSqlite } from "./open-sqlite.ts";
import type { Schema } from "./schema.ts";
import { createSqliteDialect } from "./sqlite-dialect.ts";

/** The manager's database. `destroy()` closes it; queries are written for any SQL database Kysely speaks to. */
export type Database = Kysely<Schema>;

/** Enough for the indexes of a few hundred thousand alerts. */
const CACHE_BYTES = 32 * 1024 * 1024;

/**
 * Opens the file, makes it where it is missing, and brings it to the schema of this program. `file` may be `:memory:`.
 * Throws SettingsError where it cannot be opened or is too new, CorruptionError where it is damaged.
 */
export async function openDatabase({
  file,
  clock,
  log,
}: {
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Database> {
  const sqlite = openSqlite({ file, cacheBytes: CACHE_BYTES });
  const database = new Kysely<Schema>({ dialect: createSqliteDialect(sqlite) });
  try {
    await migrate(database as unknown as Kysely<unknown>, ALL_MIGRATIONS, { kind: "sqlite", place: file, clock, log });
  } catch (error) {
    sqlite.close();
    throw error;
  }
  return database;
}
