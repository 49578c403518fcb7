import type { Sqlite } from "../../database/open-sqlite.ts";
import { type AlertDetail, SEVERITIES, type Severity } from "../../model/alert.ts";
import { REPORTING_LIMITS } from "./limits.ts";
import { RANK_INFORMATION, RANK_OWN, RANK_WORD } from "./spool-tables.ts";

// What becomes of alerts when the manager is out of reach for so long that the spool has no room: they are summed up by
// condition and severity, and the sums are told when there is room again. Nothing disappears without being counted.
// An alert that was under way may be summed up although it arrived: the sums may say too much, never too little.
//
// What is summed up first: 1. events of severity information; 2. words on a condition that a later word replaces, since
// the manager's inbox needs the last one to show the right state; 3. other events, the least severe first; 4. last words,
// the least severe first. Of equals the oldest.

const OTHERS = "(others)";

interface Victim {
  readonly seq: number;
  readonly bytes: number;
  readonly severity: number;
  readonly condition: string;
  readonly raised_at_ms: number;
}

const VICTIM = "seq, bytes, severity, condition, raised_at_ms";
const CHOICES = [
  `SELECT ${VICTIM} FROM alerts WHERE fold_rank = ${RANK_INFORMATION} ORDER BY seq LIMIT ?`,
  `SELECT ${VICTIM} FROM alerts AS early WHERE fold_rank >= ${RANK_WORD} AND fold_rank < ${RANK_OWN} AND EXISTS (
     SELECT 1 FROM alerts AS late WHERE late.fold_rank >= ${RANK_WORD} AND late.condition = early.condition
       AND late.component = early.component AND late.seq > early.seq) ORDER BY seq LIMIT ?`,
  `SELECT ${VICTIM} FROM alerts WHERE fold_rank > ${RANK_INFORMATION} AND fold_rank < ${RANK_WORD} ORDER BY fold_rank, seq LIMIT ?`,
  `SELECT ${VICTIM} FROM alerts WHERE fold_rank >= ${RANK_WORD} AND fold_rank < ${RANK_OWN} ORDER BY fold_rank, seq LIMIT ?`,
] as const;

/** Sums up `count` alerts, fewer where few are left; returns what that frees. Part of the caller's transaction. */
export function foldSome(sqlite: Sqlite, count: number): { readonly alerts: number; readonly bytes: number } {
  let alerts = 0;
  let bytes = 0;
  for (const choice of CHOICES) {
    const victims = sqlite.prepare(choice).all(count - alerts) as unknown as Victim[];
    for (const victim of victims) {
      fold(sqlite, victim);
      alerts += 1;
      bytes += victim.bytes;
    }
    // The next kind matters more: it is only touched while this one gives too little to go on with.
    if (alerts >= count / 10) break;
  }
  return { alerts, bytes };
}

function fold(sqlite: Sqlite, { seq, severity, condition, raised_at_ms }: Victim): void {
  const known = sqlite.prepare("SELECT 1 FROM folded WHERE condition = ? AND severity = ?").all(condition, severity);
  const sums = Number(sqlite.prepare("SELECT count(*) AS n FROM folded").all()[0]?.n);
  const name = known.length > 0 || sums < REPORTING_LIMITS.conditionsFolded ? condition : OTHERS;
  sqlite
    .prepare(
      `INSERT INTO folded VALUES (?1, ?2, 1, ?3, ?3) ON CONFLICT (condition, severity) DO UPDATE SET count = count + 1,
       first_at_ms = min(first_at_ms, ?3), last_at_ms = max(last_at_ms, ?3)`,
    )
    .run(name, severity, raised_at_ms);
  sqlite.prepare("DELETE FROM alerts WHERE seq = ?").run(seq);
}

export interface FoldedSum {
  readonly count: number;
  readonly worst: Severity;
  readonly details: readonly AlertDetail[];
}

/** Takes the sums out, for an alert that tells them; undefined where there are none. Part of the caller's transaction. */
export function takeFolded(sqlite: Sqlite): FoldedSum | undefined {
  const rows = sqlite.prepare("SELECT * FROM folded ORDER BY severity DESC, count DESC").all() as unknown as {
    readonly condition: string;
    readonly severity: number;
    readonly count: number;
    readonly first_at_ms: number;
    readonly last_at_ms: number;
  }[];
  if (rows.length === 0) return undefined;
  sqlite.prepare("DELETE FROM folded").run();
  const nameOf = (number: number) =>
    (Object.keys(SEVERITIES) as Severity[]).find((name) => SEVERITIES[name] === number) ?? "information";
  return {
    count: rows.reduce((sum, { count }) => sum + count, 0),
    worst: nameOf(rows[0]?.severity ?? SEVERITIES.information),
    details: rows.map(({ condition, severity, count, first_at_ms, last_at_ms }) => ({
      name: `${condition}, ${nameOf(severity)}`,
      value: `${count}, from ${moment(first_at_ms)} to ${moment(last_at_ms)}`,
    })),
  };
}

function moment(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}
