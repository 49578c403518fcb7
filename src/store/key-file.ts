import { createCipheriv, createDecipheriv, hash, scrypt } from "node:crypto";
import { promisify } from "node:util";
import { CorruptionError, SettingsError, WireError } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { type ChunkSizes, decodeChunkSizes, encodeChunkSizes } from "./chunk-sizes.ts";
import { FILE_CLASSES, FILE_MAGIC, FORMAT_VERSION, SALT_BYTES, TAG_BYTES } from "./sealing.ts";
import { StoreOpenError } from "./store-open-error.ts";

// A key file holds the master key and the store's parameters, wrapped by a passphrase. A store has one or several, all
// with the same contents: a passphrase is changed by writing a new one and deleting the old. Layout: docs/store-format.md.

/** What a key file protects. */
export interface StoreSecrets {
  /** 32 random bytes from which every other key is derived. */
  readonly masterKey: Buffer;
  /** 16 random bytes. */
  readonly storeId: Buffer;
  readonly chunkSizes: ChunkSizes;
}

/** scrypt's cost: memory is 1 KiB * 2^costLog2 for r = 8. */
export interface KeyStrength {
  readonly costLog2: number;
  readonly parallelism: number;
}

/**
 * 32 MiB and 0.27 s: of the choices that OWASP's Password Storage Cheat Sheet calls equivalent, the one (2^15, 8, 3) whose
 * memory an open store needs anyway, so that a short command does not peak while it asks for the key.
 */
export const KEY_STRENGTH: KeyStrength = { costLog2: 15, parallelism: 3 };
const BLOCK_SIZE = 8; // scrypt's r
/** A damaged or forged file must not make us allocate more than 4 GiB. */
const COST_LOG2_MAX = 22;
const PARALLELISM_MAX = 16;
const CHECKSUM_BYTES = 32;

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt);

async function wrappingKey(passphrase: string, salt: Buffer, { costLog2, parallelism }: KeyStrength): Promise<Buffer> {
  const N = 2 ** costLog2;
  // NFC, so that the same passphrase typed on two systems is the same bytes.
  return derive(passphrase.normalize("NFC"), salt, 32, {
    N,
    r: BLOCK_SIZE,
    p: parallelism,
    maxmem: 256 * N * BLOCK_SIZE,
  });
}

export async function encodeKeyFile(
  secrets: StoreSecrets,
  { passphrase, strength, random }: { passphrase: string; strength: KeyStrength; random: Random },
): Promise<Buffer> {
  if (passphrase === "") throw new SettingsError("passphrase", "is empty");
  const salt = random(SALT_BYTES);
  const head = new ByteWriter()
    .raw(FILE_MAGIC)
    .u8(FORMAT_VERSION)
    .u8(FILE_CLASSES.key)
    .u16(0)
    .raw(salt)
    .u8(strength.costLog2)
    .u8(BLOCK_SIZE)
    .u8(strength.parallelism)
    .u8(0)
    .finish();
  const plaintext = Buffer.concat([secrets.masterKey, secrets.storeId, encodeChunkSizes(secrets.chunkSizes)]);
  // The wrapping key is used for this one message: the salt is fresh for every file, so a zero nonce is never used twice.
  const cipher = createCipheriv("aes-256-gcm", await wrappingKey(passphrase, salt, strength), Buffer.alloc(12));
  cipher.setAAD(head);
  const wrapped = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
  const body = Buffer.concat([head, wrapped]);
  return Buffer.concat([body, checksumOf(body)]);
}

/** `undefined` when the file is whole and the passphrase is not its own. `meanwhile` is called while another thread computes. */
export async function decodeKeyFile(
  name: string,
  bytes: Buffer,
  { passphrase, meanwhile }: { passphrase: string; meanwhile?: (() => void) | undefined },
): Promise<StoreSecrets | undefined> {
  const { head, salt, strength, wrapped } = parse(name, bytes);
  const deriving = wrappingKey(passphrase, salt, strength);
  meanwhile?.();
  const decipher = createDecipheriv("aes-256-gcm", await deriving, Buffer.alloc(12));
  decipher.setAAD(head);
  decipher.setAuthTag(wrapped.subarray(wrapped.length - TAG_BYTES));
  const plaintext = decipher.update(wrapped.subarray(0, wrapped.length - TAG_BYTES));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  const reader = new ByteReader(plaintext, name);
  const secrets = { masterKey: reader.raw(32), storeId: reader.raw(16), chunkSizes: decodeChunkSizes(reader) };
  reader.end();
  return secrets;
}

/** CorruptionError when the file is not whole; asks for no passphrase. */
export function assertWholeKeyFile(name: string, bytes: Buffer): void {
  parse(name, bytes);
}

function parse(name: string, bytes: Buffer) {
  // The checksum comes first: only a whole file may claim to be newer, or be told apart from a wrong passphrase.
  const body = bytes.subarray(0, Math.max(0, bytes.length - CHECKSUM_BYTES));
  if (!checksumOf(body).equals(bytes.subarray(body.length))) {
    throw new CorruptionError(name, "key file is damaged: its checksum does not match");
  }
  try {
    const reader = new ByteReader(body, name);
    if (!reader.raw(FILE_MAGIC.length).equals(FILE_MAGIC)) reader.fail("not a file of a store");
    const version = reader.u8();
    if (version > FORMAT_VERSION) {
      throw new StoreOpenError(
        "newer",
        `format ${version} is newer than ${FORMAT_VERSION}, the newest this program knows: update it`,
      );
    }
    if (version !== FORMAT_VERSION) reader.fail(`unknown format ${version}`);
    if (reader.u8() !== FILE_CLASSES.key) reader.fail("not a key file");
    if (reader.u16() !== 0) reader.fail("reserved bytes are set");
    const salt = reader.raw(SALT_BYTES);
    const strength = { costLog2: reader.u8(), blockSize: reader.u8(), parallelism: reader.u8() };
    if (strength.costLog2 < 1 || strength.costLog2 > COST_LOG2_MAX) reader.fail(`scrypt cost 2^${strength.costLog2}`);
    if (strength.blockSize !== BLOCK_SIZE) reader.fail(`scrypt block size ${strength.blockSize}`);
    if (strength.parallelism < 1 || strength.parallelism > PARALLELISM_MAX)
      reader.fail(`scrypt parallelism ${strength.parallelism}`);
    if (reader.u8() !== 0) reader.fail("reserved byte is set");
    const head = body.subarray(0, body.length - reader.left);
    const wrapped = reader.raw(reader.left);
    if (wrapped.length < TAG_BYTES) reader.fail("no wrapped key");
    return { head, salt, strength, wrapped };
  } catch (error) {
    if (error instanceof WireError) throw new CorruptionError(name, error.problem);
    throw error;
  }
}

function checksumOf(bytes: Buffer): Buffer {
  return hash("sha256", bytes, "buffer");
}
