// The tables that the firmware leaves about the hardware (SMBIOS 3.7, DSP0134), as the kernel hands them on in
// /sys/firmware/dmi/tables/DMI, readable by root.

/** A slot for memory with a module in it (§7.18, type 17). */
export interface MemoryModule {
  /** `DIMM_A1`, as printed on the board. */
  readonly slot: string;
  readonly bank: string | null;
  readonly bytes: number | null;
  readonly formFactor: number;
  readonly memoryType: number;
  readonly totalWidthBits: number | null;
  readonly dataWidthBits: number | null;
  /** Million transfers a second: what it can, and what it is set to. */
  readonly speed: number | null;
  readonly configuredSpeed: number | null;
  readonly manufacturer: string | null;
  readonly serialNumber: string | null;
  readonly partNumber: string | null;
}

/** A socket with a processor in it (§7.5, type 4). */
export interface ProcessorPackage {
  readonly socket: string;
  /** The same numbers as CIM_Processor.Family. */
  readonly family: number | null;
  readonly maxMegahertz: number | null;
  readonly externalClockMegahertz: number | null;
  readonly status: number;
  readonly enabledCores: number | null;
}

/** Structures of a table; a server with 64 memory slots has about 500. */
export const SMBIOS_STRUCTURES_MAX = 4_096;

interface Structure {
  readonly type: number;
  readonly data: Buffer;
  readonly strings: readonly string[];
}

/** Ends quietly where the table is cut short: firmware is what it is. */
export function parseStructures(table: Buffer): Structure[] {
  const structures: Structure[] = [];
  let at = 0;
  while (at + 4 <= table.length && structures.length < SMBIOS_STRUCTURES_MAX) {
    const [type = 0, length = 0] = [table[at], table[at + 1]];
    if (length < 4 || at + length > table.length) break;
    // §6.1.3: strings follow, each ended by a zero, the last by two.
    const end = table.indexOf("\0\0", at + length, "latin1");
    if (end < 0) break;
    const strings = table.toString("latin1", at + length, end).split("\0");
    structures.push({ type, data: table.subarray(at, at + length), strings });
    if (type === 127) break;
    at = end + 2;
  }
  return structures;
}

export function memoryModules(structures: readonly Structure[]): MemoryModule[] {
  return structures
    .filter(({ type }) => type === 17)
    .flatMap((structure) => {
      const bytes = sizeOf(structure);
      if (bytes === 0) return []; // An empty slot.
      const width = (offset: number) => known(u16(structure, offset), 0xffff);
      return [
        {
          slot: text(structure, 0x10) ?? `slot ${structure.data.readUInt16LE(2)}`,
          bank: text(structure, 0x11),
          bytes,
          formFactor: u8(structure, 0x0e) ?? 2,
          memoryType: u8(structure, 0x12) ?? 2,
          totalWidthBits: width(0x08),
          dataWidthBits: width(0x0a),
          speed: known(u16(structure, 0x15), 0),
          configuredSpeed: known(u16(structure, 0x20), 0),
          manufacturer: text(structure, 0x17),
          serialNumber: text(structure, 0x18),
          partNumber: text(structure, 0x1a),
        },
      ];
    });
}

/** §7.18.4: 0 for an empty slot, null for a size that nobody knows. */
function sizeOf(structure: Structure): number | null {
  const size = u16(structure, 0x0c);
  if (size === null || size === 0xffff) return null;
  if (size === 0x7fff) {
    const extended = structure.data.length >= 0x20 ? structure.data.readUInt32LE(0x1c) & 0x7fff_ffff : 0;
    return extended === 0 ? null : extended * 1024 * 1024;
  }
  return size & 0x8000 ? (size & 0x7fff) * 1024 : size * 1024 * 1024;
}

export function processorPackages(structures: readonly Structure[]): ProcessorPackage[] {
  return structures
    .filter((structure) => structure.type === 4 && ((u8(structure, 0x18) ?? 0) & 0x40) !== 0)
    .map((structure) => {
      const family = u8(structure, 0x06);
      return {
        socket: text(structure, 0x04) ?? "processor",
        family: family === 0xfe ? u16(structure, 0x28) : family,
        maxMegahertz: known(u16(structure, 0x14), 0),
        externalClockMegahertz: known(u16(structure, 0x12), 0),
        status: (u8(structure, 0x18) ?? 0) & 0x07,
        // 0xff means that the number stands in a wider field, added in SMBIOS 3.0.
        enabledCores: u8(structure, 0x24) === 0xff ? known(u16(structure, 0x2c), 0) : known(u8(structure, 0x24), 0),
      };
    });
}

function known(value: number | null, unknown: number): number | null {
  return value === unknown ? null : value;
}

function u8({ data }: Structure, offset: number): number | null {
  return data[offset] ?? null;
}

function u16({ data }: Structure, offset: number): number | null {
  return offset + 2 <= data.length ? data.readUInt16LE(offset) : null;
}

/** Firmware fills what it does not know with words of its own. */
function text(structure: Structure, offset: number): string | null {
  const number = u8(structure, offset) ?? 0;
  const value = structure.strings[number - 1]?.replace(/[^\x20-\x7e]/g, "").trim();
  if (value === undefined || value === "") return null;
  return /^(unknown|not specified|no dimm|none|n\/a|to be filled by o\.?e\.?m\.?|0+|f+)$/i.test(value) ? null : value;
}
