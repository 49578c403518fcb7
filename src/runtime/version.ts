import { readFileSync } from "node:fs";

/** The version of this program, from package.json: two folders up from here both in the source and compiled. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }
).version;
