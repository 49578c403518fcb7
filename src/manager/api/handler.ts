import type { ApiHeard, ApiReply, RouteName, Routes } from "../../api/routes.ts";
import type { Identity } from "./identity.ts";

/** What a handler may know of the request besides its checked contents. */
export interface Caller {
  readonly identity: Identity;
  /** Where the request came from. */
  readonly address: string;
  /** Aborts when the caller has gone or the API closes. */
  readonly signal: AbortSignal;
  /** Sets the session cookie, or takes it away. */
  readonly setSession: (secret: string | null) => void;
}

/** Somebody who is about to sign in. */
export type Visitor = Omit<Caller, "identity">;

/** The event stream is written by event-streams.ts. */
export type HandledName = Exclude<RouteName, "events">;

export type Handler<N extends HandledName> = (
  heard: ApiHeard<N>,
  caller: Routes[N]["role"] extends "anyone" ? Visitor : Caller,
) => Promise<ApiReply<N>> | ApiReply<N>;

/** Handlers by route name; all together they cover the contract, or it does not compile. */
export type Handlers<N extends HandledName = HandledName> = { readonly [K in N]: Handler<K> };
