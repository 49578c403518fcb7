import type { ClassDeclaration, InstanceOf } from "../../cim/class-declaration.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, INTEROP, provide } from "../../cim/provider.ts";
import {
  CIM_CIMXMLCommunicationMechanism,
  CIM_CommMechanismForManager,
  CIM_ElementConformsToProfile,
  CIM_Namespace,
  CIM_NamespaceInManager,
  CIM_ObjectManager,
  CIM_ObjectManagerCommunicationMechanism,
  CIM_RegisteredProfile,
} from "../../cim/schema/interop.ts";
import { CIM_HostedAccessPoint, CIM_HostedService } from "../../cim/schema/service.ts";
import { CIM_ComputerSystem } from "../../cim/schema/system.ts";
import type { HostNames } from "./cim-host.ts";
import { membership } from "./membership.ts";
import { enabled, health } from "./status.ts";

/** A way by which this agent is reached: told so that a client finds the other ways from any one. */
export interface CommunicationMechanism {
  readonly protocol: "cim-xml" | "ws-management";
  readonly version: string;
}

/** A profile that is implemented, with the instance that it centres on (DSP1033 §7.1). */
export interface RegisteredProfile {
  readonly name: string;
  readonly version: string;
  readonly central: ObjectPath;
}

/** Profiles of the DMTF whose classes we have, for reading; docs/cim.md says how far each goes. */
const PROFILES: readonly (readonly [string, string])[] = [
  ["Profile Registration", "1.0.0"],
  ["Base Server", "1.0.0"],
  ["Operating System", "1.0.0"],
  ["CPU", "1.0.0"],
  ["System Memory", "1.0.0"],
  ["Sensors", "1.0.0"],
  ["Fan", "1.0.0"],
  ["Power Supply", "1.0.0"],
  ["Ethernet Port", "1.0.0"],
  ["Software Inventory", "1.0.0"],
  ["Record Log", "2.0.0"],
];
const [DMTF, NOT_ADVERTISED] = [2, 2];
const MECHANISMS = { "cim-xml": 2, "ws-management": 4 } as const;
/** FunctionalProfilesSupported: basic read, instance manipulation, traversal, queries, qualifiers, pulled read. */
const FUNCTIONS = [2, 5, 6, 7, 8, 10];
const BASIC = 3;
/** ClassInfo of CIM_Namespace; "Other", since it ends with CIM 2.8. */
const OTHER_CLASSES = 1;

/** What a client looks for first: namespaces, the object manager, how to reach it, and which profiles there are. */
export function createInteropProviders({
  names,
  version,
  mechanisms,
  profiles,
}: {
  readonly names: HostNames;
  readonly version: string;
  readonly mechanisms: readonly CommunicationMechanism[];
  /** Beyond our own, such as that of indications. */
  readonly profiles: readonly RegisteredProfile[];
}): ClassProvider[] {
  const managerKeys = { ...names.systemKeys, CreationClassName: CIM_ObjectManager.name, Name: "Rusuban" };
  const managerPath = new ObjectPath({ namespace: INTEROP, className: CIM_ObjectManager.name, keys: managerKeys });

  const managers = provide(CIM_ObjectManager, {
    namespace: INTEROP,
    instances: () => [
      {
        ...managerKeys,
        ElementName: "Rusuban",
        Caption: "Rusuban agent",
        Description: `object manager of the Rusuban agent ${version}`,
        Started: true,
        StartMode: "Automatic",
        GatherStatisticalData: false,
        ...health("ok"),
        ...enabled("enabled"),
      },
    ],
  });

  const namespaces = provide(CIM_Namespace, {
    namespace: INTEROP,
    instances: () =>
      [CIMV2, INTEROP].map((namespace) => ({
        ...names.systemKeys,
        ObjectManagerCreationClassName: CIM_ObjectManager.name,
        ObjectManagerName: managerKeys.Name,
        CreationClassName: CIM_Namespace.name,
        Name: namespace,
        ElementName: namespace,
        ClassInfo: OTHER_CLASSES,
        DescriptionOfClassInfo: "CIM schema 2.41.0, a part of it",
      })),
  });

  const ways = mechanisms.map(({ protocol, version: spoken }) => {
    const declaration: ClassDeclaration =
      protocol === "cim-xml" ? CIM_CIMXMLCommunicationMechanism : CIM_ObjectManagerCommunicationMechanism;
    const values = {
      ...names.systemKeys,
      CreationClassName: declaration.name,
      Name: `Rusuban ${protocol}`,
      ElementName: protocol,
      CommunicationMechanism: MECHANISMS[protocol],
      FunctionalProfilesSupported: FUNCTIONS,
      MultipleOperationsSupported: false,
      AuthenticationMechanismsSupported: [BASIC],
      AdvertiseTypes: [NOT_ADVERTISED],
      Version: spoken,
      ...(protocol === "cim-xml" ? { CIMXMLProtocolVersion: 1, CIMValidated: false } : {}),
      ...health("ok"),
      ...enabled("enabled"),
    };
    return provide(declaration, { namespace: INTEROP, instances: () => [values as InstanceOf<ClassDeclaration>] });
  });

  const system = names.system;
  const all = [...PROFILES.map(([name, spoken]) => ({ name, version: spoken, central: system })), ...profiles];
  const profileKeys = ({ name, version: spoken }: RegisteredProfile) => ({ InstanceID: `Rusuban:${name}:${spoken}` });
  const registered = provide(CIM_RegisteredProfile, {
    namespace: INTEROP,
    instances: () =>
      all.map((profile) => ({
        ...profileKeys(profile),
        ElementName: profile.name,
        RegisteredOrganization: DMTF,
        RegisteredName: profile.name,
        RegisteredVersion: profile.version,
        AdvertiseTypes: [NOT_ADVERTISED],
        SpecificationType: 2,
      })),
  });

  // In both namespaces: it is asked from the profile and from what conforms (DSP1033 §7.3).
  const conforming = [CIMV2, INTEROP].map((namespace) =>
    provide(CIM_ElementConformsToProfile, {
      namespace: namespace as typeof CIMV2 | typeof INTEROP,
      instances: () =>
        all.map((profile) => ({
          ConformantStandard: new ObjectPath({
            namespace: INTEROP,
            className: CIM_RegisteredProfile.name,
            keys: profileKeys(profile),
          }),
          ManagedElement: profile.central,
        })),
    }),
  );

  // The computer stands in both namespaces: what is hosted in this one refers to it here (DSP1033 §6.2).
  const computer = provide(CIM_ComputerSystem, {
    namespace: INTEROP,
    instances: () => [
      {
        CreationClassName: CIM_ComputerSystem.name,
        Name: names.hostname,
        NameFormat: "IP",
        ElementName: names.hostname,
        Dedicated: [0],
        ...health("ok", null, "unknown"),
        ...enabled("enabled"),
      },
    ],
  });
  const here = system.within(INTEROP);
  const hosting = { whole: here, wholeRole: "Antecedent", partRole: "Dependent" };
  return [
    managers,
    namespaces,
    registered,
    computer,
    ...conforming,
    ...ways,
    membership(CIM_NamespaceInManager, {
      whole: managerPath,
      wholeRole: "Antecedent",
      part: namespaces,
      partRole: "Dependent",
    }),
    membership(CIM_HostedService, { ...hosting, part: managers }),
    ...ways.flatMap((part) => [
      membership(CIM_HostedAccessPoint, { ...hosting, part }),
      membership(CIM_CommMechanismForManager, {
        whole: managerPath,
        wholeRole: "Dependent",
        part,
        partRole: "Antecedent",
      }),
    ]),
  ];
}
