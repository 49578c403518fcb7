import type { HostSystem } from "./host-system.ts";
import { listOrNone, readTextOrNull, wholeNumber } from "./optional-file.ts";

/** An array of Linux software RAID (Documentation/admin-guide/md.rst, "MD devices in sysfs"). */
export interface MdArray {
  /** `md0` */
  readonly name: string;
  /** `raid1`, `raid6`, `linear`. */
  readonly level: string | null;
  /** `clean`, `active`, `inactive`, `read-auto`. */
  readonly state: string | null;
  /** Disks that should be there, and how many of them are missing. */
  readonly disks: number | null;
  readonly degraded: number | null;
  /** `idle`, `recover`, `resync`, `check`, `repair`, `reshape`; null for levels without redundancy. */
  readonly action: string | null;
  /** Of the action under way, as a ratio. */
  readonly progress: number | null;
  readonly members: readonly { readonly name: string; readonly state: string | null }[];
}

export async function readMdArrays(system: HostSystem): Promise<MdArray[]> {
  const arrays: MdArray[] = [];
  for (const name of await listOrNone(system, "/sys/block")) {
    const folder = `/sys/block/${name}/md`;
    if (!/^md/.test(name) || !(await system.exists(folder))) continue;
    const text = (path: string) => readTextOrNull(system, `${folder}/${path}`);
    const members: MdArray["members"][number][] = [];
    for (const entry of await listOrNone(system, folder))
      if (entry.startsWith("dev-")) members.push({ name: entry.slice(4), state: await text(`${entry}/state`) });
    arrays.push({
      name,
      level: await text("level"),
      state: await text("array_state"),
      disks: wholeNumber((await text("raid_disks"))?.split(" ")[0]),
      degraded: wholeNumber(await text("degraded")),
      action: await text("sync_action"),
      progress: progressOf(await text("sync_completed")),
      members,
    });
  }
  return arrays;
}

/** `1024 / 4096` sectors; `none` when nothing is under way. */
function progressOf(text: string | null): number | null {
  const match = /^(\d+) \/ (\d+)$/.exec(text ?? "");
  return match === null || match[2] === "0" ? null : Number(match[1]) / Number(match[2]);
}
