import type { Migration } from "../migrate.ts";
import { firstTables } from "./0001-first-tables.ts";
import { history } from "./0002-history.ts";
import { groupsAndMaintenance } from "./0003-groups-and-maintenance.ts";
import { agentlessHosts } from "./0004-agentless-hosts.ts";
import { indicationSubscriptions } from "./0005-indication-subscriptions.ts";
import { certificateNames } from "./0006-certificate-names.ts";
import { eventPublishers } from "./0007-event-publishers.ts";
import { snmpAndThresholds } from "./0008-snmp-and-thresholds.ts";
import { endedSubscriptions } from "./0009-ended-subscriptions.ts";

/** In the order in which they run; a migration that has been released never changes. */
export const ALL_MIGRATIONS: readonly Migration[] = [
  firstTables,
  history,
  groupsAndMaintenance,
  agentlessHosts,
  indicationSubscriptions,
  certificateNames,
  eventPublishers,
  snmpAndThresholds,
  endedSubscriptions,
];
