// WS-Management over HTTP (DSP0226 annex C): who may ask, what is taken as a request, and how it is answered. A plain
// request handler: the composition root gives it to a listener.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Log } from "../../runtime/log.ts";
import type { AccountGate } from "../account-gate.ts";
import { type Charset, contentTypeOf, readEnvelope } from "./envelope.ts";
import { Fault } from "./fault.ts";
import { ANONYMOUS_REQUEST_BYTES_MAX, parseContentType, REQUEST_BYTES_MAX, readXmlBody } from "./http-body.ts";
import { isIdentify } from "./identify.ts";
import { ANONYMOUS_IDENTIFY_PATH, WSMAN_PATH } from "./names.ts";
import { faultAnswer, type WsmanAnswer, type WsmanServer } from "./server.ts";

/** Requests under way at once on all listeners of one handler. */
export const REQUESTS_MAX = 128;
/** Of those, from one account: one busy client leaves room for others. */
export const REQUESTS_PER_OWNER_MAX = 64;

export interface WsmanHandlerNeeds {
  readonly server: Pick<WsmanServer, "handle">;
  /** The peer that a certificate proves, as a name for its contexts and subscriptions; undefined for none. */
  readonly certificateOwner: (request: IncomingMessage) => string | undefined;
  readonly addressOf: (request: IncomingMessage) => string;
  /** Accounts with passwords; undefined where there are none: only certificates count then. */
  readonly accounts: AccountGate | undefined;
  readonly newMessageId: () => string;
  readonly log: Log;
}

export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

export function createWsmanHandler(needs: WsmanHandlerNeeds): HttpHandler {
  const { server, accounts, log } = needs;
  const running = new Map<string, number>();
  let all = 0;

  /** Who asks; undefined for somebody unknown; or an answer that ends the matter. */
  async function authenticate(
    request: IncomingMessage,
  ): Promise<{ owner: string | undefined } | { retryAfterSeconds: number }> {
    const peer = needs.certificateOwner(request);
    if (peer !== undefined) return { owner: peer };
    if (accounts === undefined) return { owner: undefined };
    const address = needs.addressOf(request);
    const verdict = await accounts.check(request.headers.authorization, address);
    if (verdict.kind === "busy") return { retryAfterSeconds: verdict.retryAfterSeconds };
    if (verdict.kind === "known") return { owner: `account ${verdict.name}` };
    if (verdict.wasGiven)
      log.warn({ remoteAddress: address }, `WS-Management: wrong account or password from ${address}`);
    return { owner: undefined };
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?", 1)[0]?.replace(/\/$/, "");
    const isAnonymous = path === ANONYMOUS_IDENTIFY_PATH;
    if (path !== WSMAN_PATH && !isAnonymous) return end(request, response, 404);
    if (request.method !== "POST") return end(request, response, 405, { allow: "POST" });
    const type = parseContentType(request.headers["content-type"]);
    if (type === undefined || (request.headers["content-encoding"] ?? "identity") !== "identity") {
      return end(request, response, 415);
    }
    if (all >= REQUESTS_MAX) return end(request, response, 503, { "retry-after": "1" });
    all += 1;
    try {
      const who = isAnonymous ? { owner: undefined } : await authenticate(request);
      if ("retryAfterSeconds" in who)
        return end(request, response, 503, { "retry-after": String(who.retryAfterSeconds) });
      if (who.owner === undefined)
        return await serveStranger(request, response, { charset: type.charset, isAnonymous });
      const { owner } = who;
      const count = running.get(owner) ?? 0;
      if (count >= REQUESTS_PER_OWNER_MAX) return end(request, response, 503, { "retry-after": "1" });
      running.set(owner, count + 1);
      try {
        await serve(request, response, { charset: type.charset, owner, bytesMax: REQUEST_BYTES_MAX });
      } finally {
        const left = (running.get(owner) ?? 1) - 1;
        if (left === 0) running.delete(owner);
        else running.set(owner, left);
      }
    } finally {
      all -= 1;
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
      const answer = await server.handle({ root, owner: undefined, charset, signal: new AbortController().signal });
      return send(response, answer, charset);
    }
    if (!isAnonymous) return demandAccount(request, response);
    return send(response, faultTo("accessDenied", "only Identify is answered here", charset), charset);
  }

  async function serve(
    request: IncomingMessage,
    response: ServerResponse,
    { charset, owner, bytesMax }: { readonly charset: Charset; readonly owner: string; readonly bytesMax: number },
  ): Promise<void> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    try {
      const root = await readXmlBody(request, { bytesMax });
      const answer = await server.handle({ root, owner, charset, signal: gone.signal });
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
