import { z } from "zod";
import { HostRef, PAGE_QUERY, PathText, pageOf, RawPathInQuery, SnapshotRef } from "./fields.ts";
import { SnapshotEntrySchema, SnapshotSchema } from "./model-schemas.ts";
import { defineRoutes } from "./route.ts";

const BySnapshot = z.object({ snapshot: SnapshotRef });

export const SNAPSHOT_ROUTES = defineRoutes({
  snapshotList: {
    method: "GET",
    path: "/api/v1/snapshots",
    role: "viewer",
    description: "Finished backups, newest first, a page at a time.",
    query: z.object({ ...PAGE_QUERY, host: HostRef.optional() }),
    status: 200,
    reply: pageOf(SnapshotSchema),
  },
  snapshotShow: {
    method: "GET",
    path: "/api/v1/snapshots/:snapshot",
    role: "viewer",
    description: "One finished backup.",
    params: BySnapshot,
    status: 200,
    reply: SnapshotSchema,
  },
  snapshotEntries: {
    method: "GET",
    path: "/api/v1/snapshots/:snapshot/entries",
    role: "viewer",
    description:
      "The entries of a directory of a snapshot by name, a page at a time; the snapshot's top where no path is given.",
    params: BySnapshot,
    query: z
      .object({ ...PAGE_QUERY, path: PathText.optional(), rawPath: RawPathInQuery.optional() })
      .refine(({ path, rawPath }) => path === undefined || rawPath === undefined, "give `path` or `rawPath`, not both"),
    status: 200,
    reply: pageOf(SnapshotEntrySchema),
  },
});
