import type { Role } from "../../api/route.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { Random } from "../../runtime/random.ts";
import type { Identify } from "./identity.ts";
import { SESSION_TIMES } from "./limits.ts";
import { createSecret, hashSecret } from "./secrets.ts";
import { readSessionCookie } from "./session-cookie.ts";

// Console sessions live in the database under the hash of a random secret that only the browser's cookie holds. A session
// ends when it is signed out of, when its account is disabled, when it lies idle, and at the latest at `expiresAtMs`.

export interface SessionRow {
  readonly idHash: string;
  readonly accountId: string;
  readonly address: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number;
  readonly expiresAtMs: number;
}

export interface SessionRepository {
  add(row: SessionRow): Promise<void>;
  /** With the account's name; undefined also where the account is disabled. */
  find(idHash: string): Promise<(SessionRow & { readonly accountName: string; readonly role: Role }) | undefined>;
  touch(idHash: string, atMs: number): Promise<void>;
  remove(idHash: string): Promise<void>;
  removeOthers(accountId: string, exceptIdHash: string): Promise<void>;
  /** Those that have ended by themselves. */
  removeEnded(times: { readonly expiredBeforeMs: number; readonly idleSinceMs: number }): Promise<void>;
}

export interface Sessions {
  /** Opens a session; the secret is for the cookie and is kept nowhere else. */
  open(request: {
    readonly accountId: string;
    readonly address: string;
  }): Promise<{ secret: string; expiresAtMs: number }>;
  end(idHash: string): Promise<void>;
  endOthers(accountId: string, exceptIdHash: string): Promise<void>;
  /** Whoever serves somebody for long is to look again who it is: sessions have ended otherwise than by themselves. */
  tellEnded(): void;
  onEnded(listener: () => void): void;
  /** For the console's listener: who the cookie belongs to. */
  readonly identify: Identify;
  readonly lifetimeSeconds: number;
}

export interface SessionsNeeds {
  readonly repository: SessionRepository;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a session lasts at most. */
  readonly lifetimeSeconds: number;
}

export function createSessions({ repository, clock, random, lifetimeSeconds }: SessionsNeeds): Sessions {
  const idleMs = Math.min(SESSION_TIMES.idleMs, lifetimeSeconds * 1_000);

  const listeners: (() => void)[] = [];
  const tellEnded = () => {
    for (const listener of listeners) listener();
  };

  return {
    lifetimeSeconds,
    tellEnded,
    onEnded: (listener) => void listeners.push(listener),
    async open({ accountId, address }) {
      const secret = createSecret(random);
      const now = clock.now();
      const expiresAtMs = now + lifetimeSeconds * 1_000;
      // Old rows go when new ones come: the table is as large as its use.
      await repository.removeEnded({ expiredBeforeMs: now, idleSinceMs: now - idleMs });
      const row = { idHash: hashSecret(secret), accountId, address, createdAtMs: now, lastUsedAtMs: now, expiresAtMs };
      await repository.add(row);
      return { secret, expiresAtMs };
    },
    async end(idHash) {
      await repository.remove(idHash);
      tellEnded();
    },
    async endOthers(accountId, exceptIdHash) {
      await repository.removeOthers(accountId, exceptIdHash);
      tellEnded();
    },
    async identify(request) {
      const secret = readSessionCookie(request.headers.cookie);
      if (secret === undefined) return undefined;
      const session = await repository.find(hashSecret(secret));
      const now = clock.now();
      if (session === undefined || now >= session.expiresAtMs || now - session.lastUsedAtMs >= idleMs) return undefined;
      if (now - session.lastUsedAtMs >= SESSION_TIMES.touchMs) await repository.touch(session.idHash, now);
      const { idHash, accountId, expiresAtMs, role } = session;
      return {
        name: session.accountName,
        role,
        via: "session",
        session: { idHash, accountId, expiresAtMs },
      };
    },
  };
}
