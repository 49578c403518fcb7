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

/** What is asked and done about one condition: host, condition, component are the first parameters. */
export interface ConditionStatements {
  /** Raised and not cleared. */
  readonly lasting: CompiledQuery<AlertRow>;
  /** The last by the rule of alert-writer.ts. */
  readonly latestWord: CompiledQuery<Pick<AlertRow, "sequence" | "raised_at_ms">>;
  /** Parameters: when it was cleared, the row's sequence. */
  readonly clear: CompiledQuery;
}

export function compileConditionStatements(database: Database): ConditionStatements {
  const ofCondition = database
    .selectFrom("alerts")
    .where("host_id", "=", "")
    .where("condition", "=", "")
    .where("component", "=", "");
  // Literals where a partial index says the same: a parameter would hide from the planner that the index serves.
  return {
    lasting: ofCondition
      .selectAll()
      .where("kind", "=", sql.lit("raised"))
      .where("state", "<>", sql.lit("cleared"))
      .compile(),
    latestWord: ofCondition
      .select(["sequence", "raised_at_ms"])
      .where("kind", "<>", sql.lit("event"))
      .orderBy("raised_at_ms", "desc")
      .orderBy("sequence", "desc")
      .limit(sql.lit(1))
      .compile(),
    clear: database
      .updateTable("alerts")
      .set({ state: sql.lit("cleared"), cleared_at_ms: 0 })
      .where("sequence", "=", 0)
      .compile(),
  };
}
