import { FAULT_DETAIL, NS, type Prefix } from "./names.ts";

// All faults of DSP0226 1.2 §14.6, with those of WS-Enumeration, WS-Eventing, WS-Transfer, WS-Addressing and the CIM
// binding that it refers to, as one table. HTTP status after SOAP 1.2 part 2 §7.5.2.2: Sender 400, all others 500.

/** One row: who is at fault, the name in which namespace, and the sentence for people. */
export interface FaultRow {
  readonly code: "Sender" | "Receiver" | "MustUnderstand" | "VersionMismatch";
  /** Undefined for the two faults of SOAP itself, which have no subcode. */
  readonly subcode?: { readonly prefix: Prefix; readonly name: string };
  readonly reason: string;
}

const sender = (prefix: Prefix, name: string, reason: string): FaultRow => ({
  code: "Sender",
  subcode: { prefix, name },
  reason,
});
const receiver = (prefix: Prefix, name: string, reason: string): FaultRow => ({
  code: "Receiver",
  subcode: { prefix, name },
  reason,
});

export const FAULTS = {
  mustUnderstand: { code: "MustUnderstand", reason: "A header that must be understood is not." },
  versionMismatch: { code: "VersionMismatch", reason: "The envelope is not one of SOAP 1.2." },

  accessDenied: sender("wsman", "AccessDenied", "The sender was not authorized to access the resource."),
  alreadyExists: sender("wsman", "AlreadyExists", "The resource exists already."),
  cannotProcessFilter: sender("wsman", "CannotProcessFilter", "The filter could not be processed."),
  concurrency: sender("wsman", "Concurrency", "The action conflicts with another one under way."),
  deliveryRefused: receiver(
    "wsman",
    "DeliveryRefused",
    "The receiver of the event refuses it and ends the subscription.",
  ),
  encodingLimit: sender("wsman", "EncodingLimit", "A limit of encoding was exceeded, or would be by the answer."),
  eventDeliverToUnusable: sender("wsman", "EventDeliverToUnusable", "The address for delivery cannot be used."),
  fragmentDialectNotSupported: sender(
    "wsman",
    "FragmentDialectNotSupported",
    "The dialect of the fragment is not supported.",
  ),
  internalError: receiver("wsman", "InternalError", "The service cannot comply because of an internal error."),
  invalidBookmark: sender("wsman", "InvalidBookmark", "The bookmark is not valid."),
  invalidOptions: sender("wsman", "InvalidOptions", "One or more options are not valid."),
  invalidParameter: sender("wsman", "InvalidParameter", "A parameter of the operation is not valid."),
  invalidSelectors: sender("wsman", "InvalidSelectors", "The selectors are not valid for the resource."),
  noAck: sender("wsman", "NoAck", "The receiver did not acknowledge the event."),
  quotaLimit: sender("wsman", "QuotaLimit", "The service is busy with other requests."),
  schemaValidationError: sender("wsman", "SchemaValidationError", "The message violates its schema."),
  timedOut: receiver("wsman", "TimedOut", "The operation has timed out."),
  unsupportedFeature: sender("wsman", "UnsupportedFeature", "The feature is not supported."),

  actionNotSupported: sender("wsa", "ActionNotSupported", "The action is not supported by the service."),
  destinationUnreachable: sender("wsa", "DestinationUnreachable", "There is no such resource."),
  endpointUnavailable: receiver("wsa", "EndpointUnavailable", "The resource is unavailable now."),
  invalidHeader: sender("wsa", "InvalidMessageInformationHeader", "A header of the message is not valid."),
  headerRequired: sender("wsa", "MessageInformationHeaderRequired", "A required header is missing."),

  invalidRepresentation: sender("wxf", "InvalidRepresentation", "The representation is not valid for the resource."),

  enumerationCannotProcessFilter: sender("wsen", "CannotProcessFilter", "The filter could not be processed."),
  filterDialectUnavailable: sender(
    "wsen",
    "FilterDialectRequestedUnavailable",
    "The filter's dialect is not supported.",
  ),
  enumerationFilteringNotSupported: sender("wsen", "FilteringNotSupported", "Filtered enumeration is not supported."),
  invalidEnumerationContext: receiver("wsen", "InvalidEnumerationContext", "The enumeration context is not valid."),
  enumerationInvalidExpirationTime: sender("wsen", "InvalidExpirationTime", "The expiration time is not valid."),
  enumerationTimedOut: receiver("wsen", "TimedOut", "The enumeration has timed out and is no longer valid."),
  enumerationUnsupportedExpirationType: sender("wsen", "UnsupportedExpirationType", "Only durations are supported."),

  deliveryModeUnavailable: sender("wse", "DeliveryModeRequestedUnavailable", "The delivery mode is not supported."),
  eventSourceUnableToProcess: receiver(
    "wse",
    "EventSourceUnableToProcess",
    "The event source cannot take the subscription.",
  ),
  eventingFilteringNotSupported: sender("wse", "FilteringNotSupported", "Filtered subscription is not supported."),
  filteringUnavailable: sender("wse", "FilteringRequestedUnavailable", "The filter's dialect is not supported."),
  invalidExpirationTime: sender("wse", "InvalidExpirationTime", "The expiration time is not valid."),
  invalidMessage: sender("wse", "InvalidMessage", "The message has unknown or invalid content."),
  unableToRenew: receiver("wse", "UnableToRenew", "The subscription cannot be renewed."),
  unsupportedExpirationType: sender("wse", "UnsupportedExpirationType", "Only durations are supported."),

  polymorphismModeNotSupported: sender(
    "wsmb",
    "PolymorphismModeNotSupported",
    "The polymorphism mode is not supported.",
  ),
} as const satisfies Record<string, FaultRow>;
export type FaultName = keyof typeof FAULTS;

/** Last parts of the URIs that `wsman:FaultDetail` carries (DSP0226 §14.6). */
export const FAULT_DETAILS = [
  "Ack",
  "ActionMismatch",
  "AddressingMode",
  "AmbiguousSelectors",
  "AsynchronousRequest",
  "Bookmarks",
  "CharacterSet",
  "DeliveryRetries",
  "DuplicateMessageID",
  "DuplicateSelectors",
  "EncodingType",
  "EnumerationMode",
  "ExpirationTime",
  "Expired",
  "FilteringRequired",
  "FormatMismatch",
  "FragmentLevelAccess",
  "Heartbeats",
  "InsecureAddress",
  "InsufficientSelectors",
  "Invalid",
  "InvalidAddress",
  "InvalidFragment",
  "InvalidName",
  "InvalidNamespace",
  "InvalidResourceURI",
  "InvalidTimeout",
  "InvalidValue",
  "InvalidValues",
  "Locale",
  "MaxElements",
  "MaxEnvelopePolicy",
  "MaxEnvelopeSize",
  "MaxTime",
  "MinimumEnvelopeLimit",
  "MissingValues",
  "NotSupported",
  "OperationTimeout",
  "OptionLimit",
  "ReadOnly",
  "ResourceOffline",
  "SelectorLimit",
  "ServiceEnvelopeLimit",
  "TypeMismatch",
  "UnexpectedSelectors",
  "UnreportableSuccess",
  "UnusableAddress",
  "UriLimitExceeded",
  "Whitespace",
] as const;
export type FaultDetail = (typeof FAULT_DETAILS)[number];

export function faultDetailUri(detail: FaultDetail): string {
  return `${FAULT_DETAIL}${detail}`;
}

/** `wsa:Action` of a fault: by the namespace of its subcode (DSP0226 §14.2, DSP0227 §14). */
export function faultAction({ subcode }: FaultRow): string {
  const actions: Partial<Record<Prefix, string>> = {
    wsman: "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault",
    wsmb: "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/fault",
    wxf: `${NS.wxf}/fault`,
    wsen: `${NS.wsen}/fault`,
    wse: `${NS.wse}/fault`,
  };
  return actions[subcode?.prefix ?? "wsa"] ?? `${NS.wsa}/fault`;
}

/** HTTP status of a fault. */
export function faultStatus({ code }: FaultRow): 400 | 500 {
  return code === "Sender" ? 400 : 500;
}
