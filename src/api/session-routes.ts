import { z } from "zod";
import { AtMs, Nothing } from "./fields.ts";
import { API_LIMITS } from "./limits.ts";
import { defineRoutes, ROLES } from "./route.ts";

export const AccountName = z
  .string()
  .max(API_LIMITS.name)
  .regex(
    /^[\p{L}\p{N}][\p{L}\p{N}._@-]*$/u,
    "letters, digits, dot, underscore, at sign and hyphen, beginning with a letter or digit",
  );

export const Me = z
  .object({
    name: z.string(),
    role: z.enum(ROLES),
    via: z.enum(["certificate", "session"]).describe("how the caller showed who it is"),
    hasPassword: z.boolean(),
    expiresAtMs: AtMs.nullable().describe("when the session ends at the latest; null for a certificate"),
  })
  .meta({ id: "Me" });
export type Me = z.infer<typeof Me>;

const Password = z.string().min(API_LIMITS.password.min).max(API_LIMITS.password.max);
const AnyPassword = z.string().max(API_LIMITS.password.max);

export const SESSION_ROUTES = defineRoutes({
  sessionShow: {
    method: "GET",
    path: "/api/v1/session",
    role: "viewer",
    description: "Who the caller is.",
    status: 200,
    reply: Me,
  },
  sessionByLink: {
    method: "POST",
    path: "/api/v1/session/link",
    role: "anyone",
    listener: "console",
    description: "Signs in with the token of a one-time link; the cookie comes with the reply.",
    body: z.object({ token: z.string().min(1).max(API_LIMITS.token) }),
    status: 200,
    reply: Me,
  },
  sessionByPassword: {
    method: "POST",
    path: "/api/v1/session/password",
    role: "anyone",
    listener: "console",
    description: "Signs in with name and password; the cookie comes with the reply.",
    body: z.object({ name: z.string().min(1).max(API_LIMITS.name), password: AnyPassword }),
    status: 200,
    reply: Me,
  },
  sessionEnd: {
    method: "DELETE",
    path: "/api/v1/session",
    role: "viewer",
    listener: "console",
    description: "Signs out.",
    status: 204,
    reply: Nothing,
  },
  passwordSet: {
    method: "PUT",
    path: "/api/v1/session/password",
    role: "viewer",
    listener: "console",
    description:
      "Sets the caller's own password and ends the caller's other sessions. `current` is needed where there is one already.",
    body: z.object({ current: AnyPassword.optional(), password: Password }),
    status: 204,
    reply: Nothing,
  },
  signInLink: {
    method: "POST",
    path: "/api/v1/sign-in-links",
    role: "administrator",
    description:
      "Makes a one-time link that signs in to the console; an account that does not exist is made, without a password.",
    body: z.object({
      account: AccountName,
      role: z.enum(ROLES).optional().describe("of an account that is made; `administrator` where not given"),
      validSeconds: z.int().min(API_LIMITS.linkSeconds.min).max(API_LIMITS.linkSeconds.max).optional(),
      forgetPassword: z
        .boolean()
        .optional()
        .describe("the account's present password stops working: for one who has lost it"),
    }),
    status: 201,
    reply: z.object({
      account: z.string(),
      url: z.string().describe("the token is in the fragment, which browsers never send"),
      token: z.string(),
      expiresAtMs: AtMs,
    }),
  },
});
