import type { Selectable } from "kysely";
import type { Database } from "../../../database/open-database.ts";
import type { AgentlessHostsTable } from "../../../database/schema.ts";
import type { HostThresholds } from "../../../model/thresholds.ts";
import type { ForeignTrust } from "../../../net/foreign-dial.ts";
import type { SnmpAccess } from "../../../protocols/snmp/access.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import { createUuid, type Random } from "../../../runtime/random.ts";
import type { SecretSeal } from "./sealed-secret.ts";
import type { AgentlessMeans, Target } from "./target.ts";
import { flowOfTarget } from "./target-port.ts";

/** A server to be looked at, as the operator gives it. */
export type AgentlessOrder = Omit<Target, "hostId">;

/** Servers without an agent, as the database has them. */
export interface AgentlessList {
  /** All that are minded; one whose password does not open is left out and said. */
  all(): Promise<readonly Target[]>;
  /** With `isRemoved` one that was removed, for what is left to do there. */
  find(hostId: string, options?: { readonly isRemoved: boolean }): Promise<Target | undefined>;
  /** What differs for one server; undefined where it is not in the list. */
  thresholdsOf(hostId: string): Promise<HostThresholds | undefined>;
  /** Replaces it; false where the server is not in the list. */
  setThresholds(hostId: string, own: HostThresholds): Promise<boolean>;
  /** Undefined where another host has the name. */
  add(order: AgentlessOrder): Promise<Target | undefined>;
}

export function createAgentlessList({
  database,
  seal,
  clock,
  random,
  log,
}: {
  readonly database: Database;
  readonly seal: SecretSeal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}): AgentlessList {
  const rows = ({ isRemoved } = { isRemoved: false }) =>
    database
      .selectFrom("agentless_hosts")
      .innerJoin("hosts", "hosts.id", "agentless_hosts.host_id")
      .selectAll("agentless_hosts")
      .select(["hosts.name", "hosts.address", "hosts.means"])
      .where("hosts.revoked_at_ms", isRemoved ? "is not" : "is", null);
  type Row = Selectable<AgentlessHostsTable> & { name: string; address: string; means: string };

  function toTarget(row: Row): Target {
    const { host_id, name, address, port, path, namespace, account, sealed_password, sealed_snmp } = row;
    return {
      hostId: host_id,
      name,
      address,
      means: row.means as AgentlessMeans,
      port,
      trust: JSON.parse(row.trust) as ForeignTrust,
      account:
        account === null || sealed_password === null
          ? null
          : { name: account, password: seal.open(sealed_password, host_id) },
      path,
      namespace,
      ...(sealed_snmp === null ? {} : { snmp: JSON.parse(seal.open(sealed_snmp, host_id)) as SnmpAccess }),
    };
  }

  return {
    async all() {
      return (await rows().execute()).flatMap((row) => {
        try {
          return [toTarget(row)];
        } catch (error) {
          log.error({ host: row.host_id, reason: reasonOf(error) }, "a server cannot be looked at");
          return [];
        }
      });
    },
    async find(hostId, options) {
      const row = await rows(options).where("host_id", "=", hostId).executeTakeFirst();
      return row && toTarget(row);
    },
    async thresholdsOf(hostId) {
      const row = await rows().where("host_id", "=", hostId).executeTakeFirst();
      if (row === undefined) return undefined;
      return row.thresholds === null ? {} : (JSON.parse(row.thresholds) as HostThresholds);
    },
    async setThresholds(hostId, own) {
      const thresholds = Object.keys(own).length === 0 ? null : JSON.stringify(own);
      const query = database.updateTable("agentless_hosts").set({ thresholds }).where("host_id", "=", hostId);
      return (await query.executeTakeFirst()).numUpdatedRows > 0n;
    },
    add: (order) =>
      database.transaction().execute(async (transaction) => {
        const taken = await transaction.selectFrom("hosts").select("id").where("name", "=", order.name).execute();
        if (taken.length > 0) return undefined;
        const hostId = createUuid({ clock, random });
        const facts = {
          ...{ hostname: order.address, platform: "unknown", operatingSystem: "", architecture: "", agentVersion: "" },
        };
        await transaction
          .insertInto("hosts")
          .values({
            id: hostId,
            name: order.name,
            facts: JSON.stringify(facts),
            address: order.address,
            ports: JSON.stringify(portsOf(order)),
            enrolled_at_ms: clock.now(),
            means: order.means,
          })
          .execute();
        const { port, trust, account, path, namespace, snmp } = order;
        await transaction
          .insertInto("agentless_hosts")
          .values({
            host_id: hostId,
            port,
            trust: JSON.stringify(trust),
            account: account?.name ?? null,
            sealed_password: account === null ? null : seal.seal(account.password, hostId),
            path,
            namespace,
            sealed_snmp: snmp === undefined ? null : seal.seal(JSON.stringify(snmp), hostId),
          })
          .execute();
        return { ...order, hostId };
      }),
  };
}

/** What differs from the port map, for firewall rules. */
function portsOf(order: AgentlessOrder): Readonly<Record<string, number>> {
  const flow = flowOfTarget(order);
  return flow === null || order.port === null ? {} : { [flow]: order.port };
}
