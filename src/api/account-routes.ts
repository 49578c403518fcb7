import { z } from "zod";
import { AtMs, Count } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { defineRoutes, ROLES } from "./route.ts";
import { AccountName } from "./session-routes.ts";

/** Somebody who may sign in to the console, or may no longer. */
export const AccountSchema = z
  .object({
    name: z.string(),
    role: z.enum(ROLES),
    hasPassword: z.boolean().describe("otherwise it signs in by a link only"),
    createdAtMs: AtMs,
    disabledAtMs: AtMs.nullable().describe("since when it can do nothing; null: it can"),
    sessions: Count.describe("in which it is signed in"),
    lastUsedAtMs: AtMs.nullable().describe("in these sessions"),
  })
  .meta({ id: "Account" });
export type Account = z.infer<typeof AccountSchema>;

export const ACCOUNT_ROUTES = defineRoutes({
  accountList: {
    method: "GET",
    path: "/api/v1/accounts",
    role: "administrator",
    description: "Accounts of the console by name, the disabled ones, too. A sign-in link makes one.",
    status: 200,
    reply: z.object({ items: z.array(AccountSchema).max(API_LIMITS.accounts) }),
  },
  accountChange: {
    method: "PATCH",
    path: "/api/v1/accounts/:account",
    role: "administrator",
    description:
      "Disables an account, which ends its sessions, its event streams and its sign-in links at once, or enables it again.",
    params: z.object({ account: AccountName }),
    body: z.object({ disabled: z.boolean() }),
    status: 200,
    reply: AccountSchema,
  },
});
