// `npm run build`: makes what a release carries and a clone does not. `rusuban up` imports ensureConsole from here.
import { fileURLToPath } from "node:url";
import { ensureRuntime } from "../bin/runtime.js";
import { buildConsole, ensureConsole } from "./console-build.js";

export { ensureConsole };

if (import.meta.main && ensureRuntime(fileURLToPath(import.meta.url))) await buildConsole();
