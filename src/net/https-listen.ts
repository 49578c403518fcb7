// HTTPS over the same listener: Node's HTTP server never listens by itself, it is given connections that have passed
// everything in listen.ts. So a request always has a peer, and the same limits and the same log apply.

import { createServer, type Server as HttpServer, type IncomingMessage, type RequestListener } from "node:http";
import type { Duplex } from "node:stream";
import { assert } from "../runtime/errors.ts";
import type { Service } from "../runtime/service.ts";
import type { Connection } from "./connections.ts";
import { statusOfHttpError } from "./http-listen.ts";
import { HTTPS_LIMITS, type HttpsLimits } from "./limits.ts";
import { createTlsListener, type TlsListener, type TlsListenerNeeds } from "./listen.ts";
import type { Peer } from "./peer.ts";

export interface HttpsListenerNeeds extends Omit<TlsListenerNeeds, "onConnection"> {
  readonly httpsLimits?: HttpsLimits;
}

export interface HttpsListener extends Service {
  readonly port: number;
  setIdentity: TlsListener["setIdentity"];
  /**
   * For Fastify: `fastify({ serverFactory: listener.serverFactory })`, then `await app.ready()`, then `listener.start()`
   * instead of `app.listen()`; to stop, `listener.stop()`, then `app.close()`. Elsewhere call it with a request handler.
   */
  readonly serverFactory: (handler: RequestListener) => HttpServer;
}

const connectionOfSocket = new WeakMap<Duplex, Connection>();

/** The verified peer of a request; "anonymous" only where the listener asks for no certificate or allows none. Has no default: throws when the socket is not one of ours. */
export function peerOfRequest(request: Pick<IncomingMessage, "socket">): Peer {
  return connectionOfRequest(request).peer;
}

/** The connection that a request came on: serial, address and port of the peer. */
export function connectionOfRequest(request: Pick<IncomingMessage, "socket">): Connection {
  const connection = connectionOfSocket.get(request.socket);
  assert(connection !== undefined, "the request came through a listener of src/net");
  return connection;
}

/**
 * "mutual" (the default) for administration; "server-only" with `allow: ["anonymous"]` for browsers; "standard" with
 * `allow: ["manager", "anonymous"]` for the management standards, whose clients prove themselves by a certificate or by HTTP.
 */
export function createHttpsListener(needs: HttpsListenerNeeds): HttpsListener {
  const { httpsLimits = HTTPS_LIMITS } = needs;
  const server = createServer({
    headersTimeout: httpsLimits.headersTimeoutMs,
    requestTimeout: httpsLimits.requestTimeoutMs,
    connectionsCheckingInterval: httpsLimits.checkIntervalMs,
    keepAliveTimeout: httpsLimits.keepAliveTimeoutMs,
    maxHeaderSize: httpsLimits.headerBytesMax,
  });
  const listener = createTlsListener({
    ...needs,
    onConnection(connection) {
      connectionOfSocket.set(connection.socket, connection);
      server.emit("connection", connection.socket); // node:http documents this way of handing over a connection.
    },
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const connection = connectionOfSocket.get(socket);
    if (connection === undefined || error.code === "ECONNRESET") return; // Gone is not wrong.
    listener.tellBroken(connection, `HTTP: ${error.code ?? "not a request"}`);
    // Fastify answers in words of its own; without it, since somebody listens, Node leaves the answer to us.
    if (server.listenerCount("clientError") > 1 || !socket.writable) return;
    socket.end(`HTTP/1.1 ${statusOfHttpError(error)}\r\nConnection: close\r\n\r\n`);
  });
  return {
    name: listener.name,
    get port() {
      return listener.port;
    },
    setIdentity: listener.setIdentity,
    serverFactory(handler) {
      server.on("request", handler);
      return server;
    },
    async start() {
      await listener.start();
      // Node looks for slow requests from this event on; the socket that listens is the TLS listener's.
      server.emit("listening");
    },
    async stop() {
      await listener.stop();
      await new Promise<void>((resolve) => server.close(() => resolve())); // Ends the looking.
    },
  };
}
