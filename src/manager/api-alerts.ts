import type { Inbox } from "./alerts/inbox.ts";
import type { AlertInbox } from "./api/needs.ts";
import { decodeNumberPosition, encodePosition } from "./api/position.ts";

/** The inbox as the API sees it. */
export function createAlertDesk(inbox: Inbox): AlertInbox {
  return {
    async list({ limit, after, states, severityMin, hostId, text }) {
      const { items, next } = await inbox.page({
        limit,
        after: after === undefined ? undefined : decodeNumberPosition(after),
        states,
        severityMin,
        hostId,
        text,
      });
      return { items, next: next === null ? null : encodePosition(next) };
    },
    find: (id, hostId) => inbox.find(id, hostId),
    async acknowledge({ ids, hostId, by }) {
      const { acknowledged, unchanged, unknown } = await inbox.acknowledge({ ids, hostId, by });
      return { acknowledged: [...acknowledged], unchanged: [...unchanged], unknown: [...unknown] };
    },
    counts: () => inbox.counts(),
    openByHost: (hostIds) => inbox.openByHost(hostIds),
  };
}
