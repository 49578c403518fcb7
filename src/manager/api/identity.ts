import type { FastifyRequest } from "fastify";
import { ROLES, type Role } from "../../api/route.ts";

/** Who a request comes from. There is no default and no guest: a request has one of these, or is refused. */
export interface Identity {
  readonly name: string;
  readonly role: Role;
  readonly via: "certificate" | "session";
  /** The console session that the request belongs to; null for a certificate. */
  readonly session: { readonly idHash: string; readonly accountId: string; readonly expiresAtMs: number } | null;
}

/** Undefined for no credentials, and for any that are not exactly as they should be. */
export type Identify = (request: FastifyRequest) => Promise<Identity | undefined> | Identity | undefined;

/** Each role may do what those before it may. */
export function mayDo(held: Role, needed: Role): boolean {
  return ROLES.indexOf(held) >= ROLES.indexOf(needed);
}

/** On the administration port the client certificate speaks. `administratorOf` looks at the verified certificate of a connection. */
export function identifyByCertificate(administratorOf: (request: FastifyRequest) => string | undefined): Identify {
  return (request) => {
    const name = administratorOf(request);
    if (name === undefined || name === "") return undefined;
    return { name, role: "administrator", via: "certificate", session: null };
  };
}
