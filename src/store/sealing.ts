import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync } from "node:crypto";
import { CorruptionError } from "../runtime/errors.ts";
import { dispose } from "./dispose.ts";

// Every sealed file starts with the same 44 bytes (docs/store-format.md, "File header"): what it is, and the salt from
// which its own key is derived.

export const FORMAT_VERSION = 1;
export const FILE_CLASSES = { key: 1, dataPack: 2, treePack: 3, index: 4, snapshot: 5, hold: 6, ledger: 7 } as const;
export type FileClass = keyof typeof FILE_CLASSES;

export const FILE_MAGIC = Buffer.from("RUSUBAN\0", "latin1");
export const SALT_BYTES = 32;
export const FILE_HEADER_BYTES = FILE_MAGIC.length + 4 + SALT_BYTES;
export const TAG_BYTES = 16;
/** Node returns each step in a buffer of its own; the allocator uses short ones again, long ones come from the system. */
const STEP_BYTES = 128 * 1024;

/** Magic, version, class, two zero bytes, salt. */
export function encodeFileHeader(fileClass: FileClass, salt: Buffer): Buffer {
  return Buffer.concat([FILE_MAGIC, Buffer.from([FORMAT_VERSION, FILE_CLASSES[fileClass], 0, 0]), salt]);
}

/** The salt of a file that must be of `fileClass`; CorruptionError when the first 44 bytes are not such a header. */
export function decodeFileHeader(name: string, bytes: Buffer, fileClass: FileClass): Buffer {
  if (bytes.length < FILE_HEADER_BYTES)
    throw new CorruptionError(name, `${bytes.length} bytes are too few for a header`);
  const expected = encodeFileHeader(fileClass, Buffer.alloc(0));
  if (!bytes.subarray(0, expected.length).equals(expected)) {
    throw new CorruptionError(name, `does not start as a ${fileClass} file of format ${FORMAT_VERSION}`);
  }
  return bytes.subarray(expected.length, FILE_HEADER_BYTES);
}

/** CorruptionError when the first 44 bytes are not the header of such a file with this salt. */
export function assertFileHeader(
  name: string,
  bytes: Buffer,
  { fileClass, salt }: { fileClass: FileClass; salt: Buffer },
): void {
  if (!decodeFileHeader(name, bytes, fileClass).equals(salt))
    throw new CorruptionError(name, "has another file's salt");
}

/** Seals the parts of one file. No two parts of a file have the same `ordinal` (0 to 2^32 - 1). */
export interface Sealer {
  /** Ciphertext and 16 bytes of tag. Opened again and compared before it is handed out. */
  seal(ordinal: number, context: Buffer, plaintext: Buffer): Buffer;
  /** The same into `target`, which is TAG_BYTES longer than the plaintext. */
  sealInto(target: Buffer, ordinal: number, context: Buffer, plaintext: Buffer): void;
  /** CorruptionError(`what`) when a single bit of part, context or ordinal differs. */
  open(ordinal: number, context: Buffer, sealed: Buffer, what: string): Buffer;
}

/**
 * AES-256-GCM under a key of this file alone: HKDF-SHA256(sealing key, the file's random salt, its class). The nonce is
 * the part's ordinal; a file is written once and no two of its parts share one, so no key ever meets a nonce twice.
 */
export function createSealer(sealingKey: Buffer, salt: Buffer, fileClass: FileClass): Sealer {
  // A key object: from a buffer Node would make one for every part.
  const derived = hkdfSync("sha256", sealingKey, salt, `rusuban file ${fileClass}`, 32);
  const key = createSecretKey(Buffer.from(derived));

  function open(ordinal: number, context: Buffer, sealed: Buffer, what: string): Buffer {
    if (sealed.length < TAG_BYTES) throw new CorruptionError(what, `${sealed.length} sealed bytes are too few`);
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(ordinal));
    decipher.setAAD(context);
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    const plaintext = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw new CorruptionError(what, "does not match its seal");
    }
    return plaintext;
  }

  /** A machine that computes wrongly must not write a backup that nobody can open. */
  function prove(ordinal: number, context: Buffer, { sealed, plaintext }: { sealed: Buffer; plaintext: Buffer }): void {
    const ciphertext = sealed.subarray(0, plaintext.length);
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(ordinal));
    decipher.setAAD(context);
    decipher.setAuthTag(sealed.subarray(plaintext.length));
    let isSame = true;
    for (let at = 0; at < plaintext.length; at += STEP_BYTES) {
      const end = Math.min(at + STEP_BYTES, plaintext.length);
      const opened = decipher.update(ciphertext.subarray(at, end));
      isSame = opened.equals(plaintext.subarray(at, end)) && isSame;
      dispose(opened);
    }
    try {
      decipher.final();
    } catch {
      isSame = false;
    }
    if (isSame) return;
    throw new CorruptionError(
      "freshly sealed bytes",
      "differ after opening: this machine's memory or processor is faulty",
    );
  }

  function sealInto(target: Buffer, ordinal: number, context: Buffer, plaintext: Buffer): void {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(ordinal));
    cipher.setAAD(context);
    for (let at = 0; at < plaintext.length; at += STEP_BYTES) {
      const ciphertext = cipher.update(plaintext.subarray(at, at + STEP_BYTES));
      ciphertext.copy(target, at);
      dispose(ciphertext);
    }
    cipher.final();
    cipher.getAuthTag().copy(target, plaintext.length);
    prove(ordinal, context, { sealed: target, plaintext });
  }

  return {
    seal(ordinal, context, plaintext) {
      const sealed = Buffer.allocUnsafeSlow(plaintext.length + TAG_BYTES);
      sealInto(sealed, ordinal, context, plaintext);
      return sealed;
    },
    sealInto,
    open,
  };
}

function nonceOf(ordinal: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUInt32LE(ordinal, 0);
  return nonce;
}

/** A whole small file of one sealed part; its name is bound in, so that files cannot be swapped for one another. */
export function sealFile(
  { sealingKey, salt, fileClass, name }: { sealingKey: Buffer; salt: Buffer; fileClass: FileClass; name: string },
  plaintext: Buffer,
): Buffer[] {
  const sealer = createSealer(sealingKey, salt, fileClass);
  return [encodeFileHeader(fileClass, salt), sealer.seal(0, Buffer.from(name), plaintext)];
}

/** The plaintext of `sealFile`, or a CorruptionError naming the file. */
export function openFile(
  { sealingKey, fileClass, name }: { sealingKey: Buffer; fileClass: FileClass; name: string },
  bytes: Buffer,
): Buffer {
  const salt = decodeFileHeader(name, bytes, fileClass);
  return createSealer(sealingKey, salt, fileClass).open(0, Buffer.from(name), bytes.subarray(FILE_HEADER_BYTES), name);
}
