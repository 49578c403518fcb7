// HTTP to somebody else's server: every answer bounded in bytes (after inflating) and in time.

import { once } from "node:events";
import { Agent, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from "node:http";
import type { Duplex } from "node:stream";
import { createGunzip } from "node:zlib";
import { ConnectError, codeOf, type Destination, reasonOf, WireError } from "../runtime/errors.ts";
import { ABORTED, connectError, explainConnectError, TIMED_OUT } from "./connect-error.ts";
import { dialForeign, type ForeignDialOptions } from "./foreign-dial.ts";
import { HTTP_BODY_BYTES_MAX } from "./limits.ts";

/** `timeoutMs` bounds the connection, and then the whole of each exchange. */
export type ForeignAgentOptions = Omit<ForeignDialOptions, "signal">;

/** Keeps connections to one server open between requests. `close` ends them. */
export interface ForeignAgent {
  readonly options: ForeignAgentOptions;
  readonly agent: Agent;
  close(): void;
}

export interface ForeignRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Of the answer, inflated; HTTP_BODY_BYTES_MAX when left out. */
  readonly bodyBytesMax?: number;
  /** To be done twice does no harm: it is sent again where the server closed a kept connection at that very moment. */
  readonly isRepeatable?: boolean;
  /** Instead of the agent's, for an answer that is known to take long. */
  readonly timeoutMs?: number;
}

export interface ForeignResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** What came after a chunked body (RFC 9112 §7.1.2), names in lower case. */
  readonly trailers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
}

export function createForeignAgent(options: ForeignAgentOptions): ForeignAgent {
  const agent = new DialingAgent(options);
  return { options, agent, close: () => agent.destroy() };
}

class DialingAgent extends Agent {
  readonly #options: ForeignAgentOptions;
  constructor(options: ForeignAgentOptions) {
    super({ keepAlive: true });
    this.#options = options;
  }
  override createConnection(_: unknown, callback?: (error: Error | null, socket: Duplex) => void): undefined {
    dialForeign(this.#options).then(
      (socket) => callback?.(null, socket),
      // Node takes no socket where there is an error; its type asks for one.
      (error: Error) => callback?.(error, undefined as unknown as Duplex),
    );
    return undefined;
  }
}

/**
 * One exchange.
 * @throws ConnectError, or WireError when the answer is longer than allowed or its compression is broken.
 */
export async function foreignRequest(agent: ForeignAgent, options: ForeignRequest): Promise<ForeignResponse> {
  const { signal, timeoutMs = agent.options.timeoutMs } = options;
  const deadline = new AbortController();
  // Dialling has a bound of its own, so this one ends after it.
  const cancel = agent.options.clock.after(agent.options.timeoutMs + timeoutMs, () =>
    deadline.abort(
      connectError(agent.options, TIMED_OUT, `${options.method} ${options.path}: no answer within ${timeoutMs} ms`),
    ),
  );
  const signals = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
  try {
    return await orAborted(agent.options, exchange(agent, options, signals), signals);
  } catch (error) {
    if (deadline.signal.aborted) throw deadline.signal.reason;
    if (error instanceof WireError || error instanceof ConnectError) throw error;
    throw explainConnectError(error, agent.options);
  } finally {
    cancel();
  }
}

/** Node lets a request that still waits for its connection wait on when it is aborted. */
function orAborted<T>(destination: Destination, promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(connectError(destination, ABORTED, "given up"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

async function exchange(agent: ForeignAgent, options: ForeignRequest, signal: AbortSignal): Promise<ForeignResponse> {
  const { host, port } = agent.options;
  const { method, path, headers, body } = options;
  for (let attempt = 0; ; attempt++) {
    const outgoing = request({
      agent: agent.agent,
      host,
      port,
      method,
      path,
      headers: { ...headers, ...(body === undefined ? {} : { "content-length": Buffer.byteLength(body) }) },
      signal,
    });
    try {
      outgoing.end(body);
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      outgoing.on("error", () => {}); // From here on the response tells it.
      const bytes = await readBody(response, options);
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        trailers: response.trailers,
        body: bytes,
      };
    } catch (error) {
      const isStale = options.isRepeatable && outgoing.reusedSocket && ["ECONNRESET", "EPIPE"].includes(codeOf(error));
      if (!isStale || attempt > 0) throw error;
    }
  }
}

async function readBody(
  response: IncomingMessage,
  { path, bodyBytesMax = HTTP_BODY_BYTES_MAX }: ForeignRequest,
): Promise<Buffer> {
  const encoding = (response.headers["content-encoding"] ?? "identity").toLowerCase();
  if (encoding !== "identity" && encoding !== "gzip" && encoding !== "x-gzip") {
    response.destroy();
    throw new WireError(path, `the answer is encoded as ${encoding.slice(0, 40)}, which was not asked for`);
  }
  const gunzip = encoding === "identity" ? undefined : createGunzip();
  if (gunzip !== undefined) {
    response.on("error", (error) => gunzip.destroy(error));
    response.pipe(gunzip);
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of gunzip ?? response) {
      bytes += (chunk as Buffer).length;
      if (bytes > bodyBytesMax) throw new WireError(path, `the answer is longer than ${bodyBytesMax} bytes`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    response.destroy();
    if (codeOf(error).startsWith("Z_")) throw new WireError(path, `the answer's gzip is broken: ${reasonOf(error)}`);
    throw error;
  }
  return Buffer.concat(chunks);
}
