import type { ColumnDataType, ColumnDefinitionBuilder } from "kysely";

// The only place where a migration's types differ between databases.

/** Which database the migrations are written for at the moment of running. */
export type DatabaseKind = "sqlite" | "postgresql";

export interface ColumnTypes {
  readonly text: ColumnDataType;
  /** 53 bits and more: counts, bytes, milliseconds. */
  readonly integer: ColumnDataType;
  readonly bytes: ColumnDataType;
  /** Type and constraint of a `sequence` column: given by the database, rising, never given twice. */
  readonly sequence: readonly [ColumnDataType, (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder];
}

export function columnTypes(kind: DatabaseKind): ColumnTypes {
  if (kind === "postgresql") {
    return {
      text: "text",
      integer: "bigint",
      bytes: "bytea",
      sequence: ["bigint", (column) => column.generatedAlwaysAsIdentity().primaryKey()],
    };
  }
  // `autoincrement`: a number is not given again after its row is deleted, so a page's cursor never names another row.
  return {
    text: "text",
    integer: "integer",
    bytes: "blob",
    sequence: ["integer", (column) => column.autoIncrement().primaryKey()],
  };
}
