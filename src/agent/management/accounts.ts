// Accounts of other people's clients: names with the hash of a password, in one private file that is read anew at each
// look-up, so that a change counts at once. Our own manager needs none: it comes with its certificate.

import { scrypt, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { readPrivateFile, writePrivateFile } from "../../net/private-file.ts";
import { CorruptionError, SettingsError } from "../../runtime/errors.ts";
import type { Random } from "../../runtime/random.ts";

export interface Account {
  readonly name: string;
  /** Whether it may do more than read and subscribe: start and stop services, create and delete. */
  readonly mayChange: boolean;
}

export interface Accounts {
  list(): Promise<readonly Account[]>;
  /** Whether there is any, read without waiting: a handshake's verdict cannot wait. False where the file cannot be read. */
  areThere(): boolean;
  /** A new account, or another password for one that is there. @throws SettingsError for a name or password that cannot be used. */
  set(account: Account, password: string): Promise<void>;
  /** False where there was none. */
  remove(name: string): Promise<boolean>;
  /** The account, when it is its password. Takes as long for a name that is none. */
  check(name: string, password: string): Promise<Account | undefined>;
}

interface StoredAccount extends Account {
  /** Base64. */
  readonly salt: string;
  readonly hash: string;
}

export const ACCOUNTS_MAX = 64;
const ACCOUNTS_FILE_BYTES_MAX = 64 * 1024;
const PASSWORD_LENGTH_MIN = 8;
/** Of a password, so that hashing has an end. */
export const PASSWORD_LENGTH_MAX = 256;
/** RFC 7617 §2: a name with a colon cannot be sent. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
/** 32 MiB and some 80 ms of a processor: what a guess costs, too (RFC 7914). */
const SCRYPT = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };
const HASH_BYTES = 32;

const derive = promisify<string, Buffer, number, typeof SCRYPT, Buffer>(scrypt);

export function createAccounts({ file, random }: { readonly file: string; readonly random: Random }): Accounts {
  const nobody = { salt: random(16), hash: random(HASH_BYTES) };

  async function read(): Promise<readonly StoredAccount[]> {
    const text = await readPrivateFile(file, ACCOUNTS_FILE_BYTES_MAX);
    if (text === undefined) return [];
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw new CorruptionError(file, "is no JSON");
    }
    if (!Array.isArray(value) || !value.every(isStored)) throw new CorruptionError(file, "does not hold accounts");
    return value;
  }

  async function write(accounts: readonly StoredAccount[]): Promise<void> {
    await writePrivateFile(file, `${JSON.stringify(accounts, null, 2)}\n`, "always");
  }

  return {
    list: async () => (await read()).map(({ name, mayChange }) => ({ name, mayChange })),
    areThere() {
      try {
        const value: unknown = JSON.parse(readFileSync(file, "utf8"));
        return Array.isArray(value) && value.length > 0;
      } catch {
        return false; // None yet; what else is wrong with it is told by whoever looks an account up.
      }
    },
    async set({ name, mayChange }, password) {
      if (!NAME.test(name)) {
        throw new SettingsError(
          "name",
          `${JSON.stringify(name)} cannot be an account: use letters, digits, . _ @ and -`,
        );
      }
      if (password.length < PASSWORD_LENGTH_MIN || password.length > PASSWORD_LENGTH_MAX) {
        const problem = `has ${password.length} characters: ${PASSWORD_LENGTH_MIN} to ${PASSWORD_LENGTH_MAX} are needed`;
        throw new SettingsError("password", problem);
      }
      const others = (await read()).filter((account) => account.name !== name);
      if (others.length >= ACCOUNTS_MAX) throw new SettingsError(file, `holds ${ACCOUNTS_MAX} accounts already`);
      const salt = random(16);
      const hash = await derive(password, salt, HASH_BYTES, SCRYPT);
      await write([...others, { name, mayChange, salt: salt.toString("base64"), hash: hash.toString("base64") }]);
    },
    async remove(name) {
      const all = await read();
      const others = all.filter((account) => account.name !== name);
      if (others.length < all.length) await write(others);
      return others.length < all.length;
    },
    async check(name, password) {
      const account = (await read()).find((each) => each.name === name);
      const salt = account === undefined ? nobody.salt : Buffer.from(account.salt, "base64");
      const expected = account === undefined ? nobody.hash : Buffer.from(account.hash, "base64");
      const hash = await derive(password.slice(0, PASSWORD_LENGTH_MAX + 1), salt, HASH_BYTES, SCRYPT);
      const isRight = timingSafeEqual(hash, expected) && account !== undefined;
      return isRight ? { name, mayChange: account.mayChange } : undefined;
    },
  };
}

function isStored(value: unknown): value is StoredAccount {
  if (typeof value !== "object" || value === null) return false;
  const { name, mayChange, salt, hash } = value as Record<string, unknown>;
  const isHash = typeof hash === "string" && Buffer.from(hash, "base64").length === HASH_BYTES;
  return typeof name === "string" && typeof mayChange === "boolean" && typeof salt === "string" && isHash;
}
