// Builds the web console into dist/console. Plain JavaScript: `rusuban up` calls it before anything is compiled.
import { existsSync } from "node:fs";
import { readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "src", "console");
/** What the console's types come from; a change there can change what it must ask for. */
const CONTRACT = join(ROOT, "src", "api");
export const CONSOLE_FOLDER = join(ROOT, "dist", "console");

/** Builds always. */
export async function buildConsole() {
  // Vite asks the environment which React to bundle; a test run's or a developer's would get the slow one.
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = "production";
  try {
    await bundle();
  } finally {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV;
    else process.env.NODE_ENV = NODE_ENV;
  }
}

async function bundle() {
  const [{ build }, { default: react }] = await Promise.all([import("vite"), import("@vitejs/plugin-react")]);
  // Beside its place and then put there, so that whoever starts meanwhile finds the old console or the new one.
  const unfinished = `${CONSOLE_FOLDER}.new-${process.pid}`;
  await build({
    root: SOURCES,
    configFile: false,
    logLevel: "warn",
    plugins: [react()],
    build: {
      chunkSizeWarningLimit: 1_000, // kB before compression; one page needs one file.
      outDir: unfinished,
      emptyOutDir: true,
      assetsInlineLimit: 0, // The page's policy lets in files only.
      modulePreload: { polyfill: false }, // The polyfill would be one more script for browsers that are long gone.
    },
  });
  const replaced = `${CONSOLE_FOLDER}.old-${process.pid}`;
  await rename(CONSOLE_FOLDER, replaced).catch(() => {}); // There is none at first.
  try {
    await rename(unfinished, CONSOLE_FOLDER);
  } catch {
    await rm(unfinished, { recursive: true, force: true }); // Another build was quicker; its console is as good.
  }
  await rm(replaced, { recursive: true, force: true });
}

/**
 * Builds where the console is missing or older than its sources; a release carries it built and has no sources.
 * `log` (a Log of src/runtime) hears one sentence when it starts. Resolves to the folder.
 */
export async function ensureConsole({ log }) {
  if (await isFresh()) return CONSOLE_FOLDER;
  log.info({}, "building the web console, which takes a few seconds");
  await buildConsole();
  return CONSOLE_FOLDER;
}

async function isFresh() {
  const page = join(CONSOLE_FOLDER, "index.html");
  if (!existsSync(page)) return false;
  if (!existsSync(SOURCES)) return true;
  const built = (await stat(page)).mtimeMs;
  const lock = join(ROOT, "package-lock.json");
  const times = await Promise.all([newestIn(SOURCES), newestIn(CONTRACT), existsSync(lock) ? timeOf(lock) : 0]);
  return Math.max(...times) <= built;
}

async function newestIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  // Folders, too: removing a file changes only them.
  const times = await Promise.all(entries.map((entry) => timeOf(join(entry.parentPath, entry.name))));
  return Math.max(await timeOf(folder), ...times);
}

async function timeOf(path) {
  return (await stat(path)).mtimeMs;
}
