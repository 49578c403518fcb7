import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { takeProcessLock } from "./process-lock.ts";

const MODULE = fileURLToPath(new URL("process-lock.ts", import.meta.url));

async function lockPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "rusuban-lock-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "lock");
}

it("is one process's until it is released, and says whose", async () => {
  const path = await lockPath();
  const first = takeProcessLock(path);
  expect(first.held).toBe(true);
  expect(takeProcessLock(path)).toEqual({ held: false, holder: process.pid });
  if (first.held) first.release();
  const second = takeProcessLock(path);
  expect(second.held).toBe(true);
  if (second.held) second.release();
});

it("is free again as soon as the process that had it was killed", async () => {
  const path = await lockPath();
  const script = `import { takeProcessLock } from ${JSON.stringify(MODULE)};
    console.log(takeProcessLock(process.argv[1]).held); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ["--input-type=module", "--eval", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void holder.kill("SIGKILL"));
  expect(String((await once(holder.stdout, "data"))[0]).trim()).toBe("true");
  expect(takeProcessLock(path)).toEqual({ held: false, holder: holder.pid });
  holder.kill("SIGKILL");
  await once(holder, "exit");
  const lock = takeProcessLock(path);
  expect(lock.held).toBe(true);
  if (lock.held) lock.release();
});
