import { boolean, datetime, declareClass, reference, string, uint16, uint32, uint64 } from "../class-declaration.ts";
import { CIM_Capabilities, CIM_ManagedElement } from "./core.ts";
import { CIM_Service } from "./service.ts";

export const CIM_IndicationFilter = declareClass({
  name: "CIM_IndicationFilter",
  extends: CIM_ManagedElement,
  version: "2.31.1",
  description: "A query that chooses indications.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true }),
    SourceNamespace: string({ deprecated: ["CIM_IndicationFilter.SourceNamespaces"] }),
    SourceNamespaces: string({ array: true }),
    IndividualSubscriptionSupported: boolean(),
    Query: string({ required: true }),
    QueryLanguage: string({ required: true }),
    TemplateVariable: string({ array: true }),
  },
});

export const CIM_ListenerDestination = declareClass({
  name: "CIM_ListenerDestination",
  extends: CIM_ManagedElement,
  abstract: true,
  version: "2.39.0",
  description: "Where indications are delivered.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true, maxLen: 256 }),
    PersistenceType: uint16({ values: { 1: "Other", 2: "Permanent", 3: "Transient" } }),
    OtherPersistenceType: string(),
    Destination: string(),
    OtherProtocol: string(),
    Protocol: uint16({
      values: {
        1: "Other",
        2: "CIM-XML",
        3: "SM CLP",
        4: "WS-Management",
        5: "WSDM",
        6: "SMTP",
        "..": "DMTF Reserved",
      },
    }),
  },
});

export const CIM_ListenerDestinationCIMXML = declareClass({
  name: "CIM_ListenerDestinationCIMXML",
  extends: CIM_ListenerDestination,
  version: "2.22.0",
  description: "Where indications are delivered by CIM-XML.",
  properties: {
    Destination: string({ required: true, override: true }),
  },
});

export const CIM_IndicationHandler = declareClass({
  name: "CIM_IndicationHandler",
  extends: CIM_ListenerDestination,
  abstract: true,
  version: "2.8.0",
  deprecated: ["CIM_ListenerDestination"],
  description: "Where indications are delivered, as it was called before CIM 2.9.",
  properties: {
    Owner: string({ deprecated: ["No value"] }),
  },
});

export const CIM_IndicationHandlerCIMXML = declareClass({
  name: "CIM_IndicationHandlerCIMXML",
  extends: CIM_IndicationHandler,
  version: "2.8.0",
  deprecated: ["CIM_ListenerDestinationCIMXML"],
  description: "Where indications are delivered by CIM-XML, as it was called before CIM 2.9.",
  properties: {
    Destination: string({ required: true, override: true, deprecated: ["CIM_ListenerDestinationCIMXML.Destination"] }),
  },
});

export const CIM_ListenerDestinationWSManagement = declareClass({
  name: "CIM_ListenerDestinationWSManagement",
  extends: CIM_ListenerDestination,
  version: "2.22.0",
  description: "Where indications are delivered by WS-Management.",
  properties: {
    Destination: string({ required: true, override: true }),
    DestinationEndTo: string(),
    Locale: string(),
    ContentEncoding: string(),
    DeliveryMode: uint16({
      values: {
        2: "Push",
        3: "PushWithAck",
        4: "Events",
        5: "Pull",
        "..": "DMTF Reserved",
        "32787..": "Vendor Reserved",
      },
    }),
    Heartbeat: uint64({ pUnit: "second" }),
    SendBookmark: boolean(),
    MaxTime: uint64({ pUnit: "second" }),
    DeliveryAuth: string(),
    PolyMorphismMode: uint16({
      values: { 1: "None", 2: "IncludeSubclassProperties", 3: "ExcludeSubclassProperties", "..": "DMTF Reserved" },
    }),
  },
});

export const CIM_AbstractIndicationSubscription = declareClass({
  name: "CIM_AbstractIndicationSubscription",
  abstract: true,
  association: true,
  version: "2.31.0",
  description: "A wish to be told of indications.",
  properties: {
    Filter: reference("CIM_ManagedElement", { key: true }),
    Handler: reference("CIM_ListenerDestination", { key: true }),
    OnFatalErrorPolicy: uint16({ values: { 1: "Other", 2: "Ignore", 3: "Disable", 4: "Remove" } }),
    OtherOnFatalErrorPolicy: string(),
    FailureTriggerTimeInterval: uint64({ pUnit: "second" }),
    SubscriptionState: uint16({
      write: true,
      values: { 0: "Unknown", 1: "Other", 2: "Enabled", 3: "Enabled Degraded", 4: "Disabled" },
    }),
    OtherSubscriptionState: string(),
    TimeOfLastStateChange: datetime(),
    SubscriptionDuration: uint64({ write: true, pUnit: "second" }),
    SubscriptionStartTime: datetime(),
    SubscriptionTimeRemaining: uint64({ pUnit: "second" }),
    RepeatNotificationPolicy: uint16({ values: { 0: "Unknown", 1: "Other", 2: "None", 3: "Suppress", 4: "Delay" } }),
    OtherRepeatNotificationPolicy: string(),
    RepeatNotificationInterval: uint64({ pUnit: "second" }),
    RepeatNotificationGap: uint64({ pUnit: "second" }),
    RepeatNotificationCount: uint16(),
    SubscriptionInfo: string({ write: true }),
  },
});

export const CIM_IndicationSubscription = declareClass({
  name: "CIM_IndicationSubscription",
  extends: CIM_AbstractIndicationSubscription,
  version: "2.16.0",
  description: "A filter tied to a destination.",
  properties: {
    Filter: reference("CIM_IndicationFilter", { key: true, override: true }),
    Handler: reference("CIM_ListenerDestination", { key: true, override: true }),
  },
});

export const CIM_IndicationService = declareClass({
  name: "CIM_IndicationService",
  extends: CIM_Service,
  version: "2.20.0",
  description: "The service that delivers indications.",
  properties: {
    FilterCreationEnabled: boolean(),
    DeliveryRetryAttempts: uint16(),
    DeliveryRetryInterval: uint32({ pUnit: "second" }),
    SubscriptionRemovalAction: uint16({ values: { 2: "Remove", 3: "Disable", 4: "Ignore", "..": "DMTF Reserved" } }),
    SubscriptionRemovalTimeInterval: uint32({ pUnit: "second" }),
  },
});

export const CIM_IndicationServiceCapabilities = declareClass({
  name: "CIM_IndicationServiceCapabilities",
  extends: CIM_Capabilities,
  version: "2.20.0",
  description: "What may be changed in an indication service.",
  properties: {
    FilterCreationEnabledIsSettable: boolean(),
    DeliveryRetryAttemptsIsSettable: boolean(),
    DeliveryRetryIntervalIsSettable: boolean(),
    SubscriptionRemovalActionIsSettable: boolean(),
    SubscriptionRemovalTimeIntervalIsSettable: boolean(),
    MaxListenerDestinations: uint32(),
    MaxActiveSubscriptions: uint32(),
    SubscriptionsPersisted: boolean(),
  },
});
