import type { Selectable } from "kysely";
import type { Database } from "../../../database/open-database.ts";
import type { IndicationSubscriptionsTable } from "../../../database/schema.ts";
import type { Subscription } from "../../../model/subscription.ts";
import { reasonOf } from "../../../runtime/errors.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Random } from "../../../runtime/random.ts";
import type { SecretSeal } from "../agentless/sealed-secret.ts";

/** What is known of one subscription, apart from the server itself. */
export interface KnownSubscription extends Subscription {
  readonly hostId: string;
  /** In the path to which the server delivers: whoever has it speaks for that server. */
  readonly token: string;
  readonly handle: string | null;
  /** Null: it was never there. */
  readonly keptAtMs: number | null;
  /** It is to be taken away, because nobody wants it any more or because its host was removed. */
  readonly isRemoved: boolean;
  readonly isHostRemoved: boolean;
}

export interface SubscriptionList {
  /** One whose token does not open is left out and said. */
  all(): Promise<readonly KnownSubscription[]>;
  add(hostId: string): Promise<KnownSubscription>;
  change(known: KnownSubscription): Promise<void>;
  remove(hostId: string): Promise<void>;
  /** Notes since when it is to be taken away; null: it is wanted again. */
  end(hostId: string, atMs: number | null): Promise<void>;
}

const TOKEN_BYTES = 24;

export function createSubscriptionList({
  database,
  seal,
  random,
  log,
}: {
  readonly database: Database;
  readonly seal: SecretSeal;
  readonly random: Random;
  readonly log: Log;
}): SubscriptionList {
  const toKnown = (
    row: Selectable<IndicationSubscriptionsTable> & { readonly revoked_at_ms: number | null },
  ): KnownSubscription => ({
    hostId: row.host_id,
    token: seal.open(row.sealed_token, row.host_id),
    handle: row.handle,
    state: row.state,
    reason: row.reason,
    checkedAtMs: row.checked_at_ms,
    keptAtMs: row.kept_at_ms,
    expiresAtMs: row.expires_at_ms,
    isRemoved: row.revoked_at_ms !== null || row.ended_at_ms !== null,
    isHostRemoved: row.revoked_at_ms !== null,
  });
  const changing = ({ handle, state, reason, checkedAtMs, keptAtMs, expiresAtMs }: KnownSubscription) => ({
    ...{ handle, state, reason },
    ...{ checked_at_ms: checkedAtMs, kept_at_ms: keptAtMs, expires_at_ms: expiresAtMs },
  });
  return {
    async all() {
      const rows = await database
        .selectFrom("indication_subscriptions")
        .innerJoin("hosts", "hosts.id", "indication_subscriptions.host_id")
        .selectAll("indication_subscriptions")
        .select("hosts.revoked_at_ms")
        .execute();
      return rows.flatMap((row) => {
        try {
          return [toKnown(row)];
        } catch (error) {
          log.error({ host: row.host_id, reason: reasonOf(error) }, "a subscription cannot be kept");
          return [];
        }
      });
    },
    async add(hostId) {
      const known: KnownSubscription = {
        ...{ hostId, token: random(TOKEN_BYTES).toString("base64url"), handle: null },
        ...{ isRemoved: false, isHostRemoved: false },
        ...{ state: "waiting", reason: "", checkedAtMs: null, keptAtMs: null, expiresAtMs: null },
      };
      await database
        .insertInto("indication_subscriptions")
        .values({ host_id: hostId, sealed_token: seal.seal(known.token, hostId), ...changing(known) })
        .execute();
      return known;
    },
    async change(known) {
      await database
        .updateTable("indication_subscriptions")
        .set(changing(known))
        .where("host_id", "=", known.hostId)
        .execute();
    },
    async end(hostId, atMs) {
      await database
        .updateTable("indication_subscriptions")
        .set({ ended_at_ms: atMs })
        .where("host_id", "=", hostId)
        .execute();
    },
    async remove(hostId) {
      await database.deleteFrom("indication_subscriptions").where("host_id", "=", hostId).execute();
    },
  };
}
