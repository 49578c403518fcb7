import { boolean, declareClass, reference, string, uint16 } from "../class-declaration.ts";
import { CIM_Dependency, CIM_HostedDependency, CIM_ManagedElement } from "./core.ts";
import { CIM_Service, CIM_ServiceAccessBySAP, CIM_ServiceAccessPoint } from "./service.ts";

export const CIM_WBEMService = declareClass({
  name: "CIM_WBEMService",
  extends: CIM_Service,
  abstract: true,
  version: "2.37.0",
  description: "A service of a WBEM server.",
});

export const CIM_ObjectManager = declareClass({
  name: "CIM_ObjectManager",
  extends: CIM_WBEMService,
  version: "2.39.0",
  description: "The object manager that answers.",
  properties: {
    GatherStatisticalData: boolean({ write: true, deprecated: ["No value"] }),
    Name: string({ deprecated: ["CIM_WBEMServer.Name"], override: true }),
    ElementName: string({ deprecated: ["CIM_WBEMServer.ElementName"], override: true }),
    Description: string({ deprecated: ["CIM_WBEMServer.Description"], override: true }),
  },
});

export const CIM_Namespace = declareClass({
  name: "CIM_Namespace",
  extends: CIM_ManagedElement,
  version: "2.39.0",
  description: "A namespace of the object manager.",
  properties: {
    SystemCreationClassName: string({ key: true, maxLen: 256 }),
    SystemName: string({ key: true, maxLen: 256 }),
    ObjectManagerCreationClassName: string({ key: true, maxLen: 256 }),
    ObjectManagerName: string({ key: true, maxLen: 256 }),
    CreationClassName: string({ key: true, maxLen: 256 }),
    Name: string({ key: true, maxLen: 256 }),
    ClassInfo: uint16({
      required: true,
      write: true,
      deprecated: ["CIM_Namespace.ClassType"],
      values: {
        0: "Unknown",
        1: "Other",
        2: "CIM 1.0",
        3: "CIM 2.0",
        4: "CIM 2.1",
        5: "CIM 2.2",
        6: "CIM 2.3",
        7: "CIM 2.4",
        8: "CIM 2.5",
        9: "CIM 2.6",
        10: "CIM 2.7",
        11: "CIM 2.8",
        200: "DMI Recast",
        201: "SNMP Recast",
        202: "CMIP Recast",
      },
    }),
    DescriptionOfClassInfo: string({ write: true, deprecated: ["CIM_Namespace.DescriptionOfClassType"] }),
    ClassType: uint16({
      write: true,
      deprecated: ["CIM_SchemaInformationStructure.Name"],
      values: { 0: "Unknown", 1: "Other", 2: "CIM", 200: "DMI Recast", 201: "SNMP Recast", 202: "CMIP Recast" },
    }),
    ClassTypeVersion: string({ write: true, deprecated: ["CIM_SchemaInformationStructure.Version"] }),
    DescriptionOfClassType: string({ write: true, deprecated: ["CIM_SchemaInformationStructure.Description"] }),
  },
});

export const CIM_NamespaceInManager = declareClass({
  name: "CIM_NamespaceInManager",
  extends: CIM_HostedDependency,
  version: "2.39.0",
  description: "The object manager of a namespace.",
  properties: {
    Antecedent: reference("CIM_ObjectManager", { min: 1, max: 1, override: true }),
    Dependent: reference("CIM_Namespace", { override: true }),
  },
});

export const CIM_ObjectManagerCommunicationMechanism = declareClass({
  name: "CIM_ObjectManagerCommunicationMechanism",
  extends: CIM_ServiceAccessPoint,
  version: "2.39.0",
  description: "A protocol by which the object manager is reached.",
  properties: {
    CommunicationMechanism: uint16({
      required: true,
      deprecated: ["CIM_ProtocolService.Protocol"],
      values: { 0: "Unknown", 1: "Other", 2: "CIM-XML", 3: "SM-CLP", 4: "WS-Management", 5: "WSDM" },
    }),
    OtherCommunicationMechanismDescription: string({ deprecated: ["CIM_ProtocolService.OtherProtocol"] }),
    FunctionalProfilesSupported: uint16({
      array: true,
      required: true,
      deprecated: ["No value"],
      values: {
        0: "Unknown",
        1: "Other",
        2: "Basic Read",
        3: "Basic Write",
        4: "Schema Manipulation",
        5: "Instance Manipulation",
        6: "Association Traversal",
        7: "Query Execution",
        8: "Qualifier Declaration",
        9: "Indications",
        10: "Pulled Read",
        11: "Pulled Read Count",
        12: "Pulled Query Execution",
      },
    }),
    FunctionalProfileDescriptions: string({ array: true, deprecated: ["No value"] }),
    MultipleOperationsSupported: boolean({ required: true, deprecated: ["No value"] }),
    AuthenticationMechanismsSupported: uint16({
      array: true,
      required: true,
      deprecated: ["CIM_WBEMProtocolServiceCapabilities.AuthenticationMechanismsSupported"],
      values: { 0: "Unknown", 1: "Other", 2: "None", 3: "Basic", 4: "Digest" },
    }),
    AuthenticationMechanismDescriptions: string({
      array: true,
      deprecated: ["CIM_WBEMProtocolServiceCapabilities.AuthenticationMechanismsDescriptions"],
    }),
    Version: string({ required: true, deprecated: ["CIM_CIMXMLCapabilities.WBEMProtocolVersionsSupported"] }),
    AdvertiseTypes: uint16({
      array: true,
      required: true,
      deprecated: ["No value"],
      values: { 1: "Other", 2: "Not Advertised", 3: "SLP" },
    }),
    AdvertiseTypeDescriptions: string({ array: true, deprecated: ["No value"] }),
  },
});

export const CIM_CIMXMLCommunicationMechanism = declareClass({
  name: "CIM_CIMXMLCommunicationMechanism",
  extends: CIM_ObjectManagerCommunicationMechanism,
  version: "2.39.0",
  description: "CIM-XML as a way to reach the object manager.",
  properties: {
    CommunicationMechanism: uint16({
      required: true,
      deprecated: ["CIM_ProtocolService.Protocol"],
      values: { 2: "CIM-XML" },
      override: true,
    }),
    Version: string({
      required: true,
      deprecated: ["CIM_WBEMProtocolServiceCapabilities.WBEMProtocolVersionsSupported"],
      override: true,
    }),
    CIMXMLProtocolVersion: uint16({
      required: true,
      deprecated: ["CIM_CIMXMLCommunicationMechanism.Version"],
      values: { 0: "Unknown", 1: "1.0" },
    }),
    CIMValidated: boolean({ required: true, deprecated: ["No value"] }),
  },
});

export const CIM_CommMechanismForManager = declareClass({
  name: "CIM_CommMechanismForManager",
  extends: CIM_ServiceAccessBySAP,
  version: "2.39.0",
  description: "The ways to reach an object manager.",
  properties: {
    Antecedent: reference("CIM_ObjectManager", { min: 1, max: 1, override: true }),
    Dependent: reference("CIM_ObjectManagerCommunicationMechanism", { min: 1, override: true }),
  },
});

export const CIM_RegisteredSpecification = declareClass({
  name: "CIM_RegisteredSpecification",
  extends: CIM_ManagedElement,
  version: "2.39.0",
  description: "A specification that is implemented.",
  properties: {
    InstanceID: string({ key: true, override: true }),
    SpecificationType: uint16({
      values: { 1: "Other", 2: "Profile", 3: "Initiative Wrapper", 4: "Mapping", "..": "DMTF Reserved" },
    }),
    OtherSpecificationType: string({ maxLen: 256 }),
    RegisteredOrganization: uint16({
      required: true,
      values: {
        1: "Other",
        2: "DMTF",
        3: "CompTIA",
        4: "Consortium for Service Innovation",
        5: "FAST",
        6: "GGF",
        7: "INTAP",
        8: "itSMF",
        9: "NAC",
        10: "Northwest Energy Efficiency Alliance",
        11: "SNIA",
        12: "TM Forum",
        13: "The Open Group",
        14: "ANSI",
        15: "IEEE",
        16: "IETF",
        17: "INCITS",
        18: "ISO",
        19: "W3C",
        20: "OGF",
        21: "The Green Grid",
        "..": "DMTF Reserved",
      },
    }),
    OtherRegisteredOrganization: string({ maxLen: 256 }),
    RegisteredName: string({ required: true, maxLen: 256 }),
    RegisteredVersion: string({ required: true }),
    AdvertiseTypes: uint16({
      array: true,
      required: true,
      values: { 1: "Other", 2: "Not Advertised", 3: "SLP", 4: "WS-Identify" },
    }),
    AdvertiseTypeDescriptions: string({ array: true }),
  },
});

export const CIM_RegisteredProfile = declareClass({
  name: "CIM_RegisteredProfile",
  extends: CIM_RegisteredSpecification,
  version: "2.39.0",
  description: "A management profile that is implemented.",
  properties: {
    ImplementedFeatures: string({ array: true }),
    SpecificationType: uint16({ values: { 2: "Profile" }, override: true }),
  },
});

export const CIM_ElementConformsToProfile = declareClass({
  name: "CIM_ElementConformsToProfile",
  association: true,
  version: "2.8.0",
  description: "The elements that conform to a profile.",
  properties: {
    ConformantStandard: reference("CIM_RegisteredProfile", { key: true }),
    ManagedElement: reference("CIM_ManagedElement", { key: true }),
  },
});

export const CIM_ReferencedSpecification = declareClass({
  name: "CIM_ReferencedSpecification",
  extends: CIM_Dependency,
  version: "2.37.0",
  description: "A specification that refers to another.",
  properties: {
    Antecedent: reference("CIM_RegisteredSpecification", { key: true, override: true }),
    Dependent: reference("CIM_RegisteredSpecification", { key: true, override: true }),
  },
});

export const CIM_ReferencedProfile = declareClass({
  name: "CIM_ReferencedProfile",
  extends: CIM_ReferencedSpecification,
  version: "2.37.0",
  description: "A profile that refers to another.",
  properties: {
    Antecedent: reference("CIM_RegisteredProfile", { override: true }),
    Dependent: reference("CIM_RegisteredProfile", { override: true }),
  },
});
