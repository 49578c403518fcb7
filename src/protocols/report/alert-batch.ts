import { ALERTS_PER_BATCH_MAX, type AlertMessage, REPORT_RECORD_BYTES_MAX } from "./messages.ts";

/** The union's number and the list's count. */
const BATCH_HEAD_BYTES = 8;
/** Id, time, severity, category, kind, and the count of details. */
const ALERT_FIXED_BYTES = 16 + 8 + 3 * 4 + 4;

/** The size of an opaque of `length` bytes on the wire (RFC 4506 §4.10). */
function textBytes(text: string): number {
  const length = Buffer.byteLength(text);
  return 4 + length + ((4 - (length % 4)) % 4);
}

/** The bytes that an alert takes on the wire, without encoding it. */
export function alertBytes({ component, condition, summary, details }: AlertMessage): number {
  let bytes = ALERT_FIXED_BYTES + textBytes(component) + textBytes(condition) + textBytes(summary);
  for (const { name, value } of details) bytes += textBytes(name) + textBytes(value);
  return bytes;
}

/** How many of `alerts`, from `start`, fit one message; at least one where there is one. */
export function takeBatch(alerts: readonly AlertMessage[], start: number): number {
  let bytes = BATCH_HEAD_BYTES;
  let count = 0;
  while (count < ALERTS_PER_BATCH_MAX) {
    const alert = alerts[start + count];
    if (alert === undefined) break;
    bytes += alertBytes(alert);
    if (bytes > REPORT_RECORD_BYTES_MAX && count > 0) break;
    count += 1;
  }
  return count;
}
