import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { codeOf, SettingsError } from "../../runtime/errors.ts";
import { SERVICE_LIMITS } from "./limits.ts";

// The console's built files, read once and served from memory by exact path. No path of a request ever reaches the file
// system, so there is nothing to traverse.

export interface ConsoleFile {
  readonly contentType: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer | undefined;
  readonly etag: string;
  /** Its name carries a hash of its content. */
  readonly immutable: boolean;
}

/** Files by the path of their URL, exactly as it stands in a request line: `/assets/index-3f2a.js`; the page is `/`. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>;

/** Stands in the page where its reply's nonce goes. */
export const NONCE_PLACEHOLDER = "{{style-nonce}}";

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
  ".webmanifest": "application/manifest+json",
};

const COMPRESSED = new Set([".js", ".css", ".svg"]);
const compress = promisify(gzip);

/** A build that puts a newer console in place may take a file away while the folder is read; builds take seconds. */
const READINGS_MAX = 5;

/** Throws SettingsError where the folder is missing: the console has to be built first. */
export async function readConsoleFiles(folder: string): Promise<ConsoleFiles> {
  for (let reading = 1; ; reading++) {
    try {
      return await readFiles(folder);
    } catch (error) {
      if (codeOf(error) !== "ENOENT" || reading === READINGS_MAX) throw error;
    }
  }
}

async function readFiles(folder: string): Promise<ConsoleFiles> {
  const files = new Map<string, ConsoleFile>();
  let total = 0;
  for (const file of await listFiles(folder)) {
    const extension = extname(file);
    const contentType = CONTENT_TYPES[extension];
    if (contentType === undefined) continue;
    const bytes = await readFile(file);
    total += bytes.length;
    if (total > SERVICE_LIMITS.consoleBytes) throw new SettingsError("console", `${folder} holds more than a console`);
    const path = `/${relative(folder, file).split(sep).join("/")}`;
    files.set(path === "/index.html" ? "/" : path, {
      contentType,
      bytes,
      gzipped: COMPRESSED.has(extension) ? await compress(bytes, { level: 9 }) : undefined,
      etag: `"${createHash("sha256").update(bytes).digest("base64url")}"`,
      immutable: path.startsWith("/assets/"),
    });
  }
  if (!files.has("/")) throw new SettingsError("console", `${folder} has no index.html: run \`npm run build\``);
  return files;
}

async function listFiles(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}
