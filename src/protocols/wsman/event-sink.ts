// The receiving end of a subscription: every delivery is given to `commit`, and acknowledged only when that has resolved.
// What comes twice (a source whose acknowledgement was lost sends again) is the committer's to recognise.

import type { IncomingMessage } from "node:http";
import { CimInstance } from "../../cim/cim-instance.ts";
import { isCimName } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { encodeEnvelope, fragmentOf, writeEnvelope } from "./envelope.ts";
import { type Delivered, readDelivery } from "./event-message.ts";
import { refuse } from "./fault.ts";
import type { HttpHandler } from "./http-handler.ts";
import { readInstance, readProperties } from "./instance-codec.ts";
import { ACTION, OPENWSMAN_ACK } from "./names.ts";
import type { WsmanAnswer } from "./server.ts";
import { createSoapReceiver, type SoapRequest } from "./soap-receiver.ts";

/** Characters of a bookmark that is kept. */
export const BOOKMARK_TEXT_MAX = 64 * 1024;

export interface SinkDelivery {
  readonly kind: Delivered["kind"];
  /** Who sent it, as `senderOf` said. */
  readonly sender: string;
  readonly path: string;
  /** `wse:Identifier`, as it was given at Subscribe; undefined where the source leaves it out. */
  readonly identifier: string | undefined;
  readonly events: readonly CimInstance[];
  /** Why events of this delivery cannot be read, one each: they are acknowledged, or they would come again for ever. */
  readonly unreadable: readonly string[];
  /** Events that the source says were lost. */
  readonly dropped: number;
  /** Of the end of a subscription: the URI that says why. */
  readonly endStatus: string;
  /** XML, for the next Subscribe. */
  readonly bookmark: string | undefined;
}

export interface EventSinkNeeds {
  readonly senderOf: (request: IncomingMessage) => Promise<string | undefined>;
  /** Resolves when it is safe; `unknown` ends the subscription at the source, a rejection lets the source try again. */
  readonly commit: (delivery: SinkDelivery) => Promise<"committed" | "unknown">;
  readonly newMessageId: () => string;
  readonly log: Log;
}

export function createEventSink({ senderOf, commit, newMessageId, log }: EventSinkNeeds): HttpHandler {
  return createSoapReceiver({
    senderOf,
    newMessageId,
    log,
    async receive(request) {
      const delivered = readDelivery(request.envelope);
      const { kind, identifier, dropped, endStatus } = delivered;
      const { sender, path } = request;
      const events: CimInstance[] = [];
      const unreadable: string[] = [];
      for (const elements of delivered.events) {
        try {
          events.push(indicationOf(elements));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          unreadable.push(error.message);
        }
      }
      const bookmark = delivered.bookmark === undefined ? undefined : bookmarkText(delivered.bookmark);
      const verdict = await commit({
        kind,
        sender,
        path,
        identifier,
        events,
        unreadable,
        dropped,
        endStatus,
        bookmark,
      });
      if (verdict === "unknown") refuse("deliveryRefused", "there is no such subscription");
      return acknowledge(delivered, request, newMessageId());
    },
  });
}

/** The answer to a delivery that is safe. */
export function acknowledge(
  { wantsAck, messageId }: Delivered,
  { userAgent, charset }: SoapRequest,
  ownId: string,
): WsmanAnswer | { status: number } {
  // 200, not 204: openwsmand takes the latter for an error (measured, 2.8.1).
  if (!wantsAck) return { status: 200 };
  // openwsman ends a subscription whose acknowledgement does not bear its own misspelt address (measured, 2.8.1).
  const action = /openwsman/i.test(userAgent) ? OPENWSMAN_ACK : ACTION.ack;
  const text = writeEnvelope({ action, messageId: ownId, relatesTo: messageId?.slice(0, 256) }, () => {});
  return { status: 200, body: encodeEnvelope(text, charset) };
}

/** The contents of a bookmark as text that `keptElements` takes back. @throws Fault. */
export function bookmarkText(bookmark: XmlElement): string {
  const text = bookmark.children.length === 0 ? bookmark.text.trim() : fragmentOf(bookmark.children).toString();
  return text.length <= BOOKMARK_TEXT_MAX ? text : refuse("encodingLimit", "the bookmark is too long");
}

/** An indication: an element of its class, or from openwsman its properties without one, values padded with line ends. */
function indicationOf(elements: readonly XmlElement[]): CimInstance {
  const [first] = elements;
  if (first === undefined) return new CimInstance({ className: "CIM_Indication", properties: [] });
  const isClass = elements.length === 1 && first.children.length > 0;
  if (isClass) return readInstance(first);
  // `…/CIM_AlertIndication/Peer_AlertIndication` (measured): the class is the last part of the properties' namespace.
  const className = first.namespace.replace(/^.*\//, "");
  const properties = readProperties(elements).map((property) =>
    typeof property.value === "string" ? { ...property, value: property.value.trim() } : property,
  );
  return new CimInstance({ className: isCimName(className) ? className : "CIM_Indication", properties });
}
