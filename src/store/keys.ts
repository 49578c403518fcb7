import { hkdfSync } from "node:crypto";
import { CorruptionError, SettingsError } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Random } from "../runtime/random.ts";
import { assertChunkSizes, type ChunkSizes } from "./chunk-sizes.ts";
import { decodeKeyFile, encodeKeyFile, type KeyStrength, type StoreSecrets } from "./key-file.ts";
import type { Medium } from "./medium.ts";
import { DAMAGED_FOLDER } from "./set-aside.ts";
import { StoreOpenError } from "./store-open-error.ts";
import { deleteTwins, listTwins, readTwins, twinOf, writeTwins } from "./twin-files.ts";

export const KEY_FILES = "keys/";
export const KEY_FILE_BYTES_MAX = 4096;

/** What agents get to cut and to name chunks. It opens nothing: the sealing key never leaves the store. */
export interface Chunking {
  readonly sizes: ChunkSizes;
  /** 32 bytes; ids are HMAC-SHA256 under it (chunk-id.ts). */
  readonly idKey: Buffer;
  /** 32 bytes; the chunker's table comes from it (chunker.ts). */
  readonly gearKey: Buffer;
}

export interface StoreKeys {
  readonly storeId: Buffer;
  readonly sealingKey: Buffer;
  readonly chunking: Chunking;
}

/** Derives every key of the store from the master key; each purpose has its own label. */
export function deriveKeys({ masterKey, storeId, chunkSizes }: StoreSecrets): StoreKeys {
  const derive = (label: string) => Buffer.from(hkdfSync("sha256", masterKey, storeId, `rusuban ${label}`, 32));
  return {
    storeId,
    sealingKey: derive("sealing"),
    chunking: { sizes: chunkSizes, idKey: derive("chunk id"), gearKey: derive("gear table") },
  };
}

/** Makes a store's secrets and its first key file. That file is what makes a directory a store: one atomic step. */
export async function createKeys(
  medium: Medium,
  needs: { passphrase: string; strength: KeyStrength; random: Random; chunkSizes: ChunkSizes },
): Promise<StoreKeys> {
  assertChunkSizes(needs.chunkSizes);
  const secrets = { masterKey: needs.random(32), storeId: needs.random(16), chunkSizes: needs.chunkSizes };
  await writeKeyFile(medium, secrets, needs);
  return deriveKeys(secrets);
}

/** Writes one more key file for the same secrets and returns its name. */
export async function writeKeyFile(
  medium: Medium,
  secrets: StoreSecrets,
  needs: { passphrase: string; strength: KeyStrength; random: Random },
): Promise<string> {
  const name = KEY_FILES + needs.random(16).toString("hex");
  const bytes = await encodeKeyFile(secrets, needs);
  // Opened again before it counts: this is the one file that cannot be made anew.
  const opened = await decodeKeyFile(name, bytes, needs);
  if (opened === undefined || !opened.masterKey.equals(secrets.masterKey)) {
    throw new CorruptionError(name, "freshly wrapped key does not open: this machine's memory or processor is faulty");
  }
  await writeTwins(medium, name, [bytes]);
  return name;
}

/**
 * The secrets that `passphrase` opens, and the key file it opened. StoreOpenError where there is no store, a newer one, or
 * where it fits no whole key file; CorruptionError where no key file is whole.
 */
export async function openSecrets(
  medium: Medium,
  { passphrase, meanwhile, log }: { passphrase: string; meanwhile?: (() => void) | undefined; log: Log },
): Promise<{ secrets: StoreSecrets; keyFile: string }> {
  const files = await listTwins(medium, KEY_FILES);
  if (files.length === 0)
    throw new StoreOpenError("no-store", `${medium.name} holds no store; make one with \`rusuban store init\``);
  let damaged: CorruptionError | undefined;
  for (const name of files) {
    const { file, copy, value } = await readTwins(medium, name, {
      bytesMax: KEY_FILE_BYTES_MAX,
      open: async (bytes) => ({ secrets: await decodeKeyFile(name, bytes, { passphrase, meanwhile }) }),
    });
    if (value?.secrets !== undefined) return { secrets: value.secrets, keyFile: name };
    if (value !== undefined) continue;
    const problem = "problem" in file ? file.problem : "";
    log.error({ file: name, problem, copy: copy.state }, "key file is damaged, and so is its copy");
    if (file.state === "unreadable") throw new Error(`${name} could not be read: ${problem}`);
    damaged = new CorruptionError(name, problem);
  }
  if (damaged !== undefined && files.length === 1) throw damaged;
  const exceptDamaged = damaged === undefined ? "" : "; one that may have fitted is damaged";
  throw new StoreOpenError(
    "wrong-passphrase",
    `does not open any of the ${files.length} key files of ${medium.name}${exceptDamaged}`,
  );
}

/** Whether there is a store here at all. */
export async function hasKeys(medium: Medium): Promise<boolean> {
  return (await listTwins(medium, KEY_FILES)).length > 0;
}

export async function deleteKeyFile(medium: Medium, name: string): Promise<void> {
  const files = await listTwins(medium, KEY_FILES);
  if (!files.includes(name)) throw new SettingsError("key", `${name} is not in ${medium.name}`);
  if (files.length <= 1) throw new SettingsError("key", `${name} is the only key file: without it nothing can be read`);
  await deleteTwins(medium, name);
  // A passphrase that was taken back must open nothing, damaged files that were set aside included.
  for (const place of [name, twinOf(name)]) {
    for (const aside of await medium.list(DAMAGED_FOLDER + place)) await medium.delete(aside.name);
  }
}
