import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { OpenFiles } from "./open-files.ts";

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "rusuban-open-files-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

/** Files of this process below `path` that are open. */
function openBelow(path: string): string[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return target.startsWith(path) ? [target] : [];
    } catch {
      return [];
    }
  });
}

it("is closed when the last reader is done, and not before: nothing is left to the garbage collector", async () => {
  const path = folder();
  writeFileSync(join(path, "pack"), "content");
  const files = new OpenFiles(4);
  let finish = () => {};
  const isReading = new Promise<FileHandle>((resolve) => {
    void files.use(join(path, "pack"), async (handle) => {
      resolve(handle);
      await new Promise<void>((done) => {
        finish = done;
      });
    });
  });
  await isReading;
  let isClosed = false;
  const closing = files.close().then(() => {
    isClosed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect([isClosed, openBelow(path)]).toEqual([false, [join(path, "pack")]]);
  finish();
  await closing;
  expect(openBelow(path)).toEqual([]);
});

it("a read that fails holds nothing open and up", async () => {
  const path = folder();
  writeFileSync(join(path, "pack"), "content");
  const files = new OpenFiles(4);
  await expect(files.use(join(path, "pack"), () => Promise.reject(new Error("bad sector")))).rejects.toThrow(
    "bad sector",
  );
  await expect(files.use(join(path, "none"), async () => {})).rejects.toThrow("ENOENT");
  await files.close();
  expect(openBelow(path)).toEqual([]);
});

it("keeps no more files open than it may", async () => {
  const path = folder();
  const files = new OpenFiles(2);
  for (const name of ["a", "b", "c", "d"]) {
    writeFileSync(join(path, name), name);
    await files.use(join(path, name), async (handle) => expect(await handle.readFile("utf8")).toBe(name));
  }
  await files.use(join(path, "d"), async () => expect(openBelow(path).length).toBeLessThanOrEqual(3));
  await files.close();
  expect(openBelow(path)).toEqual([]);
});
