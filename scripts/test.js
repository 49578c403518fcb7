import { fileURLToPath } from "node:url";
import { ensureRuntime } from "../bin/runtime.js";

if (ensureRuntime(fileURLToPath(import.meta.url))) {
  const { startVitest } = await import("vitest/node");
  const vitest = await startVitest("test", process.argv.slice(2), { run: true, watch: false });
  await vitest.close();
}
