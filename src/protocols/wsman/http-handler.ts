// WS-Management over HTTP (DSP0226 annex C): who may ask, what is taken as a request, and how it is answered. A plain
// request handler: the composition root gives it to a listener.

import type { IncomingMessage, ServerResponse } from "node:http";
import { type Charset, contentTypeOf, readEnvelope } from "./envelope.ts";
import { Fault } from "./fault.ts";
import { ANONYMOUS_REQUEST_BYTES_MAX, parseContentType, REQUEST_BYTES_MAX, readXmlBody } from "./http-body.ts";
import { isIdentify } from "./identify.ts";
import { ANONYMOUS_IDENTIFY_PATH, WSMAN_PATH } from "./names.ts";
import { faultAnswer, type WsmanAnswer, type WsmanServer } from "./server.ts";

/** Requests under way at once on all listeners of one handler, of those who have signed in. */
export const REQUESTS_MAX = 128;
/** Of those, from one account: one busy client leaves room for others. */
export const REQUESTS_PER_OWNER_MAX = 64;
/** Requests of strangers at once, beside those: Identify, and what is asked for a name and password first. */
export const STRANGERS_MAX = 64;
/** No account is called so: names have no spaces. */
const STRANGERS = "a stranger";

/** Who sends a request. `mayChange` lets it do more than read and subscribe: Put, Create, Delete and methods. */
export type WsmanCaller =
  | { readonly known: true; readonly user: string; readonly mayChange: boolean }
  /** 401 with a challenge, or 503 where a time to wait is given. */
  | { readonly known: false; readonly retryAfterSeconds?: number };

export interface WsmanHandlerNeeds {
  readonly server: Pick<WsmanServer, "handle">;
  /** By certificate or by HTTP's own means. */
  readonly identify: (request: IncomingMessage) => Promise<WsmanCaller>;
  readonly newMessageId: () => string;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function createWsmanHandler(needs: WsmanHandlerNeeds): HttpHandler {
  const { server, identify } = needs;
  const running = new Map<string, number>();
  let all = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?", 1)[0]?.replace(/\/$/, "");
    const isAnonymous = path === ANONYMOUS_IDENTIFY_PATH;
    if (path !== WSMAN_PATH && !isAnonymous) return end(request, response, 404);
    if (request.method !== "POST") return end(request, response, 405, { allow: "POST" });
    const type = parseContentType(request.headers["content-type"]);
    if (type === undefined || (request.headers["content-encoding"] ?? "identity") !== "identity") {
      return end(request, response, 415);
    }
    const caller: WsmanCaller = isAnonymous ? { known: false } : await identify(request);
    if (!caller.known && caller.retryAfterSeconds !== undefined) {
      return end(request, response, 503, { "retry-after": String(caller.retryAfterSeconds) });
    }
    // Places of their own: strangers who send slowly must not take those of the others.
    const owner = caller.known ? caller.user : STRANGERS;
    const count = running.get(owner) ?? 0;
    const isFull = caller.known ? all >= REQUESTS_MAX || count >= REQUESTS_PER_OWNER_MAX : count >= STRANGERS_MAX;
    if (isFull) return end(request, response, 503, { "retry-after": "1" });
    running.set(owner, count + 1);
    if (caller.known) all += 1;
    try {
      if (caller.known) await serve(request, response, { charset: type.charset, caller });
      else await serveStranger(request, response, { charset: type.charset, isAnonymous });
    } finally {
      if (caller.known) all -= 1;
      const left = (running.get(owner) ?? 1) - 1;
      if (left === 0) running.delete(owner);
      else running.set(owner, left);
    }
  }

  /** Identify is for everybody; whatever else is in the body is not looked at before a name and password have come. */
  async function serveStranger(
    request: IncomingMessage,
    response: ServerResponse,
    { charset, isAnonymous }: { readonly charset: Charset; readonly isAnonymous: boolean },
  ): Promise<void> {
    const isSmall =
      Number(request.headers["content-length"] ?? Number.POSITIVE_INFINITY) <= ANONYMOUS_REQUEST_BYTES_MAX;
    if (!isSmall) return isAnonymous ? end(request, response, 413) : demandAccount(request, response);
    const root = await readXmlBody(request, { bytesMax: ANONYMOUS_REQUEST_BYTES_MAX }).catch(() => undefined);
    if (root !== undefined && isIdentifyRequest(root)) {
      const answer = await server.handle({ root, caller: undefined, charset, signal: new AbortController().signal });
      return send(response, answer, charset);
    }
    if (!isAnonymous) return demandAccount(request, response);
    return send(response, faultTo("accessDenied", "only Identify is answered here", charset), charset);
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { charset, caller }: { readonly charset: Charset; readonly caller: WsmanCaller & { known: true } },
  ): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      const root = await readXmlBody(request, { bytesMax: REQUEST_BYTES_MAX });
      const answer = await server.handle({ root, caller, charset, signal: gone.signal });
      send(response, answer, charset);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      // The rest of what is too large is not waited for.
      response.setHeader("connection", "close");
      send(response, faultAnswer(error, { relatesTo: undefined, charset, messageId: needs.newMessageId() }), charset);
    }
  }

  function faultTo(fault: "accessDenied", problem: string, charset: Charset): WsmanAnswer {
    return faultAnswer(new Fault(fault, problem), { relatesTo: undefined, charset, messageId: needs.newMessageId() });
  }

  return (request, response) => {
    response.on("error", () => {}); // The client has gone; there is nobody to tell.
    handle(request, response).catch(() => {
      // Reading or writing broke: the connection is of no more use.
      response.destroy();
    });
  };
}

function isIdentifyRequest(root: Parameters<typeof readEnvelope>[0]): boolean {
  try {
    return isIdentify(readEnvelope(root));
  } catch {
    return false;
  }
}

function send(response: ServerResponse, { status, body }: WsmanAnswer, charset: Charset): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": contentTypeOf(charset), "content-length": body.length });
  response.end(body);
}

/** wsmancli and everything made with libcurl ask without credentials first and again after this, on the same connection. */
function demandAccount(request: IncomingMessage, response: ServerResponse): void {
  end(request, response, 401, { "www-authenticate": 'Basic realm="WS-Management", charset="UTF-8"' });
}

/** An answer without an envelope; a connection whose request is larger than is worth reading ends with it. */
function end(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Record<string, string> = {},
): void {
  const length = Number(request.headers["content-length"] ?? 0);
  const isLarge = length > REQUEST_BYTES_MAX || request.headers["transfer-encoding"] !== undefined;
  response.writeHead(status, { ...headers, "content-length": "0", ...(isLarge ? { connection: "close" } : {}) });
  response.end();
}
