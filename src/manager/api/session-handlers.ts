import { ApiError } from "../../api/api-error.ts";
import type { Me } from "../../api/session-routes.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import type { Account, AccountRepository, SignInLinkRepository } from "./accounts.ts";
import type { Handlers, Visitor } from "./handler.ts";
import { SESSION_TIMES } from "./limits.ts";
import type { ManagerFacts } from "./needs.ts";
import type { Passwords } from "./passwords.ts";
import { createSecret, hashSecret, isSecret } from "./secrets.ts";
import type { Sessions } from "./sessions.ts";
import type { SignInThrottle } from "./sign-in-throttle.ts";

export interface SessionNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly manager: Pick<ManagerFacts, "consoleUrl">;
  readonly accounts: AccountRepository;
  readonly links: SignInLinkRepository;
  readonly sessions: Sessions;
  readonly passwords: Passwords;
  readonly throttle: SignInThrottle;
}

type SessionRouteName =
  | "sessionShow"
  | "sessionByLink"
  | "sessionByPassword"
  | "sessionEnd"
  | "passwordSet"
  | "signInLink";

export function createSessionHandlers(needs: SessionNeeds): Handlers<SessionRouteName> {
  const { clock, random, manager, accounts, links, sessions, passwords, throttle } = needs;

  async function signIn(account: Account, visitor: Visitor): Promise<Me> {
    const { secret, expiresAtMs } = await sessions.open({ accountId: account.id, address: visitor.address });
    visitor.setSession(secret);
    return {
      name: account.name,
      role: account.role,
      via: "session",
      hasPassword: account.passwordHash !== null,
      expiresAtMs,
    };
  }

  return {
    async sessionShow(_heard, { identity }) {
      const { name, role, via, session } = identity;
      const account = session === null ? undefined : await accounts.findById(session.accountId);
      const hasPassword = account !== undefined && account.passwordHash !== null;
      return { name, role, via, hasPassword, expiresAtMs: session?.expiresAtMs ?? null };
    },
    async sessionByLink({ body }, visitor) {
      const attempt = throttle.attempt([`address ${visitor.address}`]);
      const accountId = isSecret(body.token) ? await links.use(hashSecret(body.token), clock.now()) : undefined;
      const account = accountId === undefined ? undefined : await accounts.findById(accountId);
      if (account === undefined) {
        throw new ApiError(
          "unauthenticated",
          "sign-in: this link has been used or has expired",
          "`rusuban up`, or an administrator, makes another",
        );
      }
      attempt.succeed();
      return signIn(account, visitor);
    },
    async sessionByPassword({ body }, visitor) {
      const attempt = throttle.attempt([`account ${body.name}`, `address ${visitor.address}`]);
      const account = await accounts.findByName(body.name);
      const right = await passwords.verify(body.password, account?.passwordHash ?? null);
      if (account === undefined || !right) throw new ApiError("unauthenticated", "sign-in: name or password is wrong");
      attempt.succeed();
      return signIn(account, visitor);
    },
    async sessionEnd(_heard, { identity, setSession }) {
      await sessions.end(sessionOf(identity).idHash);
      setSession(null);
    },
    async passwordSet({ body }, { identity, address }) {
      const session = sessionOf(identity);
      const account = await accounts.findById(session.accountId);
      if (account === undefined) throw new ApiError("not-found", `account: ${identity.name} is not there any more`);
      if (account.passwordHash !== null) {
        const attempt = throttle.attempt([`account ${account.name}`, `address ${address}`]);
        if (!(await passwords.verify(body.current ?? "", account.passwordHash))) {
          throw new ApiError(
            "forbidden",
            "current: this is not the present password",
            "an administrator can make a sign-in link",
          );
        }
        attempt.succeed();
      }
      await accounts.setPasswordHash(account.id, await passwords.hash(body.password));
      await sessions.endOthers(account.id, session.idHash);
    },
    async signInLink({ body }) {
      const now = clock.now();
      const account = await accounts.ensure({
        id: createUuid({ clock, random }),
        name: body.account,
        role: body.role ?? "administrator",
        createdAtMs: now,
      });
      if (account === undefined) throw new ApiError("conflict", `account: ${body.account} is disabled`);
      if (body.forgetPassword === true) await accounts.setPasswordHash(account.id, null);
      const token = createSecret(random);
      const expiresAtMs = now + (body.validSeconds ?? SESSION_TIMES.linkSeconds) * 1_000;
      await links.removeExpired(now);
      await links.add({ secretHash: hashSecret(token), accountId: account.id, createdAtMs: now, expiresAtMs });
      return { account: account.name, token, url: `${manager.consoleUrl()}/#sign-in=${token}`, expiresAtMs };
    },
  };
}

function sessionOf<T>({ session }: { readonly session: T | null }): T {
  if (session === null) throw new ApiError("conflict", "session: a client certificate has none");
  return session;
}
