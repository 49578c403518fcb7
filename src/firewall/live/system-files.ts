import { chmod, chown, open, readFile, rename, rmdir, stat, unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { codeOf } from "../../runtime/errors.ts";
import { makeFolders } from "../../runtime/make-folders.ts";
import type { SystemFiles } from "./backend.ts";

/** This machine's files. A new content takes the old one's name in one step, once it is durable. */
export function createSystemFiles(): SystemFiles {
  return {
    async read(path) {
      try {
        return await readFile(path, "utf8");
      } catch (error) {
        if (codeOf(error) === "ENOENT") return undefined;
        throw error;
      }
    },
    async write(path, content) {
      await makeFolders(dirname(path), 0o755);
      const before = await stat(path).catch(() => undefined);
      const beside = `${path}.rusuban-new`;
      const file = await open(beside, "w", 0o600);
      try {
        await file.writeFile(content);
        if (before !== undefined) {
          await chmod(beside, before.mode & 0o7777);
          await chown(beside, before.uid, before.gid);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(beside, path);
      const folder = await open(dirname(path), "r");
      await folder.sync().finally(() => folder.close());
    },
    async remove(path) {
      await unlink(path).catch(unless("ENOENT"));
      if (basename(dirname(path)) === "rusuban") await rmdir(dirname(path)).catch(unless("ENOENT", "ENOTEMPTY"));
    },
  };
}

function unless(...codes: readonly string[]): (error: unknown) => void {
  return (error) => {
    if (!codes.includes(codeOf(error))) throw error;
  };
}
