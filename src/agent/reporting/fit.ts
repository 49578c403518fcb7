import { ALERT_LIMITS, type Alert } from "../../model/alert.ts";
import { fitText } from "../../model/fit-text.ts";
import { type HostReadings, READING_LIMITS, type Reading } from "../../model/reading.ts";
import { assert } from "../../runtime/errors.ts";
import { isUuid } from "../../runtime/random.ts";

// Cuts what is said to what the wire and the database take, with a mark: an alert is never dropped for its length.

const MARK = "…";

/** The alert as it can be told. Its id must be a UUID: that is the raiser's to get right. */
export function fitAlert(alert: Alert, { nowMs }: { readonly nowMs: number }): Alert {
  const id = alert.id.toLowerCase();
  assert(isUuid(id), `an alert's id is a UUID, not ${alert.id}`);
  const kept = alert.details.length > ALERT_LIMITS.details ? ALERT_LIMITS.details - 1 : ALERT_LIMITS.details;
  const details = alert.details.slice(0, kept).map(({ name, value }) => ({
    name: fitText(name, ALERT_LIMITS.detailNameBytes),
    value: fitText(value, ALERT_LIMITS.detailValueBytes),
  }));
  const left = alert.details.length - kept;
  if (left > 0) details.push({ name: MARK, value: `${left} further details are left out` });
  return {
    id,
    raisedAtMs: Number.isSafeInteger(alert.raisedAtMs) ? alert.raisedAtMs + 0 : nowMs, // Zero has no sign on the wire.
    severity: alert.severity,
    category: alert.category,
    kind: alert.kind,
    component: fitText(alert.component, ALERT_LIMITS.componentBytes),
    condition: fitText(alert.condition, ALERT_LIMITS.conditionBytes),
    summary: fitText(alert.summary, ALERT_LIMITS.summaryBytes),
    details,
  };
}

/** The readings as they can be told: a value that is no number was not read. */
export function fitReadings({ readAtMs, readings }: HostReadings): HostReadings {
  const kept = readings.length > READING_LIMITS.readings ? READING_LIMITS.readings - 1 : READING_LIMITS.readings;
  const fitted = readings.slice(0, kept).map(fitReading);
  const left = readings.length - kept;
  if (left > 0) {
    fitted.push({
      component: "readings",
      measure: "left out",
      value: left,
      unit: "count",
      state: "unknown",
      summary: `${left} of ${readings.length} readings are left out`,
    });
  }
  return { readAtMs, readings: fitted };
}

function fitReading(reading: Reading): Reading {
  const isRead = reading.value !== null && Number.isFinite(reading.value);
  return {
    component: fitText(reading.component, READING_LIMITS.componentBytes),
    measure: fitText(reading.measure, READING_LIMITS.measureBytes),
    value: isRead ? reading.value : null,
    unit: reading.unit,
    state: isRead ? reading.state : "unknown",
    summary: fitText(reading.summary, READING_LIMITS.summaryBytes),
  };
}
