import type { ErrorCode, ErrorEnvelope } from "../api/api-error.ts";
import type { ApiReply, ApiRequest, RouteName, Routes } from "../api/routes.ts";
import { noteServerTime } from "./server-clock.ts";

// The contract's types without its schemas: the console trusts the manager that served it, and stays small.

type Endpoints = { [N in Exclude<RouteName, "events"> as `${Routes[N]["method"]} ${Routes[N]["path"]}`]: N };
export type Endpoint = keyof Endpoints;

interface Loose {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/** The manager said no, or (`unreachable`) said nothing. */
export class CallError extends Error {
  readonly code: ErrorCode | "unreachable";
  readonly hint: string | undefined;
  constructor(code: ErrorCode | "unreachable", message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}

/** `call("GET /api/v1/alerts", { query: { state: "open" } })`. Throws CallError. */
export async function call<K extends Endpoint>(
  endpoint: K,
  request?: ApiRequest<Endpoints[K]>,
  signal?: AbortSignal,
): Promise<ApiReply<Endpoints[K]>> {
  const [method = "", path = ""] = endpoint.split(" ");
  const { params, query, body } = (request ?? {}) as Loose;
  const response = await fetch(fill(path, params, query), {
    method,
    cache: "no-store",
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new CallError("unreachable", String(error));
  });
  noteServerTime(response.headers.get("date"));
  if (response.status === 204) return undefined as ApiReply<Endpoints[K]>;
  const reply: unknown = await response.json().catch(() => undefined);
  if (response.ok) return reply as ApiReply<Endpoints[K]>;
  const error = (reply as Partial<ErrorEnvelope> | undefined)?.error;
  if (error === undefined) throw new CallError("unreachable", `${response.status}`);
  throw new CallError(error.code, error.message, error.hint);
}

function fill(path: string, params: Loose["params"] = {}, query: Loose["query"] = {}): string {
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== "") search.append(name, String(one));
    }
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}
