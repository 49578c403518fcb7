import type { Sqlite } from "../../database/open-sqlite.ts";
import { isDiskFull } from "../../database/sqlite-failure.ts";
import { type Alert, type AlertKind, SEVERITIES, type Severity } from "../../model/alert.ts";
import type { Clock } from "../../runtime/clock.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { fitAlert } from "./fit.ts";
import { boundLastWords, stampInOrder } from "./last-words.ts";
import { REPORTING_LIMITS } from "./limits.ts";
import { foldSome, takeFolded } from "./spool-fold.ts";
import { createSpoolReserve } from "./spool-reserve.ts";
import { foldRankOf, prepareSpoolTables, SPOOL_CONDITIONS } from "./spool-tables.ts";

// Where an alert waits from the moment it is raised until the manager has it: on this computer's disk.
//
// Invariants: `add` answers only when the alert is on disk; an alert leaves by `remove` (the manager has it), `setAside`
// (the manager refused it) or by being summed up (spool-fold.ts), and each of the latter two is itself told.

export interface SpooledAlert {
  /** Rises with each alert added, across restarts. */
  readonly seq: number;
  readonly alert: Alert;
}

export interface SpoolCounts {
  readonly alerts: number;
  readonly bytes: number;
  readonly setAside: number;
  /** Out of room: what matters least is being summed up. */
  readonly full: boolean;
}

export interface Spool {
  /**
   * Keeps alerts, each cut to what the wire takes; one whose id is here already is left as it is. Resolves when they are
   * on disk, one sync for all that is added in the same turn. Rejects where the disk does not take them.
   */
  add(alerts: readonly Alert[]): Promise<void>;
  /** The oldest behind `afterSeq`, as many as `limit` and the bounds of one read allow. */
  next(limit: number, afterSeq: number): readonly SpooledAlert[];
  has(id: string): boolean;
  /** The manager has them. */
  remove(ids: readonly string[]): void;
  /** The manager will never take it: kept for a person to look at, and said so in an alert. */
  setAside(id: string, reason: string): void;
  counts(): SpoolCounts;
  /** Called after each addition, the spool's own words among them. */
  onAdded(listener: () => void): void;
  close(): void;
}

export interface SpoolLimits {
  readonly spoolAlerts: number;
  readonly spoolBytes: number;
}

export interface SpoolNeeds {
  readonly sqlite: Sqlite;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits?: SpoolLimits;
}

interface Adding {
  readonly alerts: readonly Alert[];
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Throws SettingsError where a newer agent wrote the file. Closes `sqlite` when it is closed. */
export function createSpool({ sqlite, clock, random, limits = REPORTING_LIMITS }: SpoolNeeds): Spool {
  prepareSpoolTables(sqlite);
  const reserve = createSpoolReserve(sqlite, REPORTING_LIMITS.spoolReserveBytes);
  const insert = sqlite.prepare(
    `INSERT INTO alerts (id, bytes, fold_rank, severity, raised_at_ms, condition, component, body)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const sizes = sqlite.prepare("SELECT seq, bytes FROM alerts WHERE seq > ? ORDER BY seq LIMIT ?");
  const bodies = sqlite.prepare("SELECT seq, body FROM alerts WHERE seq > ? AND seq <= ? ORDER BY seq");
  const byId = sqlite.prepare("SELECT 1 FROM alerts WHERE id = ?");
  const deleteById = sqlite.prepare("DELETE FROM alerts WHERE id = ? RETURNING bytes, body");

  const held = sqlite.prepare("SELECT count(*) AS alerts, coalesce(sum(bytes), 0) AS bytes FROM alerts").all()[0];
  let alerts = Number(held?.alerts);
  let bytes = Number(held?.bytes);
  // Full until the sums have been told.
  let full = sqlite.prepare("SELECT 1 FROM folded LIMIT 1").all().length > 0;
  let adding: Adding[] = [];
  let listener = () => {};

  /** Counts are of the committed state: a transaction that fails leaves them as they were. */
  function tryTransaction<T>(work: () => T): T {
    const before = { alerts, bytes, full };
    try {
      return sqlite.transaction(work);
    } catch (error) {
      ({ alerts, bytes, full } = before);
      throw error;
    }
  }

  /** On a full disk it goes on with the space it holds, and sums up what matters least when that is used up, too. */
  function transaction<T>(work: () => T): T {
    for (const makeSpace of [() => reserve.grow(), emptyLog, foldOnFullDisk, foldOnFullDisk]) {
      // A step of growth may have to be repeated for a large addition; the others help once.
      for (let helped = true; helped; ) {
        try {
          return tryTransaction(work);
        } catch (error) {
          if (!isDiskFull(error)) throw error;
        }
        helped = makeSpace();
      }
    }
    return tryTransaction(work);
  }

  function emptyLog(): false {
    reserve.emptyLog();
    return false;
  }

  function foldOnFullDisk(): false {
    tryTransaction(() => foldMore("the disk is full", REPORTING_LIMITS.foldedOnFullDisk));
    return false;
  }

  const has = (id: string) => byId.all(id).length > 0;

  function insertOne(told: Alert): void {
    const fitted = fitAlert(told, { nowMs: clock.now() });
    if (has(fitted.id)) return;
    const alert = stampInOrder(sqlite, fitted);
    const body = JSON.stringify(alert);
    const size = Buffer.byteLength(body);
    const { id, severity, raisedAtMs, condition, component } = alert;
    const rank = foldRankOf(alert);
    insert.run(id, size, rank, SEVERITIES[severity], raisedAtMs, condition, component, body);
    alerts += 1;
    bytes += size;
  }

  function sayOf(
    condition: string,
    kind: AlertKind,
    severity: Severity,
    summary: string,
    details: Alert["details"] = [],
  ) {
    const id = createUuid({ clock, random });
    const raisedAtMs = clock.now();
    const component = "alert spool";
    insertOne({ id, raisedAtMs, severity, category: "software", kind, component, condition, summary, details });
  }

  function makeRoom(): void {
    const reason = `at most ${limits.spoolAlerts} alerts, ${limits.spoolBytes} bytes`;
    while (alerts > limits.spoolAlerts || bytes > limits.spoolBytes) {
      if (!foldMore(reason, REPORTING_LIMITS.foldedAtOnce)) return; // Only the spool's own few words are left.
    }
  }

  /** Sums up some; false where there is nothing that could be. */
  function foldMore(reason: string, part: number): boolean {
    const freed = foldSome(sqlite, Math.ceil(Math.min(alerts, limits.spoolAlerts) * part));
    if (freed.alerts === 0) return false;
    alerts -= freed.alerts;
    bytes -= freed.bytes;
    if (!full) {
      full = true;
      const summary = `the alert spool is full (${reason}): what matters least is summed up until the manager is in reach`;
      sayOf(SPOOL_CONDITIONS.full, "raised", "major", summary);
    }
    return true;
  }

  /** Tells the sums once half of the spool is free again. */
  function tellFolded(): void {
    if (!full || alerts > limits.spoolAlerts / 2 || bytes > limits.spoolBytes / 2) return;
    const folded = takeFolded(sqlite);
    full = false;
    if (folded !== undefined) {
      const severity = SEVERITIES[folded.worst] > SEVERITIES.warning ? folded.worst : "warning";
      const summary = `${folded.count} alerts were summed up while the alert spool was full, the worst ${folded.worst}`;
      sayOf(SPOOL_CONDITIONS.folded, "event", severity, summary, folded.details);
    }
    sayOf(SPOOL_CONDITIONS.full, "cleared", "information", "the alert spool has room again");
  }

  function addAll(): void {
    const batch = adding;
    adding = [];
    if (batch.length === 0) return; // `close` was quicker.
    try {
      transaction(() => {
        for (const one of batch) for (const alert of one.alerts) insertOne(alert);
        boundLastWords(sqlite);
        makeRoom();
      });
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error);
      // One caller's mistake is not another's.
      else for (const one of batch) retryAlone(one);
      return;
    }
    for (const { resolve } of batch) resolve();
    listener();
  }

  function retryAlone(one: Adding): void {
    adding = [one];
    addAll();
  }

  return {
    add(some) {
      return new Promise((resolve, reject) => {
        adding.push({ alerts: some, resolve, reject });
        if (adding.length === 1) setImmediate(addAll);
      });
    },

    next(limit, afterSeq) {
      let end = afterSeq;
      let left: number = REPORTING_LIMITS.bytesPerRead;
      for (const row of sizes.all(afterSeq, Math.min(limit, REPORTING_LIMITS.alertsPerRead))) {
        left -= Number(row.bytes);
        if (left < 0 && end !== afterSeq) break;
        end = Number(row.seq);
      }
      return bodies.all(afterSeq, end).map(({ seq, body }) => ({
        seq: Number(seq),
        alert: JSON.parse(String(body)) as Alert,
      }));
    },

    has: (id) => has(id.toLowerCase()),

    remove(ids) {
      transaction(() => {
        for (const id of ids) {
          for (const row of deleteById.all(id)) {
            alerts -= 1;
            bytes -= Number(row.bytes);
          }
        }
        tellFolded();
      });
      listener();
    },

    setAside(id, reason) {
      transaction(() => {
        const row = deleteById.all(id)[0];
        if (row === undefined) return;
        alerts -= 1;
        bytes -= Number(row.bytes);
        sqlite
          .prepare("INSERT INTO set_aside (at_ms, reason, body) VALUES (?, ?, ?)")
          .run(clock.now(), reason, String(row.body));
        sqlite
          .prepare("DELETE FROM set_aside WHERE seq <= (SELECT max(seq) FROM set_aside) - ?")
          .run(REPORTING_LIMITS.setAsideAlerts);
        const { condition, component, summary } = JSON.parse(String(row.body)) as Alert;
        // A refusal that is refused itself is not told again: that would never end.
        if (condition === SPOOL_CONDITIONS.refused) return;
        sayOf(
          SPOOL_CONDITIONS.refused,
          "event",
          "warning",
          `the manager refused an alert and it was set aside: ${reason}`,
          [
            { name: "id", value: id },
            { name: "condition", value: condition },
            { name: "component", value: component },
            { name: "summary", value: summary },
          ],
        );
        tellFolded();
      });
      listener();
    },

    counts: () => ({
      alerts,
      bytes,
      setAside: Number(sqlite.prepare("SELECT count(*) AS n FROM set_aside").all()[0]?.n),
      full,
    }),
    onAdded(next) {
      listener = next;
    },
    close() {
      if (adding.length > 0) addAll();
      sqlite.close();
    },
  };
}
