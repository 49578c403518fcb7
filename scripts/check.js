// Everything a commit must pass, in the order in which a failure is cheapest to find.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureRuntime } from "../bin/runtime.js";

if (ensureRuntime(fileURLToPath(import.meta.url))) {
  const steps = [
    ["types", "node_modules/typescript/bin/tsc", "--noEmit"],
    ["types of the console", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "src/console"],
    ["style", "node_modules/@biomejs/biome/bin/biome", "check", "--error-on-warnings", "."],
    ["tests", "scripts/test.js"],
  ];
  const wanted = process.argv.includes("--static") ? steps.slice(0, -1) : steps;
  for (const [name, ...command] of wanted) {
    const { status } = spawnSync(process.execPath, command, { stdio: "inherit" });
    if (status !== 0) {
      process.stderr.write(`check: ${name} failed\n`);
      process.exit(1);
    }
  }
}
