import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { tellOfMissingPeer } from "../../test/missing-peer.ts";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { openStore } from "./store.ts";
import { backUp, WEAK_KEY_STRENGTH } from "./store-fixture.ts";
import { hasStrace, type Injection, runUnderStrace } from "./strace-run.ts";

// kill -9 at the N-th call that touches the disk. A few N of each here; all of them with RUSUBAN_KILL_ALL=1.

const SCENARIO = join(import.meta.dirname, "kill-scenario.ts");
const everyCall = process.env.RUSUBAN_KILL_ALL === "1";
/** The scenario makes about this many calls of each; beyond the last, it ends by itself. */
const CALLS = { fsync: 91, link: 26, unlink: 38, writev: 17, mkdir: 35 } as const;

if (!hasStrace) tellOfMissingPeer({ tests: "kill tests of the store", install: "strace" });

const made: string[] = [];
afterEach(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true });
});

function runScenario(path: string, inject?: Injection) {
  const run = runUnderStrace([SCENARIO, path], inject);
  return { ...run, committed: run.told("committed"), forgetting: run.told("forgetting") };
}

/** What must hold whatever was killed when. */
async function examine(
  path: string,
  { committed, forgetting }: { committed: string[]; forgetting: string[] },
): Promise<void> {
  const needs = { passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog };
  const medium = createDirectoryMedium({ path, random: systemRandom });
  if ((await medium.list("keys/")).length === 0) {
    expect(committed).toEqual([]);
    return;
  }
  const store = await openStore({ ...needs, keyStrength: WEAK_KEY_STRENGTH, medium });
  try {
    expect(readdirSync(path)).not.toContain("lock-journal");
    const listed = store.listSnapshots().map(({ id }) => id);
    for (const id of committed) if (!forgetting.includes(id)) expect(listed).toContain(id);
    // What is not written twice yet is protected by the backup below.
    const { problems } = await store.check({ readData: true });
    expect(problems.filter(({ kind }) => kind !== "unprotected")).toEqual([]);
    await backUp(store, { after: systemRandom(2000) });
    expect((await store.check({ readData: true })).problems).toEqual([]);
    await store.collectGarbage({ garbageShareMax: 0 });
    expect((await store.check({ readData: true })).problems).toEqual([]);
    // What the killed process left unfinished does not pile up.
    const alive = store.listSnapshots().length;
    expect(store.stats().packs).toBeLessThanOrEqual(2 * alive + 2);
    const unfinished = readdirSync(path).includes("unfinished") ? readdirSync(join(path, "unfinished")) : [];
    expect(unfinished).toEqual([]);
  } finally {
    await store.close();
  }
}

async function inTemporaryDirectory(work: (path: string) => Promise<void>): Promise<void> {
  const path = mkdtempSync(join(tmpdir(), "rusuban-kill-"));
  made.push(path);
  await work(path);
  rmSync(path, { recursive: true, force: true });
}

describe.skipIf(!hasStrace)("a store whose process is killed", () => {
  for (const [call, calls] of Object.entries(CALLS)) {
    const chosen = everyCall ? Array.from({ length: calls }, (_, index) => index + 1) : [2, Math.ceil(calls / 4)];
    it(`by SIGKILL at ${call} number ${everyCall ? `1 to ${calls}` : chosen.join(" and ")} keeps every finished snapshot and goes on`, {
      timeout: everyCall ? 600_000 : 60_000,
    }, async () => {
      let killed = 0;
      for (const when of chosen) {
        await inTemporaryDirectory(async (path) => {
          const run = runScenario(path, { call, when, action: "signal=SIGKILL" });
          if (run.isKilled) killed++;
          else expect(run.lines, run.stderr).toContain("closed");
          await examine(path, run);
        });
      }
      expect(killed).toBeGreaterThanOrEqual(everyCall ? calls / 2 : chosen.length);
    });
  }

  it("and whose disk fails at a write or an fsync says so, and works again after", {
    timeout: everyCall ? 600_000 : 60_000,
  }, async () => {
    const failures = everyCall ? Array.from({ length: 40 }, (_, index) => index + 1) : [9];
    for (const [call, error] of [
      ["fsync", "EIO"],
      ["writev", "ENOSPC"],
      ["link", "ENOSPC"],
    ] as const) {
      for (const when of failures) {
        await inTemporaryDirectory(async (path) => {
          const run = runScenario(path, { call, when, action: `error=${error}` });
          if (run.status !== 0) expect(run.stderr).toContain(error);
          await examine(path, run);
        });
      }
    }
  });
});
