import { ApiError } from "../api/api-error.ts";
import type { Snapshot, SnapshotEntry } from "../model/snapshot.ts";
import type { Snapshot as StoredSnapshot } from "../store/snapshot.ts";
import { listDirectory } from "../store/snapshot-tree.ts";
import type { Store } from "../store/store.ts";
import type { NodeType, TreeNode } from "../store/tree.ts";
import type { Snapshots } from "./api/needs.ts";
import { decodeNumberPosition, decodeTextPosition, encodePosition } from "./api/position.ts";

/** Snapshots as the API sees them. The store has them all in memory, oldest first. */
export function createSnapshotDesk(store: Store): Snapshots {
  const newestFirst = () => store.listSnapshots().reverse();
  return {
    async list({ limit, after, hostId }) {
      const before = after === undefined ? Number.POSITIVE_INFINITY : decodeNumberPosition(after);
      const found = newestFirst().filter(
        (one) => one.sequence < before && (hostId === undefined || one.hostId === hostId),
      );
      const shown = found.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(toSnapshot),
        next: found.length > limit && last !== undefined ? encodePosition(last.sequence) : null,
      };
    },
    async find(idOrBeginning) {
      const exact = store.findSnapshot(idOrBeginning);
      if (exact !== undefined) return toSnapshot(exact);
      const found = newestFirst().filter(({ id }) => id.startsWith(idOrBeginning));
      if (found.length > 1) {
        const ids = found
          .slice(0, 5)
          .map(({ id }) => id)
          .join(", ");
        throw new ApiError(
          "ambiguous",
          `snapshot: ${found.length} begin with ${JSON.stringify(idOrBeginning)}: ${ids}`,
        );
      }
      return found[0] === undefined ? undefined : toSnapshot(found[0]);
    },
    async latestByHost(hostIds) {
      const wanted = new Set(hostIds);
      const latest = new Map<string, Snapshot>();
      for (const one of newestFirst()) {
        if (wanted.has(one.hostId) && !latest.has(one.hostId)) latest.set(one.hostId, toSnapshot(one));
      }
      return latest;
    },
    async entries(id, { path, limit, after }) {
      const snapshot = store.findSnapshot(id);
      if (snapshot === undefined) return undefined;
      const position = after === undefined ? undefined : Buffer.from(decodeTextPosition(after), "base64");
      const nodes = await listDirectory(store, snapshot.root, { path, after: position, limit: limit + 1 });
      if (nodes === undefined) return undefined;
      const shown = nodes.slice(0, limit);
      const last = shown.at(-1);
      return {
        items: shown.map(toEntry),
        next: nodes.length > limit && last !== undefined ? encodePosition(last.name.toString("base64")) : null,
      };
    },
    count: async () => store.stats().snapshots,
  };
}

export function toSnapshot({ paths, stats, ...snapshot }: StoredSnapshot): Snapshot {
  const { id, hostId, hostName, jobId, startedAtMs, finishedAtMs } = snapshot;
  const { files, directories, bytes, storedBytes, problems } = stats;
  return {
    id,
    hostId,
    hostName,
    jobId,
    startedAtMs,
    finishedAtMs,
    files,
    directories,
    bytes,
    problems,
    bytesAdded: storedBytes,
    paths: paths.map((path) => path.toString("utf8")),
  };
}

const KINDS = {
  directory: "directory",
  file: "file",
  symlink: "symlink",
  fifo: "fifo",
  socket: "socket",
  blockDevice: "block-device",
  characterDevice: "character-device",
} as const satisfies Record<NodeType, SnapshotEntry["kind"]>;

function toEntry(node: TreeNode): SnapshotEntry {
  return {
    name: node.name.toString("utf8"),
    rawName: node.name.toString("base64"),
    kind: KINDS[node.type],
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    size: node.type === "file" ? node.size : 0,
    modifiedAtMs: Number(node.mtimeNs / 1_000_000n),
    linkTarget: node.type === "symlink" ? node.target.toString("utf8") : null,
  };
}
