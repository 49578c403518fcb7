import { boolean, declareClass, reference, string, uint16 } from "../class-declaration.ts";
import { CIM_Dependency, CIM_EnabledLogicalElement, CIM_HostedDependency } from "./core.ts";

export const CIM_ServiceAccessPoint = declareClass({
  name: "CIM_ServiceAccessPoint",
  extends: CIM_EnabledLogicalElement,
  abstract: true,
  version: "2.10.0",
  description: "A place where a service can be used.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true, maxLen: 256, override: true }),
  },
});

export const CIM_Service = declareClass({
  name: "CIM_Service",
  extends: CIM_EnabledLogicalElement,
  abstract: true,
  version: "2.35.0",
  description: "A service that a system offers.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true, maxLen: 256, override: true }),
    PrimaryOwnerName: string({ write: true, maxLen: 64 }),
    PrimaryOwnerContact: string({ write: true, maxLen: 256 }),
    StartMode: string({ maxLen: 10, deprecated: ["CIM_Service.EnabledDefault"] }),
    Started: boolean(),
  },
  methods: {
    StartService: { returns: "uint32", deprecated: ["CIM_Service.RequestStateChange"] },
    StopService: { returns: "uint32", deprecated: ["CIM_Service.RequestStateChange"] },
  },
});

export const CIM_HostedService = declareClass({
  name: "CIM_HostedService",
  extends: CIM_HostedDependency,
  version: "2.10.0",
  description: "The system that hosts a service.",
  properties: {
    Antecedent: reference("CIM_System", { min: 1, max: 1, override: true }),
    Dependent: reference("CIM_Service", { override: true }),
  },
});

export const CIM_HostedAccessPoint = declareClass({
  name: "CIM_HostedAccessPoint",
  extends: CIM_HostedDependency,
  version: "2.10.0",
  description: "The system that hosts an access point.",
  properties: {
    Antecedent: reference("CIM_System", { min: 1, max: 1, override: true }),
    Dependent: reference("CIM_ServiceAccessPoint", { override: true }),
  },
});

export const CIM_ServiceAccessBySAP = declareClass({
  name: "CIM_ServiceAccessBySAP",
  extends: CIM_Dependency,
  version: "2.10.0",
  description: "Which service an access point leads to.",
  properties: {
    Antecedent: reference("CIM_Service", { override: true }),
    Dependent: reference("CIM_ServiceAccessPoint", { override: true }),
  },
});

export const CIM_ServiceAffectsElement = declareClass({
  name: "CIM_ServiceAffectsElement",
  association: true,
  version: "2.14.0",
  description: "Which element a service acts on.",
  properties: {
    AffectedElement: reference("CIM_ManagedElement", { key: true }),
    AffectingElement: reference("CIM_Service", { key: true }),
    ElementEffects: uint16({
      array: true,
      values: {
        0: "Unknown",
        1: "Other",
        2: "Exclusive Use",
        3: "Performance Impact",
        4: "Element Integrity",
        5: "Manages",
        6: "Consumes",
        7: "Enhances Integrity",
        8: "Degrades Integrity",
        9: "Enhances Performance",
        10: "Degrades Performance",
        "..": "DMTF Reserved",
        "0x8000..0xFFFF": "Vendor Reserved",
      },
    }),
    OtherElementEffectsDescriptions: string({ array: true }),
  },
});
