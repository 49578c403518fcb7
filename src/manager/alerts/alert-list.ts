import type { Database } from "../../database/open-database.ts";
import { containsText } from "../../database/text-search.ts";
import { type AlertState, type InboxAlert, SEVERITIES, type Severity } from "../../model/alert.ts";
import { toInboxAlert } from "./alert-row.ts";
import { INBOX_LIMITS } from "./limits.ts";

export interface AlertQuery {
  /** At most this many, 1 or more. */
  readonly limit: number;
  /** Goes on behind this place: the `next` of the page before. */
  readonly after?: number | undefined;
  readonly states?: readonly AlertState[] | undefined;
  /** This severity and worse. */
  readonly severityMin?: Severity | undefined;
  readonly hostId?: string | undefined;
  /** Part of summary, component or condition; ASCII letters in either case. */
  readonly text?: string | undefined;
}

export interface AlertPage {
  readonly items: InboxAlert[];
  /** Null behind the last. */
  readonly next: number | null;
}

export interface AlertList {
  /** Newest first, in order of arrival. Alerts that arrive meanwhile shift nothing. */
  page(query: AlertQuery): Promise<AlertPage>;
  /** All with this id: more than one where hosts have used the same. */
  find(id: string, hostId?: string | undefined): Promise<readonly InboxAlert[]>;
}

export function createAlertList(database: Database): AlertList {
  const rows = () =>
    database
      .selectFrom("alerts")
      .innerJoin("hosts", "hosts.id", "alerts.host_id")
      .selectAll("alerts")
      .select("hosts.name");

  function filtered({ states, severityMin, hostId, text }: AlertQuery) {
    let query = rows();
    if (states !== undefined) query = query.where("state", "in", states);
    if (severityMin !== undefined) query = query.where("severity", ">=", SEVERITIES[severityMin]);
    if (hostId !== undefined) query = query.where("host_id", "=", hostId);
    if (text !== undefined) {
      const columns = ["summary", "component", "condition"];
      query = query.where((is) => is.or(columns.map((column) => containsText(column, text))));
    }
    return query;
  }

  return {
    async page(query) {
      const newest = await database
        .selectFrom("alerts")
        .select((is) => is.fn.max<number | null>("sequence").as("sequence"))
        .executeTakeFirst();
      let below = Math.min(query.after ?? Number.MAX_SAFE_INTEGER, (newest?.sequence ?? 0) + 1);
      const items: InboxAlert[] = [];
      // A rare thing far back is looked for in pieces, so that nobody waits for the whole search.
      while (below > 1) {
        const from = below - INBOX_LIMITS.sequencesPerLook;
        const found = await filtered(query)
          .where("sequence", "<", below)
          .where("sequence", ">=", from)
          .orderBy("sequence", "desc")
          .limit(query.limit - items.length)
          .execute();
        for (const { name, ...row } of found) items.push(toInboxAlert(row, name));
        const last = found.at(-1);
        if (items.length === query.limit && last !== undefined) return { items, next: last.sequence };
        below = from;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return { items, next: null };
    },

    async find(id, hostId) {
      let query = rows().where("alerts.id", "=", id);
      if (hostId !== undefined) query = query.where("host_id", "=", hostId);
      const found = await query.orderBy("sequence").execute();
      return found.map(({ name, ...row }) => toInboxAlert(row, name));
    },
  };
}
