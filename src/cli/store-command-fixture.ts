import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { FakeClock } from "../runtime/fake-clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "../store/directory-medium.ts";
import { createStore, openStore, type Store } from "../store/store.ts";
import { WEAK_KEY_STRENGTH } from "../store/store-fixture.ts";
import { type Recorded, runRecorded } from "./run-recorded.ts";
import { visible } from "./visible.ts";
import type { World } from "./world.ts";

// What the tests of `rusuban store …` share: stores in directories that go away, and commands against them.

export const PASSPHRASE = "kept-secret 留守番";
/** So late that every file of a test has settled. */
export const LATE_MS = 8_000_000_000_000;

export function useFolders(): () => string {
  const made: string[] = [];
  afterEach(() => {
    for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
  });
  return () => {
    const path = mkdtempSync(join(tmpdir(), "rusuban-store-command-"));
    made.push(path);
    return path;
  };
}

const needs = (path: string) => ({
  medium: createDirectoryMedium({ path, random: systemRandom }),
  ...{ passphrase: PASSPHRASE, clock: new FakeClock(LATE_MS), random: systemRandom, log: silentLog },
  keyStrength: WEAK_KEY_STRENGTH,
});

/** A store whose passphrase is checked quickly. */
export async function makeStore(path: string): Promise<void> {
  await (await createStore(needs(path))).close();
}

/** The store in this process: until it is closed, a command finds it in use. */
export function openHere(path: string): Promise<Store> {
  return openStore(needs(path));
}

/** Runs `rusuban store …`. Whatever the command, nothing raw reaches the terminal and the passphrase stays inside. */
export async function runStore(args: readonly string[], world: Partial<World> = {}): Promise<Recorded> {
  const recorded = await runRecorded(["store", ...args], {
    env: { RUSUBAN_PASSPHRASE: PASSPHRASE },
    clock: new FakeClock(LATE_MS),
    openApi: async () => {
      throw new Error("a store by itself needs no manager");
    },
    ...world,
  });
  const { stdout, stderr } = recorded;
  for (const line of [...stdout.split("\n"), ...stderr.replaceAll("\r\u001b[2K", "\n").split("\n")])
    expect(visible(line)).toBe(line);
  expect(stdout + stderr).not.toContain(PASSPHRASE);
  return recorded;
}
