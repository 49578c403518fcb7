import { z } from "zod";
import { ALERT_STATES, SEVERITIES, type Severity } from "../model/alert.ts";
import { HOST_STATES } from "../model/host.ts";
import { AtMs, Count } from "./fields.ts";
import { defineRoutes } from "./route.ts";

const severities = Object.keys(SEVERITIES) as [Severity, ...Severity[]];

/** A listener of the manager, open or not. */
export const ListeningFlow = z
  .object({
    flow: z.string().describe("the port map's name"),
    transport: z.enum(["tcp", "udp"]),
    address: z.string(),
    port: z.int().min(0).max(65_535),
    listening: z.boolean(),
    problem: z.string().nullable().describe("why it could not be opened and what to do; null when it listens"),
  })
  .meta({ id: "ListeningFlow" });
export type ListeningFlow = z.infer<typeof ListeningFlow>;

export const ManagerStatus = z
  .object({
    version: z.string(),
    managerId: z.string(),
    startedAtMs: AtMs,
    uptimeSeconds: z.number().min(0),
    counts: z.object({
      hosts: z.record(z.enum(HOST_STATES), Count),
      alerts: z.record(z.enum(ALERT_STATES), Count),
      openAlertsBySeverity: z.record(z.enum(severities), Count),
      jobs: z.object({ queued: Count, running: Count }),
      snapshots: Count,
    }),
    flows: z.array(ListeningFlow),
  })
  .meta({ id: "ManagerStatus" });
export type ManagerStatus = z.infer<typeof ManagerStatus>;

export const STATUS_ROUTES = defineRoutes({
  status: {
    method: "GET",
    path: "/api/v1/status",
    role: "viewer",
    description: "The manager itself: version, counts, and its listeners, with the reason for each that is not open.",
    status: 200,
    reply: ManagerStatus,
  },
});
