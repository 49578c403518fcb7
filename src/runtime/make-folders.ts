import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf } from "./errors.ts";

/**
 * A folder and those above it, as `mkdir -p` makes them; one that is there stays as it is. Node.js' own recursive mkdir
 * never ends where a file system answers ENOENT though the folder above is there, as /proc does (seen with 24).
 */
export async function makeFolders(path: Buffer | string, mode = 0o777): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    const above = folderAbove(path);
    if (codeOf(error) === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (codeOf(error) !== "ENOENT" || above.toString() === path.toString() || (await isThere(above))) throw error;
    await makeFolders(above, mode);
    await makeFolders(path, mode);
  }
}

/** Of the bytes of a name, as of its text. */
function folderAbove(path: Buffer | string): Buffer | string {
  if (typeof path === "string") return dirname(path);
  return Buffer.from(dirname(path.toString("latin1")), "latin1");
}

async function isThere(path: Buffer | string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
