import { datetime, declareClass, sint64, string, uint16 } from "../class-declaration.ts";
import { PROBABLE_CAUSE_VALUES } from "./probable-cause-values.ts";

export const CIM_Indication = declareClass({
  name: "CIM_Indication",
  abstract: true,
  indication: true,
  version: "2.24.0",
  description: "Something that happened.",
  properties: {
    IndicationIdentifier: string(),
    CorrelatedIndications: string({ array: true }),
    IndicationTime: datetime(),
    PerceivedSeverity: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "Information",
        3: "Degraded/Warning",
        4: "Minor",
        5: "Major",
        6: "Critical",
        7: "Fatal/NonRecoverable",
        "..": "DMTF Reserved",
      },
    }),
    OtherSeverity: string(),
    IndicationFilterName: string(),
    SequenceContext: string(),
    SequenceNumber: sint64(),
  },
});

export const CIM_ProcessIndication = declareClass({
  name: "CIM_ProcessIndication",
  extends: CIM_Indication,
  abstract: true,
  version: "2.29.0",
  description: "Something that happened outside of the model.",
});

export const CIM_AlertIndication = declareClass({
  name: "CIM_AlertIndication",
  extends: CIM_ProcessIndication,
  version: "2.27.0",
  description: "An alert.",
  properties: {
    Description: string(),
    AlertingManagedElement: string(),
    AlertingElementFormat: uint16({ values: { 0: "Unknown", 1: "Other", 2: "CIMObjectPath" } }),
    OtherAlertingElementFormat: string(),
    AlertType: uint16({
      required: true,
      values: {
        1: "Other",
        2: "Communications Alert",
        3: "Quality of Service Alert",
        4: "Processing Error",
        5: "Device Alert",
        6: "Environmental Alert",
        7: "Model Change",
        8: "Security Alert",
      },
    }),
    OtherAlertType: string(),
    PerceivedSeverity: uint16({
      required: true,
      values: {
        0: "Unknown",
        1: "Other",
        2: "Information",
        3: "Degraded/Warning",
        4: "Minor",
        5: "Major",
        6: "Critical",
        7: "Fatal/NonRecoverable",
      },
      override: true,
    }),
    ProbableCause: uint16({ required: true, values: PROBABLE_CAUSE_VALUES }),
    ProbableCauseDescription: string(),
    Trending: uint16({
      values: { 0: "Unknown", 1: "Not Applicable", 2: "Trending Up", 3: "Trending Down", 4: "No Change" },
    }),
    RecommendedActions: string({ array: true }),
    EventID: string(),
    EventTime: datetime(),
    SystemCreationClassName: string({ maxLen: 256 }),
    SystemName: string({ maxLen: 256 }),
    ProviderName: string({ maxLen: 256 }),
    Message: string(),
    MessageArguments: string({ array: true }),
    MessageID: string(),
    OwningEntity: string(),
  },
});

export const CIM_InstIndication = declareClass({
  name: "CIM_InstIndication",
  extends: CIM_Indication,
  abstract: true,
  version: "2.29.0",
  description: "An instance was created, changed or deleted.",
  properties: {
    SourceInstance: string({ required: true, embeddedObject: true }),
    SourceInstanceModelPath: string(),
    SourceInstanceHost: string(),
  },
});

export const CIM_InstCreation = declareClass({
  name: "CIM_InstCreation",
  extends: CIM_InstIndication,
  version: "2.27.0",
  description: "An instance was created.",
});

export const CIM_InstModification = declareClass({
  name: "CIM_InstModification",
  extends: CIM_InstIndication,
  version: "2.27.0",
  description: "An instance was changed.",
  properties: {
    PreviousInstance: string({ embeddedObject: true }),
  },
});

export const CIM_InstDeletion = declareClass({
  name: "CIM_InstDeletion",
  extends: CIM_InstIndication,
  version: "2.27.0",
  description: "An instance was deleted.",
});
