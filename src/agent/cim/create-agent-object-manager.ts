import type { CimError } from "../../cim/cim-error.ts";
import type { ClassDeclaration } from "../../cim/class-declaration.ts";
import { isA } from "../../cim/class-repository.ts";
import { createObjectManager, type WatchedObjectManager } from "../../cim/create-object-manager.ts";
import { CIMV2, type ClassProvider, INTEROP } from "../../cim/provider.ts";
import { CIM_LogicalDevice, CIM_SystemDevice } from "../../cim/schema/device.ts";
import { DMTF_CLASSES } from "../../cim/schema/dmtf-classes.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createFileSystemSurvey, type FileSystemSurvey } from "../providers/file-system-survey.ts";
import { type Machine, thisMachine } from "../providers/host-facts.ts";
import { createHostSystem, type HostSystem } from "../providers/host-system.ts";
import { type CimHost, createBootMoment, createHostNames, type HostNames } from "./cim-host.ts";
import { createComputerProviders } from "./computer.ts";
import { createDiskProviders } from "./disks.ts";
import { createFileSystemProviders } from "./file-systems.ts";
import { type CommunicationMechanism, createInteropProviders, type RegisteredProfile } from "./interop.ts";
import { createIpmiProviders } from "./ipmi-sensors.ts";
import { createLogProviders } from "./logs.ts";
import { membership } from "./membership.ts";
import { createMemoryProviders } from "./memory.ts";
import { createNetworkProviders } from "./network.ts";
import { createProcessProviders } from "./processes.ts";
import { createProcessorProviders } from "./processors.ts";
import { createRuntimeView, type RuntimeView } from "./runtime-view.ts";
import { createSensorProviders } from "./sensors.ts";
import { createServiceProviders } from "./services.ts";
import { createSoftwareProviders } from "./software.ts";
import { createCimSources } from "./sources.ts";
import { createWindowsViews } from "./windows/windows-views.ts";

export interface AgentObjectManagerNeeds {
  readonly clock: Clock;
  readonly agentVersion: string;
  readonly platform?: string;
  readonly machine?: Machine;
  readonly runtime?: RuntimeView;
  readonly system?: HostSystem;
  /** The one that the readings use, so that a file system that hangs is asked once. */
  readonly survey?: FileSystemSurvey;
  /** `watch.services` and `cim.services` of the settings. */
  readonly services?: CimHost["services"];
  /** What this agent listens with, for clients to find. */
  readonly mechanisms?: readonly CommunicationMechanism[];
  /** Beyond the host's own: indications and whatever else the composition root ties in. */
  readonly profiles?: (names: HostNames) => readonly RegisteredProfile[];
  readonly providers?: (names: HostNames) => readonly ClassProvider[];
  readonly classes?: readonly ClassDeclaration[];
  /** Told once when a provider begins to fail. */
  readonly onProblem?: (problem: CimError) => void;
}

/** The object manager of this host: what the servers of CIM-XML and WS-Management are given. */
export function createAgentObjectManager({
  clock,
  agentVersion,
  platform = process.platform,
  machine = thisMachine(),
  runtime = createRuntimeView(),
  system = createHostSystem(),
  survey = createFileSystemSurvey({ system, clock }),
  services = { watched: [], controllable: [] },
  mechanisms = [],
  profiles = () => [],
  providers: more = () => [],
  classes = [],
  onProblem = () => {},
}: AgentObjectManagerNeeds): WatchedObjectManager {
  const names = createHostNames(machine.hostname, machine.kernel.split(" ")[0] ?? platform);
  const bootedMs = createBootMoment(clock, runtime);
  const host: CimHost = { platform, machine, runtime, system, survey, clock, agentVersion, services, names, bootedMs };
  const sources = createCimSources({ system, clock });
  const onLinux = platform === "linux";
  const own = [
    ...createComputerProviders(host, sources),
    ...createProcessorProviders(host, sources),
    ...createMemoryProviders(host, sources),
    ...createNetworkProviders(host, sources),
    ...createSoftwareProviders(host, sources),
    ...(onLinux ? createFileSystemProviders(host, sources) : []),
    ...(onLinux ? createDiskProviders(host, sources) : []),
    ...(onLinux ? createSensorProviders(host, sources) : []),
    ...(onLinux ? createIpmiProviders(host, sources) : []),
    ...(onLinux ? createServiceProviders(host, sources) : []),
    ...(onLinux ? createProcessProviders(host) : []),
    ...(onLinux ? createLogProviders(host, sources) : []),
  ];
  const devices = own.filter(({ declaration }) => isA(declaration, CIM_LogicalDevice.name));
  // Windows has these classes of its own; other systems than Linux tell too little to fill them.
  const windows = !onLinux
    ? []
    : createWindowsViews(host, sources, (className) => own.filter(({ declaration }) => declaration.name === className));
  const known = [...DMTF_CLASSES, ...classes];
  return createObjectManager({
    classes: { [CIMV2]: known, [INTEROP]: known },
    providers: [
      ...own,
      ...devices.map((part) =>
        membership(CIM_SystemDevice, {
          whole: names.system,
          wholeRole: "GroupComponent",
          part,
          partRole: "PartComponent",
        }),
      ),
      ...windows,
      ...createInteropProviders({ names, version: agentVersion, mechanisms, profiles: profiles(names) }),
      ...more(names),
    ],
    clock,
    onProblem,
  });
}
