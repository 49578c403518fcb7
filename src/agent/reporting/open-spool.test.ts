import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { systemRandom } from "../../runtime/random.ts";
import { alertOf } from "./fixtures/alert-fixture.ts";
import { openSpool } from "./open-spool.ts";

const folder = mkdtempSync(join(tmpdir(), "rusuban-open-spool-"));
afterEach(() => rmSync(folder, { recursive: true }));

it("sets a damaged spool aside, untouched, begins a new one and says so", async () => {
  const file = join(folder, "spool.db");
  const needs = { file, clock: new FakeClock(), random: systemRandom, log: silentLog };
  const first = await openSpool(needs);
  await first.add(Array.from({ length: 100 }, (_, number) => alertOf(number)));
  first.close();
  const damaged = readFileSync(file).fill(0x55, 0, 4_096);
  writeFileSync(file, damaged);

  const second = await openSpool(needs);
  expect(second.next(10, 0).map(({ alert }) => [alert.condition, alert.severity])).toEqual([
    ["spool.damaged", "major"],
  ]);
  await second.add([alertOf(1)]);
  second.close();
  const aside = readdirSync(folder).find((name) => name.includes(".damaged-"));
  expect(readFileSync(join(folder, aside ?? "")).equals(damaged)).toBe(true);
});
