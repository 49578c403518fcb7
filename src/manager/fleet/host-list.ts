import type { Selectable } from "kysely";
import { withParameters } from "../../database/compiled-query.ts";
import type { Database } from "../../database/open-database.ts";
import type { HostsTable } from "../../database/schema.ts";
import { beginsWithText, containsText } from "../../database/text-search.ts";
import type { HostFacts, HostMeans } from "../../model/host.ts";

// The hosts as the database has them. Whether a host is up is presence (presence.ts), not a column.

/** A host without its state, which only a running manager knows. */
export interface HostRecord {
  readonly id: string;
  readonly name: string;
  readonly facts: HostFacts;
  readonly address: string;
  readonly ports: Readonly<Record<string, number>>;
  readonly enrolledAtMs: number;
  readonly lastSeenAtMs: number | null;
  readonly revokedAtMs: number | null;
  readonly group: string;
  readonly watched: boolean;
  readonly means: HostMeans;
}

/** A page of hosts goes on behind this one. */
export interface HostCursor {
  readonly name: string;
  readonly id: string;
}

/** One look at a server without an agent. */
export interface HostLook {
  readonly facts: Partial<HostFacts>;
  readonly atMs: number;
}

export interface HostList {
  find(id: string): Promise<HostRecord | undefined>;
  /** By exact name or id, then by unique beginning of an id; several answers mean that the reference is not unique. */
  search(reference: string): Promise<readonly HostRecord[]>;
  /** By name; hosts that were removed are left out unless asked for. */
  page(query: {
    after?: HostCursor;
    limit: number;
    text?: string;
    ids?: readonly string[];
  }): Promise<readonly HostRecord[]>;
  /** All that are not removed: what presence watches. At most some thousands of short rows. */
  all(): Promise<readonly HostRecord[]>;
  /** What the operator decides; what is left out stays. `atMs`: since when it is not watched. */
  change(
    id: string,
    changes: { name?: string | undefined; group?: string | undefined; watched?: boolean | undefined; atMs: number },
  ): Promise<void>;
  /** What was seen of servers without an agent, by id, in one transaction; facts that are left out stay. */
  looked(looks: ReadonlyMap<string, HostLook>): Promise<void>;
  /** What a host says of itself, and from where, at `atMs`. */
  seen(
    id: string,
    told: { facts: HostFacts; address: string; ports: Readonly<Record<string, number>>; atMs: number },
  ): Promise<void>;
}

export function createHostList(database: Database): HostList {
  const rows = () => database.selectFrom("hosts").selectAll();
  const seenLast = database.updateTable("hosts").set({ last_seen_at_ms: 0 }).where("id", "=", "").compile();
  return {
    async find(id) {
      const row = await rows().where("id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toRecord(row);
    },
    async search(reference) {
      const exact = await rows()
        .where((is) => is.or([is("name", "=", reference), is("id", "=", reference)]))
        .execute();
      const kept = exact.filter((row) => row.revoked_at_ms === null);
      if (kept.length > 0) return kept.map(toRecord);
      if (!/^[0-9a-f-]{4,36}$/.test(reference)) return exact.map(toRecord);
      const begins = await rows().where(beginsWithText("id", reference)).limit(10).execute();
      return begins.map(toRecord);
    },
    async page({ after, limit, text, ids }) {
      let query = rows().where("revoked_at_ms", "is", null).orderBy("name").orderBy("id").limit(limit);
      if (after !== undefined) {
        query = query.where((is) =>
          is.or([is("name", ">", after.name), is.and([is("name", "=", after.name), is("id", ">", after.id)])]),
        );
      }
      if (text !== undefined) {
        query = query.where(({ or }) => or([containsText("name", text), containsText("address", text)]));
      }
      if (ids !== undefined) query = query.where("id", "in", ids.length === 0 ? [""] : [...ids]);
      return (await query.execute()).map(toRecord);
    },
    async all() {
      return (await rows().where("revoked_at_ms", "is", null).orderBy("name").execute()).map(toRecord);
    },
    async change(id, { name, group, watched, atMs }) {
      const changes = {
        ...(name === undefined ? {} : { name }),
        ...(group === undefined ? {} : { group_path: group }),
        ...(watched === undefined ? {} : { unwatched_at_ms: watched ? null : atMs }),
      };
      if (Object.keys(changes).length === 0) return;
      await database.updateTable("hosts").set(changes).where("id", "=", id).execute();
    },
    looked: (looks) =>
      database.transaction().execute(async (transaction) => {
        for (const [id, { facts, atMs }] of looks) {
          await transaction.executeQuery(withParameters(seenLast, [atMs, id]));
          if (Object.keys(facts).length === 0) continue;
          const row = await transaction.selectFrom("hosts").select("facts").where("id", "=", id).executeTakeFirst();
          if (row === undefined) continue;
          const known = JSON.stringify({ ...(JSON.parse(row.facts) as HostFacts), ...facts });
          await transaction.updateTable("hosts").set({ facts: known }).where("id", "=", id).execute();
        }
      }),
    async seen(id, { facts, address, ports, atMs }) {
      await database
        .updateTable("hosts")
        .set({ facts: JSON.stringify(facts), address, ports: JSON.stringify(ports), last_seen_at_ms: atMs })
        .where("id", "=", id)
        .execute();
    },
  };
}

function toRecord(row: Selectable<HostsTable>): HostRecord {
  return {
    id: row.id,
    name: row.name,
    facts: JSON.parse(row.facts) as HostFacts,
    address: row.address,
    ports: JSON.parse(row.ports) as Record<string, number>,
    enrolledAtMs: row.enrolled_at_ms,
    lastSeenAtMs: row.last_seen_at_ms,
    revokedAtMs: row.revoked_at_ms,
    group: row.group_path,
    watched: row.unwatched_at_ms === null,
    means: row.means,
  };
}
