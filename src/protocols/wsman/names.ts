// Every URI that WS-Management messages carry (DSP0226 1.2 annex A; DSP0227 1.2 for the CIM binding; MS-WSMV for what
// Windows adds). Prefixes are ours to choose; peers' prefixes are never looked at.

/** Namespaces by the prefix that we write them with. */
export const NS = {
  s: "http://www.w3.org/2003/05/soap-envelope",
  wsa: "http://schemas.xmlsoap.org/ws/2004/08/addressing",
  wxf: "http://schemas.xmlsoap.org/ws/2004/09/transfer",
  wsen: "http://schemas.xmlsoap.org/ws/2004/09/enumeration",
  wse: "http://schemas.xmlsoap.org/ws/2004/08/eventing",
  wsman: "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
  wsmb: "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd",
  wsmid: "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
  cim: "http://schemas.dmtf.org/wbem/wscim/1/common",
  xsi: "http://www.w3.org/2001/XMLSchema-instance",
  xml: "http://www.w3.org/XML/1998/namespace",
} as const;
export type Prefix = keyof typeof NS;

/** Of WS-Addressing: an answer goes back on the connection that the request came on. */
export const ANONYMOUS_ROLE = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";

const WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman";

/** What `wsa:Action` says of a request; an answer's is the same with `Response`. */
export const ACTION = {
  get: `${NS.wxf}/Get`,
  put: `${NS.wxf}/Put`,
  create: `${NS.wxf}/Create`,
  delete: `${NS.wxf}/Delete`,
  enumerate: `${NS.wsen}/Enumerate`,
  pull: `${NS.wsen}/Pull`,
  release: `${NS.wsen}/Release`,
  subscribe: `${NS.wse}/Subscribe`,
  renew: `${NS.wse}/Renew`,
  getStatus: `${NS.wse}/GetStatus`,
  unsubscribe: `${NS.wse}/Unsubscribe`,
  subscriptionEnd: `${NS.wse}/SubscriptionEnd`,
  ack: `${WSMAN}/Ack`,
  event: `${WSMAN}/Event`,
  events: `${WSMAN}/Events`,
  heartbeat: `${WSMAN}/Heartbeat`,
  droppedEvents: `${WSMAN}/DroppedEvents`,
} as const;

/** The spelling that openwsman sends and expects (include/wsman-names.h of 2.8.1). */
export const OPENWSMAN_ACK = "http://schemas.xmlsoap.org/wbmem/wsman/1/wsman/Ack";

export const FAULT_DETAIL = `${WSMAN}/faultDetail/`;

/** Delivery modes (DSP0226 §10.2.9). */
export const DELIVERY_MODE = {
  push: `${NS.wse}/DeliveryModes/Push`,
  pushWithAck: `${WSMAN}/PushWithAck`,
  events: `${WSMAN}/Events`,
  pull: `${WSMAN}/Pull`,
} as const;
export type DeliveryMode = keyof typeof DELIVERY_MODE;

/** Why a subscription has ended (WS-Eventing 2004/08 §3.5). */
export const END_STATUS = {
  deliveryFailure: `${NS.wse}/DeliveryFailure`,
  sourceShuttingDown: `${NS.wse}/SourceShuttingDown`,
  sourceCanceling: `${NS.wse}/SourceCanceling`,
} as const;
export type EndStatus = keyof typeof END_STATUS;

/** Filter dialects. `cql` has two spellings among peers; we send the first of DSP0226's own. */
export const DIALECT = {
  selector: `${WSMAN}/SelectorFilter`,
  association: "http://schemas.dmtf.org/wbem/wsman/1/cimbinding/associationFilter",
  wql: "http://schemas.microsoft.com/wbem/wsman/1/WQL",
  cql: "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf",
  windowsEventQuery: "http://schemas.microsoft.com/win/2004/08/events/eventquery",
} as const;
export type Dialect = keyof typeof DIALECT;

/** Security profiles that our listeners offer (DSP0226 annex C). */
export const SECURITY_PROFILE = {
  httpBasic: `${WSMAN}/secprofile/http/basic`,
  httpsBasic: `${WSMAN}/secprofile/https/basic`,
  httpsMutual: `${WSMAN}/secprofile/https/mutual`,
} as const;

/** What Windows adds (MS-WSMV §2.2.1, §3.1.4.1.30). */
export const WINDOWS = {
  wsman: "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
  machineId: "http://schemas.microsoft.com/wbem/wsman/1/machineid",
  subscription: "http://schemas.microsoft.com/wbem/wsman/1/subscription",
  policy: "http://schemas.xmlsoap.org/ws/2002/12/policy",
  authentication: "http://schemas.microsoft.com/wbem/wsman/1/authentication",
  event: "http://schemas.microsoft.com/win/2004/08/events/event",
  subscriptionResource: "http://schemas.microsoft.com/wbem/wsman/1/SubscriptionManager/Subscription",
  eventLogResource: "http://schemas.microsoft.com/wbem/wsman/1/windows/EventLog",
  end: "http://schemas.microsoft.com/wbem/wsman/1/wsman/End",
} as const;

/** What Identify's answer and clients' checks name as the protocol. */
export const PROTOCOL_VERSION = NS.wsman;

export const SOAP_CONTENT_TYPE = "application/soap+xml";
/** Where listeners of WS-Management are looked for (DSP0226 annex C.3, IANA wsman). */
export const WSMAN_PATH = "/wsman";
export const ANONYMOUS_IDENTIFY_PATH = "/wsman-anon/identify";
