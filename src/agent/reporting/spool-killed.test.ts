import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { openSpool } from "./open-spool.ts";

const CHILD = join(import.meta.dirname, "fixtures/spool-until-killed.ts");
const KILLS = 4;

const folder = mkdtempSync(join(tmpdir(), "rusuban-spool-killed-"));
afterEach(() => rmSync(folder, { recursive: true }));

/** Kills the child with SIGKILL after it has answered `lines` times, somewhere in the middle of its work. */
async function spoolAndKill(file: string, first: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CHILD, file, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answers: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    answers.push(line);
    if (--lines === 0) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return answers;
}

it("what was added before a kill -9 is there once, and what was removed is not", async () => {
  const file = join(folder, "spool.db");
  const expected = new Set<number>();
  const unsure = new Set<number>();
  for (let kill = 0; kill < KILLS; kill++) {
    for (const answer of await spoolAndKill(file, kill * 100_000, randomInt(20, 150))) {
      const [did, ...numbers] = answer.split(" ");
      for (const number of numbers.map(Number)) {
        if (did === "added") expected.add(number);
        else if (did === "removing") unsure.add(number);
        else {
          expected.delete(number);
          unsure.delete(number);
        }
      }
    }
  }

  const spool = await openSpool({ file, clock: systemClock, random: systemRandom, log: silentLog });
  const present: number[] = [];
  for (let some = spool.next(256, 0); some.length > 0; some = spool.next(256, some.at(-1)?.seq ?? 0)) {
    present.push(...some.map(({ alert }) => Number.parseInt(alert.id.slice(-8), 16)));
  }
  expect(spool.counts().alerts).toBe(present.length);
  expect(new Set(present).size).toBe(present.length);
  expect(present).toEqual(present.toSorted((a, b) => a - b));
  expect([...expected].filter((number) => !unsure.has(number) && !present.includes(number))).toEqual([]);
  // At most the last batch of each run was on disk before its answer was out.
  expect(present.filter((number) => !expected.has(number)).length).toBeLessThanOrEqual(KILLS * 4);
  expect(expected.size).toBeGreaterThan(40);
  spool.close();
});
