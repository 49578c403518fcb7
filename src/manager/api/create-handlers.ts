import { type AccountNeeds, createAccountHandlers } from "./account-handlers.ts";
import { type AlertNeeds, createAlertHandlers } from "./alert-handlers.ts";
import { createDoctorHandlers, type DoctorHandlerNeeds } from "./doctor-handlers.ts";
import type { Handlers } from "./handler.ts";
import { createHostHandlers, type HostNeeds } from "./host-handlers.ts";
import { createIndicationHandlers, type IndicationNeeds } from "./indication-handlers.ts";
import { createJobHandlers, type JobNeeds } from "./job-handlers.ts";
import { createMaintenanceHandlers, type MaintenanceNeeds } from "./maintenance-handlers.ts";
import { createSessionHandlers, type SessionNeeds } from "./session-handlers.ts";
import { createSnapshotHandlers, type SnapshotNeeds } from "./snapshot-handlers.ts";
import { createStatusHandlers, type StatusNeeds } from "./status-handlers.ts";

export type HandlerNeeds = AccountNeeds &
  AlertNeeds &
  DoctorHandlerNeeds &
  HostNeeds &
  IndicationNeeds &
  JobNeeds &
  MaintenanceNeeds &
  SessionNeeds &
  SnapshotNeeds &
  StatusNeeds;

/** Everything the contract asks for, once for both listeners. */
export function createHandlers(needs: HandlerNeeds): Handlers {
  return {
    ...createStatusHandlers(needs),
    ...createHostHandlers(needs),
    ...createAlertHandlers(needs),
    ...createDoctorHandlers(needs),
    ...createJobHandlers(needs),
    ...createMaintenanceHandlers(needs),
    ...createSnapshotHandlers(needs),
    ...createSessionHandlers(needs),
    ...createAccountHandlers(needs),
    ...createIndicationHandlers(needs),
  };
}
