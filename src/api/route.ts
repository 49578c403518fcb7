import type { z } from "zod";

/** Who may call: each role may do what those before it may. `anyone` is for signing in, and for nothing else. */
export const ROLES = ["viewer", "operator", "administrator"] as const;
export type Role = (typeof ROLES)[number];

export const API_PREFIX = "/api/v1";

/** The two listeners that serve the contract: the administration port (client certificate) and the console (session cookie). */
export type ApiListener = "administration" | "console";

type Shape = z.ZodObject;

/** One thing that can be asked of a manager. Client, server, role matrix and OpenAPI document all come from these values. */
export interface Route {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Parameters are written `:name`. */
  readonly path: `${typeof API_PREFIX}/${string}`;
  readonly role: Role | "anyone";
  readonly description: string;
  readonly params?: Shape;
  readonly query?: Shape;
  readonly body?: Shape;
  /** Of a success. 204 has no body. */
  readonly status: 200 | 201 | 202 | 204;
  readonly reply: z.ZodType;
  /** Set where the reply is a stream of server-sent events: the schema of one message. `reply` is then never sent. */
  readonly streams?: z.ZodType;
  /** Where it is served, when not on both listeners. */
  readonly listener?: ApiListener;
}

/** Keeps the literal types of a table of routes while checking each. */
export function defineRoutes<const T extends Readonly<Record<string, Route>>>(routes: T): T {
  return routes;
}

type Part<R, K extends "params" | "query" | "body"> = R extends { readonly [P in K]: infer S extends z.ZodType }
  ? S
  : never;
type Optionality<K extends string, T> =
  Record<string, never> extends T ? { readonly [P in K]?: T } : { readonly [P in K]: T };
type SentPart<R, K extends "params" | "query" | "body"> = [Part<R, K>] extends [never]
  ? unknown
  : Optionality<K, z.input<Part<R, K>>>;
type HeardPart<R, K extends "params" | "query" | "body"> = [Part<R, K>] extends [never]
  ? { readonly [P in K]: undefined }
  : { readonly [P in K]: z.output<Part<R, K>> };

/** What a client gives: `{ params, query, body }`, those that the route has. */
export type RequestOf<R extends Route> = SentPart<R, "params"> & SentPart<R, "query"> & SentPart<R, "body">;
/** What a handler gets, checked. */
export type HeardOf<R extends Route> = HeardPart<R, "params"> & HeardPart<R, "query"> & HeardPart<R, "body">;
/** What a handler gives and a client gets. */
export type ReplyOf<R extends Route> = z.output<R["reply"]>;
