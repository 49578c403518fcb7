import type { Alert } from "../../model/alert.ts";
import type { WindowsBatch } from "../../protocols/wsman/windows/collector.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Inbox } from "../alerts/inbox.ts";
import { alertOfWindowsEvent } from "./alert-of-windows-event.ts";
import { WINDOWS_EVENTS_LIMITS } from "./limits.ts";
import type { Publishers } from "./publishers.ts";

// From a batch to the inbox. First the events are on disk, then the bookmark, then the publisher hears that they are: a kill
// between any two of them has it send the batch again, whose events then have the ids that are there already.

export interface EventIntakeNeeds {
  readonly inbox: Pick<Inbox, "store" | "raise">;
  readonly publishers: Pick<Publishers, "hostOf" | "bookmarks">;
  /** The one that publishers are told of. */
  readonly subscriptionId: string;
  /** The computer has shown that it lives. */
  readonly onSign: (hostId: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** `unknown` has the publisher forget the subscription and ask for what there is. */
export function createEventIntake(needs: EventIntakeNeeds): (batch: WindowsBatch) => Promise<"committed" | "unknown"> {
  const { inbox, publishers, subscriptionId, onSign, clock, random, log } = needs;

  async function take(hostId: string, { events }: WindowsBatch): Promise<void> {
    const receivedAtMs = clock.now();
    const { eventsPerCommitMax } = WINDOWS_EVENTS_LIMITS;
    for (let start = 0; start < events.length; start += eventsPerCommitMax) {
      const part = events.slice(start, start + eventsPerCommitMax);
      const alerts = part.map((event) => alertOfWindowsEvent(event, { hostId, receivedAtMs }));
      const { refused } = await inbox.store(hostId, alerts);
      // Sent again it would be refused again, and hold up what is behind it.
      for (const { reason } of refused) log.warn({ host: hostId, reason }, "a Windows event was refused");
    }
  }

  const tell = (hostId: string, words: Pick<Alert, "severity" | "condition" | "summary" | "details">) =>
    inbox.raise(hostId, {
      id: createUuid({ clock, random }),
      raisedAtMs: clock.now(),
      category: "communication",
      kind: "event",
      component: "event log",
      ...words,
    });

  return async (batch) => {
    const { sender, kind, bookmark, dropped, endStatus } = batch;
    const hostId = publishers.hostOf(sender);
    if (hostId === undefined || batch.subscriptionId !== subscriptionId) return "unknown";
    await take(hostId, batch);
    if (kind === "dropped") {
      await tell(hostId, {
        severity: "warning",
        condition: "windows.lost",
        summary: `${dropped} ${dropped === 1 ? "event" : "events"} of this server did not arrive, as it says itself`,
        details: [],
      });
    }
    if (kind === "end") {
      await tell(hostId, {
        severity: "warning",
        condition: "windows.ended",
        summary: "the server has stopped sending events; it asks again at its next refresh",
        details: endStatus === "" ? [] : [{ name: "status", value: endStatus.slice(0, 1_024) }],
      });
    }
    if (bookmark !== undefined) await publishers.bookmarks.keep(sender, subscriptionId, bookmark);
    onSign(hostId);
    return "committed";
  };
}
