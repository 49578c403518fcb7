import type { Transaction } from "kysely";
import { withParameters } from "../../database/compiled-query.ts";
import type { Database } from "../../database/open-database.ts";
import type { Schema } from "../../database/schema.ts";
import { ALERT_STATES, type AlertState, SEVERITIES, type Severity } from "../../model/alert.ts";
import { type AlertRow, severityOf } from "./alert-row.ts";

// How many alerts there are, without counting them: alert_counts changes in the transactions that change alerts.

type Counted = Pick<AlertRow, "host_id" | "severity" | "bytes">;

/** The changes of one transaction, added up before they are written. */
export class CountChanges {
  readonly #changes = new Map<string, { row: Counted; state: AlertState; count: number; bytes: number }>();

  add(row: Counted, state: AlertState): void {
    this.#change(row, state, 1);
  }

  remove(row: Counted, state: AlertState): void {
    this.#change(row, state, -1);
  }

  /** What has changed, as parameters of the upsert below. */
  *parameters(): Iterable<readonly [string, AlertState, number, number, number]> {
    for (const { row, state, count, bytes } of this.#changes.values()) {
      if (count !== 0 || bytes !== 0) yield [row.host_id, state, row.severity, count, bytes];
    }
  }

  #change(row: Counted, state: AlertState, sign: 1 | -1): void {
    const key = `${row.host_id} ${state} ${row.severity}`;
    const change = this.#changes.get(key) ?? { row, state, count: 0, bytes: 0 };
    change.count += sign;
    change.bytes += sign * row.bytes;
    this.#changes.set(key, change);
  }
}

export interface AlertCounts {
  readonly byState: Readonly<Record<AlertState, number>>;
  readonly openBySeverity: Readonly<Record<Severity, number>>;
}

/** What one host holds in the inbox. */
export interface HostShare {
  readonly hostId: string;
  readonly count: number;
  readonly bytes: number;
}

export function createCountTable(database: Database) {
  const upsert = database
    .insertInto("alert_counts")
    .values({ host_id: "", state: "open", severity: 0, count: 0, bytes: 0 })
    .onConflict((conflict) =>
      conflict.columns(["host_id", "state", "severity"]).doUpdateSet((is) => ({
        count: is("alert_counts.count", "+", is.ref("excluded.count")),
        bytes: is("alert_counts.bytes", "+", is.ref("excluded.bytes")),
      })),
    )
    .compile();

  return {
    async apply(transaction: Transaction<Schema>, changes: CountChanges): Promise<void> {
      for (const parameters of changes.parameters()) {
        await transaction.executeQuery(withParameters(upsert, parameters));
      }
    },

    async read(): Promise<AlertCounts> {
      const rows = await database
        .selectFrom("alert_counts")
        .select((is) => ["state", "severity", is.fn.sum<number>("count").as("count")])
        .groupBy(["state", "severity"])
        .execute();
      const byState = zeros(ALERT_STATES);
      const openBySeverity = zeros(Object.keys(SEVERITIES) as Severity[]);
      for (const { state, severity, count } of rows) {
        byState[state] += count;
        if (state === "open") openBySeverity[severityOf(severity)] += count;
      }
      return { byState, openBySeverity };
    },

    /** Open alerts of each of these hosts; a host without any is missing. */
    async readOpen(
      hostIds: readonly string[],
    ): Promise<ReadonlyMap<string, { readonly count: number; readonly worst: Severity }>> {
      if (hostIds.length === 0) return new Map();
      const rows = await database
        .selectFrom("alert_counts")
        .select((is) => ["host_id", is.fn.sum<number>("count").as("count"), is.fn.max("severity").as("worst")])
        .where("host_id", "in", hostIds)
        .where("state", "=", "open")
        .where("count", ">", 0)
        .groupBy("host_id")
        .execute();
      return new Map(rows.map(({ host_id, count, worst }) => [host_id, { count, worst: severityOf(worst) }]));
    },

    /** By bytes, most first. */
    async readShares(): Promise<readonly HostShare[]> {
      return database
        .selectFrom("alert_counts")
        .select((is) => [
          "host_id as hostId",
          is.fn.sum<number>("count").as("count"),
          is.fn.sum<number>("bytes").as("bytes"),
        ])
        .groupBy("host_id")
        .orderBy("bytes", "desc")
        .execute();
    },
  };
}

export type CountTable = ReturnType<typeof createCountTable>;

function zeros<K extends string>(names: readonly K[]): Record<K, number> {
  return Object.fromEntries(names.map((name) => [name, 0])) as Record<K, number>;
}
