// Plain HTTP, for the few flows whose standard has it and whose operator asked for it: on the loopback address, or where
// somebody else's software can nothing better. The same counts apply before a byte is read as on every listener.

import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import { type FlowKey, flowName } from "../ports/port-map.ts";
import type { Clock } from "../runtime/clock.ts";
import { assert, codeOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { Service } from "../runtime/service.ts";
import { Admission, plainAddress } from "./admission.ts";
import { HTTPS_LIMITS, type HttpsLimits, LISTENER_LIMITS, type ListenerLimits } from "./limits.ts";
import { openPort } from "./open-port.ts";
import { createRefusalLog } from "./refusal-log.ts";

export interface HttpListenerNeeds {
  /** The port map's key. */
  readonly flow: string;
  readonly host: string;
  /** From the port book; 0 takes a free one, for tests. */
  readonly port: number;
  readonly log: Log;
  readonly clock: Clock;
  readonly limits?: ListenerLimits;
  readonly httpLimits?: HttpsLimits;
}

export interface HttpListener extends Service {
  /** The port that is listened on, once started. */
  readonly port: number;
  /** As `HttpsListener.serverFactory`: call it with the request handler before `start`. */
  readonly serverFactory: (handler: RequestListener) => Server;
}

/** The address a request came from, over TLS or not. */
export function remoteAddressOf(request: Pick<IncomingMessage, "socket">): string {
  return plainAddress(request.socket.remoteAddress ?? "");
}

/** `start` throws SettingsError when the port cannot be had; `stop` ends every connection. */
export function createHttpListener(needs: HttpListenerNeeds): HttpListener {
  const { host, log, clock, limits = LISTENER_LIMITS, httpLimits = HTTPS_LIMITS } = needs;
  const flow = flowName(needs.flow as FlowKey);
  const refusals = createRefusalLog({ flow, log, clock });
  const admission = new Admission(limits);
  let port: number | undefined;
  const server = createServer({
    headersTimeout: httpLimits.headersTimeoutMs,
    requestTimeout: httpLimits.requestTimeoutMs,
    connectionsCheckingInterval: httpLimits.checkIntervalMs,
    keepAliveTimeout: httpLimits.keepAliveTimeoutMs,
    maxHeaderSize: httpLimits.headerBytesMax,
    noDelay: true,
  });
  server.on("connection", (socket: Socket) => {
    const address = plainAddress(socket.remoteAddress ?? "");
    const enter = () => {
      const refusal = admission.enter(address);
      if (refusal !== undefined) return refusal;
      admission.endHandshake(address); // There is none.
      const stranger = admission.enterAnonymous(address);
      if (stranger !== undefined) admission.leave();
      return stranger;
    };
    const refusal = address === "" ? "closedEarly" : enter();
    if (refusal !== undefined) {
      refusals.refuse({ refusal, address, port: socket.remotePort ?? 0 });
      socket.resetAndDestroy();
      return;
    }
    socket.once("close", () => {
      admission.leaveAnonymous(address);
      admission.leave();
    });
  });
  server.on("clientError", (error, socket) => {
    if (codeOf(error) === "ECONNRESET" || !socket.writable) return;
    const { remoteAddress = "", remotePort = 0 } = socket as Socket;
    const detail = `HTTP: ${codeOf(error) || "not a request"}`;
    refusals.refuse({ refusal: "brokeProtocol", detail, address: plainAddress(remoteAddress), port: remotePort });
    socket.end(`HTTP/1.1 ${statusOfHttpError(error)}\r\nConnection: close\r\n\r\n`);
  });
  return {
    name: `listener ${flow}`,
    get port() {
      assert(port !== undefined, `listener ${flow} has been started`);
      return port;
    },
    serverFactory(handler) {
      server.on("request", handler);
      return server;
    },
    async start() {
      port = await openPort(server, { flow: needs.flow, host, port: needs.port, log });
    },
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      refusals.flush();
    },
  };
}

const STATUS_OF_CODE: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: "431 Request Header Fields Too Large",
  ERR_HTTP_REQUEST_TIMEOUT: "408 Request Timeout",
  // Among them M-POST of old CIM clients, which then fall back to POST (DSP0200 §8.2).
  HPE_INVALID_METHOD: "501 Not Implemented",
};

/** The status line's end for what Node's parser refused, as node:http answers it. */
export function statusOfHttpError(error: unknown): string {
  return STATUS_OF_CODE[codeOf(error)] ?? "400 Bad Request";
}
