import { chmod, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { CorruptionError } from "../../runtime/errors.ts";
import { isAlive, openStateFolder } from "./state-folder.ts";

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-state-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

const APPLIED = { appliedAtMs: 1, isPermanent: false, request: { openings: [], denying: false } };

it("keeps what was applied for root's eyes only, and forgets it again", async () => {
  const path = join(await createFolder(), "below", "firewall");
  const state = openStateFolder(path);
  await state.prepare();
  expect((await stat(path)).mode & 0o777).toBe(0o700);
  expect(await state.readApplied()).toBeUndefined();
  await state.writeApplied(APPLIED);
  expect((await stat(join(path, "applied.json"))).mode & 0o777).toBe(0o600);
  expect(await openStateFolder(path).readApplied()).toEqual(APPLIED);
  await state.writeApplied(null);
  expect(await state.readApplied()).toBeUndefined();
});

it("refuses a folder that others may write to: what is in it decides what root does", async () => {
  const path = await createFolder();
  await chmod(path, 0o777);
  await expect(openStateFolder(path).prepare()).rejects.toThrow(/can be written by others/);
});

it("does not take a damaged file for nothing, nor overwrite it", async () => {
  const path = await createFolder();
  for (const damaged of ["", "{", "null"]) {
    await writeFile(join(path, "change.json"), damaged);
    await expect(openStateFolder(path).readChange()).rejects.toThrow(CorruptionError);
    expect(await readFile(join(path, "change.json"), "utf8")).toBe(damaged);
  }
});

it("knows the living from the dead", () => {
  expect([isAlive(process.pid), isAlive(null), isAlive(2 ** 22 + 1)]).toEqual([true, false, false]);
});
