import type { Database } from "../../database/open-database.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { HostList } from "../fleet/host-list.ts";
import { WINDOWS_EVENTS_LIMITS } from "./limits.ts";

// Which host a publisher is. Its certificate says its name: a host that is known by exactly that name, or looked at by it as
// its address, is the one; what a host says of itself counts for nothing, or it could draw another's events to itself. One
// that nobody knows becomes a host that has been discovered. One that an operator removed stays out.

/** How far a publisher has come, in its own words. */
export interface Bookmarks {
  of(publisher: string, subscriptionId: string): Promise<string | undefined>;
  /** Durable when it resolves. */
  keep(publisher: string, subscriptionId: string, bookmark: string): Promise<void>;
}

export interface Publishers {
  /** The host that the computer of this name is, made where it is news; undefined for one that is not taken in. */
  admit(publisher: { readonly name: string; readonly address: string }): Promise<string | undefined>;
  /** Of one that was admitted. */
  hostOf(name: string): string | undefined;
  /** Of a host that is no longer minded. */
  remove(hostId: string): void;
  readonly bookmarks: Bookmarks;
}

export interface PublishersNeeds {
  readonly database: Database;
  readonly hosts: Pick<HostList, "all">;
  /** A host has been made of a computer that nobody knew. */
  readonly onDiscovered: (hostId: string) => Promise<void>;
  readonly publishersMax?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createPublishers(needs: PublishersNeeds): Publishers {
  const { database, hosts, clock, random, log } = needs;
  const { publishersMax = WINDOWS_EVENTS_LIMITS.publishersMax } = needs;
  const admitted = new Map<string, string>();
  /** One after the other: two first requests of one computer make one host. */
  let last: Promise<unknown> = Promise.resolve();

  async function find(name: string, address: string): Promise<string | undefined> {
    const row = await database.selectFrom("event_publishers").selectAll().where("name", "=", name).executeTakeFirst();
    const minded = await hosts.all();
    if (row !== undefined && minded.some(({ id }) => id === row.host_id)) return row.host_id;
    const named = minded.filter((host) => host.name.toLowerCase() === name);
    const same = named.length > 0 ? named : minded.filter(({ address }) => address.toLowerCase() === name);
    const [known, ...others] = same;
    if (known !== undefined && others.length === 0) {
      await database
        .insertInto("event_publishers")
        .values({ name, host_id: known.id })
        .onConflict((conflict) => conflict.column("name").doUpdateSet({ host_id: known.id }))
        .execute();
      return known.id;
    }
    if (row !== undefined) {
      log.warn({ publisher: name }, "a Windows computer whose host was removed still sends events; they are refused");
      return undefined;
    }
    return discover(name, address);
  }

  async function discover(name: string, address: string): Promise<string | undefined> {
    const { count } = await database
      .selectFrom("event_publishers")
      .select(({ fn }) => fn.countAll<number>().as("count"))
      .executeTakeFirstOrThrow();
    if (Number(count) >= publishersMax) {
      log.warn({ publisher: name, most: publishersMax }, "a Windows computer is not taken in: there are too many");
      return undefined;
    }
    const id = createUuid({ clock, random });
    const facts = { hostname: name, platform: "win32", operatingSystem: "Windows", architecture: "", agentVersion: "" };
    await database.transaction().execute(async (transaction) => {
      const values = { facts: JSON.stringify(facts), address, ports: "{}", enrolled_at_ms: clock.now() };
      // Taken by a host that has just come: this one says where it comes from.
      const taken = await transaction.selectFrom("hosts").select("id").where("name", "=", name).executeTakeFirst();
      const free = taken === undefined ? name : `${name} (Windows events ${id.slice(-6)})`;
      await transaction
        .insertInto("hosts")
        .values({ id, name: free, means: "windows-events", ...values })
        .execute();
      await transaction.insertInto("event_publishers").values({ name, host_id: id }).execute();
    });
    log.info({ publisher: name, host: id, address }, "a Windows computer sends its events: it is a host from now on");
    await needs.onDiscovered(id);
    return id;
  }

  return {
    async admit({ name, address }) {
      const known = admitted.get(name);
      if (known !== undefined) return known;
      const turn = last.then(async () => {
        const hostId = admitted.get(name) ?? (await find(name, address));
        if (hostId !== undefined) admitted.set(name, hostId);
        return hostId;
      });
      last = turn.catch(() => {});
      return turn;
    },
    hostOf: (name) => admitted.get(name),
    remove(hostId) {
      for (const [name, id] of admitted) if (id === hostId) admitted.delete(name);
    },
    bookmarks: {
      async of(publisher, subscriptionId) {
        const row = await database
          .selectFrom("event_bookmarks")
          .select("bookmark")
          .where("publisher", "=", publisher)
          .where("subscription_id", "=", subscriptionId)
          .executeTakeFirst();
        return row?.bookmark;
      },
      async keep(publisher, subscription_id, bookmark) {
        const news = { bookmark, taken_at_ms: clock.now() };
        await database
          .insertInto("event_bookmarks")
          .values({ publisher, subscription_id, ...news })
          .onConflict((conflict) => conflict.columns(["publisher", "subscription_id"]).doUpdateSet(news))
          .execute();
      },
    },
  };
}
