import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_Processor } from "../../cim/schema/device.ts";
import { parseProcessors } from "../providers/processors.ts";
import { processorPackages } from "../providers/smbios.ts";
import type { CimHost } from "./cim-host.ts";
import { deviceOf } from "./device-of.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const [FAMILY_OTHER, FAMILY_UNKNOWN, STATUS_UNKNOWN, STATUS_ENABLED] = [1, 2, 0, 1];

/** One processor a socket, as an administrator counts and buys them. */
export function createProcessorProviders(host: CimHost, sources: CimSources): ClassProvider[] {
  const { names, system, platform, runtime } = host;

  async function sockets() {
    if (platform === "linux") return parseProcessors((await system.read("/proc/cpuinfo")).toString("latin1"));
    const all = runtime.processors();
    const [first] = all;
    if (first === undefined) return [];
    // The runtime tells threads only: they are one processor to it.
    const { model, megahertz } = first;
    const threads = all.map((_, index) => index);
    return [{ id: 0, model, vendor: null, stepping: null, cores: null, threads, megahertz, is64Bit: null }];
  }

  const processors = provide(CIM_Processor, {
    async instances() {
      const packages = processorPackages(await sources.firmware().catch(() => []));
      const busy = platform === "linux" ? await sources.busy() : new Map<number, number>();
      return (await sockets()).map((socket, index) => {
        // The firmware lists sockets in the order in which the kernel numbers them.
        const firmware = packages[index];
        const shares = socket.threads.flatMap((thread) => busy.get(thread) ?? []);
        const average = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        return {
          ...deviceOf(names, CIM_Processor, `processor ${socket.id}`),
          ElementName: socket.model ?? `processor ${socket.id}`,
          Name: socket.model,
          Caption: firmware?.socket ?? `processor ${socket.id}`,
          Role: "Central Processor",
          Family: firmware?.family ?? FAMILY_UNKNOWN,
          OtherFamilyDescription: firmware?.family === FAMILY_OTHER ? socket.model : null,
          UpgradeMethod: 2,
          MaxClockSpeed: firmware?.maxMegahertz ?? null,
          CurrentClockSpeed: socket.megahertz,
          ExternalBusClockSpeed: firmware?.externalClockMegahertz ?? null,
          // Null at the first look: load is what happened between two.
          LoadPercentage: shares.length === 0 ? null : Math.round(average * 100),
          Stepping: socket.stepping,
          UniqueID: socket.vendor,
          AddressWidth: socket.is64Bit === null ? null : socket.is64Bit ? 64 : 32,
          DataWidth: socket.is64Bit === null ? null : socket.is64Bit ? 64 : 32,
          CPUStatus:
            firmware === undefined ? STATUS_ENABLED : ([0, 1, 2, 3, 4, 0, 0, 7][firmware.status] ?? STATUS_UNKNOWN),
          NumberOfEnabledCores: firmware?.enabledCores ?? socket.cores,
          ...health("ok"),
          ...enabled("enabled"),
        };
      });
    },
  });
  return [processors];
}
