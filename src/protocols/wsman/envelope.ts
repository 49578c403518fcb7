// The SOAP 1.2 envelope (SOAP 1.2 part 1 §5) with the headers of WS-Addressing 2004/08 and WS-Management, written and
// taken apart. What a request's headers must be like is in request-headers.ts.

import type { XmlElement } from "../../wire/xml-element.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { isXmlName, XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { formatDuration } from "./duration.ts";
import { type Selector, writeSelectorSet } from "./endpoint-reference.ts";
import { refuse } from "./fault.ts";
import { ANONYMOUS_ROLE, NS, SOAP_CONTENT_TYPE } from "./names.ts";

/** An envelope that was read: the children of its two parts. */
export interface Envelope {
  readonly header: readonly XmlElement[];
  readonly body: readonly XmlElement[];
}

/** @throws Fault for another root, or another version of SOAP; WireError for one without a body. */
export function readEnvelope(root: XmlElement): Envelope {
  if (root.name !== "Envelope") refuse("schemaValidationError", `the root element is <${root.name.slice(0, 80)}>`);
  if (root.namespace !== NS.s) refuse("versionMismatch", "send SOAP 1.2");
  const body = root.child("Body", NS.s);
  if (body === undefined) refuse("schemaValidationError", "the envelope has no body");
  return { header: root.child("Header", NS.s)?.children ?? [], body: body.children };
}

/** The first header of that name. */
export function headerOf({ header }: Envelope, name: string, namespace?: string): XmlElement | undefined {
  return header.find((element) => element.is(name, namespace));
}

export interface OutgoingHeaders {
  /** Undefined for Identify and its answer, which have no headers of WS-Addressing. */
  readonly action?: string;
  readonly messageId?: string | undefined;
  /** Where it goes; the anonymous role when left out: answers. */
  readonly to?: string | undefined;
  readonly relatesTo?: string | undefined;
  /** Present on whatever wants an answer. */
  readonly wantsReply?: boolean;
  readonly resourceUri?: string | undefined;
  readonly selectors?: readonly Selector[];
  readonly operationTimeoutMs?: number | undefined;
  readonly maxEnvelopeBytes?: number | undefined;
  /** Further headers. */
  readonly extra?: ((writer: XmlWriter) => void) | undefined;
}

/** Every prefix of ours is declared once, on the envelope, so that fragments made elsewhere fit in. */
const DECLARATIONS = Object.fromEntries(
  Object.entries(NS)
    .filter(([prefix]) => prefix !== "xml" && prefix !== "wsmid")
    .map(([prefix, uri]) => [`xmlns:${prefix}`, uri]),
);

/** The text of an envelope, without an XML declaration. */
export function writeEnvelope(headers: OutgoingHeaders, body: (writer: XmlWriter) => void): string {
  const writer = new XmlWriter();
  writeEnvelopeElement(writer, headers, body);
  return writer.take();
}

/** The same inside of something else: Windows' subscriptions hold envelopes. */
export function writeEnvelopeElement(
  writer: XmlWriter,
  headers: OutgoingHeaders,
  body: (writer: XmlWriter) => void,
): void {
  writer.open("s:Envelope", DECLARATIONS).open("s:Header");
  if (headers.action !== undefined) writeHeaders(writer, headers, headers.action);
  writer.close().open("s:Body");
  body(writer);
  writer.close().close();
}

function writeHeaders(writer: XmlWriter, headers: OutgoingHeaders, action: string): void {
  writer.leaf("wsa:To", headers.to ?? ANONYMOUS_ROLE);
  if (headers.resourceUri !== undefined) writer.leaf("wsman:ResourceURI", headers.resourceUri, MUST_UNDERSTAND);
  if (headers.wantsReply === true) {
    writer.open("wsa:ReplyTo").leaf("wsa:Address", ANONYMOUS_ROLE, MUST_UNDERSTAND).close();
  }
  writer.leaf("wsa:Action", action, MUST_UNDERSTAND);
  if (headers.messageId !== undefined) writer.leaf("wsa:MessageID", headers.messageId);
  if (headers.relatesTo !== undefined) writer.leaf("wsa:RelatesTo", headers.relatesTo);
  if (headers.maxEnvelopeBytes !== undefined) {
    writer.leaf("wsman:MaxEnvelopeSize", String(headers.maxEnvelopeBytes), MUST_UNDERSTAND);
  }
  if (headers.operationTimeoutMs !== undefined) {
    writer.leaf("wsman:OperationTimeout", formatDuration(headers.operationTimeoutMs));
  }
  if (headers.selectors !== undefined && headers.selectors.length > 0) writeSelectorSet(writer, headers.selectors);
  headers.extra?.(writer);
}

export const MUST_UNDERSTAND = { "s:mustUnderstand": "true" } as const;

export type Charset = "utf-8" | "utf-16";

/** `application/soap+xml;charset=UTF-8`. */
export function contentTypeOf(charset: Charset): string {
  return `${SOAP_CONTENT_TYPE};charset=${charset.toUpperCase()}`;
}

/** The bytes of an envelope; UTF-16 is little endian with a byte order mark, as Windows writes it. */
export function encodeEnvelope(text: string, charset: Charset): Buffer {
  if (charset === "utf-8") return Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n${text}`, "utf8");
  return Buffer.from(`\ufeff<?xml version="1.0" encoding="utf-16"?>\n${text}`, "utf16le");
}

/**
 * Writes an element that was read once more, for what a peer wants back as it was: reference parameters, bookmarks,
 * filters. Its prefixes are made anew; text between child elements goes first.
 */
export function writeElement(writer: XmlWriter, element: XmlElement): void {
  const attributes: Record<string, string> = { xmlns: element.namespace };
  for (const [index, { name, namespace, value }] of element.attributes.entries()) {
    if (!isXmlName(name)) continue;
    if (namespace === "") attributes[name] = value;
    else if (namespace === NS.xml) attributes[`xml:${name}`] = value;
    else {
      attributes[`xmlns:a${index}`] = namespace;
      attributes[`a${index}:${name}`] = value;
    }
  }
  writer.open(element.name, attributes).text(element.text);
  for (const child of element.children) writeElement(writer, child);
  writer.close();
}

/** Elements that were written inside of an envelope, or by `fragmentOf`, and were kept as text meanwhile. @throws WireError. */
export function keptElements(text: string): readonly XmlElement[] {
  if (text === "") return [];
  const declarations = Object.entries(DECLARATIONS).map(([name, uri]) => ` ${name}="${uri}"`);
  return parseXml(Buffer.from(`<kept${declarations.join("")}>${text}</kept>`)).children;
}

/** `writeElement`, to be kept. */
export function fragmentOf(elements: readonly XmlElement[]): XmlFragment {
  const writer = new XmlWriter();
  for (const element of elements) writeElement(writer, element);
  return new XmlFragment(writer);
}
