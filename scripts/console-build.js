// Builds the web console into dist/console. Plain JavaScript: `rusuban up` calls it before anything is compiled.
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(ROOT, "src", "console");
/** What the console's types and words of quantities come from; a change there can change what it must ask for, or say. */
const CONTRACT = ["api", "model"].map((folder) => join(ROOT, "src", folder));
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
  // Beside its place and then put there, so that whoever starts meanwhile finds a whole console.
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
  await putInPlace(unfinished, CONSOLE_FOLDER);
}

/**
 * Makes the console in `unfinished` the one in `folder`; builds may do so at the same time. File by file, and the page
 * last, so that at every moment a page is there and everything that it names: names of assets carry a hash of their content.
 */
export async function putInPlace(unfinished, folder) {
  const files = (await filesIn(unfinished)).sort((a, b) => Number(a === PAGE) - Number(b === PAGE));
  for (const file of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await rename(join(unfinished, file), join(folder, file));
  }
  await rm(unfinished, { recursive: true, force: true });
  // What only an older console names. Another build may have put it there just now: then that build's page, in place a
  // moment later, is as good as ours, because both come from the same sources, and names the same files.
  const stale = (await filesIn(folder)).filter((file) => !files.includes(file));
  await Promise.all(stale.map((file) => rm(join(folder, file), { force: true })));
}

const PAGE = "index.html";

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
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
  const built = await timeOf(join(CONSOLE_FOLDER, PAGE)).catch(() => undefined);
  if (built === undefined) return false;
  if (!existsSync(SOURCES)) return true;
  const lock = join(ROOT, "package-lock.json");
  const times = await Promise.all([...[SOURCES, ...CONTRACT].map(newestIn), existsSync(lock) ? timeOf(lock) : 0]);
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
