import { z } from "zod";
import { AtMs, Count, HostRef, Nothing, queryInteger, Uuid } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { GroupPath, MaintenanceScheduleSchema, MaintenanceScopeSchema } from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

export const Maintenance = z
  .object({
    id: Uuid,
    scope: MaintenanceScopeSchema,
    schedule: MaintenanceScheduleSchema,
    note: z.string(),
    createdBy: z.string(),
    createdAtMs: AtMs,
    underWay: z.boolean(),
    /** The one under way, or the next; null when there is none to come. */
    next: z.object({ fromMs: AtMs, toMs: AtMs }).nullable(),
  })
  .meta({ id: "Maintenance" });
export type Maintenance = z.infer<typeof Maintenance>;

export const GroupOverview = z
  .object({
    group: GroupPath,
    hosts: Count.describe("in it and below it"),
    unwatched: Count.describe("of these, whose state counts for nothing"),
    state: z.enum(["ok", "unknown", "warning", "critical"]).describe("the worst of what is watched"),
    openAlerts: Count,
  })
  .meta({ id: "GroupOverview" });
export type GroupOverview = z.infer<typeof GroupOverview>;

const Seconds = z.int().min(60).max(API_LIMITS.maintenanceSeconds);

export const MAINTENANCE_ROUTES = defineRoutes({
  groupList: {
    method: "GET",
    path: "/api/v1/groups",
    role: "viewer",
    description: "Groups of hosts, each with the worst state of what is in it and below it.",
    query: z.object({ limit: queryInteger({ min: 1, max: API_LIMITS.groups }).optional() }),
    status: 200,
    reply: z.object({ items: z.array(GroupOverview).max(API_LIMITS.groups) }),
  },
  maintenanceList: {
    method: "GET",
    path: "/api/v1/maintenance",
    role: "viewer",
    description: "Maintenance windows: under way, and to come.",
    status: 200,
    reply: z.object({ items: z.array(Maintenance) }),
  },
  maintenanceAdd: {
    method: "POST",
    path: "/api/v1/maintenance",
    role: "operator",
    description: "Alerts of the hosts that it concerns are kept, and acknowledged at once, while it lasts.",
    body: z.object({
      /** Neither: every host. */
      host: HostRef.optional(),
      group: GroupPath.optional(),
      fromMs: AtMs.optional().describe("now otherwise"),
      seconds: Seconds,
      cron: z.string().min(1).max(API_LIMITS.cron).optional().describe("five fields: begins again and again"),
      timeZone: z.string().min(1).max(API_LIMITS.name).optional().describe("of `cron`; UTC otherwise"),
      note: z.string().max(API_LIMITS.maintenanceNote).optional(),
    }),
    status: 201,
    reply: Maintenance,
  },
  maintenanceEnd: {
    method: "DELETE",
    path: "/api/v1/maintenance/:id",
    role: "operator",
    description: "Ends a window that is under way, or takes back one to come.",
    params: z.object({ id: Uuid }),
    status: 204,
    reply: Nothing,
  },
});
