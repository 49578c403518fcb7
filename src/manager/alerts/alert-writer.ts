import type { Transaction } from "kysely";
import { withParameters } from "../../database/compiled-query.ts";
import type { Database } from "../../database/open-database.ts";
import type { Schema } from "../../database/schema.ts";
import type { Alert, InboxAlert } from "../../model/alert.ts";
import { CountChanges, type CountTable } from "./alert-counts.ts";
import { type AlertRow, NEW_ROW_COLUMNS, type NewAlertRow, toInboxAlert, toRow } from "./alert-row.ts";
import { compileConditionStatements, compileInsert } from "./alert-statements.ts";
import { settleWithin } from "./settle-within.ts";

// Writes told alerts in one transaction: each once, and the state of what lasts.
//
// The rule of state: words on one condition (raised or cleared, of one host and component) stand in the order of
// (raised_at_ms, sequence): when it was told by the host's clock, then of arrival. A raised alert is cleared when any
// word comes after it: `cleared` ends it, and another `raised` (of another severity, or after a restart) replaces it.
// The order in which the words arrive does not matter.

/** Alerts that one teller told together. */
export interface ToldAlerts {
  readonly hostId: string;
  readonly alerts: readonly Alert[];
}

/** What a transaction made of them, for whoever watches: new alerts in the order of arrival, then those whose state changed. */
export interface Written {
  readonly added: readonly InboxAlert[];
  readonly changed: readonly InboxAlert[];
  /** Hosts that the database does not know: nothing of theirs was written. */
  readonly strangers: ReadonlySet<string>;
}

/** Rows per insert: a statement for each of these sizes, compiled once. */
const INSERT_SIZES = [64, 8, 1] as const;

interface NewRow extends NewAlertRow {
  readonly sequence: number;
}

export interface AlertWriter {
  write(told: readonly ToldAlerts[], receivedAtMs: number): Promise<Written>;
}

export function createAlertWriter({
  database,
  counts,
}: {
  readonly database: Database;
  readonly counts: CountTable;
}): AlertWriter {
  const inserts = INSERT_SIZES.map((size) => ({ size, query: compileInsert(database, size) }));
  const statements = compileConditionStatements(database);

  /** The rows that were not there before, with their numbers. */
  async function insert(transaction: Transaction<Schema>, rows: readonly NewAlertRow[]): Promise<NewRow[]> {
    const added: NewRow[] = [];
    for (let start = 0; start < rows.length; ) {
      const { size, query } = inserts.find((candidate) => candidate.size <= rows.length - start) as (typeof inserts)[0];
      const some = rows.slice(start, start + size);
      const parameters = some.flatMap((row) => NEW_ROW_COLUMNS.map((column) => row[column]));
      const { rows: numbered } = await transaction.executeQuery(withParameters(query, parameters));
      const byKey = new Map(some.map((row) => [`${row.host_id} ${row.id}`, row]));
      for (const { sequence, host_id, id } of numbered) {
        const row = byKey.get(`${host_id} ${id}`);
        if (row !== undefined) added.push({ ...row, sequence });
      }
      start += size;
    }
    return added;
  }

  /** Clears what the new words have ended or replaced; returns those rows as they are now. */
  async function settleConditions(
    transaction: Transaction<Schema>,
    added: readonly NewRow[],
    changes: CountChanges,
  ): Promise<Map<number, AlertRow>> {
    const touched = new Map<string, NewRow>();
    for (const row of added) {
      if (row.kind !== "event") touched.set(JSON.stringify([row.host_id, row.condition, row.component]), row);
    }
    const settled = new Map<number, AlertRow>();
    for (const { host_id, condition, component } of touched.values()) {
      const key = [host_id, condition, component];
      const lasting = (await transaction.executeQuery(withParameters(statements.lasting, key))).rows;
      if (lasting.length === 0) continue;
      const [latest] = (await transaction.executeQuery(withParameters(statements.latestWord, key))).rows;
      for (const row of lasting) {
        if (latest === undefined || latest.sequence === row.sequence) continue;
        await transaction.executeQuery(withParameters(statements.clear, [latest.raised_at_ms, row.sequence]));
        changes.remove(row, row.state);
        changes.add(row, "cleared");
        settled.set(row.sequence, { ...row, state: "cleared", cleared_at_ms: latest.raised_at_ms });
      }
    }
    return settled;
  }

  return {
    write(told, receivedAtMs) {
      return database.transaction().execute(async (transaction) => {
        const names = await readHostNames(transaction, told);
        const known = told.filter(({ hostId }) => names.has(hostId));
        const rows = settleWithin(
          known.flatMap(({ hostId, alerts }) => alerts.map((alert) => toRow(alert, { hostId, receivedAtMs }))),
        );
        const added = await insert(transaction, rows);
        const changes = new CountChanges();
        for (const row of added) changes.add(row, row.state);
        const settled = await settleConditions(transaction, added, changes);
        await counts.apply(transaction, changes);

        const nameOf = ({ host_id }: { host_id: string }) => names.get(host_id) ?? "";
        const addedNow = added.map((row) => {
          const now = settled.get(row.sequence) ?? { ...row, acknowledged_at_ms: null, acknowledged_by: null };
          settled.delete(row.sequence);
          return toInboxAlert(now, nameOf(row));
        });
        return {
          added: addedNow,
          changed: [...settled.values()].map((row) => toInboxAlert(row, nameOf(row))),
          strangers: new Set(told.map(({ hostId }) => hostId).filter((hostId) => !names.has(hostId))),
        };
      });
    },
  };
}

async function readHostNames(
  transaction: Transaction<Schema>,
  told: readonly ToldAlerts[],
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(told.map(({ hostId }) => hostId))];
  const rows = await transaction.selectFrom("hosts").select(["id", "name"]).where("id", "in", ids).execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
