import { Cron } from "croner";
import type { MaintenanceSchedule } from "../../../model/maintenance.ts";
import { reasonOf, SettingsError } from "../../../runtime/errors.ts";

/** When a schedule is, was, or will be under way. Both ends in milliseconds since 1970. */
export interface Occurrence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The occurrence that `atMs` lies in. The end is no longer part of it. */
export function occurrenceAt(schedule: MaintenanceSchedule, atMs: number): Occurrence | undefined {
  if (schedule.kind === "once") {
    const { fromMs, toMs } = schedule;
    return fromMs <= atMs && atMs < toMs ? { fromMs, toMs } : undefined;
  }
  const cron = cronOf(schedule);
  // A start at this very moment counts: "previous" is strictly before.
  const [start] = cron.previousRuns(1, new Date(atMs + 1));
  if (start === undefined) return undefined;
  const fromMs = start.getTime();
  const toMs = fromMs + schedule.seconds * 1_000;
  return atMs < toMs ? { fromMs, toMs } : undefined;
}

/** The one under way, or the next; undefined when there is none to come. */
export function nextOccurrence(schedule: MaintenanceSchedule, atMs: number): Occurrence | undefined {
  const current = occurrenceAt(schedule, atMs);
  if (current !== undefined) return current;
  if (schedule.kind === "once") {
    return schedule.fromMs > atMs ? { fromMs: schedule.fromMs, toMs: schedule.toMs } : undefined;
  }
  const start = cronOf(schedule).nextRun(new Date(atMs));
  return start === null ? undefined : { fromMs: start.getTime(), toMs: start.getTime() + schedule.seconds * 1_000 };
}

/** Throws SettingsError for what is no schedule. */
export function checkSchedule(schedule: MaintenanceSchedule): void {
  if (schedule.kind === "once") {
    if (schedule.fromMs < schedule.toMs) return;
    throw new SettingsError("schedule", `it ends (${schedule.toMs}) before it begins (${schedule.fromMs})`);
  }
  const { cron, timeZone } = schedule;
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw new SettingsError("timeZone", `${JSON.stringify(timeZone)} is no time zone, such as Asia/Tokyo`);
  }
  if (cron.trim().split(/\s+/).length !== 5) {
    throw new SettingsError(
      "cron",
      `${JSON.stringify(cron)} has not five fields, such as "0 2 * * 0" (Sundays at 2:00)`,
    );
  }
  try {
    cronOf(schedule);
  } catch (error) {
    throw new SettingsError("cron", `${JSON.stringify(cron)}: ${reasonOf(error)}`);
  }
}

function cronOf({ cron, timeZone }: Extract<MaintenanceSchedule, { kind: "recurring" }>): Cron {
  return new Cron(cron, { timezone: timeZone, paused: true });
}
