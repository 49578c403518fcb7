import type { AlertCategory, Severity } from "../../model/alert.ts";
import type { WindowsEvent } from "../../protocols/wsman/windows/windows-event.ts";

// How bad an event is: the first rule that fits says it. What is left out of a rule fits every event. Windows' own levels
// (the last rules) say how an author of a program felt; the rules above them are events whose level misleads.

export interface EventRule {
  readonly channel?: string;
  readonly provider?: string;
  readonly ids?: readonly number[];
  readonly levels?: readonly number[];
  /** Bits that are all set. */
  readonly keywords?: bigint;
  readonly severity: Severity;
  readonly category: AlertCategory;
}

/** Keywords of audits (winmeta.xml: AuditFailure). */
const AUDIT_FAILURE = 0x10000000000000n;

/** docs/protocols/windows-events.md shows them. */
export const EVENT_RULES: readonly EventRule[] = [
  // Disks, file systems and memory that fail: some of them call themselves a warning or an information.
  { provider: "disk", ids: [7, 11, 51, 52, 153], severity: "major", category: "hardware" },
  { provider: "Ntfs", ids: [55], severity: "critical", category: "hardware" },
  { provider: "Microsoft-Windows-Ntfs", ids: [55, 98], severity: "critical", category: "hardware" },
  { provider: "volmgr", ids: [46, 161], severity: "major", category: "hardware" },
  { provider: "Microsoft-Windows-WHEA-Logger", levels: [1, 2], severity: "critical", category: "hardware" },
  { provider: "Microsoft-Windows-WHEA-Logger", severity: "major", category: "hardware" },
  // It stopped without being told to.
  { provider: "Microsoft-Windows-Kernel-Power", ids: [41], severity: "critical", category: "hardware" },
  { provider: "EventLog", ids: [6008], severity: "critical", category: "hardware" },
  { provider: "Microsoft-Windows-WER-SystemErrorReporting", ids: [1001], severity: "critical", category: "software" },
  {
    provider: "Service Control Manager",
    ids: [7000, 7001, 7009, 7022, 7023, 7024, 7031, 7034],
    severity: "major",
    category: "service",
  },
  { provider: "Service Control Manager", ids: [7036, 7040, 7045], severity: "information", category: "service" },
  // Somebody removed the traces, changed what is traced, or was locked out: audits have no level.
  { provider: "Microsoft-Windows-Eventlog", ids: [104, 1102], severity: "major", category: "security" },
  { channel: "Security", ids: [4719], severity: "major", category: "security" },
  { channel: "Security", ids: [4740], severity: "warning", category: "security" },
  { channel: "Security", keywords: AUDIT_FAILURE, severity: "warning", category: "security" },
  { channel: "Security", severity: "information", category: "security" },
  // Levels (winmeta.xml).
  { levels: [1], severity: "critical", category: "software" },
  { levels: [2], severity: "major", category: "software" },
  { levels: [3], severity: "warning", category: "software" },
  { severity: "information", category: "software" },
];

/** Always one: the last rule fits everything. */
export function ruleOf(
  event: Pick<WindowsEvent, "channel" | "provider" | "eventId" | "level" | "keywords">,
): EventRule {
  const keywords = /^0x[0-9a-f]{1,16}$/i.test(event.keywords) ? BigInt(event.keywords) : 0n;
  const found = EVENT_RULES.find(
    (rule) =>
      (rule.channel === undefined || isSame(rule.channel, event.channel)) &&
      (rule.provider === undefined || isSame(rule.provider, event.provider)) &&
      (rule.ids === undefined || rule.ids.includes(event.eventId)) &&
      (rule.levels === undefined || rule.levels.includes(event.level)) &&
      (rule.keywords === undefined || (keywords & rule.keywords) === rule.keywords),
  );
  return found ?? { severity: "information", category: "software" };
}

/** Windows compares names of logs and providers without case. */
function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
