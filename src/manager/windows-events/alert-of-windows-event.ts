import { createHash } from "node:crypto";
import { ALERT_LIMITS, type Alert, type AlertDetail } from "../../model/alert.ts";
import { fitText } from "../../model/fit-text.ts";
import type { UnreadableEvent, WindowsEvent } from "../../protocols/wsman/windows/windows-event.ts";
import { formatUuid } from "../../runtime/random.ts";
import { ruleOf } from "./event-rules.ts";

/** An event of a Windows event log as an alert: the same one for the same event, however often it is sent. */
export function alertOfWindowsEvent(
  event: WindowsEvent | UnreadableEvent,
  { hostId, receivedAtMs }: { readonly hostId: string; readonly receivedAtMs: number },
): Alert {
  const common = { kind: "event", raisedAtMs: receivedAtMs } as const;
  if (event.kind === "unreadable") {
    return {
      ...common,
      id: idOf([hostId, "unreadable", event.text]),
      severity: "warning",
      category: "communication",
      component: "event log",
      condition: "windows.unreadable",
      summary: fitText(`an event could not be read: ${event.reason}`, ALERT_LIMITS.summaryBytes),
      details: [{ name: "text", value: fitText(event.text, ALERT_LIMITS.detailValueBytes) }],
    };
  }
  const { severity, category } = ruleOf(event);
  const { channel, provider, eventId } = event;
  const createdAtMs = Date.parse(event.timeCreated);
  return {
    ...common,
    id: identify(event, hostId),
    raisedAtMs: Number.isNaN(createdAtMs) ? receivedAtMs : createdAtMs,
    severity,
    category,
    component: fitText(`event log ${channel || "unknown"}`, ALERT_LIMITS.componentBytes),
    condition: fitText(`windows.${provider || "unknown"}.${eventId}`, ALERT_LIMITS.conditionBytes),
    summary: fitText(summaryOf(event), ALERT_LIMITS.summaryBytes),
    details: detailsOf(event),
  };
}

/**
 * Log, record and time name an event on its computer: a log that is cleared begins its records anew, at another time.
 * Without a record the whole content does.
 */
function identify(event: WindowsEvent, hostId: string): string {
  const { computer, channel, recordId, timeCreated } = event;
  if (recordId !== "" && timeCreated !== "")
    return idOf([hostId, computer.toLowerCase(), channel.toLowerCase(), recordId, timeCreated]);
  return idOf([hostId, JSON.stringify(event)]);
}

function idOf(parts: readonly string[]): string {
  // JSON keeps the parts apart, whatever is in them.
  const bytes = createHash("sha256").update(JSON.stringify(parts)).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f); // Version 8: made by a rule of one's own (RFC 9562 §5.8).
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatUuid(bytes);
}

/** The first line of Windows' words; where it has none, what is known. */
function summaryOf({ message, provider, eventId, data }: WindowsEvent): string {
  const line = message.trim().split(/\r?\n/, 1)[0] ?? "";
  if (line !== "") return line;
  const values = data.map(({ value }) => value).filter((value) => value !== "");
  return [`${provider || "unknown provider"}: event ${eventId}`, ...values].join(", ");
}

function detailsOf(event: WindowsEvent): AlertDetail[] {
  const { message, data, userSid, processId, task, opcode, levelText, level } = event;
  const known: readonly (readonly [string, string])[] = [
    ["provider", event.provider],
    ["event id", String(event.eventId)],
    ["level", levelText === "" ? String(level) : `${level} (${levelText})`],
    ["channel", event.channel],
    ["record", event.recordId],
    ["computer", event.computer],
    ["user", userSid],
    ["process", processId],
    ["task", task],
    ["opcode", opcode],
    ["message", message.includes("\n") ? message : ""],
    ...data.map(({ name, value }) => [`data ${name}`, value] as const),
  ];
  return known
    .filter(([, value]) => value !== "")
    .slice(0, ALERT_LIMITS.details)
    .map(([name, value]) => ({
      name: fitText(name, ALERT_LIMITS.detailNameBytes),
      value: fitText(value, ALERT_LIMITS.detailValueBytes),
    }));
}
