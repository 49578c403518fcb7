import type { Sqlite } from "../../database/open-sqlite.ts";
import { ALERT_LIMITS, type Alert } from "../../model/alert.ts";
import { REPORTING_LIMITS } from "./limits.ts";

// The manager puts the words on a condition (raised, cleared) in order by their time (docs/protocols/report.md §6). A clock
// that was set back, as on a machine that boots without one, would make the end of a condition come before its beginning,
// and it would stay open for ever. So a word is never stamped earlier than the one before it, and says so.

/** The alert as it is to be told, and remembered as the last word on its condition. Part of the caller's transaction. */
export function stampInOrder(sqlite: Sqlite, alert: Alert): Alert {
  if (alert.kind === "event") return alert;
  const { condition, component, raisedAtMs } = alert;
  const last = sqlite
    .prepare("SELECT raised_at_ms FROM last_words WHERE condition = ? AND component = ?")
    .all(condition, component)[0];
  const lastAtMs = Number(last?.raised_at_ms ?? raisedAtMs);
  const stampedAtMs = Math.max(raisedAtMs, lastAtMs);
  sqlite
    .prepare(
      `INSERT INTO last_words VALUES (?1, ?2, ?3)
       ON CONFLICT (condition, component) DO UPDATE SET raised_at_ms = ?3`,
    )
    .run(condition, component, stampedAtMs);
  if (stampedAtMs === raisedAtMs) return alert;
  const note = {
    name: "clock",
    value: `was set back: by it this was told at ${raisedAtMs} ms, before what it follows`,
  };
  return { ...alert, raisedAtMs: stampedAtMs, details: [...alert.details.slice(0, ALERT_LIMITS.details - 1), note] };
}

/** Forgets the oldest beyond the bound. Part of the caller's transaction. */
export function boundLastWords(sqlite: Sqlite): void {
  sqlite
    .prepare(
      `DELETE FROM last_words WHERE (condition, component) IN (
         SELECT condition, component FROM last_words ORDER BY raised_at_ms DESC LIMIT -1 OFFSET ?)`,
    )
    .run(REPORTING_LIMITS.lastWords);
}
