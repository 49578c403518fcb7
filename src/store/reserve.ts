import { codeOf } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import type { Medium } from "./medium.ts";

// Room for collection on a full disk: before half-dead packs are deleted, what is alive in them must be written elsewhere.

const RESERVE_FOLDER = "reserve/";
const RESERVE_BYTES = 16 * 1024 * 1024;
/** In a store of a gigabyte and more, where it is less than 1.6 %. */
const RESERVE_FROM_BYTES = 1024 * 1024 * 1024;

export interface ReserveOptions {
  readonly reserveBytes?: number | undefined;
  /** Packs of so many bytes together make the reserve worth while. */
  readonly reserveFromBytes?: number | undefined;
}

/** True when there was a reserve; its room is free then. */
export async function releaseReserve(medium: Medium): Promise<boolean> {
  const files = await medium.list(RESERVE_FOLDER);
  for (const { name } of files) await medium.delete(name);
  return files.length > 0;
}

/** Makes the reserve where there is none, unless the disk has no room for it. */
export async function keepReserve(
  { medium, random, packBytes }: { medium: Medium; random: Random; packBytes: number },
  { reserveBytes = RESERVE_BYTES, reserveFromBytes = RESERVE_FROM_BYTES }: ReserveOptions,
): Promise<void> {
  if (packBytes < reserveFromBytes || (await medium.list(RESERVE_FOLDER)).length > 0) return;
  try {
    // Random, so that no file system compresses it away.
    await medium.write(RESERVE_FOLDER + random(16).toString("hex"), [random(reserveBytes)]);
  } catch (error) {
    if (codeOf(error) !== "ENOSPC" && codeOf(error) !== "EDQUOT") throw error;
  }
}
