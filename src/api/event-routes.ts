import { z } from "zod";
import { HostRef, listOf } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { HostReadingsSchema, HostSchema, InboxAlertSchema, JobSchema, SnapshotSchema } from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

export const EVENT_KINDS = ["alert", "host", "readings", "job", "snapshot"] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

/**
 * One message of the event stream. `alert`, `host` and `job` carry the whole thing as it is now, new or changed.
 * `ready` opens every stream; `missed` says that events between the resume id and now are gone: ask for the lists again.
 */
export const ApiEvent = z
  .discriminatedUnion("kind", [
    z.object({ kind: z.literal("alert"), alert: InboxAlertSchema }),
    z.object({ kind: z.literal("host"), host: HostSchema }),
    z.object({ kind: z.literal("readings"), hostId: z.string(), readings: HostReadingsSchema }),
    z.object({ kind: z.literal("job"), job: JobSchema }),
    z.object({ kind: z.literal("snapshot"), snapshot: SnapshotSchema }),
    z.object({ kind: z.literal("ready") }),
    z.object({ kind: z.literal("missed") }),
  ])
  .meta({ id: "Event" });
export type ApiEvent = z.infer<typeof ApiEvent>;

export const EVENT_ROUTES = defineRoutes({
  events: {
    method: "GET",
    path: "/api/v1/events",
    role: "viewer",
    description:
      "What happens, as it happens (server-sent events; `event` is the kind, `data` the JSON, `id` for Last-Event-ID). Comments are heartbeats.",
    query: z.object({
      kind: listOf(z.enum(EVENT_KINDS), EVENT_KINDS.length).optional(),
      host: HostRef.optional(),
      after: z.string().max(API_LIMITS.cursor).optional().describe("the last id seen, where the header cannot be set"),
    }),
    status: 200,
    reply: z.never(),
    streams: ApiEvent,
  },
});
