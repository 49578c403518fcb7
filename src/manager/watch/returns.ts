import type { Alert, InboxAlert } from "../../model/alert.ts";
import type { Clock } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Random } from "../../runtime/random.ts";
import type { Inbox } from "../alerts/inbox.ts";
import { findOpenAlert } from "../alerts/open-alert.ts";
import { createBackAlert, HOST_COMPONENT, LAST_SIGN_DETAIL, UNREACHABLE_CONDITION } from "./reachability.ts";

// The alert of an unreachable host is told once and ended once, also across restarts of the manager: what is open is
// read from the inbox, not remembered.

export interface ReturnsNeeds {
  readonly inbox: Pick<Inbox, "raise" | "page">;
  readonly find: (hostId: string) => Promise<{ readonly name: string } | undefined>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export function createReturns({ inbox, find, clock, random, log }: ReturnsNeeds) {
  const findOpen = (hostId: string) =>
    findOpenAlert(inbox, { hostId, condition: UNREACHABLE_CONDITION, component: HOST_COMPONENT });
  return {
    /** Raises the alert unless it is open already. */
    async raiseOnce(hostId: string, alert: Alert): Promise<void> {
      if ((await findOpen(hostId)) === undefined) await inbox.raise(hostId, alert);
    },
    /** The host shows that it lives: ends the alert if there is one. Never rejects. */
    async onReturn(hostId: string): Promise<void> {
      try {
        const open = await findOpen(hostId);
        const host = await find(hostId);
        if (open === undefined || host === undefined) return;
        await inbox.raise(
          hostId,
          createBackAlert({ name: host.name, downSinceMs: downSince(open) }, { clock, random }),
        );
      } catch (error) {
        log.error({ hostId, reason: reasonOf(error) }, "could not note that the host is back");
      }
    },
  };
}

/** The last sign of life before it, or the alert itself where there never was one. Both are by the manager's clock. */
function downSince({ details, raisedAtMs }: InboxAlert): number {
  const sign = Date.parse(details.find(({ name }) => name === LAST_SIGN_DETAIL)?.value ?? "");
  return Number.isNaN(sign) ? raisedAtMs : sign;
}
