// The headers of a request to our server as values, each with the fault that DSP0226 asks for when it is wrong.

import type { XmlElement } from "../../wire/xml-element.ts";
import { parseDuration } from "./duration.ts";
import { readSelectorSet, type Selector } from "./endpoint-reference.ts";
import type { Envelope } from "./envelope.ts";
import { refuse } from "./fault.ts";
import { ANONYMOUS_ROLE, NS } from "./names.ts";

/** Smaller envelopes need not be supported (DSP0226 §6.2): a fault with its detail must fit. */
export const ENVELOPE_BYTES_MIN = 8_192;
/** Of an answer, whatever the client asks for. */
export const ENVELOPE_BYTES_MAX = 4 * 1024 * 1024;
/** Without MaxEnvelopeSize (MS-WSMV §3.1.4.1.14 gives the same default). */
export const ENVELOPE_BYTES_DEFAULT = 512_000;
/** Longest time that one operation may take, whatever the client asks for. */
export const OPERATION_TIMEOUT_MS_MAX = 120_000;
const OPERATION_TIMEOUT_MS_DEFAULT = 60_000;
/** Options of one request; none is known to us, so they are only looked at. */
export const OPTIONS_MAX = 64;
/** Headers of one request; Windows sends thirteen. */
export const HEADERS_MAX = 64;

/** Characters; a UUID takes 45. */
export const MESSAGE_ID_LENGTH_MAX = 256;

export interface RequestHeaders {
  readonly action: string;
  readonly messageId: string;
  /** The service's address as the client knows it. */
  readonly to: string;
  readonly resourceUri: string;
  /** All but `__cimnamespace`. */
  readonly selectors: readonly Selector[];
  /** What the selector `__cimnamespace` says (DSP0227 §6.3). */
  readonly namespace: string | undefined;
  readonly operationTimeoutMs: number;
  readonly maxEnvelopeBytes: number;
  readonly wantsEstimate: boolean;
  /** `wse:Identifier`: the subscription that Renew, GetStatus and Unsubscribe are about. */
  readonly identifier: string | undefined;
}

/** Headers that are understood, by namespace; what else must be understood is refused. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  [NS.wsa]: ["To", "Action", "MessageID", "ReplyTo", "FaultTo", "From", "RelatesTo"],
  [NS.wsman]: [
    "ResourceURI",
    "SelectorSet",
    "OptionSet",
    "OperationTimeout",
    "MaxEnvelopeSize",
    "Locale",
    "FragmentTransfer",
    "RequestTotalItemsCountEstimate",
  ],
  [NS.wse]: ["Identifier"],
};

/** The `wsa:MessageID` of a request that may be wrong in every other way, so that its fault can name it. */
export function messageIdOf({ header }: Envelope): string | undefined {
  return header.find((element) => element.is("MessageID", NS.wsa))?.text.trim();
}

/** @throws Fault. */
export function readRequestHeaders(envelope: Envelope): RequestHeaders {
  if (envelope.header.length > HEADERS_MAX) refuse("encodingLimit", `more than ${HEADERS_MAX} headers`);
  const headers = new Map<string, XmlElement>();
  const notUnderstood: { namespace: string; name: string }[] = [];
  for (const element of envelope.header) {
    if (!isForUs(element)) continue;
    const isKnown = KNOWN[element.namespace]?.includes(element.name) ?? false;
    if (!isKnown) {
      if (mustUnderstand(element)) notUnderstood.push({ namespace: element.namespace, name: element.name });
      continue;
    }
    const key = `${element.namespace} ${element.name}`;
    if (headers.has(key)) refuse("invalidHeader", `${element.name} is given twice`);
    headers.set(key, element);
  }
  if (notUnderstood.length > 0) {
    const names = notUnderstood.map(({ name }) => name.slice(0, 80)).join(", ");
    refuse("mustUnderstand", `Not understood: ${names}`, { notUnderstood });
  }
  const wsa = (name: string) => headers.get(`${NS.wsa} ${name}`);
  const wsman = (name: string) => headers.get(`${NS.wsman} ${name}`);
  const required = (name: string) => {
    const text = wsa(name)?.text.trim() ?? "";
    return text === "" ? refuse("headerRequired", `wsa:${name}`) : text;
  };

  const action = required("Action");
  const to = required("To");
  const messageId = required("MessageID");
  // It comes back in every answer, whose size is limited.
  if (messageId.length > MESSAGE_ID_LENGTH_MAX) refuse("invalidHeader", "MessageID is too long");
  // An answer to anywhere else would make us a means to reach third parties. A missing ReplyTo means the same connection.
  for (const name of ["ReplyTo", "FaultTo"]) {
    const address = wsa(name)?.childText("Address", NS.wsa) ?? ANONYMOUS_ROLE;
    if (address.replace(/\/$/, "") === ANONYMOUS_ROLE) continue;
    refuse("unsupportedFeature", `wsa:${name} must be anonymous`, { detail: "AddressingMode" });
  }
  if (wsman("FragmentTransfer") !== undefined) {
    refuse("unsupportedFeature", "parts of a representation", { detail: "FragmentLevelAccess" });
  }
  checkLocale(wsman("Locale"));
  checkOptions(wsman("OptionSet"));
  const set = wsman("SelectorSet");
  const selectors = set === undefined ? [] : readSelectorSet(set);
  const namespace = selectors.find(({ name }) => name.toLowerCase() === "__cimnamespace")?.value;
  if (typeof namespace === "object") refuse("invalidSelectors", "__cimnamespace is a text", { detail: "TypeMismatch" });
  return {
    action,
    messageId,
    to,
    resourceUri: wsman("ResourceURI")?.text.trim() ?? "",
    selectors: selectors.filter(({ name }) => name.toLowerCase() !== "__cimnamespace"),
    namespace: namespace?.trim(),
    operationTimeoutMs: operationTimeout(wsman("OperationTimeout")),
    maxEnvelopeBytes: maxEnvelope(wsman("MaxEnvelopeSize")),
    wantsEstimate: wsman("RequestTotalItemsCountEstimate") !== undefined,
    identifier: headers.get(`${NS.wse} Identifier`)?.text.trim(),
  };
}

/** SOAP 1.2 part 1 §2.2: a header for another role is none of our business. */
function isForUs(element: XmlElement): boolean {
  const role = element.attribute("role", NS.s);
  return role === undefined || role.endsWith("/role/next") || role.endsWith("/role/ultimateReceiver");
}

function mustUnderstand(element: XmlElement): boolean {
  return ["true", "1"].includes(element.attribute("mustUnderstand", NS.s)?.trim() ?? "");
}

/** Our texts are English; who insists on another language is told (DSP0226 §6.3). */
function checkLocale(element: XmlElement | undefined): void {
  if (element === undefined || !mustUnderstand(element)) return;
  const language = element.attribute("lang", NS.xml) ?? "";
  if (/^en\b/i.test(language) || language === "") return;
  refuse("unsupportedFeature", `language ${language.slice(0, 40)}`, { detail: "Locale" });
}

/** DSP0226 §6.4: options are advice, except those with MustComply. */
function checkOptions(element: XmlElement | undefined): void {
  const options = element?.childrenNamed("Option", NS.wsman) ?? [];
  if (options.length > OPTIONS_MAX)
    refuse("encodingLimit", `more than ${OPTIONS_MAX} options`, { detail: "OptionLimit" });
  for (const option of options) {
    if (!["true", "1"].includes(option.attribute("MustComply") ?? "")) continue;
    refuse("invalidOptions", `option ${(option.attribute("Name") ?? "").slice(0, 80)}`, { detail: "NotSupported" });
  }
}

function operationTimeout(element: XmlElement | undefined): number {
  if (element === undefined) return OPERATION_TIMEOUT_MS_DEFAULT;
  const ms = parseDuration(element.text);
  if (ms === undefined || ms <= 0) {
    refuse("invalidHeader", `OperationTimeout ${element.text.slice(0, 40)}`, { detail: "InvalidTimeout" });
  }
  return Math.min(ms, OPERATION_TIMEOUT_MS_MAX);
}

function maxEnvelope(element: XmlElement | undefined): number {
  if (element === undefined) return ENVELOPE_BYTES_DEFAULT;
  const text = element.text.trim();
  if (!/^\d{1,15}$/.test(text)) refuse("invalidHeader", `MaxEnvelopeSize ${text.slice(0, 40)}`);
  const bytes = Number(text);
  if (bytes < ENVELOPE_BYTES_MIN) {
    refuse("encodingLimit", `MaxEnvelopeSize ${bytes} is below ${ENVELOPE_BYTES_MIN}`, {
      detail: "MinimumEnvelopeLimit",
    });
  }
  return Math.min(bytes, ENVELOPE_BYTES_MAX);
}
