#!/usr/bin/env node
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ensureRuntime } from "./runtime.js";

if (ensureRuntime(fileURLToPath(import.meta.url))) {
  // A release carries compiled files; a clone runs from source by type stripping.
  const compiled = new URL("../dist/cli/main.js", import.meta.url);
  const source = new URL("../src/cli/main.ts", import.meta.url);
  await import((existsSync(fileURLToPath(source)) ? source : compiled).href);
}
