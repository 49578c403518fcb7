import type { Selectable } from "kysely";
import type { AlertsTable } from "../../database/schema.ts";
import {
  ALERT_CATEGORIES,
  type Alert,
  type AlertCategory,
  type AlertDetail,
  type InboxAlert,
  SEVERITIES,
  type Severity,
} from "../../model/alert.ts";

export type AlertRow = Selectable<AlertsTable>;

/** The columns of a new row, in the order in which the insert names them. */
export const NEW_ROW_COLUMNS = [
  "host_id",
  "id",
  "raised_at_ms",
  "severity",
  "category",
  "kind",
  "component",
  "condition",
  "summary",
  "details",
  "bytes",
  "received_at_ms",
  "state",
  "cleared_at_ms",
] as const;
export type NewAlertRow = Pick<AlertRow, (typeof NEW_ROW_COLUMNS)[number]>;

const severityNames = namesOf(SEVERITIES);
const categoryNames = namesOf(ALERT_CATEGORIES);

function namesOf<K extends string>(numbers: Readonly<Record<K, number>>): ReadonlyMap<number, K> {
  return new Map((Object.entries(numbers) as [K, number][]).map(([name, number]) => [number, name]));
}

/** Throws where the number is none of CIM's: only our own writer fills the column. */
export function severityOf(number: number): Severity {
  return nameOf(severityNames, number);
}

function nameOf<K>(names: ReadonlyMap<number, K>, number: number): K {
  const name = names.get(number);
  if (name === undefined) throw new Error(`assertion failed: ${number} has a name`);
  return name;
}

/** Numbers, times and the rest of a row, besides its texts. */
const ROW_BYTES = 150;

export function toRow(alert: Alert, { hostId, receivedAtMs }: { hostId: string; receivedAtMs: number }): NewAlertRow {
  const { id, raisedAtMs, severity, category, kind, component, condition, summary } = alert;
  const details = JSON.stringify(alert.details);
  const isCleared = kind === "cleared"; // Tells an end: there is nothing left to do about it.
  return {
    host_id: hostId,
    id,
    raised_at_ms: raisedAtMs,
    severity: SEVERITIES[severity],
    category: ALERT_CATEGORIES[category],
    kind,
    component,
    condition,
    summary,
    details,
    bytes: ROW_BYTES + Buffer.byteLength(component + condition + summary + details),
    received_at_ms: receivedAtMs,
    state: isCleared ? "cleared" : "open",
    cleared_at_ms: isCleared ? raisedAtMs : null,
  };
}

export function toInboxAlert(row: Omit<AlertRow, "sequence" | "bytes">, hostName: string): InboxAlert {
  return {
    id: row.id,
    raisedAtMs: row.raised_at_ms,
    severity: severityOf(row.severity),
    category: nameOf<AlertCategory>(categoryNames, row.category),
    kind: row.kind,
    component: row.component,
    condition: row.condition,
    summary: row.summary,
    details: JSON.parse(row.details) as AlertDetail[],
    hostId: row.host_id,
    hostName,
    receivedAtMs: row.received_at_ms,
    state: row.state,
    acknowledgedAtMs: row.acknowledged_at_ms,
    acknowledgedBy: row.acknowledged_by,
    clearedAtMs: row.cleared_at_ms,
  };
}
