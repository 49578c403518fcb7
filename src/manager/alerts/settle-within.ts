import type { NewAlertRow } from "./alert-row.ts";

/**
 * Rows that are told together, each once, those that another of them has ended or replaced as cleared already: a burst of
 * a condition that comes and goes is written once, not opened and closed row by row. Of two with one host and id the
 * first counts.
 */
export function settleWithin(told: readonly NewAlertRow[]): NewAlertRow[] {
  const rows = firstOfEach(told);
  /** The last word on each condition among the rows looked at so far, which are the later ones. */
  const lastWords = new Map<string, NewAlertRow>();
  for (let index = rows.length - 1; index >= 0; index--) {
    const row = rows[index] as NewAlertRow;
    if (row.kind === "event") continue;
    const key = JSON.stringify([row.host_id, row.condition, row.component]);
    const last = lastWords.get(key);
    if (last === undefined || last.raised_at_ms < row.raised_at_ms) lastWords.set(key, row);
  }
  return rows.map((row) => {
    if (row.kind !== "raised") return row;
    const last = lastWords.get(JSON.stringify([row.host_id, row.condition, row.component]));
    if (last === undefined || last === row) return row;
    return { ...row, state: "cleared", cleared_at_ms: last.raised_at_ms };
  });
}

function firstOfEach(told: readonly NewAlertRow[]): NewAlertRow[] {
  const seen = new Set<string>();
  return told.filter(({ host_id, id }) => {
    const key = `${host_id} ${id}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
