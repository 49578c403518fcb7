import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { openSqlite } from "../../database/open-sqlite.ts";
import {
  createMemoryEventStorage,
  type EventStorage,
  JOURNAL_EVENTS_MAX,
  type StoredSubscription,
} from "../../protocols/wsman/event-storage.ts";
import { createEventStore, JOURNAL_CHARACTERS_MAX } from "./event-store.ts";

const subscription: StoredSubscription = {
  id: "1",
  owner: "manager m1",
  delivery: {
    mode: "events",
    notifyTo: { address: "https://manager.example/", reference: '<a xmlns="urn:a">留守番</a>' },
    endTo: undefined,
    heartbeatMs: 60_000,
    retry: { total: 3, intervalMs: 1_000 },
    sendBookmarks: true,
    itemsMax: 20,
    batchMs: 0,
    envelopeBytes: 512_000,
    charset: "utf-8",
  },
  filter: { namespace: "root/cimv2", className: undefined, prefix: "x", query: { language: "WQL", text: "SELECT" } },
  expiresAtMs: 5,
  position: 0,
  dropped: 0,
};
const event = (text: string) => ({ className: "C", namespace: "root/cimv2", text });

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), "rusuban-events-"));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

const STORAGES: readonly (readonly [string, () => EventStorage])[] = [
  ["in memory", () => createMemoryEventStorage()],
  ["on disk", () => createEventStore(openSqlite({ file: join(folder(), "events.db"), cacheBytes: 1024 * 1024 }))],
];

describe.each(STORAGES)("a journal %s", (_, create) => {
  it("gives events after a place, in order", () => {
    const storage = create();
    expect(storage.bounds()).toEqual({ oldest: 1, newest: 0 });
    expect(storage.read(0, 10)).toEqual([]);
    expect(["a", "b", "c"].map((text) => storage.append(event(text)))).toEqual([1, 2, 3]);
    expect(storage.bounds()).toEqual({ oldest: 1, newest: 3 });
    expect(storage.read(1, 10)).toEqual([
      { position: 2, ...event("b") },
      { position: 3, ...event("c") },
    ]);
    expect(storage.read(0, 2).map(({ text }) => text)).toEqual(["a", "b"]);
    expect(storage.read(3, 10)).toEqual([]);
  });

  it("keeps subscriptions as they were given", () => {
    const storage = create();
    storage.putSubscription(subscription);
    storage.putSubscription({ ...subscription, id: "2" });
    storage.putSubscription({ ...subscription, position: 7 });
    // What is undefined and what is left out are the same to all who read it.
    expect(storage.subscriptions()).toEqual([
      { ...subscription, position: 7 },
      { ...subscription, id: "2" },
    ]);
    storage.deleteSubscription("1");
    expect(storage.subscriptions().map(({ id }) => id)).toEqual(["2"]);
  });
});

describe("a journal on disk", () => {
  it("goes on after a restart, also when all its events are gone", () => {
    const file = join(folder(), "events.db");
    const open = () => createEventStore(openSqlite({ file, cacheBytes: 1024 * 1024 }));
    const before = open();
    before.append(event("a"));
    before.putSubscription(subscription);
    before.close();
    const after = open();
    expect(after.append(event("b"))).toBe(2);
    expect(after.subscriptions()).toEqual([subscription]);
    after.close();
    const sqlite = openSqlite({ file, cacheBytes: 1024 * 1024 });
    sqlite.exec("DELETE FROM events");
    const emptied = createEventStore(sqlite);
    expect(emptied.bounds()).toEqual({ oldest: 3, newest: 2 });
    expect(emptied.append(event("c"))).toBe(3);
    emptied.close();
  });

  it("is bounded in events and in characters", () => {
    const sqlite = openSqlite({ file: ":memory:", cacheBytes: 8 * 1024 * 1024 });
    createEventStore(sqlite);
    sqlite.transaction(() => {
      const insert = sqlite.prepare("INSERT INTO events (class_name, namespace, body) VALUES ('C', 'n', 'x')");
      for (let n = 0; n < JOURNAL_EVENTS_MAX; n++) insert.run();
    });
    const storage = createEventStore(sqlite); // Counts what is there.
    storage.append(event("last"));
    expect(storage.bounds()).toEqual({ oldest: 2, newest: JOURNAL_EVENTS_MAX + 1 });
    const large = "x".repeat(JOURNAL_CHARACTERS_MAX / 4 + 1);
    for (let n = 0; n < 5; n++) storage.append(event(large));
    expect(storage.read(0, 100).length).toBe(3);
    storage.close();
  });
});
