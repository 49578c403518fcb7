import type { HostSystem } from "./host-system.ts";
import { listOrNone, readTextOrNull, wholeNumber } from "./optional-file.ts";

/** A device of /sys/block, or a partition of one (Documentation/ABI/stable/sysfs-block). */
export interface BlockDevice {
  /** `sda`, `nvme0n1p2`. */
  readonly name: string;
  /** The name a device mapper gives: `debian-root`. */
  readonly alias: string | null;
  /** `major:minor`, as the mount table has it. */
  readonly device: string | null;
  /** `drive`: hardware of its own; `array`: md; `mapped`: made by the device mapper (LVM, multipath, encryption). */
  readonly kind: "drive" | "array" | "mapped" | "partition";
  readonly bytes: bigint | null;
  readonly blockBytes: number | null;
  readonly readOnly: boolean | null;
  readonly removable: boolean | null;
  readonly rotational: boolean | null;
  readonly model: string | null;
  readonly vendor: string | null;
  readonly serial: string | null;
  readonly worldWideName: string | null;
  /** What SCSI says of it: `running`, `offline`; NVMe: `live`. */
  readonly state: string | null;
  /** Names of what it is made of: the drive of a partition, the members of an array. */
  readonly basedOn: readonly string[];
}

/** Drives, partitions and volumes together; a storage server with 500 drives has as many partitions. */
export const BLOCK_DEVICES_MAX = 2_048;
/** What is in memory or is a file, and what has no medium in it. */
const VIRTUAL = /^(loop|ram|zram|nbd|fd|sr)\d+$/;
/** Of `size`, whatever the device's own blocks are (sysfs-block, `size`). */
const SECTOR_BYTES = 512n;

export async function readBlockDevices(system: HostSystem): Promise<BlockDevice[]> {
  const devices: BlockDevice[] = [];
  for (const name of await listOrNone(system, "/sys/block")) {
    if (VIRTUAL.test(name) || devices.length >= BLOCK_DEVICES_MAX) continue;
    const whole = await readWhole(system, name);
    if (whole === null) continue;
    devices.push(whole);
    for (const part of await listOrNone(system, `/sys/block/${name}`)) {
      if (!part.startsWith(name) || devices.length >= BLOCK_DEVICES_MAX) continue;
      const folder = `/sys/block/${name}/${part}`;
      if (!(await system.exists(`${folder}/partition`))) continue;
      devices.push({
        ...whole,
        ...(await readShape(system, folder)),
        name: part,
        alias: null,
        kind: "partition",
        model: null,
        serial: null,
        worldWideName: null,
        basedOn: [name],
      });
    }
  }
  return devices;
}

async function readWhole(system: HostSystem, name: string): Promise<BlockDevice | null> {
  const folder = `/sys/block/${name}`;
  const shape = await readShape(system, folder);
  if (shape.bytes === 0n) return null; // A drive without a medium, or an array that is stopped.
  const text = (path: string) => readTextOrNull(system, `${folder}/${path}`);
  const slaves = await listOrNone(system, `${folder}/slaves`);
  const kind = (await system.exists(`${folder}/md`))
    ? "array"
    : slaves.length > 0 || name.startsWith("dm-")
      ? "mapped"
      : "drive";
  return {
    ...shape,
    name,
    kind,
    alias: await text("dm/name"),
    blockBytes: wholeNumber(await text("queue/logical_block_size")),
    removable: flag(await text("removable")),
    rotational: flag(await text("queue/rotational")),
    model: await text("device/model"),
    vendor: await text("device/vendor"),
    serial: (await text("device/serial")) ?? (await text("serial")),
    worldWideName: (await text("device/wwid")) ?? (await text("wwid")),
    state: await text("device/state"),
    basedOn: slaves,
  };
}

async function readShape(system: HostSystem, folder: string) {
  const sectors = wholeNumber(await readTextOrNull(system, `${folder}/size`));
  return {
    device: await readTextOrNull(system, `${folder}/dev`),
    bytes: sectors === null ? null : BigInt(sectors) * SECTOR_BYTES,
    readOnly: flag(await readTextOrNull(system, `${folder}/ro`)),
  };
}

function flag(text: string | null): boolean | null {
  return text === "1" ? true : text === "0" ? false : null;
}
