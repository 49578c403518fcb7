import type { Kysely } from "kysely";
import { API_LIMITS } from "../../api/limits.ts";
import { ROLES, type Role } from "../../api/route.ts";
import type { Schema } from "../../database/schema.ts";
import { CorruptionError } from "../../runtime/errors.ts";
import type { Account, AccountRepository, AuditTrail, SignInLinkRepository } from "./accounts.ts";
import type { SessionRepository } from "./sessions.ts";

// Accounts, sessions, sign-in links and the audit trail over the manager's database.

type Database = Kysely<Schema>;

export function createAccountRepository(database: Database): AccountRepository {
  const accounts = () =>
    database
      .selectFrom("accounts")
      .select(["id", "name", "role", "password_hash as passwordHash"])
      .where("disabled_at_ms", "is", null);
  return {
    findById: async (id) => asAccount(await accounts().where("id", "=", id).executeTakeFirst()),
    findByName: async (name) => asAccount(await accounts().where("name", "=", name).executeTakeFirst()),
    async ensure({ id, name, role, createdAtMs }) {
      await database
        .insertInto("accounts")
        .values({ id, name, role, created_at_ms: createdAtMs })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      return asAccount(await accounts().where("name", "=", name).executeTakeFirst());
    },
    async setPasswordHash(id, hash) {
      await database.updateTable("accounts").set({ password_hash: hash }).where("id", "=", id).execute();
    },
    async list() {
      const rows = await database
        .selectFrom("accounts")
        .leftJoin("sessions", "sessions.account_id", "accounts.id")
        .select(({ fn }) => [
          "accounts.id as id",
          "accounts.name as name",
          "accounts.role as role",
          "accounts.password_hash as passwordHash",
          "accounts.created_at_ms as createdAtMs",
          "accounts.disabled_at_ms as disabledAtMs",
          fn.count<number>("sessions.id_hash").as("sessions"),
          fn.max("sessions.last_used_at_ms").as("lastUsedAtMs"),
        ])
        .groupBy("accounts.id")
        .orderBy("accounts.name")
        .limit(API_LIMITS.accounts)
        .execute();
      return rows.map(({ passwordHash, role, ...row }) => ({
        ...row,
        role: asRole(role),
        hasPassword: passwordHash !== null,
      }));
    },
    async disable(name, atMs) {
      return database.transaction().execute(async (transaction) => {
        const account = await transaction
          .updateTable("accounts")
          .set({ disabled_at_ms: atMs })
          .where("name", "=", name)
          .returning("id")
          .executeTakeFirst();
        if (account === undefined) return false;
        if (atMs === null) return true;
        await transaction.deleteFrom("sessions").where("account_id", "=", account.id).execute();
        await transaction.deleteFrom("sign_in_links").where("account_id", "=", account.id).execute();
        return true;
      });
    },
  };
}

export function createSessionRepository(database: Database): SessionRepository {
  return {
    async add({ idHash, accountId, address, createdAtMs, lastUsedAtMs, expiresAtMs }) {
      const row = {
        id_hash: idHash,
        account_id: accountId,
        address,
        created_at_ms: createdAtMs,
        last_used_at_ms: lastUsedAtMs,
        expires_at_ms: expiresAtMs,
      };
      await database.insertInto("sessions").values(row).execute();
    },
    async find(idHash) {
      const row = await database
        .selectFrom("sessions")
        .innerJoin("accounts", "accounts.id", "sessions.account_id")
        .select([
          "sessions.id_hash as idHash",
          "sessions.account_id as accountId",
          "accounts.name as accountName",
          "accounts.role as role",
          "sessions.address as address",
          "sessions.created_at_ms as createdAtMs",
          "sessions.last_used_at_ms as lastUsedAtMs",
          "sessions.expires_at_ms as expiresAtMs",
        ])
        .where("sessions.id_hash", "=", idHash)
        .where("accounts.disabled_at_ms", "is", null)
        .executeTakeFirst();
      return row === undefined ? undefined : { ...row, role: asRole(row.role) };
    },
    async touch(idHash, atMs) {
      await database.updateTable("sessions").set({ last_used_at_ms: atMs }).where("id_hash", "=", idHash).execute();
    },
    async remove(idHash) {
      await database.deleteFrom("sessions").where("id_hash", "=", idHash).execute();
    },
    async removeOthers(accountId, exceptIdHash) {
      await database
        .deleteFrom("sessions")
        .where("account_id", "=", accountId)
        .where("id_hash", "!=", exceptIdHash)
        .execute();
    },
    async removeEnded({ expiredBeforeMs, idleSinceMs }) {
      await database
        .deleteFrom("sessions")
        .where((where) =>
          where.or([where("expires_at_ms", "<=", expiredBeforeMs), where("last_used_at_ms", "<=", idleSinceMs)]),
        )
        .execute();
    },
  };
}

export function createSignInLinkRepository(database: Database): SignInLinkRepository {
  return {
    async add({ secretHash, accountId, createdAtMs, expiresAtMs }) {
      const row = {
        secret_hash: secretHash,
        account_id: accountId,
        created_at_ms: createdAtMs,
        expires_at_ms: expiresAtMs,
      };
      await database.insertInto("sign_in_links").values(row).execute();
    },
    async use(secretHash, atMs) {
      const used = await database
        .updateTable("sign_in_links")
        .set({ used_at_ms: atMs })
        .where("secret_hash", "=", secretHash)
        .where("used_at_ms", "is", null)
        .where("expires_at_ms", ">", atMs)
        .returning("account_id")
        .executeTakeFirst();
      return used?.account_id;
    },
    async removeExpired(beforeMs) {
      await database.deleteFrom("sign_in_links").where("expires_at_ms", "<=", beforeMs).execute();
    },
  };
}

export function createAuditTrail(database: Database): AuditTrail {
  return {
    async add({ atMs, actor, address, action, subject, details }) {
      const row = { at_ms: atMs, actor, address, action, subject, details: JSON.stringify(details) };
      await database.insertInto("audit_entries").values(row).execute();
    },
  };
}

function asAccount(row: (Omit<Account, "role"> & { readonly role: string }) | undefined): Account | undefined {
  return row === undefined ? undefined : { ...row, role: asRole(row.role) };
}

/** Throws CorruptionError for a role that this program never writes: nobody gets rights by a word that is not known. */
function asRole(text: string): Role {
  const role = ROLES.find((known) => known === text);
  if (role === undefined) throw new CorruptionError("accounts.role", `unknown value ${JSON.stringify(text)}`);
  return role;
}
