import type { MaintenanceWindow } from "../../model/maintenance.ts";
import type { Clock } from "../../runtime/clock.ts";
import { checkSchedule, nextOccurrence } from "../watch/maintenance/maintenance-times.ts";
import type { MaintenanceWindows } from "./needs.ts";

/** Maintenance windows in memory. Never used outside tests. */
export function createMemoryMaintenance(clock: Clock): MaintenanceWindows {
  const windows: MaintenanceWindow[] = [];
  return {
    list: () => windows,
    async add(order) {
      checkSchedule(order.schedule);
      const id = `00000000-0000-4000-8000-${String(windows.length).padStart(12, "0")}`;
      const added = { ...order, id, createdAtMs: clock.now() };
      windows.push(added);
      return added;
    },
    async remove(id) {
      const place = windows.findIndex((window) => window.id === id);
      return place >= 0 && windows.splice(place, 1).length > 0;
    },
    nextOf: ({ schedule }) => nextOccurrence(schedule, clock.now()),
  };
}
