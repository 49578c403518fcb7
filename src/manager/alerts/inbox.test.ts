import fc from "fast-check";
import { CompiledQuery } from "kysely";
import { expect, it } from "vitest";
import type { Alert, AlertKind } from "../../model/alert.ts";
import { createCountTable } from "./alert-counts.ts";
import { compileConditionStatements } from "./alert-statements.ts";
import { addHosts, alertOf, countSlowly, createTestInbox, idOf, readCountRows } from "./fixtures/inbox-fixture.ts";
import { INBOX_LIMITS } from "./limits.ts";
import { prune } from "./retention.ts";

const everything = { limit: 1_000 };

it("keeps an alert as it was told, with who told it and when it came", async () => {
  const { inbox, clock, told } = await createTestInbox();
  const alert = alertOf(1, { severity: "critical" });
  expect(await inbox.store("a", [alert])).toEqual({ committed: [alert.id], refused: [] });
  const kept = {
    ...alert,
    hostId: "a",
    hostName: "name of a",
    receivedAtMs: clock.now(),
    state: "open",
    acknowledgedAtMs: null,
    acknowledgedBy: null,
    clearedAtMs: null,
  };
  expect(await inbox.page(everything)).toEqual({ items: [kept], next: null });
  expect(told).toEqual([kept]);
});

it("takes what is told twice once: at once, in one batch, later, and beside others", async () => {
  const { inbox, told } = await createTestInbox();
  const [one, two, three] = [alertOf(1), alertOf(2), alertOf(3)];
  const answers = await Promise.all([
    inbox.store("a", [one, one]),
    inbox.store("a", [two, one]),
    inbox.store("a", [one]),
  ]);
  answers.push(await inbox.store("a", [three, two, one]));
  expect(answers.map(({ committed }) => committed.length)).toEqual([2, 2, 1, 3]);
  const { items } = await inbox.page(everything);
  expect(items.map(({ id }) => id)).toEqual([idOf(3), idOf(2), idOf(1)]);
  expect(told).toHaveLength(3);
});

it("an id is its host's: another host's alert of the same id is another alert", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store("a", [alertOf(1)]);
  await inbox.store("b", [alertOf(1)]);
  expect((await inbox.find(idOf(1))).map(({ hostId }) => hostId)).toEqual(["a", "b"]);
  expect((await inbox.find(idOf(1), "b")).map(({ hostId }) => hostId)).toEqual(["b"]);
  expect(await inbox.find(idOf(2))).toEqual([]);
});

it("first come, first kept: a second telling with other words changes nothing", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store("a", [alertOf(1)]);
  await inbox.store("a", [alertOf(1, { summary: "nothing happened", severity: "information" })]);
  expect((await inbox.find(idOf(1)))[0]).toMatchObject({ summary: "number 1", severity: "warning" });
});

it("answers large batches and batches of every size", async () => {
  const { inbox } = await createTestInbox();
  let number = 0;
  for (const size of [1, 7, 8, 9, 63, 64, 65, 137, 600]) {
    const alerts = Array.from({ length: size }, () => alertOf(number++));
    expect((await inbox.store("a", alerts)).committed).toHaveLength(size);
  }
  expect((await inbox.counts()).byState.open).toBe(number);
});

it("turns away hosts that the database does not know, and nobody else with them", async () => {
  const { inbox } = await createTestInbox();
  const [good, bad, alsoGood] = await Promise.allSettled([
    inbox.store("a", [alertOf(1)]),
    inbox.store("stranger", [alertOf(2)]),
    inbox.store("b", [alertOf(3)]),
  ]);
  expect([good.status, alsoGood.status]).toEqual(["fulfilled", "fulfilled"]);
  expect(bad).toMatchObject({ reason: new Error("alerts of host stranger: the database does not know it") });
  expect((await inbox.page(everything)).items).toHaveLength(2);
});

it("refuses a time that is no date, and takes the rest", async () => {
  const { inbox } = await createTestInbox();
  const outcome = await inbox.store("a", [alertOf(1), alertOf(2, { raisedAtMs: Number.MAX_SAFE_INTEGER })]);
  expect(outcome).toEqual({
    committed: [idOf(1)],
    refused: [{ id: idOf(2), reason: "raisedAtMs: 9007199254740991 is no date" }],
  });
  await expect(inbox.raise("a", alertOf(3, { raisedAtMs: Number.MIN_SAFE_INTEGER }))).rejects.toThrow("is no date");
});

it("carries hostile text as what it is: text", async () => {
  const { inbox, database } = await createTestInbox();
  const hostile = [
    "'; DROP TABLE alerts; --",
    `"quoted" \\ back`,
    "zero\u0000byte",
    "\u0007\u001b[2J\u009b31m",
    "\u202Egnp.exe \u2066isolated",
    "💣 𝕏 👩‍👩‍👧",
    "__proto__",
    "constructor",
    "%_\\%",
    "<script>alert(1)</script>",
    "",
  ];
  const alerts = hostile.map((text, index) =>
    alertOf(index, {
      kind: "raised",
      summary: text,
      component: text,
      condition: text,
      details: [{ name: text, value: text }],
    }),
  );
  await inbox.store("a", alerts);
  const { items } = await inbox.page(everything);
  expect(
    items
      .toReversed()
      .map(({ summary, component, condition, details }) => ({ summary, component, condition, details })),
  ).toEqual(alerts.map(({ summary, component, condition, details }) => ({ summary, component, condition, details })));
  expect(Object.getPrototypeOf(items[0]?.details[0])).toBe(Object.prototype);
  // Each is a condition of its own: clearing one clears that one.
  await inbox.store("a", [alertOf(100, { kind: "cleared", component: "__proto__", condition: "__proto__" })]);
  expect((await inbox.counts()).byState).toEqual({ open: hostile.length - 1, acknowledged: 0, cleared: 2 });
  for (const text of hostile.filter((text) => text !== "" && !text.includes("\u0000"))) {
    const found = await inbox.page({ ...everything, text });
    expect(found.items.map(({ summary }) => summary)).toContain(text);
  }
  expect((await inbox.page({ ...everything, text: "%" })).items).toHaveLength(1);
  expect(await countSlowly(database)).toEqual(await readCountRows(database));
});

it("cleared closes what was raised, on that host, component and condition only", async () => {
  const { inbox, told } = await createTestInbox();
  await inbox.store("a", [
    alertOf(1, { kind: "raised" }),
    alertOf(2, { kind: "raised", component: "file system /home" }),
    alertOf(3, { kind: "raised", condition: "filesystem.inodes" }),
    alertOf(4, { kind: "event" }),
  ]);
  await inbox.store("b", [alertOf(1, { kind: "raised" })]);
  told.length = 0;
  const end = alertOf(9, { kind: "cleared" });
  await inbox.store("a", [end]);
  const states = (await inbox.page(everything)).items.map(({ hostId, id, state }) => [hostId, id, state]);
  expect(states).toEqual([
    ["a", idOf(9), "cleared"],
    ["b", idOf(1), "open"],
    ["a", idOf(4), "open"],
    ["a", idOf(3), "open"],
    ["a", idOf(2), "open"],
    ["a", idOf(1), "cleared"],
  ]);
  expect(told.map(({ id, state, clearedAtMs }) => [id, state, clearedAtMs])).toEqual([
    [idOf(9), "cleared", end.raisedAtMs],
    [idOf(1), "cleared", end.raisedAtMs],
  ]);
});

it("raised again, of another severity, replaces what was raised", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store("a", [alertOf(1, { kind: "raised", severity: "warning" })]);
  await inbox.store("a", [alertOf(2, { kind: "raised", severity: "critical" })]);
  expect((await inbox.counts()).openBySeverity).toMatchObject({ warning: 0, critical: 1 });
  await inbox.store("a", [alertOf(3, { kind: "raised", severity: "warning" })]);
  expect((await inbox.counts()).openBySeverity).toMatchObject({ warning: 1, critical: 0 });
});

it("the same words leave the same states, in whatever order and batches they arrive", async () => {
  const kinds: AlertKind[] = ["event", "raised", "cleared"];
  const word = fc.record({
    kind: fc.constantFrom(...kinds),
    component: fc.constantFrom("x", "y"),
    host: fc.constantFrom("a", "b"),
  });
  const history = fc.array(word, { minLength: 1, maxLength: 12 }).chain((words) =>
    fc.record({
      words: fc.constant(words),
      order: fc.shuffledSubarray([...words.keys()], { minLength: words.length }),
      cuts: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: words.length, maxLength: words.length }),
      acknowledged: fc.option(fc.nat(words.length - 1), { nil: undefined }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(history, async ({ words, order, cuts, acknowledged }) => {
      const { inbox, database } = await createTestInbox();
      const told = words.map(({ host, kind, component }, number) => ({
        host,
        alert: alertOf(number, { kind, component }),
      }));
      for (let start = 0, cut = 0; start < order.length; cut++) {
        const some = order.slice(start, start + (cuts[cut] ?? 1)).map((index) => told[index] as (typeof told)[0]);
        await Promise.all(some.map(({ host, alert }) => inbox.store(host, [alert])));
        if (cut === 0 && acknowledged !== undefined)
          await inbox.acknowledge({ ids: [idOf(acknowledged)], by: "someone" });
        start += cuts[cut] ?? 1;
      }
      const expected = new Map(
        told.map(({ host, alert }, number) => {
          const isOver = (other: (typeof told)[0], at: number) =>
            at > number &&
            other.host === host &&
            other.alert.component === alert.component &&
            other.alert.kind !== "event";
          if (alert.kind === "cleared" || (alert.kind === "raised" && told.some(isOver))) return [alert.id, "cleared"];
          return [alert.id, "unsettled"];
        }),
      );
      const { items } = await inbox.page(everything);
      expect(new Map(items.map(({ id, state }) => [id, state === "cleared" ? "cleared" : "unsettled"]))).toEqual(
        expected,
      );
      expect(await readCountRows(database)).toEqual(await countSlowly(database));
      await database.destroy();
    }),
    { numRuns: 60 },
  );
});

it("acknowledging says by whom and when, once, and only of what is open", async () => {
  const { inbox, clock, told } = await createTestInbox();
  await inbox.store("a", [alertOf(1), alertOf(2, { kind: "cleared" }), alertOf(3)]);
  await inbox.store("b", [alertOf(3)]);
  told.length = 0;
  await clock.advance(5_000);
  const atMs = clock.now();
  const result = await inbox.acknowledge({ ids: [idOf(1), idOf(2), idOf(9)], by: "o'brien" });
  expect(result).toMatchObject({ acknowledged: [idOf(1)], unchanged: [idOf(2)], unknown: [idOf(9)] });
  await clock.advance(5_000);
  expect(await inbox.acknowledge({ ids: [idOf(1)], by: "another" })).toMatchObject({
    acknowledged: [],
    unchanged: [idOf(1)],
  });
  const [alert] = await inbox.find(idOf(1));
  expect(alert).toMatchObject({ state: "acknowledged", acknowledgedBy: "o'brien", acknowledgedAtMs: atMs });
  expect(told).toEqual([alert]);

  expect(await inbox.acknowledge({ ids: [idOf(3)], hostId: "b", by: "x" })).toMatchObject({ acknowledged: [idOf(3)] });
  expect((await inbox.find(idOf(3))).map(({ hostId, state }) => [hostId, state])).toEqual([
    ["a", "open"],
    ["b", "acknowledged"],
  ]);
});

it("an acknowledged alert is cleared like an open one, and keeps who acknowledged it", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store("a", [alertOf(1, { kind: "raised" })]);
  await inbox.acknowledge({ ids: [idOf(1)], by: "me" });
  await inbox.store("a", [alertOf(2, { kind: "cleared" })]);
  expect((await inbox.find(idOf(1)))[0]).toMatchObject({ state: "cleared", acknowledgedBy: "me" });
  expect((await inbox.counts()).byState).toEqual({ open: 0, acknowledged: 0, cleared: 2 });
});

it("pages newest first, without gap or repetition while alerts arrive", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store(
    "a",
    Array.from({ length: 95 }, (_, number) => alertOf(number)),
  );
  const seen: string[] = [];
  let after: number | undefined;
  for (let arriving = 1_000; ; arriving++) {
    const page = await inbox.page({ limit: 10, after });
    seen.push(...page.items.map(({ id }) => id));
    await inbox.store("b", [alertOf(arriving)]);
    if (page.next === null) break;
    after = page.next;
  }
  expect(seen).toEqual(Array.from({ length: 95 }, (_, number) => idOf(94 - number)));
});

it("filters by state, severity at least, host and text, alone and together", async () => {
  const { inbox } = await createTestInbox();
  await inbox.store("a", [
    alertOf(1, { severity: "information", summary: "Disk is fine" }),
    alertOf(2, { severity: "critical", summary: "disk is FULL" }),
    alertOf(3, { severity: "fatal", component: "memory" }),
  ]);
  await inbox.store("b", [alertOf(4, { severity: "critical", condition: "disk.gone" })]);
  await inbox.acknowledge({ ids: [idOf(2)], by: "me" });
  const ids = async (query: object) => (await inbox.page({ ...everything, ...query })).items.map(({ id }) => id);
  expect(await ids({})).toHaveLength(4);
  expect(await ids({ severityMin: "critical" })).toEqual([idOf(4), idOf(3), idOf(2)]);
  expect(await ids({ severityMin: "fatal" })).toEqual([idOf(3)]);
  expect(await ids({ hostId: "a" })).toEqual([idOf(3), idOf(2), idOf(1)]);
  expect(await ids({ states: ["acknowledged"] })).toEqual([idOf(2)]);
  expect(await ids({ states: ["acknowledged", "open"] })).toEqual([idOf(4), idOf(3), idOf(2), idOf(1)]);
  expect(await ids({ text: "DISK" })).toEqual([idOf(4), idOf(2), idOf(1)]);
  expect(await ids({ text: "disk", severityMin: "critical", hostId: "a", states: ["acknowledged"] })).toEqual([
    idOf(2),
  ]);
  expect(await ids({ text: "memory" })).toEqual([idOf(3)]);
  expect(await ids({ states: [] })).toEqual([]);
});

it("finds a rare thing far back, beyond many pieces of the search", async () => {
  const { inbox, database } = await createTestInbox();
  await inbox.store("a", [alertOf(1, { summary: "needle" })]);
  await inbox.store("a", [alertOf(2)]);
  await database
    .updateTable("alerts")
    .set({ sequence: INBOX_LIMITS.sequencesPerLook * 5 } as never)
    .where("id", "=", idOf(2))
    .execute();
  expect((await inbox.page({ limit: 1, text: "needle" })).items.map(({ id }) => id)).toEqual([idOf(1)]);
});

it("counts by state and severity, and open ones by host with the worst", async () => {
  const { inbox, database } = await createTestInbox();
  await addHosts(database, "quiet");
  await inbox.store("a", [alertOf(1, { severity: "minor" }), alertOf(2, { severity: "fatal" }), alertOf(3)]);
  await inbox.store("b", [alertOf(1, { severity: "major" })]);
  await inbox.acknowledge({ ids: [idOf(2)], by: "me" });
  const counts = await inbox.counts();
  expect(counts.byState).toEqual({ open: 3, acknowledged: 1, cleared: 0 });
  expect(counts.openBySeverity).toEqual({ information: 0, warning: 1, minor: 1, major: 1, critical: 0, fatal: 0 });
  expect(await inbox.openByHost(["a", "b", "quiet"])).toEqual(
    new Map([
      ["a", { count: 2, worst: "minor" }],
      ["b", { count: 1, worst: "major" }],
    ]),
  );
  expect(await inbox.openByHost([])).toEqual(new Map());
});

it("a flood of one host washes away its own alerts, settled ones first, and no other host's", async () => {
  const { inbox, database, clock } = await createTestInbox();
  await inbox.store(
    "b",
    Array.from({ length: 5 }, (_, number) => alertOf(number)),
  );
  const flood: Alert[] = Array.from({ length: 100 }, (_, number) =>
    alertOf(number, { kind: number % 2 === 0 ? "event" : "cleared" }),
  );
  await inbox.store("a", flood);
  const limits = { alertsKept: 45, bytesKept: 1e9, settledKeptMs: 1e12, alertsPerPrune: 7 };
  const pruned = await prune({ database, counts: createCountTable(database) }, { nowMs: clock.now(), limits });
  expect(pruned).toEqual({ expired: 0, evicted: { open: 10, acknowledged: 0, cleared: 50 } });
  const { items } = await inbox.page(everything);
  expect(items.filter(({ hostId }) => hostId === "b")).toHaveLength(5);
  expect(items.filter(({ hostId }) => hostId === "a").map(({ id }) => id)).toEqual(
    Array.from({ length: 40 }, (_, number) => idOf(98 - 2 * number)),
  );
  expect(await readCountRows(database)).toEqual(await countSlowly(database));
});

it("bounds bytes like numbers, and forgets what was settled long ago", async () => {
  const { inbox, database, clock } = await createTestInbox();
  const limits = { alertsKept: 1e6, bytesKept: 20_000, settledKeptMs: 60_000, alertsPerPrune: 3 };
  await inbox.store(
    "a",
    Array.from({ length: 10 }, (_, number) => alertOf(number, { kind: "cleared" })),
  );
  await inbox.store("b", [alertOf(1)]);
  await clock.advance(60_001);
  await inbox.store(
    "a",
    Array.from({ length: 10 }, (_, n) => alertOf(100 + n, { summary: "x".repeat(5_000) })),
  );
  const pruned = await prune({ database, counts: createCountTable(database) }, { nowMs: clock.now(), limits });
  expect(pruned).toEqual({ expired: 10, evicted: { open: 9, acknowledged: 0, cleared: 0 } });
  expect((await inbox.page(everything)).items.map(({ id }) => id)).toEqual([idOf(109), idOf(1)]);
  expect(await readCountRows(database)).toEqual(await countSlowly(database));
});

it("prunes by itself while it runs, and answers what it was given before it stops", async () => {
  const { inbox, clock, database } = await createTestInbox();
  await inbox.store("a", [alertOf(1, { kind: "cleared" })]);
  await clock.advance(INBOX_LIMITS.settledKeptMs);
  await inbox.start();
  await clock.advance(INBOX_LIMITS.pruneIntervalMs);
  expect((await inbox.page(everything)).items).toEqual([]);
  const last = inbox.store("a", [alertOf(2)]);
  await inbox.stop();
  expect((await last).committed).toEqual([idOf(2)]);
  expect(clock.pending).toBe(0);
  await database.destroy();
});

it("the words on a condition, and what lasts, are found by index however long the history", async () => {
  const { database } = await createTestInbox();
  const { latestWord, lasting } = compileConditionStatements(database);
  const planOf = async ({ sql, parameters }: CompiledQuery) => {
    const { rows } = await database.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`EXPLAIN QUERY PLAN ${sql}`, [...parameters]),
    );
    return rows.map(({ detail }) => detail).join("; ");
  };
  expect(await planOf(latestWord)).toMatch(
    /^SEARCH alerts USING INDEX alerts_by_condition \(host_id=\? AND condition=\? AND component=\?\)$/,
  );
  expect(await planOf(lasting)).toMatch(/^SEARCH alerts USING INDEX alerts_lasting /);
});
