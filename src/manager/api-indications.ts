import { ApiError } from "../api/api-error.ts";
import type { Subscription } from "../model/subscription.ts";
import type { IndicationDesk } from "./api/indication-handlers.ts";
import type { AgentlessList } from "./watch/agentless/agentless-list.ts";
import type { AgentlessMeans } from "./watch/agentless/target.ts";
import type { SubscriptionKeeper } from "./watch/subscriptions/subscription-keeper.ts";

/** The manager's subscriptions as the API changes them. `subscriptions` is undefined where the manager may not subscribe. */
export function createIndicationDesk({
  find,
  subscriptions,
}: {
  readonly find: AgentlessList["find"];
  readonly subscriptions: Pick<SubscriptionKeeper, "add" | "end" | "of"> | undefined;
}): IndicationDesk {
  return {
    async change({ id, name }, isWanted): Promise<Subscription | undefined> {
      const target = await find(id);
      if (target === undefined) {
        throw new ApiError(
          "invalid-request",
          `host: ${name} runs an agent of ours`,
          "its alerts come by the agent, without a subscription",
        );
      }
      if (isWanted) {
        mayBeSubscribed(target.means, subscriptions !== undefined);
        await subscriptions?.add(target);
      } else await subscriptions?.end(id);
      return subscriptions?.of(id);
    },
  };
}

/** @throws ApiError `invalid-request`, in words, for a server or a manager by which nothing is subscribed to. */
export function mayBeSubscribed(means: AgentlessMeans, isOn: boolean): void {
  if (means !== "wsman" && means !== "cim-xml") {
    throw new ApiError(
      "invalid-request",
      `indications: a server that is looked at by ${means} tells none`,
      "by wsman or cim-xml it may",
    );
  }
  if (isOn) return;
  const why = "indications: the manager does not subscribe, because its setting indications.subscribe is off";
  throw new ApiError("invalid-request", why, 'set `indications.subscribe = "on"` and start the manager again');
}
