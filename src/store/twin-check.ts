import { HOLD_FOLDER, holdReading } from "./hold.ts";
import { assertWholeKeyFile } from "./key-file.ts";
import { KEY_FILE_BYTES_MAX, KEY_FILES } from "./keys.ts";
import { snapshotReading } from "./opening.ts";
import { SNAPSHOT_FOLDER, snapshotFile } from "./snapshot.ts";
import type { StoreCore } from "./store-core.ts";
import { listTwins, readBothTwins, type Twins } from "./twin-files.ts";

/** What `readTwins` needs to know of the small file `name`: what opens it. */
export function twinReading(core: StoreCore, name: string) {
  const { sealingKey } = core.keys;
  if (name.startsWith(SNAPSHOT_FOLDER)) return snapshotReading(sealingKey, name);
  if (name.startsWith(HOLD_FOLDER)) return holdReading(sealingKey, name);
  return {
    bytesMax: KEY_FILE_BYTES_MAX,
    open: (bytes: Buffer) => {
      assertWholeKeyFile(name, bytes);
      return bytes;
    },
  };
}

/** Every small file of which file or copy is not good. */
export async function findDamagedTwins(core: StoreCore): Promise<Twins<unknown>[]> {
  const names = new Set<string>();
  for (const folder of [KEY_FILES, SNAPSHOT_FOLDER, HOLD_FOLDER]) {
    for (const name of await listTwins(core.medium, folder)) names.add(name);
  }
  for (const id of core.snapshots.keys()) names.add(snapshotFile(id));
  const damaged: Twins<unknown>[] = [];
  for (const name of names) {
    const first = await readBothTwins<unknown>(core.medium, name, twinReading(core, name));
    if (isGood(first)) continue;
    // The copy of a snapshot just made may still have been on its way.
    await core.protection.settled();
    const second = await readBothTwins<unknown>(core.medium, name, twinReading(core, name));
    if (!isGood(second) && !isGone(core, second)) damaged.push(second);
  }
  return damaged;
}

function isGood({ file, copy }: Twins<unknown>): boolean {
  return file.state === "good" && copy.state === "good";
}

/** Both were deleted meanwhile, as they should. */
function isGone(core: StoreCore, { name, file, copy }: Twins<unknown>): boolean {
  const isNeeded = core.snapshots.has(name.slice(SNAPSHOT_FOLDER.length));
  return file.state === "missing" && copy.state === "missing" && !isNeeded;
}
