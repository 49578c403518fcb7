import { createCipheriv, createDecipheriv } from "node:crypto";
import { readPrivateFile, writePrivateFile } from "../../../net/private-file.ts";
import { CorruptionError } from "../../../runtime/errors.ts";
import type { Random } from "../../../runtime/random.ts";

// Passwords that the manager must say to others, and so cannot keep as hashes: AES-256-GCM under a key that lies beside the
// database and not in it. A copy of the database alone gives none of them away.

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SecretSeal {
  /** `owner` is sealed with it: a row that is moved to another host does not open. */
  seal(secret: string, owner: string): string;
  /** Throws CorruptionError where the key is another one, or the row was changed. */
  open(sealed: string, owner: string): string;
}

/** Reads the key, or makes it at the first start. */
export async function openSecretSeal(file: string, random: Random): Promise<SecretSeal> {
  await writePrivateFile(file, random(KEY_BYTES).toString("hex"), "new-only");
  const key = Buffer.from((await readPrivateFile(file, 2 * KEY_BYTES + 1)) ?? "", "hex");
  if (key.length !== KEY_BYTES) throw new CorruptionError(file, `holds ${key.length} bytes instead of ${KEY_BYTES}`);
  return {
    seal(secret, owner) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(Buffer.from(owner));
      const sealed = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString("base64");
    },
    open(sealed, owner) {
      const bytes = Buffer.from(sealed, "base64");
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, NONCE_BYTES), {
        authTagLength: TAG_BYTES,
      }).setAAD(Buffer.from(owner));
      try {
        decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
      } catch {
        throw new CorruptionError(`password of host ${owner}`, `does not open with the key in ${file}: set it anew`);
      }
    },
  };
}
