import { type ClassProvider, provide } from "../../cim/provider.ts";
import { CIM_PhysicalMemory, CIM_Realizes } from "../../cim/schema/physical.ts";
import { CIM_Memory } from "../../cim/schema/storage.ts";
import { memoryModules } from "../providers/smbios.ts";
import type { CimHost } from "./cim-host.ts";
import { memoryOf } from "./computer.ts";
import { deviceOf } from "./device-of.ts";
import { membership } from "./membership.ts";
import type { CimSources } from "./sources.ts";
import { enabled, health } from "./status.ts";

const BLOCK_BYTES = 1024;
/** SMBIOS's number (DSP0134 §7.18.1) to CIM's; what CIM 2.41 does not know is Other. */
const FORM_FACTORS: Readonly<Record<number, number>> = {
  2: 0,
  3: 7,
  4: 2,
  6: 3,
  7: 4,
  8: 6,
  9: 8,
  10: 9,
  12: 11,
  13: 12,
  14: 13,
};
/** §7.18.2; DDR5 (34) is younger than the schema. */
const MEMORY_TYPES: Readonly<Record<number, number>> = {
  ...{
    2: 0,
    3: 2,
    4: 6,
    5: 7,
    6: 8,
    7: 9,
    8: 10,
    9: 11,
    10: 12,
    11: 13,
    12: 14,
    13: 15,
    14: 16,
    15: 17,
    16: 18,
    17: 19,
  },
  ...{ 18: 20, 19: 21, 20: 23, 24: 24, 25: 25, 26: 26, 27: 27, 28: 28, 29: 29, 30: 30 },
};
const OTHER = 1;

/** The memory as the system uses it, and the modules it is made of. */
export function createMemoryProviders(host: CimHost, sources: CimSources): ClassProvider[] {
  const { names } = host;
  const memoryPath = names.device(CIM_Memory.name, "memory");

  const memory = provide(CIM_Memory, {
    async instances() {
      const { total, available } = await memoryOf(host);
      const blocks = (bytes: number | null) => (bytes === null ? null : BigInt(Math.floor(bytes / BLOCK_BYTES)));
      return [
        {
          ...deviceOf(names, CIM_Memory, "memory"),
          ElementName: "memory",
          Name: "memory",
          BlockSize: BigInt(BLOCK_BYTES),
          NumberOfBlocks: blocks(total),
          ConsumableBlocks: blocks(available),
          Volatile: true,
          Primordial: true,
          Access: 3,
          ...health(total === null ? "unknown" : "ok"),
          ...enabled("enabled"),
        },
      ];
    },
  });

  const modules = provide(CIM_PhysicalMemory, {
    instances: async () =>
      memoryModules(await sources.firmware()).map((module) => ({
        Tag: module.slot,
        CreationClassName: CIM_PhysicalMemory.name,
        ElementName: module.slot,
        Caption: module.slot.slice(0, 64),
        BankLabel: module.bank?.slice(0, 64) ?? null,
        Capacity: module.bytes === null ? null : BigInt(module.bytes),
        FormFactor: FORM_FACTORS[module.formFactor] ?? OTHER,
        MemoryType: MEMORY_TYPES[module.memoryType] ?? OTHER,
        TotalWidth: module.totalWidthBits,
        DataWidth: module.dataWidthBits,
        IsSpeedInMhz: true,
        MaxMemorySpeed: module.speed,
        ConfiguredMemoryClockSpeed: module.configuredSpeed,
        Manufacturer: module.manufacturer,
        SerialNumber: module.serialNumber,
        PartNumber: module.partNumber,
        CanBeFRUed: true,
        // The table tells what is there, not how it does.
        ...health("unknown"),
      })),
  });

  return [
    memory,
    modules,
    membership(CIM_Realizes, { whole: memoryPath, wholeRole: "Dependent", part: modules, partRole: "Antecedent" }),
  ];
}
