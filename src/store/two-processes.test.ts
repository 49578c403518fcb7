import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { openStore } from "./store.ts";
import { backUp, WEAK_KEY_STRENGTH } from "./store-fixture.ts";

// A manager has the store; somebody types a command.

const HOLDER = join(import.meta.dirname, "holder-scenario.ts");
const made: string[] = [];
const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

function open(path: string) {
  return openStore({
    ...{ passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
    ...{ keyStrength: WEAK_KEY_STRENGTH, medium: createDirectoryMedium({ path, random: systemRandom }) },
  });
}

/** Another process that has the store open until it dies. */
async function holder(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [HOLDER, path], { stdio: ["ignore", "pipe", "inherit"] });
  started.push(child);
  await once(child.stdout as NonNullable<typeof child.stdout>, "data");
  return child;
}

describe("a store that another process has open", () => {
  it("is refused with that process's id, again and again, and is whole and free once it is killed", async () => {
    const path = mkdtempSync(join(tmpdir(), "rusuban-two-"));
    made.push(path);
    const first = await holder(path);
    for (let time = 0; time < 3; time++) {
      await expect(open(path)).rejects.toMatchObject({
        name: "SettingsError",
        message: expect.stringContaining(`process ${first.pid};`),
      });
    }
    first.kill("SIGKILL");
    await once(first, "exit");
    const second = await holder(path);
    await expect(open(path)).rejects.toThrow(`process ${second.pid};`);
    second.kill("SIGKILL");
    await once(second, "exit");
    const store = await open(path);
    expect(store.listSnapshots()).toHaveLength(2);
    await backUp(store, { c: systemRandom(500) });
    expect((await store.check({ readData: true })).problems.filter(({ kind }) => kind !== "unprotected")).toEqual([]);
    await store.close();
  });
});
