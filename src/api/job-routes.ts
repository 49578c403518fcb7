import { z } from "zod";
import {
  Count,
  HostRef,
  listOf,
  PAGE_QUERY,
  PathText,
  pageOf,
  queryInteger,
  RawPath,
  SnapshotRef,
  Uuid,
} from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { JobKindSchema, JobLogLineSchema, JobSchema, JobStateSchema } from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

const AbsolutePath = PathText.regex(/^(\/|[A-Za-z]:[\\/])/, "an absolute path");
const ById = z.object({ id: Uuid });

/** `never` leaves what is there and lists it; `always` replaces files (a directory is never replaced by a file). */
export const OVERWRITE_RULES = ["never", "always"] as const;
export type OverwriteRule = (typeof OVERWRITE_RULES)[number];

export const JOB_ROUTES = defineRoutes({
  jobList: {
    method: "GET",
    path: "/api/v1/jobs",
    role: "viewer",
    description: "Jobs, newest first, a page at a time.",
    query: z.object({
      ...PAGE_QUERY,
      state: listOf(JobStateSchema, JobStateSchema.options.length).optional(),
      kind: JobKindSchema.optional(),
      host: HostRef.optional(),
    }),
    status: 200,
    reply: pageOf(JobSchema),
  },
  jobShow: {
    method: "GET",
    path: "/api/v1/jobs/:id",
    role: "viewer",
    description: "One job with its progress.",
    params: ById,
    status: 200,
    reply: JobSchema,
  },
  jobLog: {
    method: "GET",
    path: "/api/v1/jobs/:id/log",
    role: "viewer",
    description:
      "A job's log from line `from` on. To follow it, ask again from `next` with `waitSeconds`: the answer waits for a line or the end.",
    params: ById,
    query: z.object({
      from: queryInteger({ min: 0, max: Number.MAX_SAFE_INTEGER }).optional().describe("line number, counted from 0"),
      limit: queryInteger({ min: 1, max: API_LIMITS.logLines }).optional(),
      waitSeconds: queryInteger({ min: 0, max: API_LIMITS.logWaitSeconds }).optional(),
    }),
    status: 200,
    reply: z.object({
      lines: z.array(JobLogLineSchema).max(API_LIMITS.logLines),
      next: Count.describe("where to go on"),
      ended: z.boolean().describe("no line will follow"),
    }),
  },
  jobCancel: {
    method: "POST",
    path: "/api/v1/jobs/:id/cancel",
    role: "operator",
    description: "Asks a job to stop. Cancelling one that has ended changes nothing.",
    params: ById,
    status: 202,
    reply: JobSchema,
  },
  backupStart: {
    method: "POST",
    path: "/api/v1/backups",
    role: "operator",
    description: "Starts a backup of directories of a host.",
    body: z.object({
      host: HostRef,
      paths: z.array(AbsolutePath).min(1).max(API_LIMITS.pathsPerJob),
      excludes: z.array(PathText).max(API_LIMITS.excludesPerJob).optional().describe("patterns of paths to leave out"),
      tags: z.array(z.string().min(1).max(API_LIMITS.tag)).max(API_LIMITS.tagsPerJob).optional(),
    }),
    status: 202,
    reply: JobSchema,
  },
  restoreStart: {
    method: "POST",
    path: "/api/v1/restores",
    role: "administrator",
    description: "Starts a restore of a snapshot, or of some paths of it, below a directory of a host.",
    body: z.object({
      snapshot: SnapshotRef,
      paths: z
        .array(PathText)
        .max(API_LIMITS.pathsPerJob)
        .optional()
        .describe("all where neither it nor `rawPaths` is given"),
      rawPaths: z.array(RawPath).max(API_LIMITS.pathsPerJob).optional(),
      target: AbsolutePath.describe("whole paths are restored below it"),
      host: HostRef.optional().describe("the host that the snapshot is of, where not given"),
      overwrite: z.enum(OVERWRITE_RULES).optional().describe("`never` where not given"),
      dryRun: z.boolean().optional().describe("says in the log what it would do"),
    }),
    status: 202,
    reply: JobSchema,
  },
});
