import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { putInPlace } from "../scripts/console-build.js";
import { readConsoleFiles } from "../src/manager/api/console-files.ts";

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-console-build-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** As a build leaves it: a page and an asset that it names. */
async function build(folder: string, name: string, content: string): Promise<string> {
  const unfinished = join(folder, name);
  await mkdir(join(unfinished, "assets"), { recursive: true });
  await writeFile(join(unfinished, "index.html"), `/assets/${content}.js`);
  await writeFile(join(unfinished, "assets", `${content}.js`), content);
  return unfinished;
}

it("a console that is put in place again and again is whole at every moment", async () => {
  const folder = await createFolder();
  const place = join(folder, "console");
  await putInPlace(await build(folder, "first", "0"), place);
  let isOver = false;
  const replacing = (async () => {
    for (let each = 1; each <= 150; each++) await putInPlace(await build(folder, "next", `${each}`), place);
    isOver = true;
  })();
  let readings = 0;
  while (!isOver) {
    const page = await readFile(join(place, "index.html"), "utf8");
    const files = await readConsoleFiles(place);
    expect(files.has("/"), `after ${page}`).toBe(true);
    readings += 1;
  }
  await replacing;
  expect(readings).toBeGreaterThan(0);
  expect((await readdir(place, { recursive: true })).sort()).toEqual(["assets", "assets/150.js", "index.html"]);
});

it("builds of the same sources that end at the same moment leave one whole console, and nothing beside it", async () => {
  const folder = await createFolder();
  const place = join(folder, "console");
  const builds = await Promise.all(["a", "b", "c", "d"].map((name) => build(folder, name, "same")));
  await Promise.all(builds.map((unfinished) => putInPlace(unfinished, place)));
  expect(await readdir(folder)).toEqual(["console"]);
  const files = await readConsoleFiles(place);
  expect([...files.keys()].sort()).toEqual(["/", "/assets/same.js"]);
});
