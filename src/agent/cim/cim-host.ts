import { type KeyValue, ObjectPath } from "../../cim/object-path.ts";
import { CIMV2 } from "../../cim/provider.ts";
import type { Clock } from "../../runtime/clock.ts";
import type { FileSystemSurvey } from "../providers/file-system-survey.ts";
import type { Machine } from "../providers/host-facts.ts";
import type { HostSystem } from "../providers/host-system.ts";
import type { RuntimeView } from "./runtime-view.ts";

/** What the CIM providers of a host are made with. */
export interface CimHost {
  readonly platform: string;
  readonly machine: Machine;
  readonly runtime: RuntimeView;
  readonly system: HostSystem;
  readonly survey: FileSystemSurvey;
  readonly clock: Clock;
  readonly agentVersion: string;
  /** Told of where no manager of services is; and which of all may be started and stopped. */
  readonly services: { readonly watched: readonly string[]; readonly controllable: readonly string[] };
  readonly names: HostNames;
  /** When it booted, in milliseconds since 1970: the same number at each question. */
  bootedMs(): number;
}

/** Two clocks say when it booted, and never agree to the millisecond: what was said first stays, unless it is far off. */
export function createBootMoment(clock: Clock, runtime: RuntimeView): () => number {
  let said: number | undefined;
  return () => {
    const found = Math.round((clock.now() - runtime.uptimeSeconds() * 1000) / 1000) * 1000;
    if (said === undefined || Math.abs(found - said) > 2_000) said = found;
    return said;
  };
}

/** How this host's things are named: the keys that point to the computer and its operating system. */
export interface HostNames {
  readonly hostname: string;
  readonly system: ObjectPath;
  readonly operatingSystem: ObjectPath;
  /** Keys of what names its system `System…`: devices, services, access points. */
  readonly systemKeys: { readonly SystemCreationClassName: string; readonly SystemName: string };
  /** Keys of what names its system `CS…`: operating systems, file systems. */
  readonly csKeys: { readonly CSCreationClassName: string; readonly CSName: string };
  device(className: string, deviceId: string): ObjectPath;
}

const SYSTEM_CLASS = "CIM_ComputerSystem";

export function createHostNames(hostname: string, osName: string): HostNames {
  const path = (className: string, keys: Readonly<Record<string, KeyValue>>) =>
    new ObjectPath({ namespace: CIMV2, className, keys });
  const systemKeys = { SystemCreationClassName: SYSTEM_CLASS, SystemName: hostname };
  const csKeys = { CSCreationClassName: SYSTEM_CLASS, CSName: hostname };
  return {
    hostname,
    systemKeys,
    csKeys,
    system: path(SYSTEM_CLASS, { CreationClassName: SYSTEM_CLASS, Name: hostname }),
    operatingSystem: path("CIM_OperatingSystem", { ...csKeys, CreationClassName: "CIM_OperatingSystem", Name: osName }),
    device: (className, deviceId) =>
      path(className, { ...systemKeys, CreationClassName: className, DeviceID: deviceId }),
  };
}
