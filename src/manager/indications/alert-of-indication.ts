import { createHash } from "node:crypto";
import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { CimValue } from "../../cim/cim-type.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import {
  ALERT_CATEGORIES,
  ALERT_LIMITS,
  type Alert,
  type AlertCategory,
  type AlertDetail,
  SEVERITIES,
  type Severity,
} from "../../model/alert.ts";
import { fitText } from "../../model/fit-text.ts";
import { formatUuid, isUuid } from "../../runtime/random.ts";

// An indication of whoever sent it, as an alert. What the standard has a property for keeps its meaning; everything else
// that was sent goes along as a detail, so that nothing a server says is lost.

export interface ReceivedIndication {
  readonly indication: CimInstance;
  readonly hostId: string;
  readonly receivedAtMs: number;
  /** For one that nothing names: neither identifier nor number. */
  readonly freshId: () => string;
}

/** Said in the alert itself already, or of no use to people. */
const TOLD = new Set(
  [
    ...["IndicationIdentifier", "IndicationTime", "EventTime", "PerceivedSeverity", "AlertType", "Message"],
    ...["Description", "SequenceContext", "SequenceNumber", "IndicationFilterName", "AlertingManagedElement"],
  ].map((name) => name.toLowerCase()),
);

export function alertOfIndication(received: ReceivedIndication): Alert {
  const { indication, receivedAtMs } = received;
  const { className } = indication;
  const words = indication.className.startsWith("CIM_Inst") ? lifeCycleWords(indication) : undefined;
  const summary = words?.summary ?? textOf(indication, "Message") ?? textOf(indication, "Description") ?? className;
  const condition = textOf(indication, "MessageID") ?? textOf(indication, "EventID") ?? className;
  const component = words?.component ?? textOf(indication, "AlertingManagedElement") ?? className;
  return {
    id: idOf(received),
    raisedAtMs: timeOf(indication, "EventTime") ?? timeOf(indication, "IndicationTime") ?? receivedAtMs,
    severity: severityOf(indication.get("PerceivedSeverity"), words === undefined ? "warning" : "information"),
    category: categoryOf(indication.get("AlertType")),
    // Other servers do not say when something is over in a way that can be matched: each is told by itself.
    kind: "event",
    component: fitText(component, ALERT_LIMITS.componentBytes),
    condition: fitText(`cim.${condition}`, ALERT_LIMITS.conditionBytes),
    summary: fitText(summary, ALERT_LIMITS.summaryBytes),
    details: detailsOf(indication),
  };
}

/**
 * The same for the same indication however often it is sent, so that the inbox takes it once: our agents' own id, which
 * their reports carry as well; else made of what names it at its sender.
 */
function idOf({ indication, hostId, freshId }: ReceivedIndication): string {
  const identifier = textOf(indication, "IndicationIdentifier");
  const own = identifier?.match(/^Rusuban:(.+)$/)?.[1];
  if (own !== undefined && isUuid(own)) return own;
  const [context, number] = [textOf(indication, "SequenceContext"), indication.get("SequenceNumber")];
  const name = typeof number === "bigint" && context !== undefined ? `${context} ${number}` : identifier;
  if (name === undefined) return freshId();
  const bytes = createHash("sha256").update(`${hostId} ${name}`).digest().subarray(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f); // Version 8: made by a rule of one's own (RFC 9562 §5.8).
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatUuid(bytes);
}

const LIFE_CYCLE: Readonly<Record<string, string>> = {
  cim_instcreation: "created",
  cim_instmodification: "changed",
  cim_instdeletion: "deleted",
};

function lifeCycleWords(indication: CimInstance): { summary: string; component: string } | undefined {
  const verb = LIFE_CYCLE[indication.className.toLowerCase()];
  if (verb === undefined) return undefined;
  const source = indication.get("SourceInstance");
  const path = textOf(indication, "SourceInstanceModelPath");
  const name = source instanceof CimInstance ? (textOf(source, "ElementName") ?? textOf(source, "Name")) : undefined;
  const component = [source instanceof CimInstance ? source.className : undefined, name ?? path]
    .filter(Boolean)
    .join(" ");
  return { summary: `${verb}: ${component}`, component };
}

function severityOf(value: CimValue | undefined, fallback: Severity): Severity {
  const names = Object.keys(SEVERITIES) as Severity[];
  return names.find((name) => SEVERITIES[name] === value) ?? fallback;
}

function categoryOf(value: CimValue | undefined): AlertCategory {
  const names = Object.keys(ALERT_CATEGORIES) as AlertCategory[];
  return names.find((name) => ALERT_CATEGORIES[name] === value) ?? "hardware";
}

function timeOf(indication: CimInstance, name: string): number | undefined {
  const value = indication.get(name);
  const ms = value instanceof CimDateTime && value.kind === "timestamp" ? value.milliseconds : null;
  return ms === null ? undefined : Math.trunc(ms);
}

function textOf(instance: CimInstance, name: string): string | undefined {
  const value = instance.get(name);
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function detailsOf(indication: CimInstance): AlertDetail[] {
  const details: AlertDetail[] = [{ name: "class", value: indication.className }];
  for (const { name, value } of indication.properties) {
    if (value === null || TOLD.has(name.toLowerCase())) continue;
    if (details.length === ALERT_LIMITS.details) break;
    details.push({ name: fitText(name, ALERT_LIMITS.detailNameBytes), value: detailText(value) });
  }
  return details;
}

function detailText(value: CimValue): string {
  return fitText(plainText(value), ALERT_LIMITS.detailValueBytes);
}

function plainText(value: CimValue): string {
  if (Array.isArray(value)) return value.map((each) => plainText(each as CimValue)).join(", ");
  if (value instanceof ObjectPath) return value.toCimObject();
  if (!(value instanceof CimInstance)) return String(value ?? "");
  const known = value.properties.filter((property) => property.value !== null);
  return `${value.className} {${known.map((each) => `${each.name}: ${plainText(each.value)}`).join("; ")}}`;
}
