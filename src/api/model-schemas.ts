import { z } from "zod";
import { ALERT_CATEGORIES, ALERT_KINDS, ALERT_LIMITS, ALERT_STATES, SEVERITIES } from "../model/alert.ts";
import { HOST_MEANS, HOST_STATES } from "../model/host.ts";
import { JOB_KINDS, JOB_STATES } from "../model/job.ts";
import { READING_LIMITS, READING_STATES, READING_UNITS } from "../model/reading.ts";
import { AtMs, Count, Uuid } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";

// The model's types as schemas. model-schemas.test.ts holds that the two agree, type for type.

function keysOf<T extends string>(table: Readonly<Record<T, unknown>>) {
  return z.enum(Object.keys(table) as [T, ...T[]]);
}

export const SeveritySchema = keysOf(SEVERITIES);
export const AlertStateSchema = z.enum(ALERT_STATES);
export const HostStateSchema = z.enum(HOST_STATES);
export const HostMeansSchema = z.enum(HOST_MEANS);
export const ReadingStateSchema = keysOf(READING_STATES);
export const ReadingUnitSchema = keysOf(READING_UNITS);
export const JobKindSchema = z.enum(JOB_KINDS);
export const JobStateSchema = z.enum(JOB_STATES);

export const InboxAlertSchema = z
  .object({
    id: Uuid,
    raisedAtMs: AtMs,
    severity: SeveritySchema,
    category: keysOf(ALERT_CATEGORIES),
    kind: keysOf(ALERT_KINDS),
    component: z.string().max(ALERT_LIMITS.componentBytes),
    condition: z.string().max(ALERT_LIMITS.conditionBytes),
    summary: z.string().max(ALERT_LIMITS.summaryBytes),
    details: z
      .array(
        z.object({
          name: z.string().max(ALERT_LIMITS.detailNameBytes),
          value: z.string().max(ALERT_LIMITS.detailValueBytes),
        }),
      )
      .max(ALERT_LIMITS.details)
      .readonly(),
    hostId: z.string(),
    hostName: z.string(),
    receivedAtMs: AtMs,
    state: AlertStateSchema,
    acknowledgedAtMs: AtMs.nullable(),
    acknowledgedBy: z.string().nullable(),
    clearedAtMs: AtMs.nullable(),
  })
  .meta({ id: "Alert" });

/** `tokyo/web`: names as hosts have them, by their place in the tree. */
export const GroupPath = z
  .string()
  .max(API_LIMITS.group)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N} ._-]*(\/[\p{L}\p{N}][\p{L}\p{N} ._-]*)*$/u,
    "names of letters, digits, space, dot, underscore and hyphen, with / between: tokyo/web",
  );

export const MaintenanceScopeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("all") }),
  z.object({ kind: z.literal("group"), group: z.string() }),
  z.object({ kind: z.literal("host"), hostId: z.string() }),
]);

export const MaintenanceScheduleSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("once"), fromMs: AtMs, toMs: AtMs }),
  z.object({ kind: z.literal("recurring"), cron: z.string(), timeZone: z.string(), seconds: z.int() }),
]);

export const HostSchema = z
  .object({
    id: Uuid,
    name: z.string(),
    facts: z.object({
      hostname: z.string(),
      platform: z.string(),
      operatingSystem: z.string(),
      architecture: z.string(),
      agentVersion: z.string(),
    }),
    enrolledAtMs: AtMs,
    lastSeenAtMs: AtMs.nullable(),
    state: HostStateSchema,
    address: z.string(),
    ports: z.record(z.string(), z.int()),
    group: z.string(),
    watched: z.boolean(),
    means: HostMeansSchema,
  })
  .meta({ id: "Host" });

export const ReadingSchema = z
  .object({
    component: z.string().max(READING_LIMITS.componentBytes),
    measure: z.string().max(READING_LIMITS.measureBytes),
    value: z.number().nullable(),
    unit: ReadingUnitSchema,
    state: ReadingStateSchema,
    summary: z.string().max(READING_LIMITS.summaryBytes),
  })
  .meta({ id: "Reading" });

export const HostReadingsSchema = z
  .object({ readAtMs: AtMs, readings: z.array(ReadingSchema).max(READING_LIMITS.readings).readonly() })
  .meta({ id: "HostReadings" });

export const JobSchema = z
  .object({
    id: Uuid,
    kind: JobKindSchema,
    hostId: z.string(),
    hostName: z.string(),
    state: JobStateSchema,
    requestedBy: z.string(),
    paths: z.array(z.string()).readonly(),
    snapshotId: z.string().nullable(),
    target: z.string().nullable(),
    createdAtMs: AtMs,
    startedAtMs: AtMs.nullable(),
    endedAtMs: AtMs.nullable(),
    progress: z.object({ files: Count, bytes: Count, bytesSent: Count, problems: Count, current: z.string() }),
    reason: z.string().nullable(),
  })
  .meta({ id: "Job" });

export const JobLogLineSchema = z
  .object({ atMs: AtMs, level: z.enum(["info", "warning", "error"]), text: z.string() })
  .meta({ id: "JobLogLine" });

export const SnapshotSchema = z
  .object({
    id: Uuid,
    hostId: z.string(),
    hostName: z.string(),
    jobId: z.string(),
    paths: z.array(z.string()).readonly(),
    startedAtMs: AtMs,
    finishedAtMs: AtMs,
    files: Count,
    directories: Count,
    bytes: Count,
    bytesAdded: Count,
    problems: Count,
  })
  .meta({ id: "Snapshot" });

export const SnapshotEntrySchema = z
  .object({
    name: z.string(),
    rawName: z.string(),
    kind: z.enum(["directory", "file", "symlink", "fifo", "socket", "character-device", "block-device"]),
    mode: Count,
    uid: Count,
    gid: Count,
    size: Count,
    modifiedAtMs: z.number(),
    linkTarget: z.string().max(API_LIMITS.rawPath).nullable(),
  })
  .meta({ id: "SnapshotEntry" });
