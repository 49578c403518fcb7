// What a publisher is told to send: the answer to Enumerate of SubscriptionManager/Subscription, whose items hold whole
// Subscribe envelopes (MS-WSMV §2.2.4.41, §3.1.4.1.30, example §4.4).

import type { XmlWriter } from "../../../wire/xml-writer.ts";
import { formatDuration } from "../duration.ts";
import { keptElements, writeElement, writeEnvelopeElement } from "../envelope.ts";
import { ACTION, DELIVERY_MODE, DIALECT, SECURITY_PROFILE, WINDOWS } from "../names.ts";

/** Which events of which log. */
export interface EventLogQuery {
  /** `System`, `Security`, `Microsoft-Windows-Hyper-V-VMMS-Admin`. */
  readonly channel: string;
  /** XPath in Windows' subset, `*` for all: `*[System[(Level=1 or Level=2 or Level=3)]]`. */
  readonly select: string;
}

export interface CollectorSubscription {
  /** A UUID in capitals, as Windows has them; stays the same as long as it is the same subscription. */
  readonly id: string;
  /** Another one whenever anything below changes: only then does the publisher take it anew (§2.2.4.41). */
  readonly version: string;
  readonly name: string;
  readonly queries: readonly EventLogQuery[];
  readonly heartbeatMs: number;
  /** An event waits at most so long for others to go with it. */
  readonly batchMs: number;
  readonly envelopeBytes: number;
  /** Whether Windows puts events into words, which costs it time, and makes them larger. */
  readonly isRendered: boolean;
  /** Of those words, such as `ja-JP`; the publisher's own when undefined. */
  readonly language: string | undefined;
}

export interface SubscriptionPlace {
  /** Where events and heartbeats go. */
  readonly address: string;
  /** SHA-1 thumbprint, hexadecimal capitals, of the authority whose certificate the publisher shall show. */
  readonly issuerThumbprint: string;
  /** What the publisher sent last; undefined begins with what happens from now on. */
  readonly bookmark: string | undefined;
  readonly messageId: string;
  readonly operationId: string;
}

/** `m:Subscription`, one item of the answer. */
export function writeSubscription(
  writer: XmlWriter,
  subscription: CollectorSubscription,
  place: SubscriptionPlace,
): void {
  writer.open("m:Subscription", { "xmlns:m": WINDOWS.subscription });
  writer.leaf("m:Version", `uuid:${subscription.version}`);
  writeEnvelopeElement(
    writer,
    {
      action: ACTION.subscribe,
      messageId: place.messageId,
      resourceUri: WINDOWS.eventLogResource,
      wantsReply: true,
      maxEnvelopeBytes: subscription.envelopeBytes,
      extra: (header) => writeOptions(header, subscription, place.operationId),
    },
    (body) => writeSubscribeBody(body, subscription, place),
  );
  writer.close();
}

function writeOptions(writer: XmlWriter, { name, isRendered }: CollectorSubscription, operationId: string): void {
  writer.leaf("p:OperationID", operationId, { "xmlns:p": WINDOWS.wsman, "s:mustUnderstand": "false" });
  writer.open("wsman:OptionSet");
  writer.leaf("wsman:Option", name, { Name: "SubscriptionName" });
  // No Compression: what is compressed is SLDC, which we do not read; without the option events come as they are.
  writer.leaf("wsman:Option", "", { Name: "CDATA", "xsi:nil": "true" });
  writer.leaf("wsman:Option", isRendered ? "RenderedText" : "Events", { Name: "ContentFormat" });
  // A channel that this computer does not have must not cost the others.
  writer.leaf("wsman:Option", "", { Name: "IgnoreChannelError", "xsi:nil": "true" });
  writer.close();
}

function writeSubscribeBody(writer: XmlWriter, subscription: CollectorSubscription, place: SubscriptionPlace): void {
  const { heartbeatMs, batchMs, envelopeBytes, language, queries } = subscription;
  writer.open("wse:Subscribe").open("wse:EndTo");
  writePlace(writer, subscription, place);
  writer.close().open("wse:Delivery", { Mode: DELIVERY_MODE.events });
  writer.leaf("wsman:Heartbeats", formatDuration(heartbeatMs));
  writer.open("wse:NotifyTo");
  writePlace(writer, subscription, place);
  writePolicy(writer, place.issuerThumbprint);
  writer.close();
  writer.leaf("wsman:ConnectionRetry", formatDuration(RETRY_MS), { Total: RETRIES });
  writer.leaf("wsman:MaxTime", formatDuration(batchMs));
  writer.leaf("wsman:MaxEnvelopeSize", String(envelopeBytes), { Policy: "Notify" });
  if (language !== undefined) {
    writer.leaf("wsman:Locale", "", { "xml:lang": language, "s:mustUnderstand": "false" });
    writer.leaf("p:DataLocale", "", { "xmlns:p": WINDOWS.wsman, "xml:lang": language, "s:mustUnderstand": "false" });
  }
  // UTF-16 is what Windows' own collector asks for; UTF-8 was never seen on this path.
  writer.leaf("wsman:ContentEncoding", "UTF-16").close();
  writer.open("wsman:Filter", { Dialect: DIALECT.windowsEventQuery }).open("QueryList");
  for (const [index, { channel, select }] of queries.entries()) {
    writer.open("Query", { Id: index }).leaf("Select", select, { Path: channel }).close();
  }
  writer.close().close();
  if (place.bookmark !== undefined) {
    writer.open("wsman:Bookmark");
    for (const element of keptElements(place.bookmark)) writeElement(writer, element);
    writer.close();
  }
  writer.leaf("wsman:SendBookmarks").close();
}

function writePlace(writer: XmlWriter, { id }: CollectorSubscription, { address }: SubscriptionPlace): void {
  writer.leaf("wsa:Address", address);
  // The identifier comes back in the header of every delivery. Windows knows this older name of ReferenceParameters only.
  writer.open("wsa:ReferenceProperties").leaf("wse:Identifier", id).close();
}

/** Which certificate the publisher proves itself with (seen in captures of real ones; MS-WSMV §2.2.4.32). */
function writePolicy(writer: XmlWriter, issuerThumbprint: string): void {
  writer.open("c:Policy", { "xmlns:c": WINDOWS.policy, "xmlns:auth": WINDOWS.authentication });
  writer.open("c:ExactlyOne").open("c:All").open("auth:Authentication", { Profile: SECURITY_PROFILE.httpsMutual });
  writer.open("auth:ClientCertificate").leaf("auth:Thumbprint", issuerThumbprint, { Role: "issuer" });
  writer.close().close().close().close().close();
}

/** A publisher that does not reach us tries again five times a minute apart, and then waits for its next Enumerate. */
const RETRIES = 5;
const RETRY_MS = 60_000;
