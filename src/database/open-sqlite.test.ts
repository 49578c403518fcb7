import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { CorruptionError, SettingsError } from "../runtime/errors.ts";
import { openSqlite } from "./open-sqlite.ts";
import { isConstraintFailure } from "./sqlite-failure.ts";

const CACHE_BYTES = 1024 * 1024;
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rusuban-sqlite-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function open(name = "test.db") {
  return openSqlite({ file: join(folder, name), cacheBytes: CACHE_BYTES });
}

it("opens with a write-ahead log synced at every commit, and foreign keys enforced", () => {
  const sqlite = open();
  expect(sqlite.prepare("PRAGMA journal_mode").all()[0]).toMatchObject({ journal_mode: "wal" });
  expect(sqlite.prepare("PRAGMA synchronous").all()[0]).toMatchObject({ synchronous: 2 });
  expect(sqlite.prepare("PRAGMA foreign_keys").all()[0]).toMatchObject({ foreign_keys: 1 });
  expect(sqlite.prepare("PRAGMA busy_timeout").all()[0]).toMatchObject({ timeout: 2000 });
  sqlite.close();
});

it("makes files that only their owner can read", () => {
  const sqlite = open();
  sqlite.exec("CREATE TABLE t (a)");
  for (const suffix of ["", "-wal"]) {
    expect(statSync(join(folder, `test.db${suffix}`)).mode & 0o777).toBe(0o600);
  }
  sqlite.close();
});

it("keeps what was written after it is opened again", () => {
  const first = open();
  first.exec("CREATE TABLE t (a)");
  expect(first.prepare("INSERT INTO t VALUES (?)").run("kept")).toBe(1);
  first.close();
  const second = open();
  expect(second.prepare("SELECT a FROM t").all()).toEqual([{ a: "kept" }]);
  second.close();
});

it("hands back hostile text unchanged, and rows without a prototype", () => {
  const hostile = ["'; DROP TABLE t; --", "a\u0000b", "\u202Etxt.exe", "💣", "__proto__", "\u0007\u001b[2J", ""];
  const sqlite = open();
  sqlite.exec('CREATE TABLE t (n INTEGER, "__proto__" TEXT)');
  hostile.forEach((text, n) => {
    sqlite.prepare("INSERT INTO t VALUES (?, ?)").run(n, text);
  });
  const rows = sqlite.prepare("SELECT * FROM t ORDER BY n").all();
  expect(rows.map((row) => Object.getOwnPropertyDescriptor(row, "__proto__")?.value)).toEqual(hostile);
  sqlite.close();
});

it("binds booleans as numbers and refuses to round integers beyond 53 bits", () => {
  const sqlite = open();
  sqlite.exec("CREATE TABLE t (a)");
  sqlite.prepare("INSERT INTO t VALUES (?)").run(true);
  expect(sqlite.prepare("SELECT a FROM t").all()).toEqual([{ a: 1 }]);
  sqlite.prepare("UPDATE t SET a = ?").run(2n ** 60n);
  expect(() => sqlite.prepare("SELECT a FROM t").all()).toThrow("too large");
  sqlite.close();
});

it("leaves nothing of a transaction that throws, and can go on", () => {
  const sqlite = open();
  sqlite.exec("CREATE TABLE t (a UNIQUE)");
  const insert = sqlite.prepare("INSERT INTO t VALUES (?)");
  let failure: unknown;
  try {
    sqlite.transaction(() => {
      insert.run("one");
      insert.run("one");
    });
  } catch (error) {
    failure = error;
  }
  expect(isConstraintFailure(failure)).toBe(true);
  expect(sqlite.inTransaction).toBe(false);
  sqlite.transaction(() => insert.run("two"));
  expect(sqlite.prepare("SELECT a FROM t").all()).toEqual([{ a: "two" }]);
  sqlite.close();
});

it("compiles the same text once and goes on when more texts come than it keeps", () => {
  const sqlite = open();
  expect(sqlite.prepare("SELECT 1")).toBe(sqlite.prepare("SELECT 1"));
  for (let n = 0; n < 300; n++) expect(sqlite.prepare(`SELECT ${n} AS n`).all()).toEqual([{ n }]);
  sqlite.close();
});

it("says what is wrong where there is no folder, or where the file is something else", () => {
  expect(() => openSqlite({ file: join(folder, "no", "such.db"), cacheBytes: CACHE_BYTES })).toThrow(SettingsError);
  expect(() => openSqlite({ file: folder, cacheBytes: CACHE_BYTES })).toThrow(SettingsError);
  const other = join(folder, "other.db");
  writeFileSync(other, "this is no database ".repeat(100));
  expect(() => open("other.db")).toThrow(CorruptionError);
  expect(readFileSync(other, "utf8")).toMatch(/^this is no database/);
});

it("finds a page that was overwritten when the file is opened", () => {
  const sqlite = open();
  sqlite.exec("CREATE TABLE t (a); CREATE INDEX i ON t (a)");
  sqlite.transaction(() => {
    for (let n = 0; n < 2_000; n++) sqlite.prepare("INSERT INTO t VALUES (?)").run(`row ${n}`);
  });
  sqlite.close();
  const file = join(folder, "test.db");
  const bytes = readFileSync(file);
  bytes.fill(0x5a, 4_096 * 2, 4_096 * 4);
  writeFileSync(file, bytes);
  expect(() => open()).toThrow(CorruptionError);
  expect(readFileSync(file).equals(bytes)).toBe(true);
});
