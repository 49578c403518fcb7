import { CorruptionError, WireError } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import type { Medium } from "./medium.ts";
import { decodeObjectList, kindOfPack, layOut, type PackDirectory } from "./pack.ts";
import { openFile, SALT_BYTES, sealFile } from "./sealing.ts";

// An index file repeats the directories of many packs in one place, so that opening a store reads few files. It is a
// cache: what it says of a pack that is gone does not count, and packs that no index names are read themselves.

export const INDEX_FOLDER = "index/";
/** About 4.6 MB a file. */
const OBJECTS_PER_FILE_MAX = 131_072;
const INDEX_BYTES_MAX = 64 * 1024 * 1024;
const PACK_NAME_MAX = 64;

/** Writes index files for these packs; durable when the promise resolves. Returns their names. */
export async function writeIndexFiles(
  medium: Medium,
  packs: ReadonlyMap<string, PackDirectory>,
  { sealingKey, random }: { sealingKey: Buffer; random: Random },
): Promise<string[]> {
  const names: string[] = [];
  let group: [string, PackDirectory][] = [];
  let objects = 0;
  const writeGroup = async () => {
    if (group.length === 0) return;
    const name = INDEX_FOLDER + random(16).toString("hex");
    const salt = random(SALT_BYTES);
    await medium.write(name, sealFile({ sealingKey, salt, fileClass: "index", name }, encodeIndex(group)));
    names.push(name);
    group = [];
    objects = 0;
  };
  for (const pack of packs) {
    if (objects + pack[1].objects.length > OBJECTS_PER_FILE_MAX) await writeGroup();
    group.push(pack);
    objects += pack[1].objects.length;
  }
  await writeGroup();
  return names;
}

export async function readIndexFile(
  medium: Medium,
  name: string,
  { sealingKey }: { sealingKey: Buffer },
): Promise<Map<string, PackDirectory>> {
  const bytes = await medium.readRange(name, 0, INDEX_BYTES_MAX);
  const reader = new ByteReader(openFile({ sealingKey, fileClass: "index", name }, bytes), name);
  try {
    return decodeIndex(reader);
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}

function encodeIndex(packs: readonly [string, PackDirectory][]): Buffer {
  const writer = new ByteWriter(64 * 1024).u32(packs.length);
  for (const [name, { objects }] of packs) {
    writer.text(name).u32(objects.length);
    for (const { id, length } of objects) writer.raw(id).u32(length);
  }
  return writer.finish();
}

function decodeIndex(reader: ByteReader): Map<string, PackDirectory> {
  const packs = new Map<string, PackDirectory>();
  const count = reader.u32();
  for (let index = 0; index < count; index++) {
    const name = reader.text(PACK_NAME_MAX, "pack name");
    const kind = kindOfPack(name);
    if (kind === undefined) return reader.fail(`${name} is not a pack's name`);
    const { ids, lengths } = decodeObjectList(reader);
    packs.set(name, layOut(kind, ids, lengths));
  }
  reader.end();
  return packs;
}
