import { createHmac } from "node:crypto";

/** What an object holds: pieces of files, or the trees that say where they belong. Kinds live in packs of their own. */
export type ObjectKind = "data" | "tree";
export const OBJECT_KINDS = { data: 0, tree: 1 } as const satisfies Record<ObjectKind, number>;

export const ID_BYTES = 32;

const KIND_PREFIX = { data: Buffer.from([OBJECT_KINDS.data]), tree: Buffer.from([OBJECT_KINDS.tree]) };

/**
 * HMAC-SHA256 over the kind's byte and the plaintext. Keyed, so that who holds the store cannot confirm a known file;
 * over the kind, so that a file's content can never pass for a tree.
 */
export function chunkId(idKey: Buffer, kind: ObjectKind, plaintext: Buffer): Buffer {
  return createHmac("sha256", idKey).update(KIND_PREFIX[kind]).update(plaintext).digest();
}
