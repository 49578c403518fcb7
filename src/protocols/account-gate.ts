// HTTP Basic (RFC 7617) at the door of listeners that other people's software comes to. Looking a password up is costly on
// purpose and guessing must be slow: failures are counted by address, checks under way are few, and what was right a
// moment ago is remembered as a keyed hash, so that a client that polls does not pay each time.

import { createHmac } from "node:crypto";
import { addressKey } from "../net/admission.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Random } from "../runtime/random.ts";

/** Wrong passwords from one address (one /64 of IPv6) before it has to wait. */
export const ACCOUNT_FAILURES_MAX = 5;
/** From the first failure; afterwards the address begins anew. */
export const ACCOUNT_WAIT_MS = 60_000;
/** Addresses with failures that are remembered; the one that failed first is forgotten for a new one. */
export const ACCOUNT_ADDRESSES_MAX = 4_096;
/** Passwords looked up at once: each takes tens of milliseconds of a processor. */
export const ACCOUNT_CHECKS_MAX = 4;
/** A name and password that were right are taken as right for so long. */
export const ACCOUNT_REMEMBERED_MS = 60_000;
/** Right ones that are remembered. */
export const ACCOUNT_REMEMBERED_MAX = 64;
/** Characters of an Authorization header. */
export const AUTHORIZATION_LENGTH_MAX = 4_096;

/** Whether this is an account's password. Takes the same time for a name that is none. */
export type CheckAccount = (name: string, password: string) => Promise<boolean>;

export type AccountVerdict =
  | { readonly kind: "known"; readonly name: string }
  /** None given, or wrong: ask for them (401). */
  | { readonly kind: "unknown"; readonly wasGiven: boolean }
  /** Too many wrong ones from there, or too many checks under way: later (503). */
  | { readonly kind: "busy"; readonly retryAfterSeconds: number };

export interface AccountGate {
  /** `authorization` as the header holds it; `address` where the request came from. */
  check(authorization: string | undefined, address: string): Promise<AccountVerdict>;
}

export function createAccountGate({
  checkAccount,
  clock,
  random,
}: {
  readonly checkAccount: CheckAccount;
  readonly clock: Clock;
  readonly random: Random;
}): AccountGate {
  const key = random(32);
  const failures = new Map<string, { count: number; readonly until: number }>();
  const remembered = new Map<string, number>();
  let checks = 0;

  const failed = (address: string) => {
    const entry = failures.get(address);
    if (entry !== undefined) {
      entry.count += 1;
      return;
    }
    const [oldest] = failures.keys();
    if (failures.size >= ACCOUNT_ADDRESSES_MAX && oldest !== undefined) failures.delete(oldest);
    failures.set(address, { count: 1, until: clock.monotonic() + ACCOUNT_WAIT_MS });
  };

  return {
    async check(authorization, fullAddress) {
      const credentials = parseBasic(authorization);
      if (credentials === undefined) return { kind: "unknown", wasGiven: authorization !== undefined };
      const now = clock.monotonic();
      const { name, password } = credentials;
      const proof = createHmac("sha256", key).update(`${name.length} ${name}${password}`).digest("base64");
      const rememberedUntil = remembered.get(proof);
      if (rememberedUntil !== undefined && rememberedUntil > now) return { kind: "known", name };
      remembered.delete(proof);

      const address = addressKey(fullAddress);
      const before = failures.get(address);
      if (before !== undefined && before.until <= now) failures.delete(address);
      else if (before !== undefined && before.count >= ACCOUNT_FAILURES_MAX) {
        return { kind: "busy", retryAfterSeconds: Math.ceil((before.until - now) / 1_000) };
      }
      if (checks >= ACCOUNT_CHECKS_MAX) return { kind: "busy", retryAfterSeconds: 1 };
      checks += 1;
      // Counted before it is known: guesses sent at once must not all be looked up.
      failed(address);
      let isRight: boolean;
      try {
        isRight = await checkAccount(name, password);
      } finally {
        checks -= 1;
      }
      if (!isRight) return { kind: "unknown", wasGiven: true };
      failures.delete(address);
      const [oldest] = remembered.keys();
      if (remembered.size >= ACCOUNT_REMEMBERED_MAX && oldest !== undefined) remembered.delete(oldest);
      remembered.set(proof, clock.monotonic() + ACCOUNT_REMEMBERED_MS);
      return { kind: "known", name };
    },
  };
}

/** Name and password of `Basic …` in UTF-8 (RFC 7617 §2.1); undefined for anything else. */
export function parseBasic(
  authorization: string | undefined,
): { readonly name: string; readonly password: string } | undefined {
  if (authorization === undefined || authorization.length > AUTHORIZATION_LENGTH_MAX) return undefined;
  const [, token] = /^Basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization) ?? [];
  if (token === undefined) return undefined;
  const text = Buffer.from(token, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon <= 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** What a client sends. A name with a colon cannot be sent (RFC 7617 §2). */
export function basicAuthorization({ name, password }: { readonly name: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${name}:${password}`, "utf8").toString("base64")}`;
}
