import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import type { IsSubclass } from "../../cim/query/evaluate.ts";
import type { Query } from "../../cim/query/query.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { IndicationStore, StoredKind } from "./indication-store.ts";
import { compileFilter, matchIndication } from "./matching.ts";

// Filters, destinations and subscriptions as they are now: those of the store, read once and kept in step with it.

/** SubscriptionState of CIM_IndicationSubscription. */
export const SUBSCRIPTION_ENABLED = 2;

export interface MatchedIndication {
  /** The identity of the destination's path. */
  readonly destination: string;
  readonly indication: CimInstance;
}

export class Subscriptions {
  readonly #store: IndicationStore;
  readonly #isSubclass: IsSubclass;
  readonly #clock: Clock;
  readonly #objects: Readonly<Record<StoredKind, Map<string, CimInstance>>>;
  readonly #queries = new Map<string, Query | null>();

  constructor({ store, isSubclass, clock }: { store: IndicationStore; isSubclass: IsSubclass; clock: Clock }) {
    this.#store = store;
    this.#isSubclass = isSubclass;
    this.#clock = clock;
    const read = (kind: StoredKind) =>
      new Map(store.list(kind).map((instance) => [instance.path?.identity ?? "", instance]));
    this.#objects = { filter: read("filter"), destination: read("destination"), subscription: read("subscription") };
  }

  all(kind: StoredKind): CimInstance[] {
    this.#removeExpired();
    return [...this.#objects[kind].values()];
  }

  find(kind: StoredKind, identity: string): CimInstance | undefined {
    return this.#objects[kind].get(identity);
  }

  count(kind: StoredKind): number {
    return this.#objects[kind].size;
  }

  /** Throws what makes a filter's query impossible. */
  put(kind: StoredKind, instance: CimInstance): void {
    const identity = instance.path?.identity ?? "";
    if (kind === "filter") this.#queries.set(identity, this.#compile(instance));
    this.#store.put(kind, instance);
    this.#objects[kind].set(identity, instance);
  }

  remove(kind: StoredKind, identity: string): void {
    this.#store.remove(kind, identity);
    this.#objects[kind].delete(identity);
    if (kind === "filter") this.#queries.delete(identity);
  }

  /** Whether a subscription names it. */
  isUsed(kind: "filter" | "destination", identity: string): boolean {
    return this.all("subscription").some((each) => endOf(each, kind) === identity);
  }

  /** Whether somebody wants to be told of instances that come, change and go. */
  get wantsLifeCycle(): boolean {
    return this.#active().some(
      ({ query }) =>
        this.#isSubclass(query.from, "CIM_InstIndication") || query.from.toLowerCase() === "cim_indication",
    );
  }

  /** What goes where, for the subscriptions that are enabled. */
  match(indication: CimInstance): MatchedIndication[] {
    return this.#active().flatMap(({ query, destination, filterName }) => {
      const picked = matchIndication(query, filterName, indication, this.#isSubclass);
      return picked === undefined ? [] : [{ destination, indication: picked }];
    });
  }

  #active() {
    return this.all("subscription").flatMap((subscription) => {
      const [filter, destination] = [endOf(subscription, "filter"), endOf(subscription, "destination")];
      const query = this.#queryOf(filter);
      if (subscription.get("SubscriptionState") !== SUBSCRIPTION_ENABLED || query === null) return [];
      return [{ query, destination, filterName: String(this.#objects.filter.get(filter)?.get("Name") ?? "") }];
    });
  }

  /** SubscriptionDuration is in seconds from SubscriptionStartTime; without one a subscription lasts. */
  #removeExpired(): void {
    for (const [identity, subscription] of this.#objects.subscription) {
      const left = secondsLeft(subscription, this.#clock.now());
      if (left !== null && left <= 0) this.remove("subscription", identity);
    }
  }

  /** What was stored is compiled when it is first needed: while this is built, the classes are not known yet. */
  #queryOf(identity: string): Query | null {
    const known = this.#queries.get(identity);
    if (known !== undefined) return known;
    const filter = this.#objects.filter.get(identity);
    let query: Query | null = null;
    try {
      if (filter !== undefined) query = this.#compile(filter);
    } catch (error) {
      // A query that another version of this program took and this one does not: it holds up no other subscription.
      if (!(error instanceof CimError)) throw error;
    }
    this.#queries.set(identity, query);
    return query;
  }

  #compile(filter: CimInstance): Query {
    const query = String(filter.get("Query") ?? "");
    const language = String(filter.get("QueryLanguage") ?? "");
    return compileFilter({ query, language }, this.#isSubclass);
  }
}

/** Seconds that a subscription has left; null where it has no end. */
export function secondsLeft(subscription: CimInstance, nowMs: number): number | null {
  const duration = subscription.get("SubscriptionDuration");
  const start = subscription.get("SubscriptionStartTime");
  if (typeof duration !== "bigint" || typeof start !== "object" || start === null || !("milliseconds" in start))
    return null;
  const startMs = start.milliseconds;
  return startMs === null ? null : Math.ceil((startMs + Number(duration) * 1_000 - nowMs) / 1_000);
}

function endOf(subscription: CimInstance, kind: "filter" | "destination"): string {
  const reference = subscription.get(kind === "filter" ? "Filter" : "Handler");
  return reference instanceof ObjectPath ? reference.identity : "";
}
