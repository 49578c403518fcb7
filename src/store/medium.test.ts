import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium, openDirectoryMedium } from "./directory-medium.ts";
import { describeMedium } from "./medium-compliance.ts";
import { createMemoryMedium } from "./memory-medium.ts";

describeMedium("a medium in memory", async () => {
  const files = new Map<string, Buffer>();
  const holder = { held: false };
  return { open: () => createMemoryMedium(files, holder), remove: async () => {} };
});

describeMedium("a medium in a directory", async () => {
  const parent = await mkdtemp(join(tmpdir(), "rusuban-medium-"));
  const path = join(parent, "deep", "store");
  return {
    open: () => createDirectoryMedium({ path, random: systemRandom }),
    remove: () => rm(parent, { recursive: true }),
  };
});

it("a directory medium sweeps unfinished files and nothing else", async () => {
  const path = await mkdtemp(join(tmpdir(), "rusuban-medium-"));
  const medium = createDirectoryMedium({ path, random: systemRandom });
  await medium.write("index/1", [Buffer.from("x")]);
  await writeFile(join(path, "unfinished", "left-behind"), "half");
  expect(await medium.list("")).toEqual([{ name: "index/1", bytes: 1 }]);
  expect(await medium.sweep()).toBe(1);
  expect(await readdir(join(path, "unfinished"))).toEqual([]);
  expect(await medium.list("index/")).toHaveLength(1);
  await rm(path, { recursive: true });
});

it("a directory medium names the path that is not there or no directory", async () => {
  const path = await mkdtemp(join(tmpdir(), "rusuban-medium-"));
  await writeFile(join(path, "file"), "");
  await expect(openDirectoryMedium({ path: join(path, "none"), random: systemRandom })).rejects.toThrow(
    /store: .*none.*ENOENT|store: .*ENOENT.*none/,
  );
  await expect(openDirectoryMedium({ path: join(path, "file"), random: systemRandom })).rejects.toThrow(
    /not a directory/,
  );
  await rm(path, { recursive: true });
});
