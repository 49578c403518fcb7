import { createForeignAgent } from "../../../net/foreign-request.ts";
import { flowName } from "../../../ports/port-map.ts";
import { WsmanClient } from "../../../protocols/wsman/client.ts";
import { foreignTransport } from "../../../protocols/wsman/client-transport.ts";
import { WsmanFault } from "../../../protocols/wsman/fault.ts";
import type { Subscribed } from "../../../protocols/wsman/subscribe-message.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Random } from "../../../runtime/random.ts";
import type { Target } from "../agentless/target.ts";
import { portOf } from "../agentless/target-port.ts";
import type { SubscriptionMeans } from "./subscription-means.ts";

/** Long beside the time between two renewals; a server that the manager has left forgets it within that. */
const EXPIRES_MS = 3_600_000;
const TIMEOUT_MS = 20_000;

/** WS-Eventing (DSP0226 §10): acknowledged where the server can, else pushed without. */
export function createWsmanSubscription(
  target: Target,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): SubscriptionMeans {
  const agent = createForeignAgent({
    flow: flowName(target.trust.kind === "plain" ? "wsmanHttp" : "wsmanHttps"),
    host: target.address,
    port: portOf(target),
    trust: target.trust,
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  const client = new WsmanClient({
    transport: foreignTransport(agent, target.account ?? undefined),
    random,
    operationTimeoutMs: TIMEOUT_MS,
    ...(target.path === null ? {} : { path: target.path }),
  });
  const resource = { className: "CIM_AlertIndication", namespace: target.namespace ?? undefined };

  async function subscribe(notifyTo: string, signal: AbortSignal): Promise<Subscribed> {
    const options = { notifyTo, expiresMs: EXPIRES_MS };
    try {
      return await client.subscribe(resource, { ...options, mode: "pushWithAck" }, clock.now(), { signal });
    } catch (error) {
      if (!(error instanceof WsmanFault) || error.subcode !== "DeliveryModeRequestedUnavailable") throw error;
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
    close: () => agent.close(),
  };
}

function writeHandle({ managerPath, identifier }: Subscribed): string {
  return JSON.stringify({ managerPath, identifier });
}

function readHandle(handle: string): Subscribed {
  const { managerPath, identifier } = JSON.parse(handle) as { managerPath?: string; identifier: string };
  return { managerPath, identifier, expiresMs: undefined, context: undefined };
}
