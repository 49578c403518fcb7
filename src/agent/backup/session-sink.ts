import type { StoreSession } from "../../store/session.ts";
import type { ChunkSink, ChunkSource } from "./chunk-sink.ts";

/** A session of a store in this process, as sink and source. */
export function createSessionSink(session: StoreSession): ChunkSink & ChunkSource {
  return {
    async missing(kind, ids) {
      return session.missing(kind, ids);
    },
    async put(object) {
      await session.put(object);
    },
    read: (kind, id) => session.read(kind, id),
  };
}
