import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeFolders } from "./make-folders.ts";

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-folders-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

it("makes a folder with those above it, and leaves one that is there alone", async () => {
  const folder = await createFolder();
  const path = join(folder, "a", "b", "c");
  await makeFolders(path, 0o700);
  await makeFolders(path, 0o755);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

it("says so where a file is in the way", async () => {
  const folder = await createFolder();
  await writeFile(join(folder, "file"), "");
  await expect(makeFolders(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolders(join(folder, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
});

it.runIf(process.platform === "linux")("ends where the system has no place for folders", async () => {
  await expect(makeFolders("/proc/rusuban/below")).rejects.toMatchObject({ code: "ENOENT" });
});
