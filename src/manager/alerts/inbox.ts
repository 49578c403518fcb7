import type { Database } from "../../database/open-database.ts";
import { isConstraintFailure } from "../../database/sqlite-failure.ts";
import type { Alert, InboxAlert, Severity } from "../../model/alert.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";
import { type Acknowledged, type AcknowledgeOrder, acknowledge } from "./acknowledgement.ts";
import { type AlertCounts, createCountTable } from "./alert-counts.ts";
import { type AlertList, createAlertList } from "./alert-list.ts";
import { createAlertWriter } from "./alert-writer.ts";
import { createGroupCommit } from "./group-commit.ts";
import { INBOX_LIMITS } from "./limits.ts";
import { type Pruned, prune } from "./retention.ts";

// Where alerts end up: each exactly once, by host and id, however often and by whichever route it is told. What `store`
// has answered is on disk.

export interface StoreOutcome {
  /** On disk, now or since an earlier telling. */
  readonly committed: readonly string[];
  /** Can never be taken. */
  readonly refused: readonly { readonly id: string; readonly reason: string }[];
}

export interface Inbox extends Service, AlertList {
  /** Alerts of one host, over whichever route. Rejects when the database failed, or does not know the host: tell them again. */
  store(hostId: string, alerts: readonly Alert[]): Promise<StoreOutcome>;
  /** What the manager itself has to say about a host. */
  raise(hostId: string, alert: Alert): Promise<void>;
  acknowledge(order: Omit<AcknowledgeOrder, "atMs">): Promise<Acknowledged>;
  counts(): Promise<AlertCounts>;
  /** Open alerts of each of these hosts; a host without any is missing. */
  openByHost(
    hostIds: readonly string[],
  ): Promise<ReadonlyMap<string, { readonly count: number; readonly worst: Severity }>>;
  /** Brings the inbox below its bounds; the service does so by itself. */
  prune(): Promise<Pruned>;
}

export interface InboxNeeds {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Told after each commit: alerts that are new or whose state has changed, as they are now. Must not throw. */
  readonly onAlerts: (alerts: readonly InboxAlert[]) => void;
  /** Who acknowledges alerts of this host as they come, such as a maintenance window; undefined where a person shall. */
  readonly quietedBy?: (hostId: string) => string | undefined;
}

/** The moments that a Date can show (ECMA-262 §21.4.1.1): others would break every view of the alert. */
const DATE_MS_MAX = 8_640_000_000_000_000;

export function createInbox({ database, clock, log, onAlerts, quietedBy = () => undefined }: InboxNeeds): Inbox {
  const counts = createCountTable(database);
  const writer = createAlertWriter({ database, counts });
  const list = createAlertList(database);
  const group = createGroupCommit<Alert>({
    itemsMax: INBOX_LIMITS.alertsPerCommit,
    async commit(batches) {
      const told = batches.map(({ teller, items }) => ({ hostId: teller, alerts: items }));
      const { added, changed, strangers } = await writer.write(told, clock.now());
      const quieted = await quiet(added);
      const news = [...added.map((alert) => quieted.get(alert) ?? alert), ...changed];
      if (news.length > 0) onAlerts(news);
      return batches.map(({ teller }) =>
        strangers.has(teller) ? new Error(`alerts of host ${teller}: the database does not know it`) : undefined,
      );
    },
    isFaultOfOne: isConstraintFailure,
  });
  let stopPruning = () => {};

  /** Acknowledges what shall bother nobody; a kill just before it leaves the alert open, which is the better mistake. */
  async function quiet(added: readonly InboxAlert[]): Promise<ReadonlyMap<InboxAlert, InboxAlert>> {
    const quieted = new Map<InboxAlert, InboxAlert>();
    for (const [hostId, alerts] of Map.groupBy(added, (alert) => alert.hostId)) {
      const by = quietedBy(hostId);
      if (by === undefined) continue;
      const ids = alerts.map(({ id }) => id);
      const outcome = await acknowledge({ database, counts }, { ids, hostId, by, atMs: clock.now() });
      const now = new Map(outcome.alerts.map((alert) => [alert.id, alert]));
      for (const alert of alerts) quieted.set(alert, now.get(alert.id) ?? alert);
    }
    return quieted;
  }

  async function pruneNow(): Promise<Pruned> {
    const pruned = await prune({ database, counts }, { nowMs: clock.now() });
    if (pruned.evicted.open > 0) {
      log.warn(
        { ...pruned },
        "the inbox was full: the oldest alerts of the host with the most were removed, open ones among them",
      );
    }
    return pruned;
  }

  async function store(hostId: string, alerts: readonly Alert[]): Promise<StoreOutcome> {
    const isDated = ({ raisedAtMs }: Alert) => Math.abs(raisedAtMs) <= DATE_MS_MAX;
    const good = alerts.filter(isDated);
    if (good.length > 0) await group.write({ teller: hostId, items: good });
    return {
      committed: good.map(({ id }) => id),
      refused: alerts
        .filter((alert) => !isDated(alert))
        .map(({ id, raisedAtMs }) => ({ id, reason: `raisedAtMs: ${raisedAtMs} is no date` })),
    };
  }

  return {
    ...list,
    name: "alert-inbox",
    async start() {
      stopPruning = every(clock, INBOX_LIMITS.pruneIntervalMs, () =>
        pruneNow().then(
          () => {},
          (error: unknown) => log.error({ reason: reasonOf(error) }, "the inbox could not be brought below its bounds"),
        ),
      );
    },
    /** What has been given to `store` is answered first. */
    async stop() {
      stopPruning();
      await group.idle();
    },
    store,
    async raise(hostId, alert) {
      const { refused } = await store(hostId, [alert]);
      if (refused[0] !== undefined) throw new RangeError(refused[0].reason);
    },
    async acknowledge(order) {
      const result = await acknowledge({ database, counts }, { ...order, atMs: clock.now() });
      if (result.alerts.length > 0) onAlerts(result.alerts);
      return result;
    },
    counts: counts.read,
    openByHost: counts.readOpen,
    prune: pruneNow,
  };
}
