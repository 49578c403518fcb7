import type { ClientFilter } from "../../../protocols/wsman/client-filter.ts";
import type { Resource } from "../../../protocols/wsman/client-request.ts";
import { WsmanFault } from "../../../protocols/wsman/fault.ts";
import type { Subscribed } from "../../../protocols/wsman/subscribe-message.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import type { Target } from "../agentless/target.ts";
import { openWsmanClient } from "../agentless/target-clients.ts";
import type { SubscriptionMeans } from "./subscription-means.ts";

/** Long beside the time between two renewals; a server that the manager has left forgets it within that. */
const EXPIRES_MS = 3_600_000;
const EVERY_ALERT = "SELECT * FROM CIM_AlertIndication";

/** WS-Eventing (DSP0226 §10): acknowledged where the server can, else pushed without. */
export function createWsmanSubscription(
  target: Target,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): SubscriptionMeans {
  const { client, close } = openWsmanClient(target, { clock, random });
  const namespace = target.namespace ?? undefined;

  async function subscribe(notifyTo: string, signal: AbortSignal): Promise<Subscribed> {
    const how = { notifyTo, signal };
    try {
      return await subscribeTo({ className: "CIM_AlertIndication", namespace }, how);
    } catch (error) {
      // openwsman takes a subscription without a query as one by a filter of its CIM server that the selectors name.
      if (!isFault(error, "FilteringNotSupported")) throw error;
      return subscribeTo({ className: "*", namespace }, { ...how, filter: { dialect: "wql", query: EVERY_ALERT } });
    }
  }

  async function subscribeTo(
    resource: Resource,
    { signal, ...rest }: { readonly notifyTo: string; readonly filter?: ClientFilter; readonly signal: AbortSignal },
  ): Promise<Subscribed> {
    const options = { ...rest, expiresMs: EXPIRES_MS };
    try {
      return await client.subscribe(resource, { ...options, mode: "pushWithAck" }, clock.now(), { signal });
    } catch (error) {
      if (!isFault(error, "DeliveryModeRequestedUnavailable")) throw error;
      return client.subscribe(resource, { ...options, mode: "push" }, clock.now(), { signal });
    }
  }

  return {
    async ensure({ destination, handle }, signal) {
      if (handle !== null) {
        try {
          const lasts = await client.renew(readHandle(handle), EXPIRES_MS, clock.now(), { signal });
          return { isNew: false, handle, lastsMs: lasts ?? EXPIRES_MS };
        } catch (error) {
          // A server that answers with a fault knows nothing of it any more; one that does not answer may.
          if (!(error instanceof WsmanFault)) throw error;
        }
      }
      const subscribed = await subscribe(destination, signal);
      return { isNew: true, handle: writeHandle(subscribed), lastsMs: subscribed.expiresMs ?? EXPIRES_MS };
    },
    async remove(handle, signal) {
      if (handle === null) return;
      try {
        await client.unsubscribe(readHandle(handle), { signal });
      } catch (error) {
        if (!(error instanceof WsmanFault)) throw error;
      }
    },
    close,
  };
}

function isFault(error: unknown, subcode: string): boolean {
  return error instanceof WsmanFault && error.subcode === subcode;
}

function writeHandle({ managerPath, identifier }: Subscribed): string {
  return JSON.stringify({ managerPath, identifier });
}

function readHandle(handle: string): Subscribed {
  const { managerPath, identifier } = JSON.parse(handle) as { managerPath?: string; identifier: string };
  return { managerPath, identifier, expiresMs: undefined, context: undefined };
}
