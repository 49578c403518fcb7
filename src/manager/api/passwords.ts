import { argon2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { ApiError } from "../../api/api-error.ts";
import type { Random } from "../../runtime/random.ts";
import { SERVICE_LIMITS } from "./limits.ts";

// Argon2id (RFC 9106), stored with its parameters as `$argon2id$v=19$m=…,t=…,p=…$salt$hash`, so that they can be raised
// later while older hashes still verify.

/** OWASP's first choice of 2024 for argon2id: 19 MiB, two passes, one lane. */
const PARAMETERS = { memory: 19_456, passes: 2, parallelism: 1 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const FORMAT =
  /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{22,88})\$([A-Za-z0-9+/]{43,88})$/;

const derive = promisify(argon2);

export interface Passwords {
  hash(password: string): Promise<string>;
  /** False for a wrong password; takes as long where `stored` is null, so that nobody learns which accounts exist. */
  verify(password: string, stored: string | null): Promise<boolean>;
}

/** Throws ApiError `unavailable` where too many are under way: guessing must not take the machine's memory. */
export function createPasswords({ random }: { random: Random }): Passwords {
  const decoy = encode(random(SALT_BYTES), random(HASH_BYTES));
  let running = 0;
  const waiting: (() => void)[] = [];

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (running >= SERVICE_LIMITS.hashesAtOnce) {
      if (waiting.length >= SERVICE_LIMITS.hashesWaiting) {
        throw new ApiError("unavailable", "sign-in: too many at once", "try again in a few seconds");
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next(); // The turn is handed on.
    }
  }

  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = random(SALT_BYTES);
        const hash = await derive("argon2id", {
          ...PARAMETERS,
          message: normal(password),
          nonce: salt,
          tagLength: HASH_BYTES,
        });
        return encode(salt, hash);
      }),
    verify: (password, stored) =>
      inTurn(async () => {
        const [, memory, passes, parallelism, salt, hash] = FORMAT.exec(stored ?? decoy) ?? [];
        if (salt === undefined || hash === undefined) return false;
        const wanted = Buffer.from(hash, "base64");
        const got = await derive("argon2id", {
          message: normal(password),
          nonce: Buffer.from(salt, "base64"),
          parallelism: Number(parallelism),
          tagLength: wanted.length,
          memory: Number(memory),
          passes: Number(passes),
        });
        return timingSafeEqual(got, wanted) && stored !== null;
      }),
  };
}

/** The same password typed on two keyboards is the same bytes (RFC 8265 §4.2.2 asks for NFC). */
function normal(password: string): string {
  return password.normalize("NFC");
}

function encode(salt: Buffer, hash: Buffer): string {
  const { memory, passes, parallelism } = PARAMETERS;
  const text = (bytes: Buffer) => bytes.toString("base64").replace(/=+$/, "");
  return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${text(salt)}$${text(hash)}`;
}
