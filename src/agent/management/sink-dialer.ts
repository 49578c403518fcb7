import { createForeignAgent, type ForeignAgent, foreignRequest } from "../../net/foreign-request.ts";
import type { PostToSink } from "../../protocols/wsman/event-delivery.ts";
import type { Clock } from "../../runtime/clock.ts";
import {
  type DestinationAddress,
  type DestinationRules,
  parseDestination,
} from "../indications/destination-address.ts";
import type { TrustOf } from "./trust.ts";

/** Places that deliveries go to for which a connection is kept; each subscription has one. */
export const SINK_CONNECTIONS_MAX = 64;

/** Brings deliveries of WS-Eventing to where subscribers want them, within the rules for destinations. */
export interface SinkDialer {
  readonly post: PostToSink;
  /** Connections from now on show the certificate that there is now. */
  forget(): void;
  close(): void;
}

export function createSinkDialer({
  rules,
  trustOf,
  clock,
  timeoutMs,
}: {
  readonly rules: DestinationRules;
  readonly trustOf: TrustOf;
  readonly clock: Clock;
  readonly timeoutMs: number;
}): SinkDialer {
  const agents = new Map<string, ForeignAgent>();

  function agentFor(address: DestinationAddress): ForeignAgent {
    const key = `${address.isPlain} ${address.host} ${address.port}`;
    const known = agents.get(key);
    if (known !== undefined) return known;
    const [oldest] = agents;
    if (agents.size >= SINK_CONNECTIONS_MAX && oldest !== undefined) {
      oldest[1].close();
      agents.delete(oldest[0]);
    }
    const { host, port } = address;
    const agent = createForeignAgent({ flow: "cimIndication", host, port, ...trustOf(address), timeoutMs, clock });
    agents.set(key, agent);
    return agent;
  }

  function close(): void {
    for (const agent of agents.values()) agent.close();
    agents.clear();
  }

  return {
    async post({ url, contentType, body, bytesMax, timeoutMs: wait, signal }) {
      // Judged again, not remembered: the rules may have become stricter since the subscription.
      const address = parseDestination(url, rules);
      const answer = await foreignRequest(agentFor(address), {
        method: "POST",
        path: address.path,
        headers: { "content-type": contentType },
        body,
        bodyBytesMax: bytesMax,
        timeoutMs: wait,
        signal,
      });
      return { status: answer.status, contentType: answer.headers["content-type"] ?? "", body: answer.body };
    },
    forget: close,
    close,
  };
}
