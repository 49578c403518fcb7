// The collector of publisher-initiated subscriptions (MS-WSMV §3.1.4.1.30): stock Windows, told by group policy where its
// collector is, asks for its subscriptions and sends event logs, with no open port and no software of ours on it. Written
// after the public documents and captures of others; it has never met a real Windows (docs/protocols/wsman.md).

import type { IncomingMessage } from "node:http";
import type { Log } from "../../../runtime/log.ts";
import { formatUuid, type Random } from "../../../runtime/random.ts";
import { XmlFragment, XmlWriter } from "../../../wire/xml-writer.ts";
import { writeEnumerateAnswer } from "../enumeration-messages.ts";
import { encodeEnvelope, headerOf, writeEnvelope } from "../envelope.ts";
import { readDelivery } from "../event-message.ts";
import { acknowledge, bookmarkText } from "../event-sink.ts";
import { refuse } from "../fault.ts";
import type { HttpHandler } from "../http-handler.ts";
import { ACTION, NS, WINDOWS } from "../names.ts";
import type { WsmanAnswer } from "../server.ts";
import { createSoapReceiver, type SoapRequest } from "../soap-receiver.ts";
import { type CollectorSubscription, writeSubscription } from "./subscription-message.ts";
import { readWindowsEvent, type UnreadableEvent, type WindowsEvent } from "./windows-event.ts";

/** Where a publisher asks, as the group policy names it; its events go below `subscriptions`. */
export const COLLECTOR_PATH = "/wsman/SubscriptionManager/WEC";
export const COLLECTOR_DELIVERY_PATH = "/wsman/subscriptions/";

/** Subscriptions in one answer. */
export const COLLECTOR_SUBSCRIPTIONS_MAX = 64;

export interface WindowsBatch {
  readonly sender: string;
  readonly subscriptionId: string;
  /** As the computer names itself; not proven: what is proven is `sender`. */
  readonly machine: string;
  readonly events: readonly (WindowsEvent | UnreadableEvent)[];
  /** To be kept with the events, and given back at the next Enumerate. */
  readonly bookmark: string | undefined;
  readonly kind: "events" | "heartbeat" | "dropped" | "end";
  readonly dropped: number;
  readonly endStatus: string;
}

export interface CollectorNeeds {
  /** Who sends, by its certificate; undefined for nobody we know. */
  readonly senderOf: (request: IncomingMessage) => Promise<string | undefined>;
  readonly subscriptionsOf: (sender: string) => Promise<readonly CollectorSubscription[]>;
  readonly bookmarkOf: (sender: string, subscriptionId: string) => Promise<string | undefined>;
  /** Resolves when the events are safe, and after them the bookmark; only then is the batch acknowledged. */
  readonly commit: (batch: WindowsBatch) => Promise<"committed" | "unknown">;
  /** `https://manager.example.org:5986`: where publishers reach us, unless their own request says it. */
  readonly origin: string;
  readonly issuerThumbprint: string;
  readonly random: Random;
  readonly log: Log;
}

export function createWindowsCollector(needs: CollectorNeeds): HttpHandler {
  const newId = () => `uuid:${formatUuid(needs.random(16)).toUpperCase()}`;

  /** All that this publisher shall send, in one answer: the enumeration ends with it. */
  async function enumerate({ envelope, sender, charset }: SoapRequest): Promise<WsmanAnswer> {
    const origin = originOf(headerOf(envelope, "To", NS.wsa)?.text.trim() ?? "") ?? needs.origin;
    const operationId = headerOf(envelope, "OperationID", WINDOWS.wsman)?.text.trim().slice(0, 80) ?? newId();
    const subscriptions = (await needs.subscriptionsOf(sender)).slice(0, COLLECTOR_SUBSCRIPTIONS_MAX);
    const items = await Promise.all(
      subscriptions.map(async (subscription) => {
        const writer = new XmlWriter();
        writeSubscription(writer, subscription, {
          address: `${origin}${COLLECTOR_DELIVERY_PATH}${subscription.id}`,
          issuerThumbprint: needs.issuerThumbprint,
          bookmark: await needs.bookmarkOf(sender, subscription.id),
          messageId: newId(),
          operationId: newId(),
        });
        return new XmlFragment(writer);
      }),
    );
    const text = writeEnvelope(
      {
        action: `${ACTION.enumerate}Response`,
        messageId: newId(),
        relatesTo: headerOf(envelope, "MessageID", NS.wsa)?.text.trim().slice(0, 256),
        extra: (writer) =>
          writer.leaf("p:OperationID", operationId, { "xmlns:p": WINDOWS.wsman, "s:mustUnderstand": "false" }),
      },
      (writer) => writeEnumerateAnswer(writer, { context: undefined, expiresMs: 0, items }),
    );
    return { status: 200, body: encodeEnvelope(text, charset) };
  }

  async function deliver(request: SoapRequest): Promise<WsmanAnswer | { status: number }> {
    const delivered = readDelivery(request.envelope);
    const { kind, dropped, endStatus, bookmark, machineId = "" } = delivered;
    const inPath = request.path.slice(COLLECTOR_DELIVERY_PATH.length).split("/", 1)[0] ?? "";
    const subscriptionId = (delivered.identifier ?? inPath).replace(/^(urn:)?uuid:/i, "").toUpperCase();
    const verdict = await needs.commit({
      kind,
      sender: request.sender,
      subscriptionId,
      machine: machineId.slice(0, 256),
      events: delivered.events.flatMap((elements) => elements.map(readWindowsEvent)),
      bookmark: bookmark === undefined ? undefined : bookmarkText(bookmark),
      dropped,
      endStatus,
    });
    // It stops sending, asks again at its next Enumerate, and is then told what there is.
    if (verdict === "unknown") refuse("deliveryRefused", "there is no such subscription any more");
    return acknowledge(delivered, request, newId());
  }

  return createSoapReceiver({
    senderOf: needs.senderOf,
    newMessageId: newId,
    log: needs.log,
    async receive(request) {
      const { envelope, path } = request;
      const action = headerOf(envelope, "Action", NS.wsa)?.text.trim() ?? "";
      // The end of an exchange that was opened both ways; Windows' own collector answers it with 204.
      if (action === WINDOWS.end) return { status: 204 };
      if (path.startsWith(COLLECTOR_DELIVERY_PATH)) return deliver(request);
      if (path.toLowerCase() !== COLLECTOR_PATH.toLowerCase()) refuse("destinationUnreachable", "nothing is here");
      const resource = headerOf(envelope, "ResourceURI", NS.wsman)?.text.trim();
      if (action !== ACTION.enumerate || resource !== WINDOWS.subscriptionResource) {
        refuse("actionNotSupported", action.slice(0, 200));
      }
      return enumerate(request);
    },
  });
}

/** Publishers reach us by the name that their policy has, which we may not know; what they asked is what they can reach. */
function originOf(to: string): string | undefined {
  if (!URL.canParse(to)) return undefined;
  const { protocol, host } = new URL(to);
  return /^https?:$/.test(protocol) && host !== "" && !to.startsWith("http://schemas.")
    ? `${protocol}//${host}`
    : undefined;
}
