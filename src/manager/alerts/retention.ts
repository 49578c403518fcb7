import type { Database } from "../../database/open-database.ts";
import type { AlertState } from "../../model/alert.ts";
import { CountChanges, type CountTable } from "./alert-counts.ts";
import { INBOX_LIMITS } from "./limits.ts";

// The inbox is bounded. Too much is taken from the host that has most, so that the flood of one does not wash away the
// alerts of others; of that host what is settled goes first, and what still is open last, the oldest first each time.

export interface RetentionLimits {
  readonly alertsKept: number;
  readonly bytesKept: number;
  readonly settledKeptMs: number;
  readonly alertsPerPrune: number;
}

export interface Pruned {
  /** Settled long ago. */
  readonly expired: number;
  /** Removed because there were too many, by state. Open ones among them are lost for good: the caller tells. */
  readonly evicted: Readonly<Record<AlertState, number>>;
}

const EVICTION_ORDER = ["cleared", "acknowledged", "open"] as const satisfies readonly AlertState[];

export async function prune(
  { database, counts }: { readonly database: Database; readonly counts: CountTable },
  { nowMs, limits = INBOX_LIMITS }: { readonly nowMs: number; readonly limits?: RetentionLimits },
): Promise<Pruned> {
  let expired = 0;
  for (const state of ["cleared", "acknowledged"] as const) {
    const receivedBeforeMs = nowMs - limits.settledKeptMs;
    for (;;) {
      const removed = await remove({ state, receivedBeforeMs });
      expired += removed;
      if (removed < limits.alertsPerPrune) break;
    }
  }

  const evicted = { open: 0, acknowledged: 0, cleared: 0 };
  for (;;) {
    const shares = await counts.readShares();
    const total = shares.reduce((sum, { count, bytes }) => ({ count: sum.count + count, bytes: sum.bytes + bytes }), {
      count: 0,
      bytes: 0,
    });
    const excess = total.count - limits.alertsKept;
    if (excess <= 0 && total.bytes <= limits.bytesKept) break;
    const largest = excess > 0 ? shares.toSorted((a, b) => b.count - a.count)[0] : shares[0];
    const limit = excess > 0 ? Math.min(excess, limits.alertsPerPrune) : limits.alertsPerPrune;
    const state = largest && (await firstState(largest.hostId));
    if (largest === undefined || state === undefined) break;
    evicted[state] += await remove({ state, hostId: largest.hostId, limit });
  }
  return { expired, evicted };

  async function firstState(hostId: string): Promise<AlertState | undefined> {
    const rows = await database
      .selectFrom("alert_counts")
      .select("state")
      .where("host_id", "=", hostId)
      .where("count", ">", 0)
      .execute();
    return EVICTION_ORDER.find((state) => rows.some((row) => row.state === state));
  }

  /** Removes the oldest of one state; returns how many. */
  function remove(which: {
    state: AlertState;
    hostId?: string;
    receivedBeforeMs?: number;
    limit?: number;
  }): Promise<number> {
    const { state, hostId, receivedBeforeMs, limit = limits.alertsPerPrune } = which;
    return database.transaction().execute(async (transaction) => {
      let oldest = transaction.selectFrom("alerts").select(["sequence", "received_at_ms"]).where("state", "=", state);
      if (hostId !== undefined) oldest = oldest.where("host_id", "=", hostId);
      const candidates = await oldest.orderBy("sequence").limit(limit).execute();
      const doomed = candidates
        .filter((row) => receivedBeforeMs === undefined || row.received_at_ms < receivedBeforeMs)
        .map((row) => row.sequence);
      if (doomed.length === 0) return 0;
      const removed = await transaction
        .deleteFrom("alerts")
        .where("sequence", "in", doomed)
        .returning(["host_id", "severity", "state", "bytes"])
        .execute();
      const changes = new CountChanges();
      for (const row of removed) changes.remove(row, row.state);
      await counts.apply(transaction, changes);
      return removed.length;
    });
  }
}
