import type { Database } from "../../database/open-database.ts";
import { type Clock, every } from "../../runtime/clock.ts";
import { reasonOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import type { Service } from "../../runtime/service.ts";

const EVERY_MS = 60 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** Deleted in one transaction: others write to the same database meanwhile. */
const AUDIT_BATCH_MAX = 1_000;

export interface AuditBounds {
  readonly days: number;
  readonly entriesMax: number;
}

/** Takes the oldest entries of the audit trail away: those older than `days`, and those beyond `entriesMax`. */
export function createAuditUpkeep({
  database,
  bounds,
  clock,
  log,
}: {
  readonly database: Database;
  readonly bounds: AuditBounds;
  readonly clock: Clock;
  readonly log: Log;
}): Service {
  const stopping = new AbortController();
  let stopTimer = () => {};
  let trimming: Promise<void> = Promise.resolve();

  async function trim(): Promise<void> {
    try {
      const taken = await trimAudit(database, { ...bounds, nowMs: clock.now() }, stopping.signal);
      if (taken > 0) log.info({ taken, ...bounds }, "the oldest entries of the audit trail were taken away");
    } catch (error) {
      log.error({ reason: reasonOf(error) }, "the audit trail could not be trimmed");
    }
  }

  return {
    name: "audit upkeep",
    async start() {
      trimming = trim();
      stopTimer = every(clock, EVERY_MS, () => {
        trimming = trimming.then(trim);
        return trimming;
      });
    },
    async stop() {
      stopTimer();
      stopping.abort();
      await trimming;
    },
  };
}

/** Resolves to how many entries went. Until `signal` aborts; what is left then goes the next time. */
export async function trimAudit(
  database: Database,
  { days, entriesMax, nowMs }: AuditBounds & { readonly nowMs: number },
  signal?: AbortSignal,
): Promise<number> {
  const { last } = await database
    .selectFrom("audit_entries")
    .select(({ fn }) => fn.max("sequence").as("last"))
    .executeTakeFirstOrThrow();
  // Entries are numbered in their order, without gaps but those of writes that failed.
  const firstKept = Number(last ?? 0) - entriesMax + 1;
  const since = nowMs - days * DAY_MS;
  let taken = 0;
  while (!(signal?.aborted ?? false)) {
    const oldest = await database
      .selectFrom("audit_entries")
      .select(["sequence", "at_ms"])
      .orderBy("sequence")
      .limit(AUDIT_BATCH_MAX)
      .execute();
    // Up to the first that stays: a clock that was wrong for a while leaves no holes in the trail.
    const kept = oldest.findIndex(({ sequence, at_ms }) => sequence >= firstKept && at_ms >= since);
    const upTo = (kept === -1 ? oldest.at(-1) : oldest[kept - 1])?.sequence;
    if (upTo === undefined) return taken;
    const { numDeletedRows } = await database
      .deleteFrom("audit_entries")
      .where("sequence", "<=", upTo)
      .executeTakeFirst();
    taken += Number(numDeletedRows);
    if (kept !== -1) return taken;
  }
  return taken;
}
