import type { Selectable } from "kysely";
import type { Database } from "../../../database/open-database.ts";
import type { MaintenanceWindowsTable } from "../../../database/schema.ts";
import type { MaintenanceSchedule, MaintenanceScope, MaintenanceWindow } from "../../../model/maintenance.ts";
import type { Clock } from "../../../runtime/clock.ts";
import { createUuid, type Random } from "../../../runtime/random.ts";
import { isInGroup } from "../../fleet/host-groups.ts";
import { checkSchedule, nextOccurrence, occurrenceAt } from "./maintenance-times.ts";

/** Windows kept at once: a mistaken script must not make every alert cost a thousand schedules. */
export const MAINTENANCE_WINDOWS_MAX = 500;

export interface MaintenanceOrder {
  readonly scope: MaintenanceScope;
  readonly schedule: MaintenanceSchedule;
  readonly note: string;
  readonly createdBy: string;
}

/** All windows, in memory and in the database. */
export interface MaintenanceCalendar {
  list(): readonly MaintenanceWindow[];
  /** Durable when it resolves. Throws SettingsError for what is no schedule; undefined where there are too many. */
  add(order: MaintenanceOrder): Promise<MaintenanceWindow | undefined>;
  /** A window under way ends now. False where there is none of this id. */
  remove(id: string): Promise<boolean>;
  /** The window that a host is in. */
  windowOf(hostId: string): MaintenanceWindow | undefined;
}

export async function openMaintenanceCalendar({
  database,
  groupOf,
  clock,
  random,
}: {
  readonly database: Database;
  readonly groupOf: (hostId: string) => string;
  readonly clock: Clock;
  readonly random: Random;
}): Promise<MaintenanceCalendar> {
  const rows = await database.selectFrom("maintenance_windows").selectAll().orderBy("created_at_ms").execute();
  const windows = new Map(rows.map((row) => [row.id, toWindow(row)]));

  async function forgetPast(): Promise<void> {
    const now = clock.now();
    for (const { id, schedule } of windows.values()) {
      if (nextOccurrence(schedule, now) === undefined) await remove(id);
    }
  }

  async function remove(id: string): Promise<boolean> {
    if (!windows.delete(id)) return false;
    await database.deleteFrom("maintenance_windows").where("id", "=", id).execute();
    return true;
  }

  return {
    list: () => [...windows.values()],
    async add({ scope, schedule, note, createdBy }) {
      checkSchedule(schedule);
      await forgetPast();
      if (windows.size >= MAINTENANCE_WINDOWS_MAX) return undefined;
      const created = { id: createUuid({ clock, random }), scope, schedule, note, createdBy, createdAtMs: clock.now() };
      await database
        .insertInto("maintenance_windows")
        .values({
          id: created.id,
          scope: JSON.stringify(scope),
          schedule: JSON.stringify(schedule),
          note,
          created_by: createdBy,
          created_at_ms: created.createdAtMs,
        })
        .execute();
      windows.set(created.id, created);
      return created;
    },
    remove,
    windowOf(hostId) {
      const now = clock.now();
      for (const window of windows.values()) {
        if (concerns(window.scope, hostId, groupOf) && occurrenceAt(window.schedule, now) !== undefined) return window;
      }
      return undefined;
    },
  };
}

function concerns(scope: MaintenanceScope, hostId: string, groupOf: (hostId: string) => string): boolean {
  if (scope.kind === "all") return true;
  return scope.kind === "host" ? scope.hostId === hostId : isInGroup(groupOf(hostId), scope.group);
}

function toWindow(row: Selectable<MaintenanceWindowsTable>): MaintenanceWindow {
  return {
    id: row.id,
    scope: JSON.parse(row.scope) as MaintenanceScope,
    schedule: JSON.parse(row.schedule) as MaintenanceSchedule,
    note: row.note,
    createdBy: row.created_by,
    createdAtMs: row.created_at_ms,
  };
}
