import { spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, expect, it } from "vitest";
import { openDatabase } from "../../database/open-database.ts";
import { systemClock } from "../../runtime/clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { addHosts, countSlowly, readCountRows } from "./fixtures/inbox-fixture.ts";

const CHILD = join(import.meta.dirname, "fixtures/store-until-killed.ts");
const KILLS = 4;

const folder = mkdtempSync(join(tmpdir(), "rusuban-inbox-"));
afterEach(() => rmSync(folder, { recursive: true }));

/** Kills the child with SIGKILL after it has answered `lines` batches, somewhere in the middle of its work. */
async function storeAndKill(file: string, first: number, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", CHILD, file, String(first)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const answered: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    const [hostId, ...numbers] = line.split(" ");
    answered.push(...numbers.map((number) => `${hostId} ${number}`));
    if (--lines === 0) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(child.signalCode).toBe("SIGKILL");
  return answered;
}

it("what was answered before a kill -9 is there, nothing twice, and the counts are right", async () => {
  const file = join(folder, "manager.db");
  const setUp = await openDatabase({ file, clock: systemClock, log: silentLog });
  await addHosts(setUp, "a", "b");
  await setUp.destroy();

  const answered = new Set<string>();
  for (let kill = 0; kill < KILLS; kill++) {
    // Each run begins in the middle of what the last one stored: much of it is told a second time.
    const lines = randomInt(5, 45);
    for (const one of await storeAndKill(file, kill * 100, lines)) answered.add(one);
  }

  const database = await openDatabase({ file, clock: systemClock, log: silentLog });
  const rows = await database.selectFrom("alerts").select(["host_id", "summary"]).execute();
  const present = rows.map(({ host_id, summary }) => `${host_id} ${summary.replace("number ", "")}`);
  expect(new Set(present).size).toBe(present.length);
  expect([...answered].filter((one) => !present.includes(one))).toEqual([]);
  expect(answered.size).toBeGreaterThan(100);
  expect(await readCountRows(database)).toEqual(await countSlowly(database));
  await database.destroy();
});
