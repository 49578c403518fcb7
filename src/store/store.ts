import type { Clock } from "../runtime/clock.ts";
import { codeOf, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import { checkStore } from "./check.ts";
import type { CheckOptions, CheckReport } from "./check-report.ts";
import type { ObjectKind } from "./chunk-id.ts";
import { CHUNK_SIZES, type ChunkSizes } from "./chunk-sizes.ts";
import { type CollectionOptions, type CollectionReport, collectGarbage } from "./garbage.ts";
import { deleteHold, encodeHold, type Hold, readHolds, writeHold } from "./hold.ts";
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
import { createPatientMedium } from "./patient-medium.ts";
import { NO_PARITY_FILE } from "./protection.ts";
import { payOwedProtection } from "./protection-upkeep.ts";
import { repairStore } from "./repair.ts";
import type { RepairOptions, RepairReport } from "./repair-report.ts";
import { decideRetention, type RetentionDecision, type RetentionPolicy } from "./retention.ts";
import { openSession, type SessionScope, type StoreSession } from "./session.ts";
import { setTwinsAside } from "./set-aside.ts";
import { SNAPSHOT_FOLDER, type Snapshot, snapshotFile } from "./snapshot.ts";
import { StoreCore } from "./store-core.ts";
import { deleteTwins } from "./twin-files.ts";
import { type Ledger, readLedger } from "./verification-ledger.ts";

export interface StoreNeeds {
  readonly medium: Medium;
  readonly passphrase: string;
  /** Called while another thread derives a key from the passphrase, which takes 0.3 s: once for each key file tried. */
  readonly meanwhile?: (() => void) | undefined;
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
  /** What `decodeObject` takes; the caller's from then on. */
  readEncoded(kind: ObjectKind, id: Buffer): Promise<Buffer>;
  /** Oldest first, in the order in which they were committed. */
  listSnapshots(): Snapshot[];
  findSnapshot(id: string): Snapshot | undefined;
  /**
   * Durable when it resolves. The space comes back with the next collection. SettingsError when there is none of that id, or
   * it is on hold. A snapshot that cannot be read any more is set aside, so that collection goes on.
   */
  forgetSnapshot(id: string): Promise<void>;
  /** What a policy would keep and forget now, and why, in order of sequence; see `decideRetention`. Changes nothing. */
  planRetention(policy: RetentionPolicy, options: { readonly timeZone: string }): RetentionDecision[];
  /** Keeps a snapshot from being forgotten until `releaseHold`. Durable when it resolves; a second hold replaces the reason. */
  holdSnapshot(id: string, reason: string): Promise<void>;
  /** SettingsError when it is not on hold. */
  releaseHold(id: string): Promise<void>;
  listHolds(): Hold[];
  /** One at a time; a second call waits for the first. */
  collectGarbage(options?: CollectionOptions): Promise<CollectionReport>;
  /** Looks and tells; writes nothing but the ledger of what was verified when. */
  check(options?: CheckOptions): Promise<CheckReport>;
  /** Reads everything, mends what can be mended, sets aside what cannot, and names what was lost. */
  repair(options?: RepairOptions): Promise<RepairReport>;
  /** What was verified when, by pack name; see `readLedger`. */
  readLedger(): Promise<Ledger>;
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
  needs: StoreNeeds & {
    readonly chunkSizes?: ChunkSizes;
    readonly keyStrength?: KeyStrength;
    /** False: damaged packs cannot be mended, and the store is 1.6 % smaller. Decided once and for all. */
    readonly parity?: boolean;
  },
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
    if (needs.parity === false) await writeNoParity(medium);
    const strength = needs.keyStrength ?? KEY_STRENGTH;
    // The key file makes it a store: it comes last.
    await createKeys(medium, { passphrase, strength, random, chunkSizes: needs.chunkSizes ?? CHUNK_SIZES });
  } catch (error) {
    await medium.close();
    throw error;
  }
  return openStore(needs);
}

async function writeNoParity(medium: Medium): Promise<void> {
  await medium.write(NO_PARITY_FILE, [Buffer.from("this store was made without parity\n")]).catch((error: unknown) => {
    if (codeOf(error) !== "EEXIST") throw error;
  });
}

/**
 * Opens a store for this process alone and mends what a killed one left: unfinished files go, a missing index is made
 * from the packs. Errors of the keys: `openSecrets`. The medium is closed again when opening fails.
 */
export async function openStore(needs: StoreNeeds & { readonly keyStrength?: KeyStrength }): Promise<Store> {
  const { clock, random, log } = needs;
  const medium = createPatientMedium(needs.medium, clock);
  try {
    // Before the lock, so that a mistyped path or passphrase leaves no trace and a newer store is not touched.
    const { secrets, keyFile } = await openSecrets(medium, needs);
    await medium.lock();
    const swept = await medium.sweep();
    if (swept > 0) log.info({ store: medium.name, files: swept }, "removed what an interrupted write left");
    const keys: StoreKeys = deriveKeys(secrets);
    const core = new StoreCore({ medium, keys, clock, random, log });
    await core.load();
    const holds = await readHolds({ medium, sealingKey: keys.sealingKey });
    const addPassphrase = (passphrase: string) =>
      writeKeyFile(medium, secrets, { passphrase, strength: needs.keyStrength ?? KEY_STRENGTH, random });
    return assemble(core, { keyFile, addPassphrase, holds });
  } catch (error) {
    await medium.close();
    throw error;
  }
}

function assemble(
  core: StoreCore,
  {
    keyFile,
    addPassphrase,
    holds,
  }: { keyFile: string; addPassphrase: (passphrase: string) => Promise<string>; holds: Map<string, Hold> },
): Store {
  const { medium, clock, random, log } = core;
  const { sealingKey } = core.keys;
  const ownership = new Ownership(core);
  let maintaining: Promise<unknown> = Promise.resolve();
  /** Collection and repair wait for one another: each would see the other's half-done work. */
  function maintain<T>(work: () => Promise<T>): Promise<T> {
    const done = maintaining.then(work);
    maintaining = done.catch(() => {});
    return done;
  }
  async function hold(id: string, reason: string): Promise<void> {
    if (!core.snapshots.has(id)) throw new SettingsError("snapshot", `${id} is not in ${medium.name}`);
    const made = { snapshot: id, reason, heldAtMs: clock.now() };
    encodeHold(made);
    const isHeld = holds.has(id);
    // In memory first: from now on nobody may forget it.
    holds.set(id, made);
    await core.protection.exclusively(async () => {
      if (isHeld) await deleteHold(medium, id);
      await writeHold({ medium, sealingKey, random }, made);
    });
  }
  return {
    id: core.keys.storeId.toString("hex"),
    chunking: core.keys.chunking,
    keyFile,
    addPassphrase: (passphrase) => core.protection.exclusively(() => addPassphrase(passphrase)),
    openSession(options) {
      core.protection.payOnce(() => payOwedProtection(core));
      return openSession({ core, ownership }, options);
    },
    has: (kind, id) => core.find(kind, id) >= 0,
    read: (kind, id) => (kind === "tree" ? core.readTree(id) : core.read(kind, id)),
    readEncoded: (kind, id) => core.readEncoded(kind, id),
    listSnapshots: () => [...core.snapshots.values()],
    findSnapshot: (id) => core.snapshots.get(id),
    async forgetSnapshot(id) {
      const hold = holds.get(id);
      if (hold !== undefined)
        throw new SettingsError("snapshot", `${id} is on hold${hold.reason === "" ? "" : `: ${hold.reason}`}`);
      const snapshot = core.snapshots.get(id);
      if (snapshot === undefined) {
        if (!core.damages.snapshots.has(snapshotFile(id)))
          throw new SettingsError("snapshot", `${id} is not in ${medium.name}`);
        await core.protection.exclusively(() => setTwinsAside(medium, snapshotFile(id)));
        core.damages.snapshots.delete(snapshotFile(id));
        return;
      }
      await core.protection.exclusively(() => deleteTwins(medium, snapshotFile(id)));
      core.snapshots.delete(id);
      core.forgotten++;
      ownership.drop(snapshot.hostId);
    },
    planRetention(policy, { timeZone }) {
      const reasons = new Map([...holds].map(([id, { reason }]) => [id, reason]));
      return decideRetention([...core.snapshots.values()], policy, { nowMs: clock.now(), timeZone, holds: reasons });
    },
    holdSnapshot: hold,
    async releaseHold(id) {
      if (!holds.has(id)) throw new SettingsError("snapshot", `${id} is not on hold`);
      await core.protection.exclusively(() => deleteHold(medium, id));
      holds.delete(id);
    },
    listHolds: () => [...holds.values()],
    collectGarbage: (options) => maintain(() => collectGarbage(core, options)),
    check: (options) => checkStore(core, options),
    async repair(options) {
      const report = await maintain(() => repairStore(core, options));
      for (const id of report.recovered)
        await hold(id, "found again by a repair: release it once you know whose it is");
      return report;
    },
    readLedger: () => readLedger({ medium, sealingKey, log }),
    async removeKeyFile(name) {
      await core.protection.exclusively(() => deleteKeyFile(medium, name));
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
        await maintaining;
        await core.writer.flush();
        await core.protection.settled();
      } finally {
        await medium.close();
      }
    },
  };
}
