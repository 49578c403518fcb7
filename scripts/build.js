// `npm run build`: makes what a release carries and a clone does not: the programs compiled, and the web console.
// `rusuban up` imports ensureConsole from here.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureRuntime } from "../bin/runtime.js";
import { buildConsole, ensureConsole } from "./console-build.js";

export { ensureConsole };

if (ensureRuntime(fileURLToPath(import.meta.url)) && import.meta.main) {
  const compiler = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const project = fileURLToPath(new URL("../tsconfig.build.json", import.meta.url));
  const { status } = spawnSync(process.execPath, [compiler, "-p", project], { stdio: "inherit" });
  if (status === 0) await buildConsole();
  process.exitCode = status ?? 1;
}
