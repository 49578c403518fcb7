import type { ChunkSink, ChunkSource } from "../store/chunk-sink.ts";
import type { StoreSession } from "../store/session.ts";

/** A session of a store in this process, as sink for what this process encodes itself, and as source. */
export function createSessionSink(session: StoreSession): ChunkSink & ChunkSource {
  return {
    // Sealing makes other bytes of it.
    isCopying: true,
    async missing(kind, ids) {
      return session.missing(kind, ids);
    },
    async put(object) {
      await session.add(object);
    },
    read: (kind, id) => session.read(kind, id),
  };
}
