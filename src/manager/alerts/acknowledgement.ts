import type { Database } from "../../database/open-database.ts";
import type { InboxAlert } from "../../model/alert.ts";
import { CountChanges, type CountTable } from "./alert-counts.ts";
import { toInboxAlert } from "./alert-row.ts";

export interface AcknowledgeOrder {
  readonly ids: readonly string[];
  /** Of all hosts that have used an id where it is undefined. */
  readonly hostId?: string | undefined;
  readonly by: string;
  readonly atMs: number;
}

export interface Acknowledged {
  /** Open until now. */
  readonly acknowledged: string[];
  /** Acknowledged or cleared before. */
  readonly unchanged: string[];
  readonly unknown: string[];
  /** The alerts behind `acknowledged`, as they are now. */
  readonly alerts: readonly InboxAlert[];
}

/** Ids in one query. */
const IDS_PER_QUERY = 500;

/** Marks open alerts as seen, all or none; durable when it resolves. */
export function acknowledge(
  { database, counts }: { readonly database: Database; readonly counts: CountTable },
  { ids, hostId, by, atMs }: AcknowledgeOrder,
): Promise<Acknowledged> {
  return database.transaction().execute(async (transaction) => {
    const changes = new CountChanges();
    const known = new Set<string>();
    const alerts: InboxAlert[] = [];
    for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
      let query = transaction
        .selectFrom("alerts")
        .innerJoin("hosts", "hosts.id", "alerts.host_id")
        .selectAll("alerts")
        .select("hosts.name")
        .where("alerts.id", "in", ids.slice(start, start + IDS_PER_QUERY));
      if (hostId !== undefined) query = query.where("host_id", "=", hostId);
      const found = await query.execute();
      for (const row of found) known.add(row.id);
      const open = found.filter((row) => row.state === "open");
      if (open.length === 0) continue;
      await transaction
        .updateTable("alerts")
        .set({ state: "acknowledged", acknowledged_at_ms: atMs, acknowledged_by: by })
        .where(
          "sequence",
          "in",
          open.map((row) => row.sequence),
        )
        .execute();
      for (const { name, ...row } of open) {
        changes.remove(row, "open");
        changes.add(row, "acknowledged");
        alerts.push(
          toInboxAlert({ ...row, state: "acknowledged", acknowledged_at_ms: atMs, acknowledged_by: by }, name),
        );
      }
    }
    await counts.apply(transaction, changes);
    const changed = new Set(alerts.map(({ id }) => id));
    return {
      acknowledged: [...changed],
      unchanged: [...known].filter((id) => !changed.has(id)),
      unknown: ids.filter((id) => !known.has(id)),
      alerts,
    };
  });
}
