// Plain JavaScript on purpose: this file must run on any Node a machine may have, to say that it is too old.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const NODE_MAJOR_MIN = 24; // node:sqlite without a flag, zstd in node:zlib, type stripping.
const pinned = fileURLToPath(
  new URL(`../node_modules/node/bin/node${process.platform === "win32" ? ".exe" : ""}`, import.meta.url),
);

/** Resolves to true when this process may go on; otherwise runs `script` under the pinned runtime, or says what to do. */
export function ensureRuntime(script) {
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) return true;
  if (process.execPath !== pinned && existsSync(pinned)) {
    runUnder(pinned, script);
    return false;
  }
  process.stderr.write(
    `rusuban: Node ${process.versions.node} is too old (${NODE_MAJOR_MIN} or later is needed) and the pinned runtime is missing, ` +
      "because `npm ci` did not finish, or was told not to run install scripts: run `npm ci --ignore-scripts=false`, " +
      `or install Node ${NODE_MAJOR_MIN} from nodejs.org, and run the same command again.\n`,
  );
  process.exitCode = 2;
  return false;
}

function runUnder(node, script) {
  const child = spawn(node, [...process.execArgv, script, ...process.argv.slice(2)], { stdio: "inherit" });
  // The terminal sends Ctrl-C to both; a kill reaches only this process, so it is handed on.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0);
  });
}
