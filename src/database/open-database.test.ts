import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { SettingsError } from "../runtime/errors.ts";
import { FakeClock } from "../runtime/fake-clock.ts";
import { silentLog } from "../runtime/log.ts";
import { migrate } from "./migrate.ts";
import { ALL_MIGRATIONS } from "./migrations/all-migrations.ts";
import { type Database, openDatabase } from "./open-database.ts";
import { openSqlite } from "./open-sqlite.ts";
import { isConstraintFailure } from "./sqlite-failure.ts";

const clock = new FakeClock();
let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rusuban-database-"));
  file = join(folder, "manager.db");
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = () => openDatabase({ file, clock, log: silentLog });

function addHost(database: Database, id: string) {
  const row = { id, name: id, facts: "{}", address: "", ports: "{}", enrolled_at_ms: clock.now() };
  return database.insertInto("hosts").values(row).execute();
}

function addCertificate(database: Database, serial: string, hostId: string) {
  const row = { serial, host_id: hostId, fingerprint: serial, issued_at_ms: 1, expires_at_ms: 2 };
  return database.insertInto("certificates").values(row).execute();
}

it("makes all tables in a new file and finds them again", async () => {
  const first = await open();
  await addHost(first, "h1");
  await first.destroy();
  const second = await open();
  expect(await second.selectFrom("hosts").select("name").execute()).toEqual([{ name: "h1" }]);
  await second.destroy();
});

it("refuses a schema newer than this program knows, says what to do, and leaves it alone", async () => {
  await (await open()).destroy();
  const sqlite = openSqlite({ file, cacheBytes: 1 });
  sqlite.exec("INSERT INTO schema_migrations VALUES (99, 'from the future', 1)");
  sqlite.close();
  await expect(open()).rejects.toThrow(SettingsError);
  await expect(open()).rejects.toThrow(
    `schema 99, this program knows up to ${ALL_MIGRATIONS.length}: run the newer Rusuban`,
  );
});

it("leaves the old schema whole where a migration fails half-way", async () => {
  const database = await open();
  const failing = {
    number: ALL_MIGRATIONS.length + 1,
    name: "fails",
    async up(step: Parameters<(typeof ALL_MIGRATIONS)[number]["up"]>[0]) {
      await step.schema.createTable("half").addColumn("a", "text").execute();
      throw new Error("power cut");
    },
  };
  const needs = { kind: "sqlite", place: file, clock, log: silentLog } as const;
  await expect(migrate(database as never, [...ALL_MIGRATIONS, failing], needs)).rejects.toThrow("power cut");
  await database.destroy();
  const sqlite = openSqlite({ file, cacheBytes: 1 });
  expect(sqlite.prepare("SELECT name FROM sqlite_master WHERE name = 'half'").all()).toEqual([]);
  expect(sqlite.prepare("SELECT max(number) AS number FROM schema_migrations").all()).toEqual([
    { number: ALL_MIGRATIONS.length },
  ]);
  sqlite.close();
});

it("keeps transactions apart from each other and from single queries", async () => {
  const database = await open();
  const steps: string[] = [];
  const slow = database.transaction().execute(async (transaction) => {
    await addHost(transaction as Database, "h1");
    steps.push("first half");
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
    await addHost(transaction as Database, "h2");
    steps.push("second half");
  });
  const read = database
    .selectFrom("hosts")
    .select("id")
    .execute()
    .then((rows) => steps.push(`read ${rows.length}`));
  const failing = database.transaction().execute(async (transaction) => {
    await addHost(transaction as Database, "h3");
    throw new Error("changed my mind");
  });
  await Promise.all([slow, read, expect(failing).rejects.toThrow("changed my mind")]);
  expect(steps).toEqual(["first half", "second half", "read 2"]);
  expect(await database.selectFrom("hosts").select("id").execute()).toHaveLength(2);
  await database.destroy();
});

it("goes on after a query that fails, inside and outside of a transaction", async () => {
  const database = await open();
  await addHost(database, "h1");
  const twice = await addHost(database, "h1").catch((error: unknown) => error);
  expect(isConstraintFailure(twice)).toBe(true);
  const inTransaction = database.transaction().execute((transaction) => addHost(transaction as Database, "h1"));
  await expect(inTransaction).rejects.toThrow("UNIQUE");
  await addHost(database, "h2");
  expect(await database.selectFrom("hosts").select("id").execute()).toHaveLength(2);
  await database.destroy();
});

it("refuses rows of hosts that are not there", async () => {
  const database = await open();
  const orphan = await addCertificate(database, "01", "nobody").catch((error: unknown) => error);
  expect(isConstraintFailure(orphan)).toBe(true);
  await addHost(database, "h1");
  await addCertificate(database, "01", "h1");
  await database.destroy();
});

it("counts the rows a query changed", async () => {
  const database = await open();
  await addHost(database, "h1");
  await addHost(database, "h2");
  const result = await database.updateTable("hosts").set({ last_seen_at_ms: 5 }).executeTakeFirst();
  expect(result.numUpdatedRows).toBe(2n);
  const gone = await database.deleteFrom("hosts").where("id", "=", "h1").executeTakeFirst();
  expect(gone.numDeletedRows).toBe(1n);
  await database.destroy();
});

it("never gives a sequence number twice", async () => {
  const database = await open();
  const add = () =>
    database
      .insertInto("audit_entries")
      .values({ at_ms: 1, actor: "a", address: "", action: "x", subject: "", details: "{}" })
      .returning("sequence")
      .executeTakeFirstOrThrow();
  const first = await add();
  const second = await add();
  expect(second.sequence).toBeGreaterThan(first.sequence);
  await database.deleteFrom("audit_entries").execute();
  expect((await add()).sequence).toBeGreaterThan(second.sequence);
  await database.destroy();
});
