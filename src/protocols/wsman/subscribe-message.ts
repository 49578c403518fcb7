// The messages by which subscriptions are made and kept (WS-Eventing 2004/08 §3, DSP0226 §10.2), for both sides.

import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { formatDuration, parseDuration, parseExpiration } from "./duration.ts";
import { count, type FilterRequest, readFilter } from "./enumeration-messages.ts";
import { type Charset, fragmentOf } from "./envelope.ts";
import { refuse } from "./fault.ts";
import { DELIVERY_MODE, type DeliveryMode, NS } from "./names.ts";
import { ENVELOPE_BYTES_DEFAULT, ENVELOPE_BYTES_MAX, ENVELOPE_BYTES_MIN } from "./request-headers.ts";

/** Events in one delivery, whatever the subscriber asks for. */
export const BATCH_ITEMS_MAX = 500;
/** Characters of an address to deliver to, and of what goes into every header for it. */
export const DELIVERY_ADDRESS_MAX = 2_048;
export const REFERENCE_TEXT_MAX = 8_192;
/** An event waits at most so long for others to go with it. */
const BATCH_TIME_MS_MAX = 300_000;
const HEARTBEAT_MS_MIN = 1_000;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 3_600_000;
const RETRIES_MAX = 100;

/** Where deliveries go; `reference` is XML that comes back in every header. */
export interface DeliveryPlace {
  readonly address: string;
  readonly reference: string;
}

/** How a subscriber wants its events; plain data, so that it can be kept. */
export interface DeliveryOptions {
  readonly mode: DeliveryMode;
  /** Undefined for pull. */
  readonly notifyTo: DeliveryPlace | undefined;
  readonly endTo: DeliveryPlace | undefined;
  readonly heartbeatMs: number | undefined;
  readonly retry: { readonly total: number; readonly intervalMs: number } | undefined;
  readonly sendBookmarks: boolean;
  readonly itemsMax: number;
  readonly batchMs: number;
  readonly envelopeBytes: number;
  readonly charset: Charset;
}

export interface SubscribeRequest {
  readonly delivery: DeliveryOptions;
  readonly expiresMs: number | undefined;
  readonly filter: FilterRequest | undefined;
  /** What `wsman:Bookmark` holds; undefined for events from now on. */
  readonly bookmark: XmlElement | undefined;
}

/** @throws Fault. */
export function readSubscribe(body: XmlElement, nowMs: number): SubscribeRequest {
  const delivery = body.child("Delivery", NS.wse);
  if (delivery === undefined) refuse("invalidMessage", "no Delivery");
  const expires = body.childText("Expires", NS.wse);
  return {
    delivery: readDelivery(body, delivery),
    expiresMs: expires === undefined || expires === "" ? undefined : readExpires(expires, nowMs),
    filter: readFilter(body, "subscription"),
    bookmark: body.child("Bookmark", NS.wsman),
  };
}

/** @throws Fault `invalidExpirationTime`. */
export function readExpires(text: string, nowMs: number): number {
  const ms = parseExpiration(text, nowMs);
  return ms === undefined || ms <= 0 ? refuse("invalidExpirationTime", text.slice(0, 40)) : ms;
}

function readDelivery(body: XmlElement, delivery: XmlElement): DeliveryOptions {
  const uri = delivery.attribute("Mode")?.trim() ?? DELIVERY_MODE.push; // The default of WS-Eventing §3.1.1.
  const mode = (Object.keys(DELIVERY_MODE) as DeliveryMode[]).find((each) => DELIVERY_MODE[each] === uri);
  if (mode === undefined) {
    refuse("deliveryModeUnavailable", uri.slice(0, 200), { supported: Object.values(DELIVERY_MODE) });
  }
  const notifyTo = place(delivery.child("NotifyTo", NS.wse));
  if (notifyTo === undefined && mode !== "pull") {
    refuse("eventDeliverToUnusable", "no NotifyTo", { detail: "UnusableAddress" });
  }
  if (delivery.child("Auth", NS.wsman) !== undefined) {
    // We prove ourselves to sinks by certificate only; who wants a password of us is told.
    refuse("unsupportedFeature", "wsman:Auth: deliveries carry no credentials");
  }
  const encoding = delivery.childText("ContentEncoding", NS.wsman)?.toUpperCase() ?? "UTF-8";
  if (encoding !== "UTF-8" && encoding !== "UTF-16") {
    refuse("unsupportedFeature", `ContentEncoding ${encoding.slice(0, 40)}`, { detail: "CharacterSet" });
  }
  const duration = (element: XmlElement | undefined, name: string) => {
    if (element === undefined) return undefined;
    const ms = parseDuration(element.text);
    return ms === undefined || ms < 0 ? refuse("invalidMessage", `${name} ${element.text.slice(0, 40)}`) : ms;
  };
  const heartbeatMs = duration(delivery.child("Heartbeats", NS.wsman), "Heartbeats");
  if (heartbeatMs !== undefined && heartbeatMs < HEARTBEAT_MS_MIN) {
    refuse("unsupportedFeature", `heartbeats more often than each ${HEARTBEAT_MS_MIN} ms`, { detail: "Heartbeats" });
  }
  const retry = delivery.child("ConnectionRetry", NS.wsman);
  const intervalMs = duration(retry, "ConnectionRetry");
  const bytes = count(delivery.childText("MaxEnvelopeSize", NS.wsman), "MaxEnvelopeSize") ?? ENVELOPE_BYTES_DEFAULT;
  if (bytes < ENVELOPE_BYTES_MIN) {
    refuse("encodingLimit", `MaxEnvelopeSize ${bytes} is below ${ENVELOPE_BYTES_MIN}`, {
      detail: "MinimumEnvelopeLimit",
    });
  }
  const isBatched = mode === "events";
  return {
    mode,
    notifyTo: mode === "pull" ? undefined : notifyTo,
    endTo: place(body.child("EndTo", NS.wse)),
    heartbeatMs,
    retry:
      intervalMs === undefined
        ? undefined
        : {
            total: Math.min(count(retry?.attribute("Total"), "ConnectionRetry") ?? 1, RETRIES_MAX),
            intervalMs: Math.min(Math.max(intervalMs, RETRY_MS_MIN), RETRY_MS_MAX),
          },
    // The element stands in Subscribe by DSP0226 §10.2.6; older drafts had it in Delivery.
    sendBookmarks: (body.child("SendBookmarks", NS.wsman) ?? delivery.child("SendBookmarks", NS.wsman)) !== undefined,
    itemsMax: isBatched
      ? Math.min(count(delivery.childText("MaxElements", NS.wsman), "MaxElements") ?? BATCH_ITEMS_MAX, BATCH_ITEMS_MAX)
      : 1,
    batchMs: isBatched ? Math.min(duration(delivery.child("MaxTime", NS.wsman), "MaxTime") ?? 0, BATCH_TIME_MS_MAX) : 0,
    envelopeBytes: Math.min(bytes, ENVELOPE_BYTES_MAX),
    charset: encoding === "UTF-16" ? "utf-16" : "utf-8",
  };
}

function place(element: XmlElement | undefined): DeliveryPlace | undefined {
  if (element === undefined) return undefined;
  const address = element.childText("Address", NS.wsa) ?? "";
  if (address.length > DELIVERY_ADDRESS_MAX || !/^https?:\/\/[^\s]+$/i.test(address) || !URL.canParse(address)) {
    refuse("eventDeliverToUnusable", address.slice(0, 200) || "no address", { detail: "InvalidAddress" });
  }
  const parts = [
    ...(element.child("ReferenceParameters", NS.wsa)?.children ?? []),
    // Windows and openwsman put what they want back into ReferenceProperties.
    ...(element.child("ReferenceProperties", NS.wsa)?.children ?? []),
  ];
  const reference = fragmentOf(parts).toString();
  if (reference.length > REFERENCE_TEXT_MAX) refuse("encodingLimit", "the reference parameters are too long");
  return { address, reference };
}

/** What a subscriber asks for. */
export interface SubscribeOptions {
  readonly mode: DeliveryMode;
  readonly notifyTo?: string;
  /** Comes back in the header of every delivery, as `wse:Identifier`. */
  readonly identifier?: string;
  readonly expiresMs?: number;
  readonly heartbeatMs?: number;
  readonly itemsMax?: number;
  readonly batchMs?: number;
  readonly sendBookmarks?: boolean;
  /** Written before the filter's place in the schema. */
  readonly writeFilter?: (writer: XmlWriter) => void;
  /** What `wsman:Bookmark` shall hold. */
  readonly writeBookmark?: (writer: XmlWriter) => void;
}

export function writeSubscribe(writer: XmlWriter, options: SubscribeOptions): void {
  const { mode, notifyTo, identifier, expiresMs, heartbeatMs, itemsMax, batchMs } = options;
  writer.open("wse:Subscribe").open("wse:Delivery", { Mode: DELIVERY_MODE[mode] });
  if (heartbeatMs !== undefined) writer.leaf("wsman:Heartbeats", formatDuration(heartbeatMs));
  if (notifyTo !== undefined) {
    writer.open("wse:NotifyTo").leaf("wsa:Address", notifyTo);
    if (identifier !== undefined) writer.open("wsa:ReferenceParameters").leaf("wse:Identifier", identifier).close();
    writer.close();
  }
  if (itemsMax !== undefined) writer.leaf("wsman:MaxElements", String(itemsMax));
  if (batchMs !== undefined) writer.leaf("wsman:MaxTime", formatDuration(batchMs));
  writer.close();
  if (expiresMs !== undefined) writer.leaf("wse:Expires", formatDuration(expiresMs));
  options.writeFilter?.(writer);
  if (options.writeBookmark !== undefined) writer.element("wsman:Bookmark", {}, () => options.writeBookmark?.(writer));
  if (options.sendBookmarks === true) writer.leaf("wsman:SendBookmarks");
  writer.close();
}

/** What the source answered. */
export interface Subscribed {
  /** Where Renew and Unsubscribe go: the HTTP path of the manager's address, or undefined for the service's own. */
  readonly managerPath: string | undefined;
  readonly identifier: string;
  /** Undefined where the source does not say when it ends. */
  readonly expiresMs: number | undefined;
  /** For pull. */
  readonly context: string | undefined;
}

/** @throws Fault, which a client takes for a broken answer. */
export function readSubscribed(body: XmlElement, nowMs: number): Subscribed {
  const manager = body.child("SubscriptionManager", NS.wse);
  const parameters = manager?.child("ReferenceParameters", NS.wsa) ?? manager?.child("ReferenceProperties", NS.wsa);
  const address = manager?.childText("Address", NS.wsa) ?? "";
  const expires = body.childText("Expires", NS.wse);
  return {
    // Never the host: a server behind address translation names one that we cannot reach.
    managerPath: URL.canParse(address) ? pathOf(new URL(address)) : undefined,
    identifier: parameters?.childText("Identifier", NS.wse) ?? "",
    expiresMs: expires === undefined ? undefined : parseExpiration(expires, nowMs),
    context: body.childText("EnumerationContext", NS.wsen) || undefined,
  };
}

function pathOf({ pathname, search, protocol }: URL): string | undefined {
  return /^https?:$/.test(protocol) ? `${pathname}${search}` : undefined;
}
