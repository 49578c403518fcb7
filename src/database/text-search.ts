import { type RawBuilder, sql } from "kysely";

// Searching for text that people type: what LIKE takes for a pattern is taken literally. The escape character is named,
// because SQLite has none by default and PostgreSQL another.

/** Rows whose column contains the text; ASCII letters in either case. `column` is ours, never a user's. */
export function containsText(column: string, text: string): RawBuilder<boolean> {
  const lower = text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  return sql<boolean>`lower(${sql.ref(column)}) like ${`%${literally(lower)}%`} escape '\\'`;
}

/** Rows whose column begins with the text, letter for letter as the database compares LIKE. */
export function beginsWithText(column: string, text: string): RawBuilder<boolean> {
  return sql<boolean>`${sql.ref(column)} like ${`${literally(text)}%`} escape '\\'`;
}

function literally(text: string): string {
  return text.replace(/[\\%_]/g, "\\$&");
}
