import { boolean, declareClass, reference, sint32, string, uint16, uint32, uint64 } from "../class-declaration.ts";
import { BASE_UNITS_VALUES } from "./base-units-values.ts";
import { CIM_Dependency, CIM_EnabledLogicalElement, CIM_SystemComponent } from "./core.ts";
import { FAMILY_VALUES } from "./family-values.ts";
import { UPGRADE_METHOD_VALUES } from "./upgrade-method-values.ts";

export const CIM_LogicalDevice = declareClass({
  name: "CIM_LogicalDevice",
  extends: CIM_EnabledLogicalElement,
  abstract: true,
  version: "2.8.0",
  description: "A device as the software sees it.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    DeviceID: string({ key: true, maxLen: 64 }),
    Availability: uint16({
      values: {
        1: "Other",
        2: "Unknown",
        3: "Running/Full Power",
        4: "Warning",
        5: "In Test",
        6: "Not Applicable",
        7: "Power Off",
        8: "Off Line",
        9: "Off Duty",
        10: "Degraded",
        11: "Not Installed",
        12: "Install Error",
        13: "Power Save - Unknown",
        14: "Power Save - Low Power Mode",
        15: "Power Save - Standby",
        16: "Power Cycle",
        17: "Power Save - Warning",
        18: "Paused",
        19: "Not Ready",
        20: "Not Configured",
        21: "Quiesced",
      },
    }),
    OtherIdentifyingInfo: string({ array: true, maxLen: 256 }),
    PowerOnHours: uint64({ counter: true, pUnit: "hour" }),
    TotalPowerOnHours: uint64({ counter: true, pUnit: "hour" }),
    IdentifyingDescriptions: string({ array: true }),
    AdditionalAvailability: uint16({
      array: true,
      values: {
        1: "Other",
        2: "Unknown",
        3: "Running/Full Power",
        4: "Warning",
        5: "In Test",
        6: "Not Applicable",
        7: "Power Off",
        8: "Off Line",
        9: "Off Duty",
        10: "Degraded",
        11: "Not Installed",
        12: "Install Error",
        13: "Power Save - Unknown",
        14: "Power Save - Low Power Mode",
        15: "Power Save - Standby",
        16: "Power Cycle",
        17: "Power Save - Warning",
        18: "Paused",
        19: "Not Ready",
        20: "Not Configured",
        21: "Quiesced",
      },
    }),
  },
  methods: {
    Reset: { returns: "uint32" },
  },
});

export const CIM_SystemDevice = declareClass({
  name: "CIM_SystemDevice",
  extends: CIM_SystemComponent,
  version: "2.10.0",
  description: "A device of a system.",
  properties: {
    GroupComponent: reference("CIM_System", { min: 1, max: 1, override: true }),
    PartComponent: reference("CIM_LogicalDevice", { override: true }),
  },
});

export const CIM_Processor = declareClass({
  name: "CIM_Processor",
  extends: CIM_LogicalDevice,
  version: "2.37.0",
  description: "A processor: one socket, with its cores and threads.",
  properties: {
    Role: string(),
    Family: uint16({ values: FAMILY_VALUES }),
    OtherFamilyDescription: string({ maxLen: 64 }),
    UpgradeMethod: uint16({ values: UPGRADE_METHOD_VALUES }),
    MaxClockSpeed: uint32({ pUnit: "hertz * 10^6" }),
    CurrentClockSpeed: uint32({ pUnit: "hertz * 10^6" }),
    DataWidth: uint16({ pUnit: "bit" }),
    AddressWidth: uint16({ pUnit: "bit" }),
    LoadPercentage: uint16({ gauge: true, pUnit: "percent" }),
    Stepping: string(),
    UniqueID: string(),
    CPUStatus: uint16({
      values: {
        0: "Unknown",
        1: "CPU Enabled",
        2: "CPU Disabled by User",
        3: "CPU Disabled By BIOS (POST Error)",
        4: "CPU Is Idle",
        7: "Other",
      },
    }),
    ExternalBusClockSpeed: uint32({ pUnit: "hertz * 10^6" }),
    Characteristics: uint16({
      array: true,
      values: {
        0: "Unknown",
        1: "DMTF Reserved",
        2: "64-bit Capable",
        3: "32-bit Capable",
        4: "Enhanced Virtualization",
        5: "Hardware Thread",
        6: "NX-bit",
        7: "Power/Performance Control",
        8: "Core Frequency Boosting",
        "9..32567": "DMTF Reserved",
        "32568..65535": "Vendor Reserved",
      },
    }),
    EnabledProcessorCharacteristics: uint16({
      array: true,
      values: {
        0: "Unknown",
        2: "Enabled",
        3: "Disabled",
        4: "Not Applicable",
        "5..32767": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    NumberOfEnabledCores: uint16(),
  },
});

export const CIM_Sensor = declareClass({
  name: "CIM_Sensor",
  extends: CIM_LogicalDevice,
  version: "2.32.0",
  description: "A sensor that measures something of the hardware.",
  properties: {
    SensorType: uint16({
      values: {
        0: "Unknown",
        1: "Other",
        2: "Temperature",
        3: "Voltage",
        4: "Current",
        5: "Tachometer",
        6: "Counter",
        7: "Switch",
        8: "Lock",
        9: "Humidity",
        10: "Smoke Detection",
        11: "Presence",
        12: "Air Flow",
        13: "Power Consumption",
        14: "Power Production",
        15: "Pressure",
        16: "Intrusion",
        "..": "DMTF Reserved",
        "32768..65535": "Vendor Reserved",
      },
    }),
    OtherSensorTypeDescription: string({ maxLen: 128 }),
    PossibleStates: string({ array: true, maxLen: 128 }),
    CurrentState: string({ maxLen: 128 }),
    PollingInterval: uint64({ pUnit: "second * 10^-9" }),
    SensorContext: string(),
  },
});

export const CIM_NumericSensor = declareClass({
  name: "CIM_NumericSensor",
  extends: CIM_Sensor,
  version: "2.16.0",
  description: "A sensor that gives numbers, with its thresholds.",
  properties: {
    BaseUnits: uint16({ values: BASE_UNITS_VALUES }),
    UnitModifier: sint32(),
    RateUnits: uint16({
      values: {
        0: "None",
        1: "Per MicroSecond",
        2: "Per MilliSecond",
        3: "Per Second",
        4: "Per Minute",
        5: "Per Hour",
        6: "Per Day",
        7: "Per Week",
        8: "Per Month",
        9: "Per Year",
      },
    }),
    CurrentReading: sint32(),
    NominalReading: sint32(),
    NormalMax: sint32(),
    NormalMin: sint32(),
    MaxReadable: sint32(),
    MinReadable: sint32(),
    Resolution: uint32(),
    Accuracy: sint32({ pUnit: "percent * 10^-2" }),
    IsLinear: boolean(),
    Hysteresis: uint32(),
    LowerThresholdNonCritical: sint32({ write: true }),
    UpperThresholdNonCritical: sint32({ write: true }),
    LowerThresholdCritical: sint32({ write: true }),
    UpperThresholdCritical: sint32({ write: true }),
    LowerThresholdFatal: sint32({ write: true }),
    UpperThresholdFatal: sint32({ write: true }),
    SupportedThresholds: uint16({
      array: true,
      values: {
        0: "LowerThresholdNonCritical",
        1: "UpperThresholdNonCritical",
        2: "LowerThresholdCritical",
        3: "UpperThresholdCritical",
        4: "LowerThresholdFatal",
        5: "UpperThresholdFatal",
      },
    }),
    EnabledThresholds: uint16({
      array: true,
      values: {
        0: "LowerThresholdNonCritical",
        1: "UpperThresholdNonCritical",
        2: "LowerThresholdCritical",
        3: "UpperThresholdCritical",
        4: "LowerThresholdFatal",
        5: "UpperThresholdFatal",
      },
    }),
    SettableThresholds: uint16({
      array: true,
      values: {
        0: "LowerThresholdNonCritical",
        1: "UpperThresholdNonCritical",
        2: "LowerThresholdCritical",
        3: "UpperThresholdCritical",
        4: "LowerThresholdFatal",
        5: "UpperThresholdFatal",
      },
    }),
  },
});

export const CIM_CoolingDevice = declareClass({
  name: "CIM_CoolingDevice",
  extends: CIM_LogicalDevice,
  version: "2.10.0",
  description: "A device that cools.",
  properties: {
    ActiveCooling: boolean(),
  },
});

export const CIM_Fan = declareClass({
  name: "CIM_Fan",
  extends: CIM_CoolingDevice,
  version: "2.6.0",
  description: "A fan.",
  properties: {
    VariableSpeed: boolean(),
    DesiredSpeed: uint64({ pUnit: "revolution / minute" }),
  },
});

export const CIM_PowerSupply = declareClass({
  name: "CIM_PowerSupply",
  extends: CIM_LogicalDevice,
  version: "2.10.0",
  description: "A power supply.",
  properties: {
    IsSwitchingSupply: boolean(),
    Range1InputVoltageLow: uint32({ pUnit: "volt * 10^-3" }),
    Range1InputVoltageHigh: uint32({ pUnit: "volt * 10^-3" }),
    Range1InputFrequencyLow: uint32({ pUnit: "hertz" }),
    Range1InputFrequencyHigh: uint32({ pUnit: "hertz" }),
    Range2InputVoltageLow: uint32({ pUnit: "volt * 10^-3" }),
    Range2InputVoltageHigh: uint32({ pUnit: "volt * 10^-3" }),
    Range2InputFrequencyLow: uint32({ pUnit: "hertz" }),
    Range2InputFrequencyHigh: uint32({ pUnit: "hertz" }),
    ActiveInputVoltage: uint16({
      values: { 1: "Other", 2: "Unknown", 3: "Range 1", 4: "Range 2", 5: "Both", 6: "Neither" },
    }),
    TypeOfRangeSwitching: uint16({
      values: { 1: "Other", 2: "Unknown", 3: "Manual", 4: "Autoswitch", 5: "Wide Range", 6: "Not Applicable" },
    }),
    TotalOutputPower: uint32({ pUnit: "watt * 10^-3" }),
  },
});

export const CIM_AssociatedSensor = declareClass({
  name: "CIM_AssociatedSensor",
  extends: CIM_Dependency,
  version: "2.19.1",
  description: "What a sensor measures.",
  properties: {
    Antecedent: reference("CIM_Sensor", { override: true }),
    Dependent: reference("CIM_ManagedSystemElement", { override: true }),
  },
});
