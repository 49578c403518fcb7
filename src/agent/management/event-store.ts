import type { Sqlite } from "../../database/open-sqlite.ts";
import {
  type EventStorage,
  JOURNAL_EVENTS_MAX,
  type JournalEvent,
  type StoredSubscription,
} from "../../protocols/wsman/event-storage.ts";
import { SettingsError } from "../../runtime/errors.ts";

// Subscriptions over WS-Management and the journal that they read from, on disk. One event is one row, whoever wants it;
// each subscription keeps its place.

/** Characters of all events together that are kept. */
export const JOURNAL_CHARACTERS_MAX = 32 * 1024 * 1024;

const SCHEMA = 1;
const TABLES = `
  CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    class_name TEXT NOT NULL,
    namespace TEXT NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE subscriptions (
    id TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) STRICT;
`;

export interface EventStore extends EventStorage {
  close(): void;
}

/** Throws SettingsError where a newer agent wrote the file. Closes `sqlite` when it is closed. */
export function createEventStore(sqlite: Sqlite): EventStore {
  prepareTables(sqlite);
  const [sum] = sqlite.prepare("SELECT total(length(body)) AS characters FROM events").all();
  let characters = Number(sum?.characters ?? 0);

  function bounds(): { oldest: number; newest: number } {
    const [row] = sqlite
      .prepare(
        "SELECT (SELECT min(position) FROM events) AS oldest, (SELECT seq FROM sqlite_sequence WHERE name = 'events') AS newest",
      )
      .all();
    const newest = Number(row?.newest ?? 0);
    return { oldest: row?.oldest === null || row?.oldest === undefined ? newest + 1 : Number(row.oldest), newest };
  }

  function makeRoom(newest: number): void {
    const gone = sqlite
      .prepare("DELETE FROM events WHERE position <= ? RETURNING length(body) AS characters")
      .all(newest - JOURNAL_EVENTS_MAX);
    for (const row of gone) characters -= Number(row.characters);
    while (characters > JOURNAL_CHARACTERS_MAX) {
      const [row] = sqlite
        .prepare(
          "DELETE FROM events WHERE position = (SELECT min(position) FROM events) RETURNING length(body) AS characters",
        )
        .all();
      if (row === undefined) return;
      characters -= Number(row.characters);
    }
  }

  return {
    append({ className, namespace, text }) {
      const before = characters;
      try {
        return sqlite.transaction(() => {
          const [row] = sqlite
            .prepare("INSERT INTO events (class_name, namespace, body) VALUES (?, ?, ?) RETURNING position")
            .all(className, namespace, text);
          characters += text.length;
          const position = Number(row?.position);
          makeRoom(position);
          return position;
        });
      } catch (error) {
        characters = before;
        throw error;
      }
    },
    read: (after, max) =>
      sqlite
        .prepare(
          "SELECT position, class_name, namespace, body FROM events WHERE position > ? ORDER BY position LIMIT ?",
        )
        .all(after, max)
        .map(
          (row): JournalEvent => ({
            position: Number(row.position),
            className: String(row.class_name),
            namespace: String(row.namespace),
            text: String(row.body),
          }),
        ),
    bounds,
    subscriptions: () =>
      sqlite
        .prepare("SELECT body FROM subscriptions ORDER BY rowid")
        .all()
        .map(({ body }) => JSON.parse(String(body)) as StoredSubscription),
    putSubscription(subscription) {
      sqlite
        .prepare("INSERT INTO subscriptions VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = ?2")
        .run(subscription.id, JSON.stringify(subscription));
    },
    deleteSubscription(id) {
      sqlite.prepare("DELETE FROM subscriptions WHERE id = ?").run(id);
    },
    close: () => sqlite.close(),
  };
}

function prepareTables(sqlite: Sqlite): void {
  const version = Number(sqlite.prepare("PRAGMA user_version").all()[0]?.user_version);
  if (version === SCHEMA) return;
  if (version > SCHEMA) {
    const problem = `has schema ${version}, this agent knows up to ${SCHEMA}: run the newer agent`;
    throw new SettingsError(sqlite.file, problem);
  }
  sqlite.transaction(() => {
    sqlite.exec(TABLES);
    sqlite.exec(`PRAGMA user_version = ${SCHEMA}`);
  });
}
