// What an event source keeps: events in one journal, and subscriptions that each have a place in it. Whatever is slow or
// dead only falls behind in the journal; nobody else notices. Calls return when what they wrote is safe.

import type { DeliveryOptions } from "./subscribe-message.ts";

/** Events that are kept for subscribers who have fallen behind. */
export const JOURNAL_EVENTS_MAX = 10_000;

export interface JournalEvent {
  /** Grows by one with each event. */
  readonly position: number;
  readonly className: string;
  readonly namespace: string;
  /** The indication as XML in the DMTF's family of URIs. */
  readonly text: string;
}

/** Which events a subscription wants. */
export interface EventFilter {
  readonly namespace: string;
  /** Undefined where the query alone says. */
  readonly className: string | undefined;
  /** Of the URIs that the subscriber uses. */
  readonly prefix: string;
  readonly query: { readonly language: string; readonly text: string } | undefined;
}

/** Plain data: it may be kept as JSON. */
export interface StoredSubscription {
  readonly id: string;
  readonly owner: string;
  readonly delivery: DeliveryOptions;
  readonly filter: EventFilter;
  readonly expiresAtMs: number;
  /** The last position that was delivered, or given up. */
  readonly position: number;
  /** Events lost to this subscription that it has not been told of yet. */
  readonly dropped: number;
}

export interface EventStorage {
  /** The event's position. The oldest beyond JOURNAL_EVENTS_MAX go. */
  append(event: Omit<JournalEvent, "position">): number;
  /** Events after a position, oldest first. */
  read(after: number, max: number): readonly JournalEvent[];
  /** The last position given, 0 before the first; and the oldest one still there. */
  bounds(): { readonly oldest: number; readonly newest: number };
  subscriptions(): readonly StoredSubscription[];
  putSubscription(subscription: StoredSubscription): void;
  deleteSubscription(id: string): void;
}

/** For a source whose subscriptions need not outlive it, and for tests. */
export function createMemoryEventStorage({
  eventsMax = JOURNAL_EVENTS_MAX,
}: {
  eventsMax?: number;
} = {}): EventStorage {
  const events: JournalEvent[] = [];
  const subscriptions = new Map<string, StoredSubscription>();
  let newest = 0;
  return {
    append(event) {
      newest += 1;
      events.push({ ...event, position: newest });
      if (events.length > eventsMax) events.splice(0, events.length - eventsMax);
      return newest;
    },
    read(after, max) {
      const start = events.findIndex(({ position }) => position > after);
      return start < 0 ? [] : events.slice(start, start + max);
    },
    bounds: () => ({ oldest: events[0]?.position ?? newest + 1, newest }),
    subscriptions: () => [...subscriptions.values()],
    putSubscription: (subscription) => void subscriptions.set(subscription.id, subscription),
    deleteSubscription: (id) => void subscriptions.delete(id),
  };
}
