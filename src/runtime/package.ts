import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The folder of this package: two above this file, both in the source (src/) and compiled (dist/). */
export const PACKAGE_FOLDER: string = fileURLToPath(new URL("../../", import.meta.url));

/** The version of this program, from package.json. */
export const VERSION: string = (
  JSON.parse(readFileSync(`${PACKAGE_FOLDER}package.json`, "utf8")) as { version: string }
).version;
