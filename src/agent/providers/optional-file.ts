import type { HostSystem } from "./host-system.ts";

/** A file of /proc or /sys as trimmed text; null where it is missing, unreadable or empty. */
export async function readTextOrNull(system: HostSystem, path: string): Promise<string | null> {
  try {
    return (await system.read(path)).toString("utf8").trim() || null;
  } catch {
    return null;
  }
}

/** As `readTextOrNull`, of what a device must be asked for. */
export async function readDeviceOrNull(system: HostSystem, path: string): Promise<string | null> {
  try {
    return (await system.readDevice(path)).toString("utf8").trim() || null;
  } catch {
    return null;
  }
}

/** The whole number that a text is; null for anything else. */
export function wholeNumber(text: string | null | undefined): number | null {
  if (text === null || text === undefined || !/^-?\d{1,15}$/.test(text.trim())) return null;
  return Number(text);
}

/** Names in a folder, sorted as people count (`sda2` before `sda10`); none where it is missing. */
export async function listOrNone(system: HostSystem, path: string): Promise<readonly string[]> {
  try {
    const names = await system.list(path);
    return names.toSorted((one, other) => one.localeCompare(other, "en", { numeric: true }));
  } catch {
    return [];
  }
}
