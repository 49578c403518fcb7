import { ApiError } from "../../api/api-error.ts";
import { API_LIMITS } from "../../api/limits.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { findHost, findHostId } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import type { AlertInbox, HostDirectory, TestAlerts } from "./needs.ts";

export interface AlertNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly hosts: Pick<HostDirectory, "find">;
  readonly alerts: AlertInbox;
  readonly testAlerts: TestAlerts;
}

type AlertRouteName = "alertList" | "alertShow" | "alertAcknowledge" | "alertTest";

export function createAlertHandlers({
  clock,
  random,
  hosts,
  alerts,
  testAlerts,
}: AlertNeeds): Handlers<AlertRouteName> {
  return {
    async alertList({ query }) {
      return alerts.list({
        limit: query.limit ?? API_LIMITS.pageItemsDefault,
        after: query.after,
        states: query.state,
        severityMin: query.severityMin,
        hostId: await findHostId(hosts, query.host),
        text: query.text,
      });
    },
    async alertShow({ params, query }) {
      const [alert, ...others] = await alerts.find(params.id, await findHostId(hosts, query.host));
      if (alert === undefined) throw new ApiError("not-found", `alert: there is no alert ${params.id}`);
      if (others.length > 0) {
        const names = [alert, ...others].map((one) => one.hostName).join(", ");
        throw new ApiError(
          "ambiguous",
          `alert: several hosts have used the id ${params.id}: ${names}`,
          "name the host, too",
        );
      }
      return alert;
    },
    async alertAcknowledge({ body }, { identity }) {
      const hostId = await findHostId(hosts, body.host);
      return alerts.acknowledge({ ids: [...new Set(body.ids)], hostId, by: identity.name });
    },
    async alertTest({ body }) {
      const host = await findHost(hosts, body.host);
      const ids = body.ids ?? Array.from({ length: body.count ?? 1 }, () => createUuid({ clock, random }));
      await testAlerts.raise(host.id, [...new Set(ids)]);
      return { ids };
    },
  };
}
