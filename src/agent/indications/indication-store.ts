import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { INTEROP } from "../../cim/provider.ts";
import type { Sqlite } from "../../database/open-sqlite.ts";
import { Instance, ValueNamedInstance } from "../../protocols/cim-xml/instance-elements.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SettingsError } from "../../runtime/errors.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import { INDICATION_LIMITS } from "./limits.ts";

// What must outlive a restart: the instances that make subscriptions, and the indications that wait for each destination.
//
// Invariants: an indication has its number before it is on disk and keeps it until the listener has taken it (DSP1054
// 1.1.0 §7.10); numbers of one destination are in the order of their making; `enqueue` answers only when all is on disk.
// Context and numbers go on over a restart, so that a listener sees a gap also across it.

export type StoredKind = "filter" | "destination" | "subscription";

export interface Waiting {
  readonly seq: number;
  readonly indication: CimInstance;
}

/** One indication for one destination. */
export interface Addressed {
  /** The identity of the destination's path. */
  readonly destination: string;
  readonly indication: CimInstance;
}

export interface IndicationStore {
  list(kind: StoredKind): CimInstance[];
  /** By the identity of its path: a new one, or in place of the one that was there. */
  put(kind: StoredKind, instance: CimInstance): void;
  /** A destination's waiting indications and its numbers go with it. False where there was none. */
  remove(kind: StoredKind, identity: string): boolean;
  /** Numbers them and keeps them. Gives back how many old ones had to go for them, by destination. */
  enqueue(all: readonly Addressed[]): ReadonlyMap<string, number>;
  /** The oldest that wait for this destination, in their order: so many at most, and of more than one no more bytes. */
  oldest(destination: string, most: { readonly count: number; readonly bytes: number }): Waiting[];
  /** They wait no longer. */
  delivered(seqs: readonly number[]): void;
  waiting(destination: string): { readonly count: number; readonly bytes: number };
  close(): void;
}

const SCHEMA = 1;
const TABLES = `
  CREATE TABLE objects (
    kind TEXT NOT NULL,
    identity TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, identity)
  ) STRICT;
  CREATE TABLE sequences (
    destination TEXT PRIMARY KEY,
    context TEXT NOT NULL,
    next_number INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE waiting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    destination TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE INDEX waiting_by_destination ON waiting (destination, seq, bytes);
`;

/** Throws SettingsError where a newer agent wrote the file. Closes `sqlite` when it is closed. */
export function createIndicationStore({
  sqlite,
  clock,
  random,
}: {
  readonly sqlite: Sqlite;
  readonly clock: Clock;
  readonly random: Random;
}): IndicationStore {
  prepareTables(sqlite);
  const counts = new Map<string, { count: number; bytes: number }>();
  for (const row of sqlite.prepare("SELECT destination, count(*) AS n, sum(bytes) AS b FROM waiting GROUP BY 1").all())
    counts.set(String(row.destination), { count: Number(row.n), bytes: Number(row.b) });

  const waiting = (destination: string) => counts.get(destination) ?? { count: 0, bytes: 0 };
  function count(destination: string, by: 1 | -1, bytes: number): void {
    const before = waiting(destination);
    counts.set(destination, { count: before.count + by, bytes: before.bytes + by * bytes });
  }

  function sequenceOf(destination: string): { context: string; number: bigint } {
    const [row] = sqlite
      .prepare(
        "UPDATE sequences SET next_number = next_number + 1 WHERE destination = ? RETURNING context, next_number",
      )
      .all(destination);
    if (row !== undefined) return { context: String(row.context), number: BigInt(Number(row.next_number)) - 1n };
    const context = `rusuban:${createUuid({ clock, random })}`;
    sqlite.prepare("INSERT INTO sequences VALUES (?, ?, 1)").run(destination, context);
    return { context, number: 0n };
  }

  function insert({ destination, indication }: Addressed): number {
    const body = textOf(numbered(indication, sequenceOf(destination)));
    const bytes = Buffer.byteLength(body);
    // The number is used up although nothing is sent: the listener shall see that something is missing.
    if (bytes > INDICATION_LIMITS.indicationBytes) return 1;
    sqlite.prepare("INSERT INTO waiting (destination, bytes, body) VALUES (?, ?, ?)").run(destination, bytes, body);
    count(destination, 1, bytes);
    return makeRoom(destination);
  }

  function makeRoom(destination: string): number {
    let gone = 0;
    while (
      waiting(destination).count > INDICATION_LIMITS.waitingPerDestination ||
      waiting(destination).bytes > INDICATION_LIMITS.waitingBytesPerDestination
    ) {
      const [oldest] = sqlite
        .prepare("DELETE FROM waiting WHERE seq = (SELECT min(seq) FROM waiting WHERE destination = ?) RETURNING bytes")
        .all(destination);
      if (oldest === undefined) return gone;
      count(destination, -1, Number(oldest.bytes));
      gone += 1;
    }
    return gone;
  }

  return {
    list: (kind) =>
      sqlite
        .prepare("SELECT body FROM objects WHERE kind = ? ORDER BY rowid")
        .all(kind)
        .map(({ body }) => ValueNamedInstance.read(parseXml(Buffer.from(String(body), "utf8"))))
        // The name in the document is a local one.
        .map((instance) => instance.withPath(instance.path?.within(INTEROP) ?? null)),
    put(kind, instance) {
      const writer = new XmlWriter();
      ValueNamedInstance.write(writer, instance);
      sqlite
        .prepare("INSERT INTO objects VALUES (?1, ?2, ?3) ON CONFLICT (kind, identity) DO UPDATE SET body = ?3")
        .run(kind, instance.path?.identity ?? "", writer.take());
    },
    remove: (kind, identity) =>
      sqlite.transaction(() => {
        if (kind === "destination") {
          sqlite.prepare("DELETE FROM waiting WHERE destination = ?").run(identity);
          sqlite.prepare("DELETE FROM sequences WHERE destination = ?").run(identity);
          counts.delete(identity);
        }
        return sqlite.prepare("DELETE FROM objects WHERE kind = ? AND identity = ?").run(kind, identity) > 0;
      }),
    enqueue(all) {
      const before = new Map(counts);
      try {
        return sqlite.transaction(() => {
          const gone = new Map<string, number>();
          for (const each of all) {
            const lost = insert(each);
            if (lost > 0) gone.set(each.destination, (gone.get(each.destination) ?? 0) + lost);
          }
          return gone;
        });
      } catch (error) {
        counts.clear();
        for (const [destination, each] of before) counts.set(destination, each);
        throw error;
      }
    },
    oldest(destination, most) {
      const rows = sqlite
        .prepare("SELECT seq, bytes, body FROM waiting WHERE destination = ? ORDER BY seq LIMIT ?")
        .all(destination, most.count);
      let bytes = 0;
      const fitting = rows.filter((row, index) => {
        bytes += Number(row.bytes);
        return index === 0 || bytes <= most.bytes;
      });
      return fitting.map(({ seq, body }) => ({
        seq: Number(seq),
        indication: Instance.read(parseXml(Buffer.from(String(body), "utf8"))),
      }));
    },
    delivered(seqs) {
      const gone = sqlite.transaction(() =>
        seqs.flatMap((seq) =>
          sqlite.prepare("DELETE FROM waiting WHERE seq = ? RETURNING destination, bytes").all(seq),
        ),
      );
      for (const { destination, bytes } of gone) count(String(destination), -1, Number(bytes));
    },
    waiting,
    close: () => sqlite.close(),
  };
}

function prepareTables(sqlite: Sqlite): void {
  const version = Number(sqlite.prepare("PRAGMA user_version").all()[0]?.user_version);
  if (version === SCHEMA) return;
  if (version > SCHEMA)
    throw new SettingsError(
      sqlite.file,
      `has schema ${version}, this agent knows up to ${SCHEMA}: run the newer agent`,
    );
  sqlite.transaction(() => {
    sqlite.exec(TABLES);
    sqlite.exec(`PRAGMA user_version = ${SCHEMA}`);
  });
}

function textOf(instance: CimInstance): string {
  const writer = new XmlWriter();
  Instance.write(writer, instance);
  return writer.take();
}

function numbered(indication: CimInstance, { context, number }: { context: string; number: bigint }): CimInstance {
  const ours: readonly CimProperty[] = [
    { name: "SequenceContext", type: "string", isArray: false, value: context },
    { name: "SequenceNumber", type: "sint64", isArray: false, value: number },
  ];
  const names = ours.map(({ name }) => name);
  const rest = indication.properties.filter(({ name, value }) => !names.includes(name) && value !== null);
  return new CimInstance({ className: indication.className, properties: [...rest, ...ours] });
}
