// How the client's envelopes travel: over a kept connection to somebody else's server, or to an agent of our own. The client
// knows only `WsmanTransport`.

import { type ForeignAgent, foreignRequest } from "../../net/foreign-request.ts";
import { type HttpsAgent, httpsRequest } from "../../net/https-request.ts";
import { basicAuthorization } from "../account-gate.ts";

export interface WsmanExchange {
  readonly path: string;
  readonly contentType: string;
  readonly body: Buffer;
  /** Of the answer. */
  readonly bytesMax: number;
  /** For the answer: the operation's own time and some for the way. */
  readonly timeoutMs: number;
  /** To do it twice does no harm. */
  readonly isRepeatable: boolean;
  readonly signal: AbortSignal | undefined;
}

export interface WsmanReply {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export interface WsmanTransport {
  /** `https://host:port`, for wsa:To; never connected to by itself. */
  readonly origin: string;
  /** @throws ConnectError, WireError for an answer that is too long. */
  exchange(exchange: WsmanExchange): Promise<WsmanReply>;
}

export interface Account {
  readonly name: string;
  readonly password: string;
}

/** To anybody's server; trust, our own certificate and the time for connecting are the agent's. */
export function foreignTransport(agent: ForeignAgent, account?: Account): WsmanTransport {
  const { host, port, trust } = agent.options;
  // Sent at once: asking without credentials first would cost a way there and back at every new connection.
  const authorization = account === undefined ? {} : { authorization: basicAuthorization(account) };
  return {
    origin: origin(trust.kind === "plain" ? "http" : "https", host, port),
    async exchange({ path, contentType, body, bytesMax, timeoutMs, isRepeatable, signal }) {
      const answer = await foreignRequest(agent, {
        method: "POST",
        path,
        headers: { "content-type": contentType, ...authorization },
        body,
        bodyBytesMax: bytesMax,
        timeoutMs,
        isRepeatable,
        signal,
      });
      return { status: answer.status, contentType: answer.headers["content-type"] ?? "", body: answer.body };
    },
  };
}

/** To an agent of our own, which knows us by our certificate. */
export function ownTransport(agent: HttpsAgent): WsmanTransport {
  const { host, port } = agent.options;
  return {
    origin: origin("https", host, port),
    async exchange({ path, contentType, body, bytesMax, signal }) {
      const answer = await httpsRequest(agent, {
        method: "POST",
        path,
        headers: { "content-type": contentType },
        body,
        bodyBytesMax: bytesMax,
        ...(signal === undefined ? {} : { signal }),
      });
      return { status: answer.status, contentType: answer.headers["content-type"] ?? "", body: answer.body };
    },
  };
}

function origin(scheme: string, host: string, port: number): string {
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}
