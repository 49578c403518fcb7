import { createForeignAgent } from "../../../net/foreign-request.ts";
import { flowName } from "../../../ports/port-map.ts";
import { createCimXmlClient } from "../../../protocols/cim-xml/client.ts";
import { ensureSubscription, removeSubscription } from "../../../protocols/cim-xml/subscribe.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Target } from "../agentless/target.ts";
import { portOf } from "../agentless/target-port.ts";
import type { SubscriptionMeans } from "./subscription-means.ts";

const PATH = "/cimom";
const SOURCE_NAMESPACE = "root/cimv2";
const QUERY = "SELECT * FROM CIM_AlertIndication";
const TIMEOUT_MS = 20_000;

/** Filter, destination and subscription in the interop namespace (DSP1054), found again by a name that is this manager's. */
export function createCimXmlSubscription(
  target: Target,
  { clock, managerId }: { readonly clock: Clock; readonly managerId: string },
): SubscriptionMeans {
  const agent = createForeignAgent({
    flow: flowName("cimXml"),
    host: target.address,
    port: portOf(target),
    trust: target.trust,
    timeoutMs: TIMEOUT_MS,
    clock,
  });
  const client = createCimXmlClient({ agent, path: target.path ?? PATH, account: target.account ?? undefined });
  const name = `Rusuban:${managerId}`;
  return {
    async ensure({ destination }, signal) {
      const wanted = {
        ...{ name, destination, query: QUERY, systemName: target.address },
        sourceNamespace: target.namespace ?? SOURCE_NAMESPACE,
      };
      const { isNew } = await ensureSubscription(client, wanted, { signal });
      return { isNew, handle: null, lastsMs: null };
    },
    async remove(_, signal) {
      await removeSubscription(client, name, { signal });
    },
    close: () => agent.close(),
  };
}
