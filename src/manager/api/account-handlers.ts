import type { Account } from "../../api/account-routes.ts";
import { ApiError } from "../../api/api-error.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { AccountRepository, ListedAccount } from "./accounts.ts";
import type { Handlers } from "./handler.ts";
import type { Sessions } from "./sessions.ts";

export interface AccountNeeds {
  readonly clock: Clock;
  readonly accounts: AccountRepository;
  readonly sessions: Sessions;
}

export function createAccountHandlers({
  clock,
  accounts,
  sessions,
}: AccountNeeds): Handlers<"accountList" | "accountChange"> {
  return {
    async accountList() {
      return { items: (await accounts.list()).map(told) };
    },
    async accountChange({ params, body }, { identity }) {
      const { account: name } = params;
      const before = (await accounts.list()).find((account) => account.name === name);
      if (before === undefined) throw new ApiError("not-found", `account: there is no ${name}`);
      // With the certificate on the manager's computer there is always a way back; from the console there might be none.
      if (body.disabled && identity.session?.accountId === before.id) {
        throw new ApiError("conflict", `account: ${name} is your own`, "another administrator can disable it");
      }
      const isChange = body.disabled !== (before.disabledAtMs !== null);
      if (isChange) await accounts.disable(name, body.disabled ? clock.now() : null);
      if (isChange && body.disabled) sessions.tellEnded();
      const after = (await accounts.list()).find((account) => account.name === name);
      if (after === undefined) throw new Error("assertion failed: accounts are never removed");
      return told(after);
    },
  };
}

function told({ id: _, ...account }: ListedAccount): Account {
  return account;
}
