import { existsSync, renameSync } from "node:fs";
import { openSqlite } from "../../database/open-sqlite.ts";
import type { Alert } from "../../model/alert.ts";
import type { Clock } from "../../runtime/clock.ts";
import { CorruptionError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { createUuid, type Random } from "../../runtime/random.ts";
import { createSpool, type Spool } from "./spool.ts";
import { SPOOL_CONDITIONS } from "./spool-tables.ts";

/** The spool is small and mostly empty: an agent at rest shall take little. */
const CACHE_BYTES = 1024 * 1024;

export interface OpenSpoolNeeds {
  readonly file: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/**
 * Opens the spool, or makes it. A damaged one is set aside under another name, a new one is begun, and that is its first
 * alert. Throws SettingsError where the file cannot be opened or a newer agent wrote it.
 */
export async function openSpool({ file, clock, random, log }: OpenSpoolNeeds): Promise<Spool> {
  try {
    return createSpool({ sqlite: openSqlite({ file, cacheBytes: CACHE_BYTES }), clock, random });
  } catch (error) {
    if (!(error instanceof CorruptionError)) throw error;
    const aside = `${file}.damaged-${clock.now()}`;
    for (const suffix of ["", "-wal", "-shm"]) {
      if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix);
    }
    log.error({ file, aside, reason: error.message }, "the alert spool is damaged and was set aside");
    const spool = createSpool({ sqlite: openSqlite({ file, cacheBytes: CACHE_BYTES }), clock, random });
    await spool.add([damagedAlert({ aside, reason: error.message, clock, random })]);
    return spool;
  }
}

function damagedAlert({
  aside,
  reason,
  clock,
  random,
}: {
  readonly aside: string;
  readonly reason: string;
  readonly clock: Clock;
  readonly random: Random;
}): Alert {
  return {
    id: createUuid({ clock, random }),
    raisedAtMs: clock.now(),
    severity: "major",
    category: "software",
    kind: "event",
    component: "alert spool",
    condition: SPOOL_CONDITIONS.damaged,
    summary: "the alert spool was damaged: alerts that waited in it may not have been told",
    details: [
      { name: "set aside as", value: aside },
      { name: "reason", value: reason },
    ],
  };
}
