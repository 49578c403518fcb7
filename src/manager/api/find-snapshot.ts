import { ApiError } from "../../api/api-error.ts";
import type { Snapshot } from "../../model/snapshot.ts";
import type { Snapshots } from "./needs.ts";

/** The snapshot of that id or beginning of an id. Throws ApiError `not-found` or `ambiguous`. */
export async function findSnapshot(snapshots: Pick<Snapshots, "find">, reference: string): Promise<Snapshot> {
  const snapshot = await snapshots.find(reference);
  if (snapshot !== undefined) return snapshot;
  throw new ApiError(
    "not-found",
    `snapshot: none begins with ${reference}`,
    "`rusuban snapshot list` shows all snapshots",
  );
}
