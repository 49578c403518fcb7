import type { InboxAlert } from "../model/alert.ts";
import { alertSentence } from "../model/alert-words.ts";
import type { Text } from "../ports/flow.ts";
import { paint } from "./output.ts";
import { formatMoment } from "./quantities.ts";
import type { Session } from "./session.ts";
import { visible } from "./visible.ts";
import { ALERT_STATE_WORDS } from "./words.ts";

export const SEVERITY_FILTER: Text = { en: "this severity and worse", ja: "この重要度以上" };
export const HOST_FILTER: Text = { en: "only this host", ja: "このホストだけ" };

/** An alert on one line: when it was raised, how bad, where, what, and what became of it. */
export function alertLine(session: Session, alert: InboxAlert): string {
  const severity = paint(session.world.output, session.severity(alert.severity));
  const what = `${visible(alert.hostName)}: ${visible(alertSentence(alert, session.language))}`;
  return `${formatMoment(alert.raisedAtMs)}  ${severity}  ${what}  [${session.say(ALERT_STATE_WORDS[alert.state])}]`;
}
