import { CimDateTime } from "../../cim/cim-date-time.ts";
import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_Chassis, CIM_ComputerSystemPackage } from "../../cim/schema/physical.ts";
import { CIM_ComputerSystem, CIM_InstalledOS, CIM_OperatingSystem, CIM_RunningOS } from "../../cim/schema/system.ts";
import { readHostFacts } from "../providers/host-facts.ts";
import { parseMemory } from "../providers/memory.ts";
import { wholeNumber } from "../providers/optional-file.ts";
import type { CimHost } from "./cim-host.ts";
import { membership } from "./membership.ts";
import { osTypeOf, releaseValue } from "./os-type.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const DMI = "/sys/class/dmi/id";
/** What makers write where they write nothing. */
const FILLER =
  /^(to be filled by o\.?e\.?m\.?|default string|not specified|system (serial number|product name|manufacturer)|none|0+)$/i;

/** The computer, its enclosure, and the operating system that runs on it. */
export function createComputerProviders(host: CimHost, sources: CimSources): ClassProvider[] {
  const { names, machine, platform, clock, runtime, system } = host;
  const dmi = async (name: string) => {
    const value = await sources.text(`${DMI}/${name}`);
    return value === null || FILLER.test(value) ? null : value;
  };

  const computer = provide(CIM_ComputerSystem, {
    async instances() {
      const [vendor, product, serial, uuid] = await Promise.all(
        ["sys_vendor", "product_name", "product_serial", "product_uuid"].map(dmi),
      );
      const identities = [
        ...(uuid ? [[uuid, "CIM:GUID"]] : []),
        ...(product && serial ? [[`${product}:${serial}`, "CIM:Model:SerialNumber"]] : []),
      ];
      return [
        {
          CreationClassName: CIM_ComputerSystem.name,
          Name: names.hostname,
          NameFormat: "IP",
          ElementName: names.hostname,
          Caption: "computer",
          Description: [vendor, product].filter(Boolean).join(" ") || machine.architecture,
          Dedicated: [0],
          ResetCapability: 2,
          OtherIdentifyingInfo: identities.map(([value = ""]) => value),
          IdentifyingDescriptions: identities.map(([, what = ""]) => what),
          // It runs, or nobody would answer; whether its parts are well, they tell by themselves.
          ...health("ok", null, "unknown"),
          ...enabled("enabled"),
        },
      ];
    },
  });

  const chassis = provide(CIM_Chassis, {
    async instances() {
      const [vendor, serial, version, tag] = await Promise.all(
        ["chassis_vendor", "chassis_serial", "chassis_version", "chassis_asset_tag"].map(dmi),
      );
      const type = wholeNumber(await dmi("chassis_type"));
      if (vendor === undefined || (vendor === null && serial === null && type === null)) return [];
      return [
        {
          Tag: "chassis",
          CreationClassName: CIM_Chassis.name,
          ElementName: "chassis",
          Manufacturer: vendor,
          Model: await dmi("product_name"),
          SerialNumber: serial ?? null,
          Version: version ?? null,
          OtherIdentifyingInfo: tag ?? null,
          ...health("unknown"),
        },
      ];
    },
  });

  const operatingSystem = provide(CIM_OperatingSystem, {
    async instances() {
      const nowMs = clock.now();
      const facts = await readHostFacts({ agentVersion: host.agentVersion, machine, system });
      const release = await sources.text("/etc/os-release");
      const memory = await memoryOf(host);
      const kilo = (bytes: number | null) => (bytes === null ? null : BigInt(Math.floor(bytes / 1000)));
      const sum = (one: number | null, other: number | null) => (one === null || other === null ? null : one + other);
      return [
        {
          ...names.csKeys,
          CreationClassName: CIM_OperatingSystem.name,
          Name: String(names.operatingSystem.key("Name")),
          ElementName: facts.operatingSystem,
          Caption: facts.operatingSystem.slice(0, 64),
          Description: machine.kernel,
          OSType: osTypeOf(platform, releaseValue(release, "ID"), machine.architecture),
          OtherTypeDescription: null,
          Version: releaseValue(release, "VERSION_ID") ?? machine.kernel.replace(/^\S+ /, ""),
          LastBootUpTime: CimDateTime.at(host.bootedMs()),
          LocalDateTime: CimDateTime.at(nowMs, runtime.timeZoneMinutes(nowMs)),
          CurrentTimeZone: runtime.timeZoneMinutes(nowMs),
          NumberOfProcesses: platform === "linux" ? await countProcesses(host) : null,
          MaxNumberOfProcesses: wholeNumber(await sources.text("/proc/sys/kernel/pid_max")),
          TotalVisibleMemorySize: kilo(memory.total),
          FreePhysicalMemory: kilo(memory.available),
          TotalSwapSpaceSize: kilo(memory.swapTotal),
          SizeStoredInPagingFiles: kilo(memory.swapTotal),
          FreeSpaceInPagingFiles: kilo(memory.swapFree),
          TotalVirtualMemorySize: kilo(sum(memory.total, memory.swapTotal)),
          FreeVirtualMemory: kilo(sum(memory.available, memory.swapFree)),
          Distributed: false,
          ...health("ok"),
          ...enabled("enabled"),
        },
      ];
    },
  });

  return [
    computer,
    chassis,
    operatingSystem,
    membership(CIM_RunningOS, {
      whole: names.system,
      wholeRole: "Dependent",
      part: operatingSystem,
      partRole: "Antecedent",
    }),
    membership(CIM_InstalledOS, {
      whole: names.system,
      wholeRole: "GroupComponent",
      part: operatingSystem,
      partRole: "PartComponent",
      more: () => ({ PrimaryOS: true }),
    }),
    membership(CIM_ComputerSystemPackage, {
      whole: names.system,
      wholeRole: "Dependent",
      part: chassis,
      partRole: "Antecedent",
    }),
  ];
}

/** In bytes; what the platform does not tell is null. */
export async function memoryOf({ platform, system, runtime }: CimHost) {
  if (platform === "linux") return parseMemory((await system.read("/proc/meminfo")).toString("latin1"));
  const { total, free } = runtime.memory();
  return { total, available: free, swapTotal: null, swapFree: null };
}

async function countProcesses({ system }: CimHost): Promise<number> {
  return (await system.list("/proc")).filter((entry) => /^\d+$/.test(entry)).length;
}
