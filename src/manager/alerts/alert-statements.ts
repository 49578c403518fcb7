import { type CompiledQuery, sql } from "kysely";
import type { Database } from "../../database/open-database.ts";
import { type AlertRow, NEW_ROW_COLUMNS, type NewAlertRow } from "./alert-row.ts";

// The statements of the hot path, compiled once; `withParameters` fills them.

/** Takes the new columns of `size` rows; gives back those that were not there before. */
export function compileInsert(
  database: Database,
  size: number,
): CompiledQuery<Pick<AlertRow, "sequence" | "host_id" | "id">> {
  const row = {
    host_id: "",
    id: "",
    raised_at_ms: 0,
    severity: 0,
    category: 0,
    kind: "event",
    component: "",
    condition: "",
    summary: "",
    details: "",
    bytes: 0,
    received_at_ms: 0,
    state: "open",
    cleared_at_ms: 0,
  } as const satisfies NewAlertRow;
  return database
    .insertInto("alerts")
    .columns(NEW_ROW_COLUMNS)
    .values(Array.from({ length: size }, () => row))
    .onConflict((conflict) => conflict.columns(["id", "host_id"]).doNothing())
    .returning(["sequence", "host_id", "id"])
    .compile();
}

// Literals where a partial index says the same: a parameter would hide from the planner that the index serves.

/** Parameters: host, condition, component. */
export function compileLatestWord(database: Database): CompiledQuery<Pick<AlertRow, "sequence" | "raised_at_ms">> {
  return database
    .selectFrom("alerts")
    .select(["sequence", "raised_at_ms"])
    .where("host_id", "=", "")
    .where("condition", "=", "")
    .where("component", "=", "")
    .where("kind", "<>", sql.lit("event"))
    .orderBy("raised_at_ms", "desc")
    .orderBy("sequence", "desc")
    .limit(sql.lit(1))
    .compile();
}

export function compileSettle(database: Database): {
  /** Parameters: host, condition, component, then the latest word's time and number. */
  readonly find: CompiledQuery<AlertRow>;
  /** Parameters: when it was cleared, the row's number. */
  readonly clear: CompiledQuery;
} {
  return {
    find: database
      .selectFrom("alerts")
      .selectAll()
      .where("host_id", "=", "")
      .where("condition", "=", "")
      .where("component", "=", "")
      .where("kind", "=", sql.lit("raised"))
      .where("state", "<>", sql.lit("cleared"))
      .where((is) => is(is.refTuple("raised_at_ms", "sequence"), "<", is.tuple(0, 0)))
      .compile(),
    clear: database
      .updateTable("alerts")
      .set({ state: sql.lit("cleared"), cleared_at_ms: 0 })
      .where("sequence", "=", 0)
      .compile(),
  };
}
