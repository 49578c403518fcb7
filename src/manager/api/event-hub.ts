import type { ApiEvent, EventKind } from "../../api/event-routes.ts";
import { formatMessage } from "../../api/event-stream.ts";
import type { Random } from "../../runtime/random.ts";
import { SERVICE_LIMITS } from "./limits.ts";

// Where the manager's parts say what happened and the event streams hear it. Keeps the last events, so that a client that
// comes back goes on where it was. Ids are `epoch-number`: a manager that has started anew has another epoch, and an id
// of an earlier one means that events may have been missed.

/** What may be published: `ready` and `missed` are the streams' own. */
export type PublishedEvent = Extract<ApiEvent, { kind: EventKind }>;

/** An event as it stands in the hub; its text is made once, when the first stream wants it. */
export interface KeptEvent {
  readonly hostId: string;
  readonly kind: EventKind;
  readonly text: () => string;
}

export interface EventHub {
  publish(event: PublishedEvent): void;
  /** Events after `after`, oldest first, and whether some are gone; nothing and `false` without an id. */
  since(after: string | undefined): { readonly events: readonly KeptEvent[]; readonly missed: boolean };
  /** Calls `listener` with every event from now on; the function returned stops it. */
  subscribe(listener: (event: KeptEvent) => void): () => void;
  /** The id of the newest event. */
  position(): string;
}

export function createEventHub({
  random,
  eventsKept = SERVICE_LIMITS.eventsKept,
}: {
  random: Random;
  eventsKept?: number;
}): EventHub {
  const epoch = random(6).toString("hex");
  const kept: KeptEvent[] = [];
  const listeners = new Set<(event: KeptEvent) => void>();
  let newest = 0;

  return {
    publish(event) {
      newest += 1;
      const id = `${epoch}-${newest}`;
      let text: string | undefined;
      const one: KeptEvent = {
        kind: event.kind,
        hostId: hostIdOf(event),
        text: () => {
          text ??= formatMessage({ id, event: event.kind, data: JSON.stringify(event) });
          return text;
        },
      };
      kept.push(one);
      // Cut in halves: dropping one at a time from the front would move the whole list at every event.
      if (kept.length > 2 * eventsKept) kept.splice(0, kept.length - eventsKept);
      for (const listener of listeners) listener(one);
    },
    since(after) {
      if (after === undefined) return { events: [], missed: false };
      const [, idEpoch, number] = /^([0-9a-f]+)-(\d{1,15})$/.exec(after) ?? [];
      const gone = newest - kept.length;
      const seen = Number(number);
      if (idEpoch !== epoch || seen > newest || seen < gone) return { events: [], missed: true };
      return { events: kept.slice(seen - gone), missed: false };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    position: () => `${epoch}-${newest}`,
  };
}

function hostIdOf(event: PublishedEvent): string {
  switch (event.kind) {
    case "alert":
      return event.alert.hostId;
    case "host":
      return event.host.id;
    case "readings":
      return event.hostId;
    case "job":
      return event.job.hostId;
    case "snapshot":
      return event.snapshot.hostId;
  }
}
