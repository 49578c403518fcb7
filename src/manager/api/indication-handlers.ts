import type { Host } from "../../model/host.ts";
import type { Subscription } from "../../model/subscription.ts";
import { findHost } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import type { HostDirectory } from "./needs.ts";

export interface IndicationDesk {
  /**
   * Subscribes to the indications of a server without an agent, or no more; durable when it resolves. What there is then:
   * undefined where none is wanted. Throws ApiError `invalid-request` for one at which nothing can be subscribed to.
   */
  change(host: Host, isWanted: boolean): Promise<Subscription | undefined>;
}

export interface IndicationNeeds {
  readonly hosts: HostDirectory;
  readonly indications: IndicationDesk;
}

export function createIndicationHandlers({ hosts, indications }: IndicationNeeds): Handlers<"hostIndications"> {
  return {
    async hostIndications({ params, body }) {
      const host = await findHost(hosts, params.host);
      const subscription = await indications.change(host, body.subscribed);
      if (subscription === undefined) return { hostId: host.id, subscription: null };
      const { state, reason, checkedAtMs, expiresAtMs } = subscription;
      return { hostId: host.id, subscription: { state, reason, checkedAtMs, expiresAtMs } };
    },
  };
}
