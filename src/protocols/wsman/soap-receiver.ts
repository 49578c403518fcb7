// The HTTP side of whoever is delivered to: the sink of events and the collector of Windows' subscriptions. Who sends is
// settled first, then the body is read within bounds, then an envelope goes in and an answer comes out.

import type { IncomingMessage, ServerResponse } from "node:http";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { faultOf } from "./cim-faults.ts";
import { type Charset, contentTypeOf, type Envelope, readEnvelope } from "./envelope.ts";
import { Fault } from "./fault.ts";
import { parseContentType, readXmlBody } from "./http-body.ts";
import type { HttpHandler } from "./http-handler.ts";
import { messageIdOf } from "./request-headers.ts";
import { faultAnswer, type WsmanAnswer } from "./server.ts";

/** Of one delivery: Windows sends at most what its subscription says, 512,000 bytes by ours. */
export const DELIVERY_BYTES_MAX = 4 * 1024 * 1024;
export const DELIVERY_NODES_MAX = 100_000;
/** Deliveries being read or committed at once, and of one sender. */
export const DELIVERIES_MAX = 256;
export const DELIVERIES_PER_SENDER_MAX = 8;

export interface SoapRequest {
  readonly envelope: Envelope;
  /** Who sends, as `senderOf` said. */
  readonly sender: string;
  readonly path: string;
  readonly userAgent: string;
  readonly charset: Charset;
}

export interface SoapReceiverNeeds {
  /** Undefined for somebody who may not send here: 401. */
  readonly senderOf: (request: IncomingMessage) => Promise<string | undefined>;
  /** Undefined for an answer without a body. Throws Fault. */
  readonly receive: (request: SoapRequest) => Promise<WsmanAnswer | { readonly status: number }>;
  readonly newMessageId: () => string;
  readonly log: Log;
}

export function createSoapReceiver({ senderOf, receive, newMessageId, log }: SoapReceiverNeeds): HttpHandler {
  const running = new Map<string, number>();
  let all = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const end = (status: number, headers: Record<string, string> = {}) => {
      response.writeHead(status, { "content-length": "0", ...headers }).end();
    };
    if (request.method !== "POST") return end(405, { allow: "POST" });
    if (all >= DELIVERIES_MAX) return end(503, { "retry-after": "5" });
    all += 1;
    try {
      const sender = await senderOf(request);
      if (sender === undefined) return end(401, { "www-authenticate": 'Basic realm="WS-Management", charset="UTF-8"' });
      const count = running.get(sender) ?? 0;
      if (count >= DELIVERIES_PER_SENDER_MAX) return end(503, { "retry-after": "5" });
      running.set(sender, count + 1);
      try {
        await receiveFrom(sender, request, response, end);
      } finally {
        const left = (running.get(sender) ?? 1) - 1;
        if (left === 0) running.delete(sender);
        else running.set(sender, left);
      }
    } finally {
      all -= 1;
    }
  }

  async function receiveFrom(
    sender: string,
    request: IncomingMessage,
    response: ServerResponse,
    end: (status: number, headers?: Record<string, string>) => void,
  ): Promise<void> {
    // Windows asks with an empty body whether it is let in, before it sends anything (seen in captures of real ones).
    if (request.headers["content-length"] === "0") return end(200);
    const type = parseContentType(request.headers["content-type"]);
    if (type === undefined || (request.headers["content-encoding"] ?? "identity") !== "identity") return end(415);
    const { charset } = type;
    let relatesTo: string | undefined;
    let answer: WsmanAnswer | { readonly status: number };
    try {
      const root = await readXmlBody(request, { bytesMax: DELIVERY_BYTES_MAX, nodesMax: DELIVERY_NODES_MAX });
      const envelope = readEnvelope(root);
      relatesTo = messageIdOf(envelope)?.slice(0, 256);
      const path = (request.url ?? "").split("?", 1)[0] ?? "";
      const userAgent = request.headers["user-agent"] ?? "";
      answer = await receive({ envelope, sender, path, userAgent, charset });
    } catch (error) {
      const known = faultOf(error);
      if (known === undefined) {
        log.error(
          { sender, reason: reasonOf(error) },
          `WS-Management: a delivery of ${sender} failed: ${reasonOf(error)}`,
        );
      }
      answer = faultAnswer(known ?? new Fault("internalError", "try again"), {
        relatesTo,
        charset,
        messageId: newMessageId(),
      });
      if (known?.detail === "ServiceEnvelopeLimit") response.setHeader("connection", "close");
    }
    if (response.destroyed) return;
    if (!("body" in answer)) return end(answer.status);
    response.writeHead(answer.status, { "content-type": contentTypeOf(charset), "content-length": answer.body.length });
    response.end(answer.body);
  }

  return (request, response) => {
    response.on("error", () => {});
    handle(request, response).catch(() => response.destroy());
  };
}
