import { datetime, declareClass, reference, string, uint16, uint64 } from "../class-declaration.ts";
import { CIM_Dependency, CIM_EnabledLogicalElement, CIM_ManagedElement } from "./core.ts";

export const CIM_Log = declareClass({
  name: "CIM_Log",
  extends: CIM_EnabledLogicalElement,
  abstract: true,
  version: "2.18.0",
  description: "A log.",
  properties: {
    MaxNumberOfRecords: uint64(),
    CurrentNumberOfRecords: uint64({ gauge: true }),
    OverwritePolicy: uint16({
      values: {
        0: "Unknown",
        2: "Wraps When Full",
        7: "Never Overwrites",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    LogState: uint16({
      values: {
        0: "Unknown",
        2: "Normal",
        3: "Erasing",
        4: "Not Applicable",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
  },
  methods: {
    ClearLog: {
      returns: "uint32",
      values: {
        0: "Completed with no error",
        1: "Not Supported",
        2: "Unspecified Error",
        3: "Timeout",
        4: "Failed",
        5: "Invalid Parameter",
        "6..0x0FFF": "DMTF_Reserved",
        "0x1000..0x7FFF": "Method_Reserved",
        "0x8000..": "Vendor_Reserved",
      },
    },
  },
});

export const CIM_RecordLog = declareClass({
  name: "CIM_RecordLog",
  extends: CIM_Log,
  version: "2.19.0",
  description: "A log of records.",
  properties: {
    InstanceID: string({ key: true, override: true }),
  },
});

export const CIM_RecordForLog = declareClass({
  name: "CIM_RecordForLog",
  extends: CIM_ManagedElement,
  abstract: true,
  version: "2.25.0",
  description: "A record that a log may hold.",
  properties: {
    RecordFormat: string(),
    RecordData: string(),
    Locale: string(),
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
      },
    }),
  },
});

export const CIM_LogEntry = declareClass({
  name: "CIM_LogEntry",
  extends: CIM_RecordForLog,
  version: "2.27.0",
  description: "A record of a log, as a message.",
  properties: {
    InstanceID: string({ key: true, override: true }),
    LogInstanceID: string({ maxLen: 256 }),
    LogName: string({ maxLen: 256 }),
    RecordID: string({ maxLen: 256 }),
    CreationTimeStamp: datetime(),
    MessageID: string(),
    Message: string(),
    MessageArguments: string({ array: true }),
    OwningEntity: string(),
  },
});

export const CIM_LogRecord = declareClass({
  name: "CIM_LogRecord",
  extends: CIM_RecordForLog,
  version: "2.11.0",
  description: "A record of a log, as data.",
  properties: {
    LogCreationClassName: string({ key: true, maxLen: 256 }),
    LogName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    RecordID: string({ key: true, maxLen: 256 }),
    MessageTimestamp: datetime({ key: true }),
  },
});

export const CIM_LogManagesRecord = declareClass({
  name: "CIM_LogManagesRecord",
  association: true,
  version: "2.9.0",
  description: "The records of a log.",
  properties: {
    Log: reference("CIM_Log", { key: true, min: 1, max: 1 }),
    Record: reference("CIM_RecordForLog", { key: true }),
  },
});

export const CIM_UseOfLog = declareClass({
  name: "CIM_UseOfLog",
  extends: CIM_Dependency,
  version: "2.9.0",
  description: "Whose log it is.",
  properties: {
    Antecedent: reference("CIM_Log", { override: true }),
    Dependent: reference("CIM_ManagedSystemElement", { override: true }),
    RecordedData: string(),
  },
});
