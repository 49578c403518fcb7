// A small HTTPS client for our own APIs: HTTP from Node, the connection from dialTls, so that the same verification and
// the same error texts apply as everywhere.

import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import { Agent, request } from "node:https";
import type { Duplex } from "node:stream";
import { type ConnectError, codeOf, WireError } from "../runtime/errors.ts";
import { connectError, explainConnectError, TIMED_OUT } from "./connect-error.ts";
import { type DialOptions, dialTls } from "./dial.ts";
import { HTTP_BODY_BYTES_MAX } from "./limits.ts";

/** Where to, as whom, whom we expect; `timeoutMs` bounds the connection and then the wait for an answer. */
export type HttpsAgentOptions = Omit<DialOptions, "signal">;

export interface HttpsRequest {
  readonly method: string;
  /** With its query: "/api/alerts?limit=10". */
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Of the answer; HTTP_BODY_BYTES_MAX when left out. */
  readonly bodyBytesMax?: number;
}

export interface HttpsResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HttpsStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Ends when the server ends it; throws ConnectError when the connection breaks. Leaving the loop closes the connection. */
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

/** Keeps connections to one party open between requests. `close` ends them. */
export interface HttpsAgent {
  readonly options: HttpsAgentOptions;
  readonly agent: Agent;
  close(): void;
}

export function createHttpsAgent(options: HttpsAgentOptions): HttpsAgent {
  const agent = new DialingAgent(options);
  return { options, agent, close: () => agent.destroy() };
}

class DialingAgent extends Agent {
  readonly #options: HttpsAgentOptions;
  constructor(options: HttpsAgentOptions) {
    super({ keepAlive: true });
    this.#options = options;
  }
  override createConnection(_: unknown, callback?: (error: Error | null, socket: Duplex) => void): undefined {
    dialTls(this.#options).then(
      ({ socket }) => callback?.(null, socket),
      // Node takes no socket where there is an error; its type asks for one.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/** One request, its answer held in memory. @throws ConnectError, or WireError when the answer is longer than allowed. */
export async function httpsRequest(agent: HttpsAgent, options: HttpsRequest): Promise<HttpsResponse> {
  const { bodyBytesMax = HTTP_BODY_BYTES_MAX } = options;
  const { status, headers, body, close } = await httpsStream(agent, options);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bodyBytesMax) {
      close();
      throw new WireError(options.path, `the answer is longer than ${bodyBytesMax} bytes`);
    }
    chunks.push(chunk);
  }
  return { status, headers, body: Buffer.concat(chunks) };
}

/** One request whose answer is read as it comes, for server-sent events and downloads. The time bound ends with the headers. */
export async function httpsStream(agent: HttpsAgent, options: HttpsRequest): Promise<HttpsStream> {
  const { host, port, timeoutMs, clock } = agent.options;
  const { method, path, headers = {}, body, signal } = options;
  const outgoing = request({
    agent: agent.agent,
    host,
    port,
    method,
    path,
    // Always with a length: a body in chunks would need the server to read before it knows how much.
    headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
    ...(signal === undefined ? {} : { signal }),
  });
  // Dialling has the same bound of its own, so this one ends after it.
  const cancelTimeout = clock.after(2 * timeoutMs, () => {
    outgoing.destroy(connectError(agent.options, TIMED_OUT, `${method} ${path}: no answer within ${timeoutMs} ms`));
  });
  try {
    outgoing.end(body);
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    outgoing.on("error", () => {}); // From here on the response tells it.
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: readBody(response, agent.options),
      close: () => response.destroy(),
    };
  } catch (error) {
    throw explainRequestError(error, agent.options);
  } finally {
    cancelTimeout();
  }
}

async function* readBody(response: IncomingMessage, destination: HttpsAgentOptions): AsyncGenerator<Buffer> {
  try {
    yield* response as AsyncIterable<Buffer>;
  } catch (error) {
    throw explainRequestError(error, destination);
  }
}

function explainRequestError(error: unknown, destination: HttpsAgentOptions): ConnectError {
  // After a successful handshake a listener that refuses our certificate can only hang up.
  if (codeOf(error) === "ECONNRESET" || codeOf(error) === "EPIPE") {
    const problem = "closed by the other side before its answer was whole: its log says why, if it refused us";
    return connectError(destination, codeOf(error), problem, { cause: error });
  }
  return explainConnectError(error, destination);
}
