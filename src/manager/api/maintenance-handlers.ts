import { ApiError } from "../../api/api-error.ts";
import { API_LIMITS } from "../../api/limits.ts";
import type { Maintenance } from "../../api/maintenance-routes.ts";
import type { MaintenanceSchedule, MaintenanceScope, MaintenanceWindow } from "../../model/maintenance.ts";
import type { Clock } from "../../runtime/clock.ts";
import { SettingsError } from "../../runtime/errors.ts";
import { findHost } from "./find-host.ts";
import type { Handlers } from "./handler.ts";
import type { AlertInbox, Groups, HostDirectory, MaintenanceWindows } from "./needs.ts";

export interface MaintenanceNeeds {
  readonly hosts: HostDirectory;
  readonly groups: Groups;
  readonly alerts: Pick<AlertInbox, "openByHost">;
  readonly maintenance: MaintenanceWindows;
  readonly clock: Clock;
}

type MaintenanceRouteName = "groupList" | "maintenanceList" | "maintenanceAdd" | "maintenanceEnd";

export function createMaintenanceHandlers(needs: MaintenanceNeeds): Handlers<MaintenanceRouteName> {
  const { hosts, groups, alerts, maintenance, clock } = needs;
  const describe = (window: MaintenanceWindow): Maintenance => {
    const next = maintenance.nextOf(window);
    const nowMs = clock.now();
    return { ...window, next: next ?? null, underWay: next !== undefined && next.fromMs <= nowMs };
  };
  return {
    async groupList({ query }) {
      const shown = (await groups.states()).slice(0, query.limit ?? API_LIMITS.groups);
      const open = await alerts.openByHost([...new Set(shown.flatMap(({ hostIds }) => hostIds))]);
      const items = shown.map(({ hostIds, ...group }) => ({
        ...group,
        openAlerts: hostIds.reduce((sum, id) => sum + (open.get(id)?.count ?? 0), 0),
      }));
      return { items };
    },
    maintenanceList: () => ({ items: maintenance.list().map(describe) }),
    async maintenanceAdd({ body }, { identity }) {
      const { seconds, cron, timeZone = "UTC", note = "", fromMs = clock.now() } = body;
      if (body.host !== undefined && body.group !== undefined) {
        throw new ApiError("invalid-request", "body: has a host and a group: a window concerns one of the two");
      }
      if (cron !== undefined && body.fromMs !== undefined) {
        throw new ApiError("invalid-request", "body: has fromMs and cron: a window begins once, or again and again");
      }
      const scope: MaintenanceScope =
        body.host !== undefined
          ? { kind: "host", hostId: (await findHost(hosts, body.host)).id }
          : body.group !== undefined
            ? { kind: "group", group: body.group }
            : { kind: "all" };
      const schedule: MaintenanceSchedule =
        cron === undefined
          ? { kind: "once", fromMs, toMs: fromMs + seconds * 1_000 }
          : { kind: "recurring", cron, timeZone, seconds };
      try {
        const added = await maintenance.add({ scope, schedule, note, createdBy: identity.name });
        if (added !== undefined) return describe(added);
      } catch (error) {
        if (error instanceof SettingsError) throw new ApiError("invalid-request", `body.${error.message}`);
        throw error;
      }
      throw new ApiError("conflict", "maintenance: there are too many windows already: end some first");
    },
    async maintenanceEnd({ params }) {
      if (await maintenance.remove(params.id)) return;
      throw new ApiError("not-found", `maintenance: there is no window ${params.id}`);
    },
  };
}
