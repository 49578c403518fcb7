// Deliveries of events (DSP0226 §10.2.9): one event, a batch, a heartbeat, a count of lost events, the end of a
// subscription. Written by the source, read by the sink.

import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { type Envelope, headerOf, keptElements, writeElement, writeEnvelope } from "./envelope.ts";
import { ACTION, ANONYMOUS_ROLE, END_STATUS, type EndStatus, NS } from "./names.ts";
import type { DeliveryPlace } from "./subscribe-message.ts";

/** Our bookmarks: the position of an event in the agent's journal. */
const BOOKMARK = "urn:rusuban:event-journal:1";
/** From the oldest event that is still there (DSP0226 §10.2.6). */
export const EARLIEST_BOOKMARK = "http://schemas.dmtf.org/wbem/wsman/1/wsman/bookmark/earliest";

export function writeBookmark(writer: XmlWriter, position: number): void {
  writer.leaf("r:Position", String(position), { "xmlns:r": BOOKMARK });
}

/** The position, `earliest`, or undefined for what is no bookmark of ours. */
export function readBookmark(bookmark: XmlElement): number | "earliest" | undefined {
  if (bookmark.text.trim() === EARLIEST_BOOKMARK) return "earliest";
  const text = bookmark.childText("Position", BOOKMARK) ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** What one POST to a sink carries. */
export type Delivery =
  /** Exactly one item unless batched. */
  | { readonly kind: "events"; readonly items: readonly XmlFragment[]; readonly isBatched: boolean }
  | { readonly kind: "heartbeat" }
  | { readonly kind: "dropped"; readonly count: number }
  | { readonly kind: "end"; readonly identifier: string; readonly status: EndStatus; readonly reason: string };

export interface DeliveryHeaders {
  readonly to: DeliveryPlace;
  readonly messageId: string;
  readonly wantsAck: boolean;
  readonly bookmark: number | undefined;
}

const DELIVERY_ACTION = {
  heartbeat: ACTION.heartbeat,
  dropped: ACTION.droppedEvents,
  end: ACTION.subscriptionEnd,
} as const;

export function writeDelivery(delivery: Delivery, { to, messageId, wantsAck, bookmark }: DeliveryHeaders): string {
  const action =
    delivery.kind === "events" ? (delivery.isBatched ? ACTION.events : ACTION.event) : DELIVERY_ACTION[delivery.kind];
  return writeEnvelope(
    {
      action,
      messageId,
      to: to.address,
      wantsReply: wantsAck,
      extra: (writer) => {
        for (const element of keptElements(to.reference)) writeElement(writer, element);
        if (bookmark !== undefined) writer.element("wsman:Bookmark", {}, () => writeBookmark(writer, bookmark));
        if (wantsAck) writer.leaf("wsman:AckRequested");
      },
    },
    (writer) => writeDeliveryBody(writer, delivery),
  );
}

function writeDeliveryBody(writer: XmlWriter, delivery: Delivery): void {
  switch (delivery.kind) {
    case "events":
      if (delivery.isBatched) writer.open("wsman:Events");
      for (const item of delivery.items) {
        if (delivery.isBatched) writer.open("wsman:Event", { Action: ACTION.event }).fragment(item).close();
        else writer.fragment(item);
      }
      if (delivery.isBatched) writer.close();
      return;
    case "heartbeat":
      writer.leaf("wsman:Events");
      return;
    case "dropped":
      writer.leaf("wsman:DroppedEvents", String(delivery.count), { Action: ACTION.droppedEvents });
      return;
    case "end":
      // WS-Eventing 2004/08 §3.5: which one has ended is said as it was when it was made.
      writer.open("wse:SubscriptionEnd").open("wse:SubscriptionManager").leaf("wsa:Address", ANONYMOUS_ROLE);
      writer.open("wsa:ReferenceParameters").leaf("wse:Identifier", delivery.identifier).close().close();
      writer.leaf("wse:Status", END_STATUS[delivery.status]);
      writer.leaf("wse:Reason", delivery.reason, { "xml:lang": "en" }).close();
  }
}

/** A delivery as a sink reads it. */
export interface Delivered {
  /** Kinds without events: heartbeat, dropped (with how many), end (with why). */
  readonly kind: "events" | "heartbeat" | "dropped" | "end";
  /** The elements of the events, each a class or, from openwsman, several properties without one. */
  readonly events: readonly (readonly XmlElement[])[];
  readonly dropped: number;
  readonly endStatus: string;
  readonly messageId: string | undefined;
  readonly wantsAck: boolean;
  /** `wse:Identifier` of the header: which subscription. */
  readonly identifier: string | undefined;
  /** The element, to be kept as it is. */
  readonly bookmark: XmlElement | undefined;
  /** Windows names its computer here (MS-WSMV §2.2.4.25). */
  readonly machineId: string | undefined;
  readonly action: string;
}

/** Whatever has a body is an event, unless its action says otherwise: actions of events are the vendors' to choose. */
export function readDelivery(envelope: Envelope): Delivered {
  const { body } = envelope;
  // openwsman writes the action of an event as wsman:Action (measured, 2.8.1).
  const action = (headerOf(envelope, "Action", NS.wsa) ?? headerOf(envelope, "Action", NS.wsman))?.text.trim() ?? "";
  const [first] = body;
  const batch = first?.is("Events", NS.wsman) === true ? first.childrenNamed("Event", NS.wsman) : undefined;
  const dropped = first?.is("DroppedEvents", NS.wsman) === true ? first.text.trim() : undefined;
  const end = body.find((element) => element.is("SubscriptionEnd", NS.wse));
  const events = batch === undefined ? (body.length === 0 ? [] : [body]) : batch.map(contentOf);
  const kind =
    end !== undefined
      ? "end"
      : action === ACTION.heartbeat
        ? "heartbeat"
        : dropped !== undefined || action === ACTION.droppedEvents
          ? "dropped"
          : "events";
  return {
    kind,
    action,
    events: kind === "events" ? events : [],
    dropped: /^\d{1,15}$/.test(dropped ?? "") ? Number(dropped) : 0,
    endStatus: end?.childText("Status", NS.wse) ?? "",
    messageId: headerOf(envelope, "MessageID", NS.wsa)?.text.trim(),
    wantsAck: headerOf(envelope, "AckRequested", NS.wsman) !== undefined,
    identifier: headerOf(envelope, "Identifier", NS.wse)?.text.trim(),
    bookmark: headerOf(envelope, "Bookmark", NS.wsman),
    machineId: headerOf(envelope, "MachineID")?.text.trim(),
  };
}

/** What an element of a batch holds: elements, or as Windows sends it the text of one (CDATA), which stays in the element. */
function contentOf(event: XmlElement): readonly XmlElement[] {
  return event.children.length === 0 ? [event] : event.children;
}
