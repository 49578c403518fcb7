import type { ObjectKind } from "./chunk-id.ts";

/** Where an archiver puts what it makes: a local store's session, or the manager over the network. */
export interface ChunkSink {
  /** For each id, whether it must be put. */
  missing(kind: ObjectKind, ids: readonly Buffer[]): Promise<boolean[]>;
  /** `encoded` is what `encodeObject` returns. The sink's from then on. Resolves when there is room for the next, not when durable. */
  put(object: { kind: ObjectKind; id: Buffer; encoded: Buffer }): Promise<void>;
}

/** Where an extractor, and an archiver that compares with its last snapshot, reads. */
export interface ChunkSource {
  /** The plaintext. Its id is not verified: `createVerifyingSource` does that. */
  read(kind: ObjectKind, id: Buffer): Promise<Buffer>;
}
