import { ApiError, ErrorEnvelope } from "./api-error.ts";
import { ApiEvent } from "./event-routes.ts";
import { readMessages } from "./event-stream.ts";
import { API_LIMITS } from "./limits.ts";
import type { Route } from "./route.ts";
import { type ApiReply, type ApiRequest, ROUTES, type RouteName } from "./routes.ts";

/** A request as a transport takes it. `path` has parameters and query filled in; `body` is JSON. */
export interface TransportRequest {
  readonly method: Route["method"];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly signal: AbortSignal | undefined;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Carries one request to a manager. Throws its own errors where there is no reply at all. */
export type Transport = (request: TransportRequest) => Promise<TransportResponse>;

export interface CallOptions {
  readonly signal?: AbortSignal;
}

type Arguments<N extends RouteName> =
  Record<string, never> extends ApiRequest<N>
    ? [request?: ApiRequest<N>, options?: CallOptions]
    : [request: ApiRequest<N>, options?: CallOptions];

type CallableName = Exclude<RouteName, "events">;

/** One function a route, plus `events`. Every one throws ApiError where the manager refuses. */
export type ApiClient = {
  readonly [N in CallableName]: (...args: Arguments<N>) => Promise<ApiReply<N>>;
} & { readonly events: (request?: ApiRequest<"events">, options?: CallOptions) => AsyncGenerator<ReceivedEvent> };

export interface ReceivedEvent {
  /** Give it as `query.after` to go on from here. */
  readonly id: string | undefined;
  readonly event: ApiEvent;
}

export function createClient(transport: Transport): ApiClient {
  const calls = Object.fromEntries(
    (Object.keys(ROUTES) as RouteName[]).map((name) => [
      name,
      (request: LooseRequest = {}, options: CallOptions = {}) => call(transport, ROUTES[name], request, options),
    ]),
  );
  return { ...calls, events: (request = {}, options = {}) => follow(transport, request, options) } as ApiClient;
}

interface LooseRequest {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

async function call(transport: Transport, route: Route, request: LooseRequest, options: CallOptions): Promise<unknown> {
  const response = await send(transport, route, request, options);
  const text = await readAll(response.body);
  if (response.status === 204) return undefined;
  return route.reply.parse(parseJson(text, response.status));
}

async function* follow(
  transport: Transport,
  request: LooseRequest,
  options: CallOptions,
): AsyncGenerator<ReceivedEvent> {
  const response = await send(transport, ROUTES.events, request, options);
  for await (const { id, data } of readMessages(response.body)) {
    const event = ApiEvent.safeParse(JSON.parse(data));
    if (event.success) yield { id, event: event.data }; // A kind that a newer manager sends is not for us.
  }
}

async function send(
  transport: Transport,
  route: Route,
  request: LooseRequest,
  options: CallOptions,
): Promise<TransportResponse> {
  const hasBody = route.body !== undefined;
  const response = await transport({
    method: route.method,
    path: fillPath(route.path, request),
    headers: {
      accept: route.streams === undefined ? "application/json" : "text/event-stream",
      ...(hasBody ? { "content-type": "application/json" } : {}),
    },
    body: hasBody ? JSON.stringify(request.body ?? {}) : undefined,
    signal: options.signal,
  });
  if (response.status >= 200 && response.status < 300) return response;
  const envelope = ErrorEnvelope.safeParse(parseJson(await readAll(response.body), response.status));
  if (!envelope.success) throw new ApiError("internal", `the manager answered ${response.status} without saying why`);
  const { code, message, hint } = envelope.data.error;
  throw new ApiError(code, message, hint);
}

/** `/hosts/:host` with its parameters and query, each value escaped. */
export function fillPath(path: string, { params = {}, query = {} }: LooseRequest): string {
  const filled = path.replace(/:([A-Za-z]+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  }
  return search.size === 0 ? filled : `${filled}?${search}`;
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > API_LIMITS.replyBytes) throw new Error(`reply: longer than ${API_LIMITS.replyBytes} bytes`);
  }
  return text + decoder.decode();
}

function parseJson(text: string, status: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("internal", `the manager answered ${status} with something that is not JSON`);
  }
}
