import type { Alert } from "../../../model/alert.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { createUuid, type Random } from "../../../runtime/random.ts";
import type { Target } from "../agentless/target.ts";

/** Of alerts about subscriptions. */
export const SUBSCRIPTION_ALERT = { component: "indications", condition: "indications.subscription" } as const;

interface Needs {
  readonly clock: Clock;
  readonly random: Random;
}

const common = ({ clock, random }: Needs) => ({
  ...{ id: createUuid({ clock, random }), raisedAtMs: clock.now() },
  ...{ category: "communication" as const, component: SUBSCRIPTION_ALERT.component },
});

export function createFailingAlert({ name, address, means }: Target, reason: string, needs: Needs): Alert {
  return {
    ...common(needs),
    ...{ severity: "warning", kind: "raised", condition: SUBSCRIPTION_ALERT.condition },
    summary: `${name} does not tell its indications: ${reason}`,
    details: [
      { name: "address", value: address },
      { name: "by", value: means },
    ],
  };
}

export function createKeptAlert({ name }: Target, needs: Needs): Alert {
  return {
    ...common(needs),
    ...{ severity: "information", kind: "cleared", condition: SUBSCRIPTION_ALERT.condition, details: [] },
    summary: `${name} is subscribed to again`,
  };
}

/** Ends what is open about a subscription that nobody wants any more. */
export function createEndedAlert({ name }: Target, needs: Needs): Alert {
  return {
    ...common(needs),
    ...{ severity: "information", kind: "cleared", condition: SUBSCRIPTION_ALERT.condition, details: [] },
    summary: `${name} is not to be subscribed to any more`,
  };
}

export function createLostAlert({ name }: Target, sinceMs: number, needs: Needs): Alert {
  return {
    ...common(needs),
    ...{ severity: "warning", kind: "event", condition: "indications.subscription-lost" },
    summary: `${name} had lost the subscription to its indications: some may not have arrived`,
    details: [{ name: "last seen in place", value: new Date(sinceMs).toISOString() }],
  };
}
