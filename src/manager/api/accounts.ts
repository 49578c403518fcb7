import type { Role } from "../../api/route.ts";

/** Somebody who may sign in to the console. */
export interface Account {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** As passwords.ts writes it; null where the account signs in by link only. */
  readonly passwordHash: string | null;
}

/** Accounts that are disabled are not there. */
export interface AccountRepository {
  findById(id: string): Promise<Account | undefined>;
  findByName(name: string): Promise<Account | undefined>;
  /** Makes the account where there is none of that name, and leaves one that is there as it is; undefined where it is disabled. */
  ensure(account: {
    readonly id: string;
    readonly name: string;
    readonly role: Role;
    readonly createdAtMs: number;
  }): Promise<Account | undefined>;
  setPasswordHash(id: string, hash: string | null): Promise<void>;
  /** All of them by name, the disabled ones, too; at most `API_LIMITS.accounts`. */
  list(): Promise<readonly ListedAccount[]>;
  /** Null: it is not disabled any more. With its sessions and unused sign-in links, which end. False where there is none of that name. */
  disable(name: string, atMs: number | null): Promise<boolean>;
}

export interface ListedAccount {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly hasPassword: boolean;
  readonly createdAtMs: number;
  readonly disabledAtMs: number | null;
  /** That have not expired. */
  readonly sessions: number;
  /** In the sessions that there are. */
  readonly lastUsedAtMs: number | null;
}

export interface SignInLinkRepository {
  add(link: {
    readonly secretHash: string;
    readonly accountId: string;
    readonly createdAtMs: number;
    readonly expiresAtMs: number;
  }): Promise<void>;
  /** Marks an unused, unexpired link as used and gives its account's id: of two callers at once, one gets it. */
  use(secretHash: string, atMs: number): Promise<string | undefined>;
  removeExpired(beforeMs: number): Promise<void>;
}

/** What was done, by whom, from where: append only, but that the oldest go (audit-upkeep.ts). */
export interface AuditEntry {
  readonly atMs: number;
  readonly actor: string;
  readonly address: string;
  readonly action: string;
  readonly subject: string;
  readonly details: Readonly<Record<string, unknown>>;
}

export interface AuditTrail {
  add(entry: AuditEntry): Promise<void>;
}
