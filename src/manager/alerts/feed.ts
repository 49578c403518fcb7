import type { InboxAlert } from "../../model/alert.ts";
import type { HostReadings } from "../../model/reading.ts";
import { INBOX_LIMITS } from "./limits.ts";

// What happens, for whoever wants to follow: event streams, notification routes. Publishing never waits and never
// fails: a subscriber that is too slow is told that it has missed something, and its subscription ends.

export type FeedEvent =
  | { readonly kind: "alert"; readonly alert: InboxAlert }
  | { readonly kind: "readings"; readonly hostId: string; readonly readings: HostReadings };

/** The last thing a slow subscriber gets: it has to look at the inbox itself and subscribe again. */
export interface Missed {
  readonly kind: "missed";
}

export interface Subscription extends AsyncIterable<FeedEvent | Missed> {
  close(): void;
}

export interface Feed {
  publish(event: FeedEvent): void;
  /** Events from now on. For one reader. */
  subscribe(): Subscription;
  readonly subscribers: number;
}

export function createFeed({ queueMax = INBOX_LIMITS.feedQueue }: { readonly queueMax?: number } = {}): Feed {
  const takers = new Set<(event: FeedEvent) => void>();

  return {
    publish(event) {
      for (const take of takers) take(event);
    },
    get subscribers() {
      return takers.size;
    },
    subscribe() {
      let queue: (FeedEvent | Missed)[] = [];
      let wake = () => {};

      const take = (event: FeedEvent) => {
        if (queue.length < queueMax) queue.push(event);
        else {
          takers.delete(take);
          queue = [{ kind: "missed" }];
        }
        wake();
      };
      const close = () => {
        takers.delete(take);
        queue = [];
        wake();
      };
      takers.add(take);

      return {
        close,
        async *[Symbol.asyncIterator]() {
          try {
            for (;;) {
              const event = queue.shift();
              if (event !== undefined) yield event;
              else if (takers.has(take)) {
                await new Promise<void>((resolve) => {
                  wake = resolve;
                });
              } else return;
            }
          } finally {
            close();
          }
        },
      };
    },
  };
}
