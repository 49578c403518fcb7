import type { ObjectKind } from "./chunk-id.ts";

/** Where an archiver puts what it makes: a local store's session, or the manager over the network. */
export interface ChunkSink {
  /** True: what is put is the sink's only until `put` resolves, and may lie in shared memory. Otherwise it is the sink's from then on. */
  readonly isCopying?: boolean;
  /** For each id, whether it must be put. */
  missing(kind: ObjectKind, ids: readonly Buffer[]): Promise<boolean[]>;
  /** `encoded` is what `encodeObject` returns. Resolves when there is room for the next, not when durable. */
  put(object: { kind: ObjectKind; id: Buffer; encoded: Buffer }): Promise<void>;
}

/** Where an extractor, and an archiver that compares with its last snapshot, reads. */
export interface ChunkSource {
  /** The plaintext. Its id is not verified: `createVerifyingSource` does that. */
  read(kind: ObjectKind, id: Buffer): Promise<Buffer>;
  /** What `encodeObject` returned, the caller's from then on: whoever decodes in another thread asks for this. */
  readEncoded?(kind: ObjectKind, id: Buffer): Promise<Buffer>;
}
