import type { Clock } from "../../runtime/clock.ts";
import type { Handlers } from "./handler.ts";
import type { AlertInbox, HostDirectory, Jobs, ManagerFacts, Snapshots } from "./needs.ts";

export interface StatusNeeds {
  readonly clock: Clock;
  readonly manager: ManagerFacts;
  readonly hosts: Pick<HostDirectory, "countByState">;
  readonly alerts: Pick<AlertInbox, "counts">;
  readonly jobs: Pick<Jobs, "countUnended">;
  readonly snapshots: Pick<Snapshots, "count">;
}

export function createStatusHandlers({
  clock,
  manager,
  hosts,
  alerts,
  jobs,
  snapshots,
}: StatusNeeds): Handlers<"status"> {
  const startedAt = clock.monotonic();
  return {
    async status() {
      const [hostCounts, alertCounts, jobCounts, snapshotCount] = await Promise.all([
        hosts.countByState(),
        alerts.counts(),
        jobs.countUnended(),
        snapshots.count(),
      ]);
      return {
        version: manager.version,
        managerId: manager.managerId,
        startedAtMs: manager.startedAtMs,
        uptimeSeconds: (clock.monotonic() - startedAt) / 1_000,
        counts: {
          hosts: hostCounts,
          alerts: alertCounts.byState,
          openAlertsBySeverity: alertCounts.openBySeverity,
          jobs: jobCounts,
          snapshots: snapshotCount,
        },
        flows: [...manager.flows()],
      };
    },
  };
}
