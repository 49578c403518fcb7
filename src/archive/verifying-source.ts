import { CorruptionError } from "../runtime/errors.ts";
import { chunkId } from "../store/chunk-id.ts";
import type { ChunkSource } from "../store/chunk-sink.ts";

/** Enough for the trees of the next directories, and the one that many have in common. */
const KEPT_BYTES_MAX = 2 * 1024 * 1024;

/**
 * Computes the id of everything that is read and compares: what is believed is what was put, whoever stood in between. Keeps
 * the last objects read, since whoever reads ahead asks twice.
 */
export function createVerifyingSource(source: ChunkSource, { idKey }: { idKey: Buffer }): ChunkSource {
  const kept = new Map<string, Promise<Buffer>>();
  const sizes = new Map<string, number>();
  let keptBytes = 0;

  const forget = (key: string) => {
    kept.delete(key);
    keptBytes -= sizes.get(key) ?? 0;
    sizes.delete(key);
  };

  return {
    read(kind, id) {
      const key = kind + id.toString("latin1");
      const known = kept.get(key);
      if (known !== undefined) {
        kept.delete(key); // Last used goes last.
        kept.set(key, known);
        return known;
      }
      const reading = source.read(kind, id).then((bytes) => {
        if (!chunkId(idKey, kind, bytes).equals(id)) {
          throw new CorruptionError(`${kind} object ${id.toString("hex")}`, "content does not match its id");
        }
        sizes.set(key, bytes.length);
        keptBytes += bytes.length;
        for (const [oldest] of kept) {
          if (keptBytes <= KEPT_BYTES_MAX) break;
          if (oldest !== key && sizes.has(oldest)) forget(oldest);
        }
        return bytes;
      });
      kept.set(key, reading);
      reading.catch(() => forget(key));
      return reading;
    },
  };
}
