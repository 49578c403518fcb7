import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tellOfMissingPeer } from "../../test/missing-peer.ts";
import { systemClock } from "../runtime/clock.ts";
import { silentLog } from "../runtime/log.ts";
import { systemRandom } from "../runtime/random.ts";
import { createDirectoryMedium } from "./directory-medium.ts";
import { createStore, openStore } from "./store.ts";
import { backUp, SMALL_CHUNKS, WEAK_KEY_STRENGTH } from "./store-fixture.ts";
import { hasStrace, runUnderStrace } from "./strace-run.ts";

// kill -9, and a disk that fails, in the midst of check, repair and collection of a store that is damaged but mendable:
// nothing more is lost, and the next repair makes it whole. A few moments here; all of them with RUSUBAN_KILL_ALL=1.

const SCENARIO = join(import.meta.dirname, "repair-scenario.ts");
const everyCall = process.env.RUSUBAN_KILL_ALL === "1";
/** The scenario makes about this many calls of each; beyond the last, it ends by itself. */
const CALLS = { fsync: 40, link: 14, unlink: 24 } as const;

if (!hasStrace) tellOfMissingPeer({ tests: "kill tests of repair", install: "strace" });

const root = mkdtempSync(join(tmpdir(), "rusuban-repair-kill-"));
const template = join(root, "template");
const damaged: string[] = [];
let runs = 0;
afterAll(() => rmSync(root, { recursive: true, force: true }));

const needs = {
  ...{ passphrase: "correct horse", clock: systemClock, random: systemRandom, log: silentLog },
  keyStrength: WEAK_KEY_STRENGTH,
};
const mediumAt = (path: string) => createDirectoryMedium({ path, random: systemRandom });

/** Three snapshots; a data pack, a tree pack, a snapshot, a parity and the index damaged. */
beforeAll(async () => {
  const store = await createStore({ ...needs, medium: mediumAt(template), chunkSizes: SMALL_CHUNKS });
  for (let index = 0; index < 3; index++) await backUp(store, { a: systemRandom(6_000), b: systemRandom(6_000) });
  await store.close();
  const filesIn = (folder: string) =>
    readdirSync(join(template, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort();
  const [data, otherData] = filesIn("packs/data") as [string, string];
  const [tree] = filesIn("packs/tree") as [string];
  const parities = filesIn("parity/data");
  const parity = parities.find((name) => name.endsWith(otherData.split("/").at(-1) as string)) as string;
  for (const name of [data, tree, parity, filesIn("snapshots")[0] as string, filesIn("index")[0] as string]) {
    const bytes = readFileSync(name);
    bytes[bytes.length - 30] = (bytes.at(-30) as number) ^ 0x40;
    writeFileSync(name, bytes);
    damaged.push(name.slice(template.length + 1));
  }
});

function copyOfTemplate(): string {
  const path = join(root, `run-${runs++}`);
  cpSync(template, path, { recursive: true });
  return path;
}

/** What must hold whatever happened when. */
async function examine(path: string): Promise<void> {
  const store = await openStore({ ...needs, medium: mediumAt(path) });
  try {
    expect(store.listSnapshots()).toHaveLength(3);
    expect((await store.repair()).left).toEqual([]);
    await store.collectGarbage({ garbageShareMax: 0 });
    expect((await store.check({ readData: true })).problems).toEqual([]);
    // The damaged packs and the snapshot are kept, and nothing unfinished is.
    const aside = readdirSync(join(path, "damaged"), { recursive: true }).map(String);
    for (const name of damaged.filter((one) => /^(packs|snapshots)/.test(one))) expect(aside).toContain(name);
    expect(readdirSync(join(path, "unfinished"))).toEqual([]);
  } finally {
    await store.close();
    rmSync(path, { recursive: true, force: true });
  }
}

describe.skipIf(!hasStrace)("a repair", () => {
  it("left alone finds all damage and leaves none", { timeout: 60_000 }, async () => {
    const path = copyOfTemplate();
    const run = runUnderStrace([SCENARIO, path]);
    expect(run.lines, run.stderr).toEqual(["found 4", "left 0", "closed", ""]);
    await examine(path);
  });

  for (const [call, calls] of Object.entries(CALLS)) {
    const chosen = everyCall
      ? Array.from({ length: calls }, (_, index) => index + 1)
      : [Math.ceil(calls / 3), Math.ceil((calls * 2) / 3)];
    it(`killed at ${call} number ${everyCall ? `1 to ${calls}` : chosen.join(" and ")} is finished by the next`, {
      timeout: everyCall ? 600_000 : 60_000,
    }, async () => {
      let killed = 0;
      for (const when of chosen) {
        const path = copyOfTemplate();
        const run = runUnderStrace([SCENARIO, path], { call, when, action: "signal=SIGKILL" });
        if (run.isKilled) killed++;
        else expect(run.lines, run.stderr).toContain("closed");
        await examine(path);
      }
      expect(killed).toBeGreaterThanOrEqual(everyCall ? calls / 2 : chosen.length);
    });
  }

  it("on a disk that fails or is full says so, and the next one finishes", {
    timeout: everyCall ? 600_000 : 60_000,
  }, async () => {
    const moments = everyCall ? Array.from({ length: 24 }, (_, index) => index + 1) : [6];
    for (const [call, error] of [
      ["fsync", "EIO"],
      ["link", "ENOSPC"],
    ] as const) {
      for (const when of moments) {
        const path = copyOfTemplate();
        const run = runUnderStrace([SCENARIO, path], { call, when, action: `error=${error}` });
        if (run.status !== 0) expect(run.stderr).toContain(error);
        await examine(path);
      }
    }
  });
});
