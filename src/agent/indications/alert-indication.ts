import { CimDateTime } from "../../cim/cim-date-time.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { createInstance } from "../../cim/instance-of-class.ts";
import { CIM_AlertIndication } from "../../cim/schema/indication.ts";
import { ALERT_CATEGORIES, type Alert, SEVERITIES } from "../../model/alert.ts";
import type { Clock } from "../../runtime/clock.ts";
import { INDICATION_LIMITS } from "./limits.ts";

/** ProbableCause of CIM_AlertIndication by the beginning of a condition's name; others are 1, "Other". */
const CAUSES: readonly (readonly [string, number])[] = [
  ["filesystem.filling", 50], // Storage Capacity Problem
  ["memory", 33], // Out of Memory
  ["load", 11], // CPU Cycles Limit Exceeded
  ["temperature", 51], // Temperature Unacceptable
  ["service", 72], // Element Unavailable… of a service that should run
  ["disk", 16], // Equipment Malfunction
  ["raid", 16],
  ["power", 36], // Power Problem
];
const CLEARED = 59; // Previous Alert Cleared
const OTHER = 1;

export interface AlertIndications {
  /** The alert as CIM_AlertIndication, with the identifier of the one that it clears. */
  of(alert: Alert): CimInstance;
}

export function createAlertIndications({
  systemName,
  clock,
}: {
  readonly systemName: string;
  readonly clock: Pick<Clock, "now">;
}): AlertIndications {
  /** Identifiers of what was raised and is not over, by condition and component. */
  const open = new Map<string, string>();

  function correlated({ id, kind, condition, component }: Alert): string[] {
    const key = `${condition}\n${component}`;
    if (kind === "raised") {
      if (open.size >= INDICATION_LIMITS.openAlerts) open.delete(open.keys().next().value as string);
      open.set(key, id);
    }
    if (kind !== "cleared") return [];
    const raised = open.get(key);
    open.delete(key);
    return raised === undefined ? [] : [identifierOf(raised)];
  }

  return {
    of(alert) {
      const { id, raisedAtMs, severity, category, kind, component, condition, summary, details } = alert;
      const known = CAUSES.find(([beginning]) => condition.startsWith(beginning))?.[1] ?? OTHER;
      const cause = kind === "cleared" ? CLEARED : known;
      return createInstance(CIM_AlertIndication, {
        IndicationIdentifier: identifierOf(id),
        CorrelatedIndications: correlated(alert),
        IndicationTime: CimDateTime.at(clock.now()),
        EventTime: CimDateTime.at(raisedAtMs),
        PerceivedSeverity: SEVERITIES[severity],
        AlertType: ALERT_CATEGORIES[category],
        ProbableCause: cause,
        ...(cause === OTHER ? { ProbableCauseDescription: condition } : {}),
        Description: summary,
        Message: summary,
        MessageID: `RUSUBAN:${condition}`,
        MessageArguments: details.map(({ name, value }) => `${name}: ${value}`),
        OwningEntity: "Rusuban",
        EventID: condition,
        AlertingManagedElement: component,
        AlertingElementFormat: 1,
        OtherAlertingElementFormat: "component as people name it",
        SystemCreationClassName: "CIM_ComputerSystem",
        SystemName: systemName,
        ProviderName: "rusuban agent",
      });
    },
  };
}

/** DSP0004 "OrgID:LocalID", unique for ever. */
function identifierOf(alertId: string): string {
  return `Rusuban:${alertId}`;
}
