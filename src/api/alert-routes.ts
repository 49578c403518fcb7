import { z } from "zod";
import { HostRef, listOf, PAGE_QUERY, pageOf, Uuid } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { AlertStateSchema, InboxAlertSchema, SeveritySchema } from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

const Ids = z.array(Uuid).min(1);

export const ALERT_ROUTES = defineRoutes({
  alertList: {
    method: "GET",
    path: "/api/v1/alerts",
    role: "viewer",
    description: "The inbox, newest first by the manager's clock, a page at a time.",
    query: z.object({
      ...PAGE_QUERY,
      state: listOf(AlertStateSchema, AlertStateSchema.options.length).optional(),
      severityMin: SeveritySchema.optional().describe("this severity and worse"),
      host: HostRef.optional(),
      text: z.string().max(API_LIMITS.searchText).optional().describe("part of summary, component or condition"),
    }),
    status: 200,
    reply: pageOf(InboxAlertSchema),
  },
  alertShow: {
    method: "GET",
    path: "/api/v1/alerts/:id",
    role: "viewer",
    description: "One alert. Ids are of the host's making; where two hosts have used the same one, `host` says which.",
    params: z.object({ id: Uuid }),
    query: z.object({ host: HostRef.optional() }),
    status: 200,
    reply: InboxAlertSchema,
  },
  alertAcknowledge: {
    method: "POST",
    path: "/api/v1/alerts/acknowledge",
    role: "operator",
    description:
      "Marks alerts as seen by the caller; of all hosts that have used an id where `host` is not given. Again changes nothing.",
    body: z.object({ ids: Ids.max(API_LIMITS.alertsPerAcknowledge), host: HostRef.optional() }),
    status: 200,
    reply: z.object({
      acknowledged: z.array(Uuid).describe("open until now"),
      unchanged: z.array(Uuid).describe("already acknowledged or cleared"),
      unknown: z.array(Uuid),
    }),
  },
  alertTest: {
    method: "POST",
    path: "/api/v1/alerts/test",
    role: "operator",
    description:
      "Has a host raise test alerts, which travel the way every alert does. With `ids`, repeating the request repeats nothing.",
    body: z
      .object({
        host: HostRef,
        count: z.int().min(1).max(API_LIMITS.testAlerts).optional().describe("1 where neither it nor `ids` is given"),
        ids: Ids.max(API_LIMITS.testAlerts).optional(),
      })
      .refine(({ count, ids }) => count === undefined || ids === undefined || count === ids.length, {
        path: ["count"],
        message: "differs from the number of ids",
      }),
    status: 202,
    reply: z.object({ ids: z.array(Uuid).describe("the alerts that will be in the inbox") }),
  },
});
