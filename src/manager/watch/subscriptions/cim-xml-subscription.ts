import { ensureSubscription, removeSubscription } from "../../../protocols/cim-xml/subscribe.ts";
import type { Clock } from "../../../runtime/clock.ts";
import type { Target } from "../agentless/target.ts";
import { openCimXmlClient } from "../agentless/target-clients.ts";
import type { SubscriptionMeans } from "./subscription-means.ts";

const SOURCE_NAMESPACE = "root/cimv2";
const QUERY = "SELECT * FROM CIM_AlertIndication";

/** Filter, destination and subscription in the interop namespace (DSP1054), found again by a name that is this manager's. */
export function createCimXmlSubscription(
  target: Target,
  { clock, managerId }: { readonly clock: Clock; readonly managerId: string },
): SubscriptionMeans {
  const { client, close } = openCimXmlClient(target, { clock });
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
    close,
  };
}
