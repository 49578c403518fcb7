import { createHash } from "node:crypto";
import type { Random } from "../../runtime/random.ts";

/** 256 random bits as 43 characters that may stand in a cookie and in a URL's fragment. */
export function createSecret(random: Random): string {
  return random(32).toString("base64url");
}

/** What the database keeps of a secret: SHA-256 in hex. The secret has 256 bits, so that a plain hash cannot be searched. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}

export function isSecret(text: string): boolean {
  return /^[A-Za-z0-9_-]{43}$/.test(text);
}
