import { ApiError } from "../../api/api-error.ts";
import { API_LIMITS } from "../../api/limits.ts";
import { findHostId } from "./find-host.ts";
import { findSnapshot } from "./find-snapshot.ts";
import type { Handlers } from "./handler.ts";
import type { HostDirectory, Snapshots } from "./needs.ts";

export interface SnapshotNeeds {
  readonly hosts: Pick<HostDirectory, "find">;
  readonly snapshots: Snapshots;
}

type SnapshotRouteName = "snapshotList" | "snapshotShow" | "snapshotEntries";

export function createSnapshotHandlers({ hosts, snapshots }: SnapshotNeeds): Handlers<SnapshotRouteName> {
  return {
    async snapshotList({ query }) {
      const limit = query.limit ?? API_LIMITS.pageItemsDefault;
      return snapshots.list({ limit, after: query.after, hostId: await findHostId(hosts, query.host) });
    },
    snapshotShow: ({ params }) => findSnapshot(snapshots, params.snapshot),
    async snapshotEntries({ params, query }) {
      const snapshot = await findSnapshot(snapshots, params.snapshot);
      const path = query.rawPath === undefined ? Buffer.from(query.path ?? "") : Buffer.from(query.rawPath, "base64");
      const limit = query.limit ?? API_LIMITS.pageItemsDefault;
      const page = await snapshots.entries(snapshot.id, { limit, after: query.after, path });
      if (page === undefined) {
        throw new ApiError(
          "not-found",
          `path: snapshot ${snapshot.id} has no directory ${JSON.stringify(path.toString())}`,
        );
      }
      return page;
    },
  };
}
