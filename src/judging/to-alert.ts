import { ALERT_LIMITS, type Alert } from "../model/alert.ts";
import { cutText } from "../model/cut-text.ts";
import type { Telling } from "./judge.ts";

/** What was judged as an alert under this id, cut to what the wire and the database take. */
export function toAlert(telling: Telling, id: string): Alert {
  return {
    ...telling,
    id,
    component: cutText(telling.component, ALERT_LIMITS.componentBytes),
    summary: cutText(telling.summary, ALERT_LIMITS.summaryBytes),
    details: telling.details.map(({ name, value }) => ({ name, value: cutText(value, ALERT_LIMITS.detailValueBytes) })),
  };
}
