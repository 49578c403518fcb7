import type { Kysely } from "kysely";
import type { Clock } from "../runtime/clock.ts";
import { assert, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import { type ColumnTypes, columnTypes, type DatabaseKind } from "./column-types.ts";

// Brings a database to the schema of this program. All that is missing runs in one transaction: an interrupted start
// leaves the old schema, whole.

/** One step. It speaks to the database as it was at that step, hence no types. */
export interface Migration {
  /** 1, 2, 3, … without gaps. */
  readonly number: number;
  readonly name: string;
  up(database: Kysely<unknown>, types: ColumnTypes): Promise<void>;
}

interface History {
  readonly schema_migrations: { readonly number: number; readonly name: string; readonly applied_at_ms: number };
}

export interface MigrateNeeds {
  readonly kind: DatabaseKind;
  /** What the operator calls the database, for errors. */
  readonly place: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Throws SettingsError where the schema is newer than `migrations`. */
export async function migrate(
  database: Kysely<unknown>,
  migrations: readonly Migration[],
  { kind, place, clock, log }: MigrateNeeds,
): Promise<void> {
  migrations.forEach((migration, index) => {
    assert(migration.number === index + 1, `migration ${migration.name} is number ${index + 1}`);
  });
  const types = columnTypes(kind);
  await database.transaction().execute(async (transaction) => {
    await transaction.schema
      .createTable("schema_migrations")
      .ifNotExists()
      .addColumn("number", types.integer, (column) => column.primaryKey())
      .addColumn("name", types.text, (column) => column.notNull())
      .addColumn("applied_at_ms", types.integer, (column) => column.notNull())
      .execute();
    const history = transaction as unknown as Kysely<History>;
    const applied = await history
      .selectFrom("schema_migrations")
      .select("number")
      .orderBy("number", "desc")
      .limit(1)
      .execute();
    const current = applied[0]?.number ?? 0;
    if (current > migrations.length) {
      throw new SettingsError(
        place,
        `the database has schema ${current}, this program knows up to ${migrations.length}: ` +
          "run the newer Rusuban that wrote it, or restore the copy made before that version was installed",
      );
    }
    for (const migration of migrations.slice(current)) {
      await migration.up(transaction, types);
      await history
        .insertInto("schema_migrations")
        .values({ number: migration.number, name: migration.name, applied_at_ms: clock.now() })
        .execute();
      log.info(
        { database: place, schema: migration.number, name: migration.name },
        "database schema brought up to date",
      );
    }
  });
}
