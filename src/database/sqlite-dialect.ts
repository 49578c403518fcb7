import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from "kysely";
import type { Sqlite, SqliteValue } from "./open-sqlite.ts";

// Kysely over node:sqlite: one connection, lent to one borrower at a time. A transaction is a borrower, so that two never
// mix and a query from elsewhere waits for its end instead of slipping into it.
//
// Values: booleans are bound as 1 and 0; numbers come back as numbers, never as bigint (beyond 53 bits reading throws);
// text keeps every code point, NUL among them (the PostgreSQL dialect has to escape U+0000, which its text type refuses).

export function createSqliteDialect(sqlite: Sqlite): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => createDriver(sqlite),
    createIntrospector: (database) => new SqliteIntrospector(database),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

function createDriver(sqlite: Sqlite): Driver {
  const connection = createConnection(sqlite);
  const lender = createLender(connection);
  const run = async (on: DatabaseConnection, sql: string) => {
    await on.executeQuery(CompiledQuery.raw(sql));
  };
  return {
    async init() {},
    acquireConnection: lender.borrow,
    releaseConnection: lender.giveBack,
    // IMMEDIATE: the write lock is taken at the start, where waiting is possible.
    beginTransaction: (on) => run(on, "BEGIN IMMEDIATE"),
    commitTransaction: (on) => run(on, "COMMIT"),
    async rollbackTransaction(on) {
      // SQLite rolls back by itself on a full disk or an I/O error (https://www.sqlite.org/lang_transaction.html §3.1).
      if (sqlite.inTransaction) await run(on, "ROLLBACK");
    },
    async destroy() {
      sqlite.close();
    },
  };
}

function createLender(connection: DatabaseConnection) {
  const waiting: ((connection: DatabaseConnection) => void)[] = [];
  let lent = false;
  return {
    borrow(): Promise<DatabaseConnection> {
      if (lent) return new Promise((resolve) => waiting.push(resolve));
      lent = true;
      return Promise.resolve(connection);
    },
    async giveBack(): Promise<void> {
      const next = waiting.shift();
      if (next === undefined) lent = false;
      else next(connection);
    },
  };
}

function createConnection(sqlite: Sqlite): DatabaseConnection {
  return {
    async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
      const statement = sqlite.prepare(sql);
      const values = parameters as readonly SqliteValue[];
      if (statement.returnsRows) return { rows: statement.all(...values) as R[] };
      return { rows: [], numAffectedRows: BigInt(statement.run(...values)) };
    },
    // biome-ignore lint/correctness/useYield: nothing is streamed: an open cursor would hold the only connection.
    async *streamQuery() {
      throw new Error("streaming is not offered: read in pages by keyset");
    },
  };
}
