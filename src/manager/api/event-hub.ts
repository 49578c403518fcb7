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

export interface EventHubNeeds {
  readonly random: Random;
  readonly eventsKept?: number;
  readonly charactersKept?: number;
}

export function createEventHub({
  random,
  eventsKept = SERVICE_LIMITS.eventsKept,
  charactersKept = SERVICE_LIMITS.eventsKeptCharacters,
}: EventHubNeeds): EventHub {
  const epoch = random(6).toString("hex");
  const kept: (KeptEvent & { readonly characters: number })[] = [];
  const listeners = new Set<(event: KeptEvent) => void>();
  let first = 0; // Of `kept`, the index of the oldest that still counts; those before it go in one sweep now and then.
  let characters = 0;
  let newest = 0;

  function forget(): void {
    while (kept.length - first > eventsKept || characters > charactersKept) {
      characters -= kept[first]?.characters ?? 0;
      first += 1;
    }
    if (first <= eventsKept) return;
    kept.splice(0, first);
    first = 0;
  }

  return {
    publish(event) {
      newest += 1;
      const id = `${epoch}-${newest}`;
      let text: string | undefined;
      const one = {
        kind: event.kind,
        hostId: hostIdOf(event),
        characters: roughSize(event),
        text: () => {
          text ??= formatMessage({ id, event: event.kind, data: JSON.stringify(event) });
          return text;
        },
      };
      kept.push(one);
      characters += one.characters;
      forget();
      for (const listener of listeners) listener(one);
    },
    since(after) {
      if (after === undefined) return { events: [], missed: false };
      const [, idEpoch, number] = /^([0-9a-f]+)-(\d{1,15})$/.exec(after) ?? [];
      const gone = newest - (kept.length - first);
      const seen = Number(number);
      if (idEpoch !== epoch || seen > newest || seen < gone) return { events: [], missed: true };
      return { events: kept.slice(first + seen - gone), missed: false };
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    position: () => `${epoch}-${newest}`,
  };
}

const FIELDS_CHARACTERS = 500;

/** About what an event takes: its long texts and something for the rest. Turning each into JSON to know would cost more than it saves. */
function roughSize(event: PublishedEvent): number {
  if (event.kind === "alert") {
    const { summary, component, details } = event.alert;
    return (
      details.reduce(
        (sum, { name, value }) => sum + name.length + value.length + 30,
        summary.length + component.length,
      ) + FIELDS_CHARACTERS
    );
  }
  if (event.kind === "readings") {
    return event.readings.readings.reduce(
      (sum, reading) => sum + reading.component.length + reading.summary.length + 100,
      FIELDS_CHARACTERS,
    );
  }
  if (event.kind === "job") return event.job.paths.reduce((sum, path) => sum + path.length, FIELDS_CHARACTERS);
  if (event.kind === "snapshot")
    return event.snapshot.paths.reduce((sum, path) => sum + path.length, FIELDS_CHARACTERS);
  return FIELDS_CHARACTERS;
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
