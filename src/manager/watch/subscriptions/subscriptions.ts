import type { Database } from "../../../database/open-database.ts";
import type { PingResult } from "../../../net/ping.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Log } from "../../../runtime/log.ts";
import type { Random } from "../../../runtime/random.ts";
import type { Inbox } from "../../alerts/inbox.ts";
import { findOpenAlert } from "../../alerts/open-alert.ts";
import { SUBSCRIBED_PATHS } from "../../indications/indication-listener.ts";
import type { AgentlessList } from "../agentless/agentless-list.ts";
import type { SecretSeal } from "../agentless/sealed-secret.ts";
import type { Target } from "../agentless/target.ts";
import { createCimXmlSubscription } from "./cim-xml-subscription.ts";
import { SUBSCRIPTION_ALERT } from "./subscription-alerts.ts";
import { createSubscriptionKeeper, type SubscriptionKeeper } from "./subscription-keeper.ts";
import { createSubscriptionList } from "./subscription-list.ts";
import { createWsmanSubscription } from "./wsman-subscription.ts";

export interface SubscriptionsNeeds {
  readonly managerId: string;
  /** Where servers reach the manager. */
  readonly address: string;
  readonly port: number;
  readonly find: AgentlessList["find"];
  readonly ping: (address: string) => Promise<PingResult>;
  readonly inbox: Pick<Inbox, "raise" | "page">;
  readonly mayBeTold: (hostId: string) => boolean;
  readonly database: Database;
  readonly seal: SecretSeal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** The manager's subscriptions, tied to its database, its inbox and its listener of indications. */
export function createSubscriptions(needs: SubscriptionsNeeds): SubscriptionKeeper {
  const { inbox, mayBeTold } = needs;
  const host = needs.address.includes(":") ? `[${needs.address}]` : needs.address;
  const isOpen = async (hostId: string) =>
    (await findOpenAlert(inbox, { hostId, ...SUBSCRIPTION_ALERT })) !== undefined;
  return createSubscriptionKeeper({
    ...needs,
    list: createSubscriptionList(needs),
    meansOf: (target) =>
      target.means === "wsman" ? createWsmanSubscription(target, needs) : createCimXmlSubscription(target, needs),
    destinationOf: (target: Target, token) =>
      `https://${host}:${needs.port}${SUBSCRIBED_PATHS[target.means === "wsman" ? "wsman" : "cim-xml"]}${token}`,
    async raiseOnce(hostId, alert) {
      if (mayBeTold(hostId) && !(await isOpen(hostId))) await inbox.raise(hostId, alert);
    },
    async tell(hostId, alert) {
      // What ends an alert is told only where there is one to end.
      if (alert.kind === "event" || (await isOpen(hostId))) await inbox.raise(hostId, alert);
    },
  });
}
