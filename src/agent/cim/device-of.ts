import type { ClassDeclaration } from "../../cim/class-declaration.ts";
import type { HostNames } from "./cim-host.ts";

/** The keys of a logical device of this host. */
export function deviceOf({ systemKeys }: HostNames, { name }: ClassDeclaration, deviceId: string) {
  return { ...systemKeys, CreationClassName: name, DeviceID: deviceId };
}
