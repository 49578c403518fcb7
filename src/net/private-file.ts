// Files that hold keys: 0600 in a 0700 directory, and either wholly there or not at all, also after a kill or a power
// cut. A new content is written beside the old one and takes its name in one step once it is durable.

import { randomUUID } from "node:crypto";
import { constants, type FileHandle, link, open, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { CorruptionError, codeOf, SettingsError } from "../runtime/errors.ts";
import { makeFolders } from "../runtime/make-folders.ts";

/** Creates the directory, and those above it that are missing, for this user alone. */
export async function createPrivateDirectory(directory: string): Promise<void> {
  await makeFolders(directory, 0o700);
}

/** Replaces the file's content. `"new-only"` leaves an existing file alone and answers false. */
export async function writePrivateFile(path: string, content: string, when: "always" | "new-only"): Promise<boolean> {
  await createPrivateDirectory(dirname(path));
  // One writer replaces; what a kill leaves of it is overwritten by the next. Several may create, each with its own name.
  const beside = when === "always" ? `${path}.new` : `${path}.new-${randomUUID()}`;
  await withFile(beside, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, async (file) => {
    await file.writeFile(content);
    await file.sync();
  });
  try {
    if (when === "always") await rename(beside, path);
    else await linkOnce(beside, path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    return false;
  }
  // Without this a power cut may bring the old name back (POSIX leaves directory entries to their own fsync).
  await withFile(dirname(path), constants.O_RDONLY, (directory) => directory.sync());
  return true;
}

async function linkOnce(beside: string, path: string): Promise<void> {
  try {
    await link(beside, path);
  } finally {
    await unlink(beside);
  }
}

/**
 * The file's text, or undefined when there is no such file.
 * @throws SettingsError when other users may read it, CorruptionError when it is longer than `bytesMax`.
 */
export async function readPrivateFile(path: string, bytesMax: number): Promise<string | undefined> {
  try {
    return await withFile(path, constants.O_RDONLY, async (file) => {
      const { mode, size } = await file.stat();
      if (process.platform !== "win32" && (mode & 0o077) !== 0) {
        const octal = (mode & 0o777).toString(8).padStart(4, "0");
        throw new SettingsError(path, `holds a private key but has mode ${octal}: run chmod 600 on it`);
      }
      if (size > bytesMax) throw new CorruptionError(path, `is ${size} bytes long, expected at most ${bytesMax}`);
      return file.readFile("utf8");
    });
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

export async function removeFile(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

async function withFile<T>(path: string, flags: number, work: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, flags, 0o600);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}
