import { createHash } from "node:crypto";
import type { HostSystem } from "./host-system.ts";
import { LOG_LINES_MAX, LOG_MESSAGE_MAX, type LogLine } from "./log-line.ts";
import { readWindowsEventLog, WEVTUTIL } from "./windows-event-log.ts";

export interface SystemLog {
  readonly name: "journal" | "syslog" | "event log";
  /** The newest first. */
  readonly lines: readonly LogLine[];
}

const SYSLOG_FILES = ["/var/log/syslog", "/var/log/messages"];

/** The journal where systemd is in charge, else syslog's file, else the event logs of Windows; null where there is none. */
export async function readSystemLog(
  system: HostSystem,
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<SystemLog | null> {
  const count = String(LOG_LINES_MAX);
  if (await system.exists("/run/systemd/system")) {
    const fields = "--output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER";
    const args = ["--output=json", "--no-pager", "--quiet", "--reverse", `--lines=${count}`, fields];
    return { name: "journal", lines: parseJournal(await system.run("journalctl", args, signal)) };
  }
  for (const file of SYSLOG_FILES)
    if (await system.exists(file))
      return { name: "syslog", lines: parseSyslog(await system.run("tail", ["-n", count, "--", file], signal), nowMs) };
  if (await system.exists(WEVTUTIL)) return { name: "event log", lines: await readWindowsEventLog(system, signal) };
  return null;
}

/** A JSON object a line (systemd.journal-fields(7)); a message that is not UTF-8 comes as a list of bytes. */
export function parseJournal(output: string): LogLine[] {
  return output.split("\n").flatMap((line) => {
    if (line === "") return [];
    try {
      const record = JSON.parse(line) as Readonly<Record<string, unknown>>;
      const { __CURSOR: cursor, __REALTIME_TIMESTAMP: time, PRIORITY: priority, SYSLOG_IDENTIFIER: program } = record;
      if (typeof cursor !== "string") return [];
      return [
        {
          id: cursor,
          atMs: typeof time === "string" && /^\d{1,17}$/.test(time) ? Math.floor(Number(time) / 1000) : null,
          priority: typeof priority === "string" && /^[0-7]$/.test(priority) ? Number(priority) : null,
          program: typeof program === "string" ? program : null,
          message: messageOf(record.MESSAGE).slice(0, LOG_MESSAGE_MAX),
        },
      ];
    } catch {
      return []; // The last line may be cut.
    }
  });
}

function messageOf(message: unknown): string {
  if (typeof message === "string") return message;
  return Array.isArray(message) && message.every((byte) => Number.isInteger(byte))
    ? Buffer.from(message as number[]).toString("utf8")
    : "";
}

const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

/** Lines of RFC 3164 (`Jan  2 03:04:05 host program[1]: text`, without a year) or with a time of RFC 3339. */
export function parseSyslog(output: string, nowMs: number): LogLine[] {
  const seen = new Map<string, number>();
  const lines = output.split("\n").flatMap((line): LogLine[] => {
    const old = /^([A-Z][a-z]{2}) ([ \d]\d) (\d\d:\d\d:\d\d) \S+ (.*)$/.exec(line);
    const precise = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) \S+ (.*)$/.exec(line);
    const rest = old?.[4] ?? precise?.[2];
    if (rest === undefined) return [];
    const atMs =
      precise?.[1] === undefined
        ? timeOf(old?.[1] ?? "", old?.[2] ?? "", old?.[3] ?? "", nowMs)
        : Date.parse(precise[1]);
    const program = /^([^\s:[\]]{1,64})(?:\[\d+\])?: /.exec(rest);
    // Two records of one second may have the same text.
    const twin = (seen.get(line) ?? 0) + 1;
    seen.set(line, twin);
    const id = createHash("sha256").update(`${line}\0${twin}`).digest("hex").slice(0, 32);
    const message = (program === null ? rest : rest.slice(program[0].length)).slice(0, LOG_MESSAGE_MAX);
    return [{ id, atMs: Number.isFinite(atMs) ? atMs : null, priority: null, program: program?.[1] ?? null, message }];
  });
  return lines.reverse();
}

/** In this machine's time zone, in the year that puts it last before now. */
function timeOf(monthName: string, day: string, time: string, nowMs: number): number {
  const month = MONTHS.indexOf(monthName);
  const [hour = 0, minute = 0, second = 0] = time.split(":").map(Number);
  const year = new Date(nowMs).getFullYear();
  const thisYear = new Date(year, month, Number(day), hour, minute, second).getTime();
  const DAY_MS = 86_400_000;
  if (month < 0) return Number.NaN;
  return thisYear > nowMs + DAY_MS ? new Date(year - 1, month, Number(day), hour, minute, second).getTime() : thisYear;
}
