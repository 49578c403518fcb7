import type { Clock } from "../runtime/clock.ts";
import { SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import { type CheckOptions, type CheckReport, checkStore } from "./check.ts";
import type { ObjectKind } from "./chunk-id.ts";
import { CHUNK_SIZES, type ChunkSizes } from "./chunk-sizes.ts";
import { type CollectionOptions, type CollectionReport, collectGarbage } from "./garbage.ts";
import { KEY_STRENGTH, type KeyStrength } from "./key-file.ts";
import {
  type Chunking,
  createKeys,
  deleteKeyFile,
  deriveKeys,
  hasKeys,
  openSecrets,
  type StoreKeys,
  writeKeyFile,
} from "./keys.ts";
import type { Medium } from "./medium.ts";
import { Ownership } from "./ownership.ts";
import { PACK_FOLDERS } from "./pack.ts";
import { openSession, type SessionScope, type StoreSession } from "./session.ts";
import { SNAPSHOT_FOLDER, type Snapshot, snapshotFile } from "./snapshot.ts";
import { StoreCore } from "./store-core.ts";

export interface StoreNeeds {
  readonly medium: Medium;
  readonly passphrase: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface StoreStats {
  readonly snapshots: number;
  readonly packs: number;
  readonly objects: number;
  /** Bytes of all packs. */
  readonly packBytes: number;
  /** Bytes of memory that the index takes. */
  readonly indexMemoryBytes: number;
}

/** An open store. One process has it, until `close` or its death. */
export interface Store {
  /** 32 hexadecimal digits. */
  readonly id: string;
  /** What agents need to cut and to name chunks. */
  readonly chunking: Chunking;
  /** The only way to add to the store; see StoreSession. */
  openSession(options: { hostId: string; scope: SessionScope }): Promise<StoreSession>;
  has(kind: ObjectKind, id: Buffer): boolean;
  /** Plaintext. For the store's owner: no ownership is asked. */
  read(kind: ObjectKind, id: Buffer): Promise<Buffer>;
  /** Oldest first, in the order in which they were committed. */
  listSnapshots(): Snapshot[];
  findSnapshot(id: string): Snapshot | undefined;
  /** Durable when it resolves. The space comes back with the next collection. SettingsError when there is none of that id. */
  forgetSnapshot(id: string): Promise<void>;
  /** One at a time; a second call waits for the first. */
  collectGarbage(options?: CollectionOptions): Promise<CollectionReport>;
  check(options?: CheckOptions): Promise<CheckReport>;
  /** Another passphrase that opens the store; the name of its key file. */
  addPassphrase(passphrase: string): Promise<string>;
  removeKeyFile(name: string): Promise<void>;
  /** Name of the key file that opened the store. */
  readonly keyFile: string;
  stats(): StoreStats;
  /** Makes durable what was put and gives the store back. */
  close(): Promise<void>;
}

/** Makes a store on an empty medium and opens it. SettingsError("store") when there is one already. */
export async function createStore(
  needs: StoreNeeds & { readonly chunkSizes?: ChunkSizes; readonly keyStrength?: KeyStrength },
): Promise<Store> {
  const { medium, passphrase, random } = needs;
  await medium.lock();
  try {
    if (await hasKeys(medium)) throw new SettingsError("store", `${medium.name} holds a store already`);
    for (const folder of [...Object.values(PACK_FOLDERS), SNAPSHOT_FOLDER]) {
      const [file] = await medium.list(folder);
      if (file !== undefined)
        throw new SettingsError("store", `${medium.name} holds ${file.name} of a store whose keys are gone`);
    }
    const strength = needs.keyStrength ?? KEY_STRENGTH;
    await createKeys(medium, { passphrase, strength, random, chunkSizes: needs.chunkSizes ?? CHUNK_SIZES });
  } catch (error) {
    await medium.close();
    throw error;
  }
  return openStore(needs);
}

/**
 * Opens a store for this process alone and mends what a killed one left: unfinished files go, a missing index is made
 * from the packs. Errors of the keys: `openSecrets`. The medium is closed again when opening fails.
 */
export async function openStore(needs: StoreNeeds & { readonly keyStrength?: KeyStrength }): Promise<Store> {
  const { medium, clock, random, log } = needs;
  try {
    // Before the lock, so that a mistyped path or passphrase leaves no trace and a newer store is not touched.
    const { secrets, keyFile } = await openSecrets(medium, needs);
    await medium.lock();
    const swept = await medium.sweep();
    if (swept > 0) log.info({ store: medium.name, files: swept }, "removed what an interrupted write left");
    const keys: StoreKeys = deriveKeys(secrets);
    const core = new StoreCore({ medium, keys, clock, random, log });
    await core.load();
    const addPassphrase = (passphrase: string) =>
      writeKeyFile(medium, secrets, { passphrase, strength: needs.keyStrength ?? KEY_STRENGTH, random });
    return assemble(core, { keyFile, addPassphrase });
  } catch (error) {
    await medium.close();
    throw error;
  }
}

function assemble(
  core: StoreCore,
  { keyFile, addPassphrase }: { keyFile: string; addPassphrase: (passphrase: string) => Promise<string> },
): Store {
  const ownership = new Ownership(core);
  let collecting: Promise<unknown> = Promise.resolve();
  return {
    id: core.keys.storeId.toString("hex"),
    chunking: core.keys.chunking,
    keyFile,
    addPassphrase,
    openSession: (options) => openSession({ core, ownership }, options),
    has: (kind, id) => core.find(kind, id) >= 0,
    read: (kind, id) => core.read(kind, id),
    listSnapshots: () => [...core.snapshots.values()],
    findSnapshot: (id) => core.snapshots.get(id),
    async forgetSnapshot(id) {
      const snapshot = core.snapshots.get(id);
      if (snapshot === undefined) throw new SettingsError("snapshot", `${id} is not in ${core.medium.name}`);
      await core.medium.delete(snapshotFile(id));
      core.snapshots.delete(id);
      core.forgotten++;
      ownership.drop(snapshot.hostId);
    },
    collectGarbage(options) {
      const report = collecting.then(() => collectGarbage(core, options));
      collecting = report.catch(() => {});
      return report;
    },
    check: (options) => checkStore(core, options),
    async removeKeyFile(name) {
      await deleteKeyFile(core.medium, name);
    },
    stats() {
      const packs = [...core.packs.written()];
      return {
        snapshots: core.snapshots.size,
        packs: packs.length,
        objects: core.table.size,
        packBytes: packs.reduce((sum, { bytes }) => sum + bytes, 0),
        indexMemoryBytes: core.table.memoryBytes,
      };
    },
    async close() {
      try {
        await collecting;
        await core.writer.flush();
      } finally {
        await core.medium.close();
      }
    },
  };
}
