import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSqlite } from "../../database/open-sqlite.ts";
import type { Alert } from "../../model/alert.ts";
import { SettingsError } from "../../runtime/errors.ts";
import { FakeClock } from "../../runtime/fake-clock.ts";
import { systemRandom } from "../../runtime/random.ts";
import { alertOf, idOf } from "./fixtures/alert-fixture.ts";
import { createSpool, type Spool, type SpoolLimits } from "./spool.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rusuban-spool-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const GENEROUS = { spoolAlerts: 100_000, spoolBytes: 1e9 };

function open({ limits = GENEROUS, file = ":memory:" }: { limits?: SpoolLimits; file?: string } = {}): Spool {
  const sqlite = openSqlite({ file, cacheBytes: 1024 * 1024 });
  return createSpool({ sqlite, clock: new FakeClock(), random: systemRandom, limits });
}

function readAll(spool: Spool): Alert[] {
  const alerts: Alert[] = [];
  for (let after = 0; ; ) {
    const some = spool.next(50, after);
    if (some.length === 0) return alerts;
    alerts.push(...some.map(({ alert }) => alert));
    after = some.at(-1)?.seq ?? after;
  }
}
const numbersOf = (alerts: readonly Alert[]) => alerts.map(({ id }) => Number.parseInt(id.slice(-8), 16));
const ownOf = (alerts: readonly Alert[]) => alerts.filter(({ condition }) => condition.startsWith("spool."));

it("gives alerts back as they were, in the order of their raising, also after it is opened again", async () => {
  const file = join(folder, "spool.db");
  const first = open({ file });
  const alerts = [alertOf(3), alertOf(1, { summary: "'; DROP TABLE alerts; -- \u0000 💣 \u202e" }), alertOf(2)];
  for (const alert of alerts) await first.add([alert]);
  expect(readAll(first)).toEqual(alerts);
  first.close();
  const second = open({ file });
  expect(readAll(second)).toEqual(alerts);
  expect(second.counts()).toMatchObject({ alerts: 3, full: false });
  second.close();
});

it("keeps an alert once, however often it is added, together or later", async () => {
  const spool = open();
  await Promise.all([spool.add([alertOf(1), alertOf(1)]), spool.add([alertOf(1), alertOf(2)])]);
  await spool.add([alertOf(1, { summary: "other words" })]);
  expect(readAll(spool)).toEqual([alertOf(1), alertOf(2)]);
  expect(spool.counts().alerts).toBe(2);
});

it("an alert that cannot be kept is its raiser's failure and nobody else's", async () => {
  const spool = open();
  const results = await Promise.allSettled([
    spool.add([alertOf(1)]),
    spool.add([alertOf(2), alertOf(3, { id: "no uuid" })]),
    spool.add([alertOf(4)]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(numbersOf(readAll(spool))).toEqual([1, 4]);
  expect(spool.counts().alerts).toBe(2);
});

it("cuts what is too long when it is raised", async () => {
  const spool = open();
  await spool.add([alertOf(1, { summary: "x".repeat(10_000) })]);
  expect(readAll(spool)[0]?.summary).toBe(`${"x".repeat(2_045)}…`);
});

it("hands out a bounded amount, but always the next one", async () => {
  const spool = open();
  const details = Array.from({ length: 64 }, () => ({ name: "n", value: "v".repeat(4_096) }));
  await spool.add(Array.from({ length: 10 }, (_, number) => alertOf(number, { details })));
  expect(spool.next(10, 0)).toHaveLength(3);
  expect(readAll(spool)).toHaveLength(10);
  await spool.add(Array.from({ length: 600 }, (_, number) => alertOf(100 + number)));
  expect(spool.next(1_000, spool.next(1, 0)[0]?.seq ?? 0).length).toBeLessThanOrEqual(256);
});

it("what the manager has leaves, and what it has not stays", async () => {
  const spool = open();
  await spool.add([1, 2, 3].map((number) => alertOf(number)));
  spool.remove([idOf(2), idOf(9)]);
  expect(numbersOf(readAll(spool))).toEqual([1, 3]);
  expect([spool.has(idOf(1)), spool.has(idOf(2))]).toEqual([true, false]);
  spool.remove([idOf(1), idOf(3)]);
  expect(spool.counts()).toEqual({ alerts: 0, bytes: 0, setAside: 0, full: false });
});

it("a refused alert is set aside and the refusal is told; a refusal that is refused is not", async () => {
  const spool = open();
  await spool.add([alertOf(1)]);
  spool.setAside(idOf(1), "no such host");
  spool.setAside(idOf(1), "again");
  const [refusal, ...others] = readAll(spool);
  expect(others).toEqual([]);
  expect(refusal).toMatchObject({ condition: "spool.refused", summary: expect.stringContaining("no such host") });
  expect(refusal?.details).toContainEqual({ name: "id", value: idOf(1) });
  spool.setAside(refusal?.id ?? "", "not this either");
  expect(spool.counts()).toMatchObject({ alerts: 0, bytes: 0, setAside: 2 });
});

it("without room it sums up information first, then words that are outdated, then other events, last words last", async () => {
  const spool = open({ limits: { spoolAlerts: 20, spoolBytes: 1e9 } });
  const word = (number: number, component: string, kind: "raised" | "cleared") => alertOf(number, { kind, component });
  const critical = alertOf(1, { severity: "critical" });
  await spool.add([critical, ...[2, 3].map((number) => alertOf(number, { severity: "information" }))]);
  await spool.add([word(4, "a", "raised"), word(5, "a", "cleared"), word(6, "b", "raised"), word(7, "a", "raised")]);
  await spool.add([8, 9].map((number) => alertOf(number, { severity: "minor" })));
  const filler = (count: number, from: number) =>
    spool.add(Array.from({ length: count }, (_, n) => word(from + n, `c${from + n}`, "raised")));
  const kept = () =>
    numbersOf(readAll(spool).filter(({ condition }) => condition !== "spool.full")).filter((number) => number < 100);

  await filler(11, 100);
  expect(kept()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(spool.counts()).toMatchObject({ alerts: 20, full: false });
  // One more than came: that it is full takes a place itself.
  await filler(2, 200);
  expect(kept()).toEqual([1, 5, 6, 7, 8, 9]);
  await filler(1, 300);
  expect(kept()).toEqual([1, 6, 7, 8, 9]);
  await filler(2, 400);
  expect(kept()).toEqual([1, 6, 7]);
  await filler(1, 500);
  expect(kept()).toEqual([6, 7]);
  await filler(3, 600);
  expect(kept()).toEqual([]);
  expect(spool.counts()).toMatchObject({ alerts: 20, full: true });
});

it("says that it is full, and when there is room again, what was summed up", async () => {
  const spool = open({ limits: { spoolAlerts: 100, spoolBytes: 1e9 } });
  for (let number = 0; number < 150; number++) {
    const severity = number % 10 === 0 ? "critical" : "information";
    await spool.add([alertOf(number, { severity, condition: number % 2 === 0 ? "even" : "odd" })]);
  }
  expect(ownOf(readAll(spool))).toMatchObject([{ condition: "spool.full", kind: "raised", severity: "major" }]);
  expect(spool.counts().full).toBe(true);

  const kept = readAll(spool).map(({ id }) => id);
  spool.remove(kept.slice(0, 40));
  expect(ownOf(readAll(spool)).map(({ condition }) => condition)).toEqual(["spool.full"]);
  spool.remove(kept.slice(40, 60));
  const [folded, roomAgain] = ownOf(readAll(spool)).filter(({ kind }) => kind !== "raised");
  expect(roomAgain).toMatchObject({ condition: "spool.full", kind: "cleared" });
  const summedUp = 150 - (kept.length - 1);
  expect(folded).toMatchObject({ condition: "spool.folded", kind: "event", severity: "warning" });
  expect(folded?.summary).toBe(
    `${summedUp} alerts were summed up while the alert spool was full, the worst information`,
  );
  const told = folded?.details.map(({ name, value }) => [name, Number.parseInt(value, 10)]);
  expect(told).toHaveLength(2);
  expect(told?.reduce((sum, [, count]) => sum + Number(count), 0)).toBe(summedUp);
  expect(spool.counts().full).toBe(false);
});

it("is full, and remembers what it summed up, after it is opened again", async () => {
  const file = join(folder, "spool.db");
  const limits = { spoolAlerts: 10, spoolBytes: 1e9 };
  const first = open({ file, limits });
  await first.add(Array.from({ length: 15 }, (_, number) => alertOf(number)));
  first.close();
  const second = open({ file, limits });
  expect(second.counts()).toMatchObject({ full: true });
  second.remove(readAll(second).map(({ id }) => id));
  expect(readAll(second).map(({ condition, kind }) => [condition, kind])).toEqual([
    ["spool.folded", "event"],
    ["spool.full", "cleared"],
  ]);
  second.close();
});

it("is bounded in bytes, too", async () => {
  const spool = open({ limits: { spoolAlerts: 1_000, spoolBytes: 50_000 } });
  for (let number = 0; number < 100; number++) await spool.add([alertOf(number, { summary: "x".repeat(2_000) })]);
  expect(spool.counts().bytes).toBeLessThan(51_000);
  expect(spool.counts().full).toBe(true);
});

it("no alert disappears: each is in the spool, with the manager, set aside, or counted in a sum", async () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({
        do: fc.constant("add" as const),
        count: fc.integer({ min: 1, max: 30 }),
        severity: fc.constantFrom("information", "warning", "fatal"),
        kind: fc.constantFrom("event", "raised", "cleared"),
        component: fc.constantFrom("x", "y", "z"),
      }),
      fc.record({ do: fc.constant("remove" as const), count: fc.integer({ min: 1, max: 60 }) }),
      fc.record({ do: fc.constant("setAside" as const), count: fc.constant(1) }),
    ),
    { maxLength: 25 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (history) => {
      const limits = { spoolAlerts: 40, spoolBytes: 1e9 };
      const spool = open({ limits });
      const isOwn = ({ condition }: Alert) => condition.startsWith("spool.");
      let added = 0;
      let gone = 0;
      let told = 0;
      const leave = (alerts: readonly Alert[]) => {
        gone += alerts.filter((alert) => !isOwn(alert)).length;
        for (const { condition, summary } of alerts)
          if (condition === "spool.folded") told += Number.parseInt(summary, 10);
      };
      for (const step of history) {
        if (step.do === "add") {
          const { severity, kind, component } = step;
          await spool.add(
            Array.from({ length: step.count }, (_, n) =>
              alertOf(added + n, { severity, kind, component } as Partial<Alert>),
            ),
          );
          added += step.count;
        } else {
          const alerts = spool.next(step.count, 0).map(({ alert }) => alert);
          leave(alerts);
          if (step.do === "remove") spool.remove(alerts.map(({ id }) => id));
          else for (const { id } of alerts) spool.setAside(id, "no");
        }
        const { alerts, full } = spool.counts();
        expect(alerts).toBeLessThanOrEqual(limits.spoolAlerts + ownOf(readAll(spool)).length);
        expect(readAll(spool)).toHaveLength(alerts);
        expect(full || alerts <= limits.spoolAlerts + ownOf(readAll(spool)).length).toBe(true);
      }
      for (let rest = readAll(spool); rest.length > 0; rest = readAll(spool)) {
        leave(rest);
        spool.remove(rest.map(({ id }) => id));
      }
      expect(gone + told).toBe(added);
      expect(spool.counts()).toMatchObject({ alerts: 0, bytes: 0, full: false });
      spool.close();
    }),
    { numRuns: 60 },
  );
});

it("names at most as many conditions as an alert has details for, and counts the others together", async () => {
  const spool = open({ limits: { spoolAlerts: 10, spoolBytes: 1e9 } });
  for (let number = 0; number < 200; number++) await spool.add([alertOf(number, { condition: `condition ${number}` })]);
  spool.remove(readAll(spool).map(({ id }) => id));
  const folded = readAll(spool).find(({ condition }) => condition === "spool.folded");
  expect(folded?.details).toHaveLength(61);
  expect(folded?.details.find(({ name }) => name.startsWith("(others)"))?.value).toMatch(/^13\d, from /);
});

it("a clock that was set back cannot make the end of a condition come before its beginning", async () => {
  const file = join(folder, "spool.db");
  const first = open({ file });
  await first.add([
    alertOf(1, { kind: "raised", raisedAtMs: 9_000 }),
    alertOf(2, { kind: "raised", component: "other", raisedAtMs: 10 }),
  ]);
  first.remove([idOf(1), idOf(2)]);
  first.close();
  const second = open({ file });
  await second.add([
    alertOf(3, { kind: "cleared", raisedAtMs: 50 }),
    alertOf(4, { kind: "event", raisedAtMs: 51 }),
    alertOf(5, { kind: "cleared", component: "other", raisedAtMs: 52 }),
    alertOf(6, { kind: "raised", raisedAtMs: 9_500 }),
  ]);
  expect(readAll(second).map(({ raisedAtMs }) => raisedAtMs)).toEqual([9_000, 51, 52, 9_500]);
  expect(readAll(second)[0]?.details).toEqual([{ name: "clock", value: expect.stringContaining("at 50 ms") }]);
  second.close();
});

it("answers what was added before it is closed, and refuses a spool of a newer agent", async () => {
  const file = join(folder, "spool.db");
  const spool = open({ file });
  const added = spool.add([alertOf(1)]);
  spool.close();
  await added;
  const sqlite = openSqlite({ file, cacheBytes: 1024 });
  sqlite.exec("PRAGMA user_version = 7");
  sqlite.close();
  expect(() => open({ file })).toThrow(SettingsError);
});
