import { constants } from "node:fs";
import { type FileHandle, link, mkdir, open, readdir, rename, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { codeOf, reasonOf, SettingsError } from "../runtime/errors.ts";
import type { Random } from "../runtime/random.ts";
import { acquireFileLock, type FileLock } from "./file-lock.ts";
import type { Medium, MediumFile } from "./medium.ts";
import { OpenFiles } from "./open-files.ts";

const UNFINISHED = "unfinished";
/** Restores read many ranges of few packs; more open files than this gained nothing. */
const OPEN_FILES_MAX = 16;
/** Longer ranges mean "the file, whatever its length": asked first, so that nothing is allocated in vain. */
const RANGE_BYTES_MAX = 16 * 1024 * 1024;
/** Linux takes at most 1,024 buffers a call (IOV_MAX). */
const BUFFERS_PER_WRITE_MAX = 512;

/** A medium in a directory of a local or network file system; the directory and its parts are made as needed, mode 0700. */
export function createDirectoryMedium({ path, random }: { path: string; random: Random }): Medium {
  const openFiles = new OpenFiles(OPEN_FILES_MAX);
  const knownDirectories = new Set<string>();
  let lock: FileLock | undefined;

  const pathOf = (name: string) => join(path, name);

  /** Makes the directory and everything above it last: a file is only as durable as the names that lead to it. */
  async function ensureDirectory(directory: string): Promise<void> {
    if (knownDirectories.has(directory)) return;
    try {
      await mkdir(directory, { mode: 0o700 });
      await syncDirectory(dirname(directory));
    } catch (error) {
      if (codeOf(error) === "ENOENT") {
        await ensureDirectory(dirname(directory));
        return ensureDirectory(directory);
      }
      if (codeOf(error) !== "EEXIST") throw error;
    }
    knownDirectories.add(directory);
  }

  return {
    name: path,

    async lock() {
      await ensureDirectory(path);
      lock ??= acquireFileLock(join(path, "lock"));
    },

    async release() {
      lock?.release();
      lock = undefined;
    },

    async list(prefix) {
      const found: MediumFile[] = [];
      const start = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      await listInto(start);
      return found;

      async function listInto(directory: string): Promise<void> {
        const entries = await readdir(pathOf(directory), { withFileTypes: true }).catch((error: unknown) => {
          if (codeOf(error) === "ENOENT") return [];
          throw error;
        });
        for (const entry of entries) {
          const name = directory + entry.name;
          if (entry.isDirectory() && (name.startsWith(prefix) || prefix.startsWith(`${name}/`))) {
            if (name !== UNFINISHED) await listInto(`${name}/`);
          } else if (entry.isFile() && name.startsWith(prefix) && directory !== "") {
            found.push({ name, bytes: (await stat(pathOf(name))).size });
          }
        }
      }
    },

    readRange: (name, offset, length) =>
      openFiles.use(pathOf(name), async (handle) => {
        const isWholeFile = length > RANGE_BYTES_MAX;
        const wanted = isWholeFile ? Math.min(length, Math.max(0, (await handle.stat()).size - offset)) : length;
        const buffer = Buffer.allocUnsafeSlow(wanted);
        let filled = 0;
        while (filled < buffer.length) {
          const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      }),

    async write(name, parts) {
      const target = pathOf(name);
      const unfinished = join(path, UNFINISHED, random(16).toString("hex"));
      await ensureDirectory(join(path, UNFINISHED));
      await ensureDirectory(dirname(target));
      try {
        const handle = await open(unfinished, "wx", 0o600);
        try {
          await writeAll(handle, parts);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await giveName(unfinished, target);
      } catch (error) {
        await unlink(unfinished).catch(() => {});
        throw error;
      }
      await syncDirectory(dirname(target));
      // Gone already where the file system has no hard links; what stays is removed by the next sweep.
      await unlink(unfinished).catch(() => {});
    },

    async delete(name) {
      openFiles.retire(pathOf(name));
      try {
        await unlink(pathOf(name));
      } catch (error) {
        if (codeOf(error) === "ENOENT") return;
        throw error;
      }
      await syncDirectory(dirname(pathOf(name)));
    },

    async move(from, to) {
      await ensureDirectory(dirname(pathOf(to)));
      openFiles.retire(pathOf(from));
      await giveName(pathOf(from), pathOf(to));
      await syncDirectory(dirname(pathOf(to)));
      await unlink(pathOf(from)).catch((error: unknown) => {
        // Gone already where the file system has no hard links.
        if (codeOf(error) !== "ENOENT") throw error;
      });
      await syncDirectory(dirname(pathOf(from)));
    },

    async sweep() {
      const directory = join(path, UNFINISHED);
      const names = await readdir(directory).catch((error: unknown) => {
        if (codeOf(error) === "ENOENT") return [];
        throw error;
      });
      for (const name of names) await unlink(join(directory, name));
      return names.length;
    },

    async close() {
      await openFiles.close();
      lock?.release();
      lock = undefined;
    },
  };
}

/** `writev` in bounded groups; a short write goes on where it stopped. */
async function writeAll(handle: FileHandle, parts: readonly Buffer[]): Promise<void> {
  for (let from = 0; from < parts.length; from += BUFFERS_PER_WRITE_MAX) {
    let group = parts.slice(from, from + BUFFERS_PER_WRITE_MAX).filter((part) => part.length > 0);
    while (group.length > 0) {
      let { bytesWritten } = await handle.writev(group);
      const rest: Buffer[] = [];
      for (const part of group) {
        if (bytesWritten < part.length) rest.push(part.subarray(bytesWritten));
        bytesWritten = Math.max(0, bytesWritten - part.length);
      }
      group = rest;
    }
  }
}

/** A hard link, not a rename: it fails where the name is taken, so that nothing is ever overwritten. */
async function giveName(from: string, to: string): Promise<void> {
  await link(from, to).catch(async (error: unknown) => {
    if (codeOf(error) !== "EPERM" && codeOf(error) !== "ENOTSUP" && codeOf(error) !== "ENOSYS") throw error;
    await renameWithoutOverwriting(from, to);
  });
}

async function renameWithoutOverwriting(from: string, to: string): Promise<void> {
  const taken = await stat(to).then(
    () => true,
    () => false,
  );
  if (taken) throw Object.assign(new Error(`${to}: exists`), { code: "EEXIST" });
  await rename(from, to);
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The medium at `path`, or a SettingsError when `path` is not a directory that can be used. */
export async function openDirectoryMedium(needs: { path: string; random: Random }): Promise<Medium> {
  try {
    const found = await stat(needs.path);
    if (!found.isDirectory()) throw new SettingsError("store", `${needs.path} is not a directory`);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    throw new SettingsError("store", `${needs.path}: ${reasonOf(error)}`);
  }
  return createDirectoryMedium(needs);
}
