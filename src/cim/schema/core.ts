import { datetime, declareClass, reference, string, uint16 } from "../class-declaration.ts";

export const CIM_ManagedElement = declareClass({
  name: "CIM_ManagedElement",
  abstract: true,
  version: "2.19.0",
  description: "Anything that can be managed.",
  properties: {
    InstanceID: string(),
    Caption: string({ maxLen: 64 }),
    Description: string(),
    ElementName: string(),
  },
});

export const CIM_ManagedSystemElement = declareClass({
  name: "CIM_ManagedSystemElement",
  extends: CIM_ManagedElement,
  abstract: true,
  version: "2.28.0",
  description: "A part of a system, with its operational status.",
  properties: {
    InstallDate: datetime(),
    Name: string({ maxLen: 1024 }),
    OperationalStatus: uint16({
      array: true,
      values: {
        0: "Unknown",
        1: "Other",
        2: "OK",
        3: "Degraded",
        4: "Stressed",
        5: "Predictive Failure",
        6: "Error",
        7: "Non-Recoverable Error",
        8: "Starting",
        9: "Stopping",
        10: "Stopped",
        11: "In Service",
        12: "No Contact",
        13: "Lost Communication",
        14: "Aborted",
        15: "Dormant",
        16: "Supporting Entity in Error",
        17: "Completed",
        18: "Power Mode",
        19: "Relocating",
        "..": "DMTF Reserved",
        "0x8000..": "Vendor Reserved",
      },
    }),
    StatusDescriptions: string({ array: true }),
    HealthState: uint16({
      values: {
        0: "Unknown",
        5: "OK",
        10: "Degraded/Warning",
        15: "Minor failure",
        20: "Major failure",
        25: "Critical failure",
        30: "Non-recoverable error",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Specific",
      },
    }),
    CommunicationStatus: uint16({
      values: {
        0: "Unknown",
        1: "Not Available",
        2: "Communication OK",
        3: "Lost Communication",
        4: "No Contact",
        "..": "DMTF Reserved",
        "0x8000..": "Vendor Reserved",
      },
    }),
    DetailedStatus: uint16({
      values: {
        0: "Not Available",
        1: "No Additional Information",
        2: "Stressed",
        3: "Predictive Failure",
        4: "Non-Recoverable Error",
        5: "Supporting Entity in Error",
        "..": "DMTF Reserved",
        "0x8000..": "Vendor Reserved",
      },
    }),
    OperatingStatus: uint16({
      values: {
        0: "Unknown",
        1: "Not Available",
        2: "Servicing",
        3: "Starting",
        4: "Stopping",
        5: "Stopped",
        6: "Aborted",
        7: "Dormant",
        8: "Completed",
        9: "Migrating",
        10: "Emigrating",
        11: "Immigrating",
        12: "Snapshotting",
        13: "Shutting Down",
        14: "In Test",
        15: "Transitioning",
        16: "In Service",
        "..": "DMTF Reserved",
        "0x8000..": "Vendor Reserved",
      },
    }),
    PrimaryStatus: uint16({
      values: {
        0: "Unknown",
        1: "OK",
        2: "Degraded",
        3: "Error",
        "..": "DMTF Reserved",
        "0x8000..": "Vendor Reserved",
      },
    }),
  },
});

export const CIM_LogicalElement = declareClass({
  name: "CIM_LogicalElement",
  extends: CIM_ManagedSystemElement,
  abstract: true,
  version: "2.6.0",
  description: "A part of a system that is not a physical thing.",
});

export const CIM_EnabledLogicalElement = declareClass({
  name: "CIM_EnabledLogicalElement",
  extends: CIM_LogicalElement,
  abstract: true,
  version: "2.22.0",
  description: "A logical element that can be enabled and disabled.",
  properties: {
    EnabledState: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "Enabled",
        3: "Disabled",
        4: "Shutting Down",
        5: "Not Applicable",
        6: "Enabled but Offline",
        7: "In Test",
        8: "Deferred",
        9: "Quiesce",
        10: "Starting",
        "11..32767": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    OtherEnabledState: string(),
    RequestedState: uint16({
      values: {
        0: "Unknown",
        2: "Enabled",
        3: "Disabled",
        4: "Shut Down",
        5: "No Change",
        6: "Offline",
        7: "Test",
        8: "Deferred",
        9: "Quiesce",
        10: "Reboot",
        11: "Reset",
        12: "Not Applicable",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    EnabledDefault: uint16({
      write: true,
      values: {
        2: "Enabled",
        3: "Disabled",
        5: "Not Applicable",
        6: "Enabled but Offline",
        7: "No Default",
        9: "Quiesce",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    TimeOfLastStateChange: datetime(),
    AvailableRequestedStates: uint16({
      array: true,
      values: {
        2: "Enabled",
        3: "Disabled",
        4: "Shut Down",
        6: "Offline",
        7: "Test",
        8: "Defer",
        9: "Quiesce",
        10: "Reboot",
        11: "Reset",
        "..": "DMTF Reserved",
      },
    }),
    TransitioningToState: uint16({
      values: {
        0: "Unknown",
        2: "Enabled",
        3: "Disabled",
        4: "Shut Down",
        5: "No Change",
        6: "Offline",
        7: "Test",
        8: "Defer",
        9: "Quiesce",
        10: "Reboot",
        11: "Reset",
        12: "Not Applicable",
        "..": "DMTF Reserved",
      },
    }),
  },
  methods: {
    RequestStateChange: {
      returns: "uint32",
      values: {
        0: "Completed with No Error",
        1: "Not Supported",
        2: "Unknown or Unspecified Error",
        3: "Cannot complete within Timeout Period",
        4: "Failed",
        5: "Invalid Parameter",
        6: "In Use",
        "..": "DMTF Reserved",
        4096: "Method Parameters Checked - Job Started",
        4097: "Invalid State Transition",
        4098: "Use of Timeout Parameter Not Supported",
        4099: "Busy",
        "4100..32767": "Method Reserved",
        "32768..65535": "Vendor Specific",
      },
      parameters: {
        RequestedState: uint16({
          values: {
            2: "Enabled",
            3: "Disabled",
            4: "Shut Down",
            6: "Offline",
            7: "Test",
            8: "Defer",
            9: "Quiesce",
            10: "Reboot",
            11: "Reset",
            "..": "DMTF Reserved",
            "32768..65535": "Vendor Reserved",
          },
        }),
        Job: reference("CIM_ConcreteJob", { out: true }),
        TimeoutPeriod: datetime(),
      },
    },
  },
});

export const CIM_Capabilities = declareClass({
  name: "CIM_Capabilities",
  extends: CIM_ManagedElement,
  abstract: true,
  version: "2.19.0",
  description: "What an element is able to do.",
  properties: {
    InstanceID: string({ key: true, override: true }),
    ElementName: string({ required: true, override: true }),
  },
});

export const CIM_StatisticalData = declareClass({
  name: "CIM_StatisticalData",
  extends: CIM_ManagedElement,
  abstract: true,
  version: "2.19.0",
  description: "Counters of an element and when they were taken.",
  properties: {
    InstanceID: string({ key: true, override: true }),
    ElementName: string({ required: true, override: true }),
    StartStatisticTime: datetime(),
    StatisticTime: datetime(),
    SampleInterval: datetime(),
  },
});

export const CIM_Dependency = declareClass({
  name: "CIM_Dependency",
  abstract: true,
  association: true,
  version: "2.10.0",
  description: "One element depends on another.",
  properties: {
    Antecedent: reference("CIM_ManagedElement", { key: true }),
    Dependent: reference("CIM_ManagedElement", { key: true }),
  },
});

export const CIM_Component = declareClass({
  name: "CIM_Component",
  abstract: true,
  association: true,
  version: "2.7.0",
  description: "An element is part of a group.",
  properties: {
    GroupComponent: reference("CIM_ManagedElement", { key: true }),
    PartComponent: reference("CIM_ManagedElement", { key: true }),
  },
});

export const CIM_HostedDependency = declareClass({
  name: "CIM_HostedDependency",
  extends: CIM_Dependency,
  version: "2.8.0",
  description: "An element depends on its host.",
  properties: {
    Antecedent: reference("CIM_ManagedElement", { max: 1, override: true }),
    Dependent: reference("CIM_ManagedElement", { override: true }),
  },
});

export const CIM_SystemComponent = declareClass({
  name: "CIM_SystemComponent",
  extends: CIM_Component,
  version: "2.10.0",
  description: "An element is part of a system.",
  properties: {
    GroupComponent: reference("CIM_System", { override: true }),
    PartComponent: reference("CIM_ManagedSystemElement", { override: true }),
  },
});

export const CIM_ConcreteComponent = declareClass({
  name: "CIM_ConcreteComponent",
  extends: CIM_Component,
  version: "2.10.0",
  description: "An element is part of another of any class.",
  properties: {
    GroupComponent: reference("CIM_ManagedElement", { override: true }),
    PartComponent: reference("CIM_ManagedElement", { override: true }),
  },
});

export const CIM_ElementStatisticalData = declareClass({
  name: "CIM_ElementStatisticalData",
  association: true,
  version: "2.7.0",
  description: "Which element the statistics are about.",
  properties: {
    ManagedElement: reference("CIM_ManagedElement", { key: true, min: 1, max: 1 }),
    Stats: reference("CIM_StatisticalData", { key: true }),
  },
});

export const CIM_ElementCapabilities = declareClass({
  name: "CIM_ElementCapabilities",
  association: true,
  version: "2.24.0",
  description: "Whose capabilities they are.",
  properties: {
    ManagedElement: reference("CIM_ManagedElement", { key: true, min: 1 }),
    Capabilities: reference("CIM_Capabilities", { key: true }),
    Characteristics: uint16({
      array: true,
      values: { 2: "Default", 3: "Current", "..": "DMTF Reserved", "32768..65535": "Vendor Specific" },
    }),
  },
});
