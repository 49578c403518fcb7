import { CorruptionError, codeOf, reasonOf } from "../runtime/errors.ts";
import { chunkId, type ObjectKind } from "./chunk-id.ts";
import { decodeObject } from "./codec.ts";
import { assertPackHeader, type PackDirectory, type PackObject, PackOpener, readPackDirectory } from "./pack.ts";
import type { PackEntry } from "./pack-registry.ts";
import type { StoreCore } from "./store-core.ts";

/** Objects opened at a time: decompression runs in the thread pool, hashing here. */
const OBJECTS_AT_ONCE = 8;
/** More than any pack has: the medium then reads the file, whatever its length. */
const PACK_BYTES_MAX = 1024 * 1024 * 1024;

/** What reading a file of the medium brought. */
export type FileReading =
  | { readonly state: "read"; readonly bytes: Buffer }
  | { readonly state: "missing" | "unreadable"; readonly problem: string };

export async function readWhole(core: StoreCore, name: string): Promise<FileReading> {
  try {
    return { state: "read", bytes: await core.medium.readRange(name, 0, PACK_BYTES_MAX) };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { state: "missing", problem: "is missing" };
    return { state: "unreadable", problem: reasonOf(error) };
  }
}

export interface PackFindings {
  /** What the pack says it holds, or what the index does where that is damaged; undefined where neither is known. */
  readonly directory: PackDirectory | undefined;
  /** What is wrong before the objects: header or directory. */
  readonly headProblem: string | undefined;
  readonly whole: readonly { readonly object: PackObject; readonly encoded: Buffer }[];
  readonly damaged: readonly { readonly object: PackObject; readonly problem: string }[];
}

/**
 * Opens every object in the bytes of a pack, decodes it and computes its id anew. `keep`: whether the encoded objects are
 * wanted; otherwise `whole` stays empty.
 */
export async function inspectPack(
  core: StoreCore,
  { name, bytes, entry, keep }: { name: string; bytes: Buffer; entry: PackEntry | undefined; keep: boolean },
): Promise<PackFindings> {
  const { directory, problem } = await directoryOf(core, { name, bytes, entry });
  const whole: { object: PackObject; encoded: Buffer }[] = [];
  const damaged: { object: PackObject; problem: string }[] = [];
  if (directory !== undefined) {
    const opener = new PackOpener(core.keys.sealingKey);
    const { kind, bodyStart, objects } = directory;
    const inspect = async (object: PackObject) => {
      const { id, offset, length } = object;
      const sealed = bytes.subarray(bodyStart + offset, bodyStart + offset + length);
      try {
        if (sealed.length < length) throw new CorruptionError(`object ${id.toString("hex")}`, "was cut off");
        const encoded = opener.open({ name, id, offset, sealed });
        await assertContent(core, kind, id, encoded);
        if (keep) whole.push({ object, encoded });
      } catch (error) {
        damaged.push({ object, problem: reasonOf(error) });
      }
    };
    for (let from = 0; from < objects.length; from += OBJECTS_AT_ONCE) {
      await Promise.all(objects.slice(from, from + OBJECTS_AT_ONCE).map(inspect));
    }
  }
  return { directory, headProblem: problem, whole, damaged };
}

async function assertContent(core: StoreCore, kind: ObjectKind, id: Buffer, encoded: Buffer): Promise<void> {
  const plaintext = await decodeObject(encoded);
  if (!chunkId(core.keys.chunking.idKey, kind, plaintext).equals(id)) {
    throw new CorruptionError(`${kind} object ${id.toString("hex")}`, "content does not match its id");
  }
}

async function directoryOf(
  core: StoreCore,
  { name, bytes, entry }: { name: string; bytes: Buffer; entry: PackEntry | undefined },
): Promise<{ directory: PackDirectory | undefined; problem?: string }> {
  try {
    const readRange = async (offset: number, length: number) => bytes.subarray(offset, offset + length);
    const directory = await readPackDirectory({ name, sealingKey: core.keys.sealingKey }, readRange);
    return { directory, ...headerProblemOf(name, bytes) };
  } catch (error) {
    return { directory: entry === undefined ? undefined : knownDirectory(core, entry), problem: reasonOf(error) };
  }
}

function headerProblemOf(name: string, bytes: Buffer): { problem?: string } {
  try {
    assertPackHeader(name, bytes);
    return {};
  } catch (error) {
    return { problem: reasonOf(error) };
  }
}

/** What the index has of a pack: the objects that are to be read from it. */
export function knownDirectory(core: StoreCore, { number, kind, bodyStart, bytes }: PackEntry): PackDirectory {
  const objects: PackObject[] = [];
  for (let ordinal = 0; ordinal < core.table.size; ordinal++) {
    if (core.table.packOf(ordinal) !== number) continue;
    const { offset, length } = core.table.locationOf(ordinal);
    objects.push({ id: core.table.idOf(ordinal), offset, length });
  }
  return { kind, objects, bodyStart, bytes };
}
