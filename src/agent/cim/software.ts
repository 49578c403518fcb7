import { ObjectPath } from "../../cim/object-path.ts";
import { CIMV2, type ClassProvider, provide } from "../../cim/provider.ts";
import {
  CIM_ElementSoftwareIdentity,
  CIM_InstalledSoftwareIdentity,
  CIM_SoftwareIdentity,
} from "../../cim/schema/software.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import type { CimSources } from "./sources.ts";
import { health } from "./status.ts";

const [DRIVER_OR_APP, INSTRUMENTATION, OPERATING_SYSTEM, FIRMWARE] = [4, 5, 8, 10];
const RESOURCE = { deb: 8, rpm: 3 } as const;
const DMI = "/sys/class/dmi/id";

/** Packages, the kernel, the firmware of board and drives, and the agent itself, each by name and version. */
export function createSoftwareProviders(
  { names, machine, agentVersion }: CimHost,
  sources: CimSources,
): ClassProvider[] {
  const idOf = (what: string) => `Rusuban:${what}`;
  const identity = (what: string, name: string, version: string, classification: number) => ({
    InstanceID: idOf(what),
    Name: name,
    ElementName: name,
    Caption: `${name} ${version}`.slice(0, 64),
    VersionString: version,
    ...numbersOf(version),
    Classifications: [classification],
    IsEntity: true,
    ...health("unknown"),
  });

  const own = provide(CIM_SoftwareIdentity, {
    async instances() {
      const [biosVendor, biosVersion] = await Promise.all([
        sources.text(`${DMI}/bios_vendor`),
        sources.text(`${DMI}/bios_version`),
      ]);
      const drives = (await sources.blockDevices().catch(() => [])).filter(({ kind }) => kind === "drive");
      const firmware = await Promise.all(
        drives.map(async ({ name }) => ({ name, version: (await sources.smart(name))?.firmware ?? null })),
      );
      const kernel = machine.kernel.split(" ");
      return [
        identity("agent", "Rusuban agent", agentVersion, INSTRUMENTATION),
        identity("kernel", kernel[0] ?? "kernel", kernel.slice(1).join(" ") || "unknown", OPERATING_SYSTEM),
        ...(biosVersion === null
          ? []
          : [{ ...identity("firmware", "firmware", biosVersion, FIRMWARE), Manufacturer: biosVendor }]),
        ...firmware.flatMap(({ name, version }) =>
          version === null ? [] : [identity(`firmware:${name}`, `firmware of ${name}`, version, FIRMWARE)],
        ),
      ];
    },
  });

  const packages = provide(CIM_SoftwareIdentity, {
    instances: async () =>
      (await sources.packages()).map(({ name, version, architecture, manufacturer, format }) => ({
        ...identity(`package:${name}:${architecture}`, name, version, DRIVER_OR_APP),
        Manufacturer: manufacturer,
        TargetTypes: [architecture],
        ExtendedResourceType: RESOURCE[format],
      })),
  });

  const runs = provide(CIM_ElementSoftwareIdentity, {
    async instances() {
      const path = (what: string) =>
        new ObjectPath({ namespace: CIMV2, className: CIM_SoftwareIdentity.name, keys: { InstanceID: idOf(what) } });
      const hasFirmware = (await sources.text(`${DMI}/bios_version`)) !== null;
      return [
        { Antecedent: path("kernel"), Dependent: names.operatingSystem },
        ...(hasFirmware ? [{ Antecedent: path("firmware"), Dependent: names.system }] : []),
      ].map((pair) => ({ ...pair, ElementSoftwareStatus: [2, 6] }));
    },
  });

  const installed = (part: ClassProvider) =>
    membership(CIM_InstalledSoftwareIdentity, {
      whole: names.system,
      wholeRole: "System",
      part,
      partRole: "InstalledSoftware",
    });
  return [own, packages, installed(own), installed(packages), runs];
}

/** The first numbers of a version, as far as they are numbers: `6.1.0-18` is 6, 1, 0, 18. */
function numbersOf(version: string) {
  const found = /^(?:\d+:)?v?(\d+(?:[.-]\d+)*)/.exec(version)?.[1]?.split(/[.-]/) ?? [];
  const number = (index: number) => (found[index] === undefined ? null : Number(found[index]));
  return { MajorVersion: number(0), MinorVersion: number(1), RevisionNumber: number(2), BuildNumber: number(3) };
}
