import { win32 } from "node:path";
import { readWindowsEvent, type WindowsEvent } from "../../protocols/wsman/windows/windows-event.ts";
import { WireError } from "../../runtime/errors.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import type { HostSystem } from "./host-system.ts";
import { LOG_LINES_MAX, LOG_MESSAGE_MAX, type LogLine } from "./log-line.ts";

// The event logs of Windows by its own program (learn.microsoft.com/windows-server/administration/windows-commands/wevtutil).
// Written after the public documents, and never run on a real Windows.

export const WEVTUTIL = win32.join(process.env.SystemRoot ?? "C:\\Windows", "System32", "wevtutil.exe");
/** Those that every Windows has and that tell of the machine; who signed in (Security) is not for whoever may look here. */
const CHANNELS = ["System", "Application"] as const;
/** Levels 0 to 5 of an event as syslog's priorities: level 0 is "always logged", and says nothing of how bad it is. */
const PRIORITIES = [6, 2, 3, 4, 6, 7];

/** The newest records of all channels together, the newest first. */
export async function readWindowsEventLog(system: HostSystem, signal: AbortSignal): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  for (const channel of CHANNELS) {
    const count = `/count:${LOG_LINES_MAX / CHANNELS.length}`;
    // Otherwise the text comes in the code page of the console, which loses what that does not have.
    const wide = "/unicode:true";
    const args = ["query-events", channel, "/reversedirection:true", "/format:RenderedXml", count, wide];
    lines.push(...parseEvents(await system.run(WEVTUTIL, args, signal, { encoding: "utf16le" })));
  }
  return lines.toSorted((one, other) => (other.atMs ?? 0) - (one.atMs ?? 0));
}

/** One `<Event>` after another, without a root. Each is read by itself: one that is broken is told as the text that it is. */
export function parseEvents(output: string): LogLine[] {
  return Array.from(output.matchAll(/<Event[\s>][\s\S]*?<\/Event>/g), ([text], index) => {
    const event = readEvent(text);
    if (event !== undefined) return lineOf(event);
    return { id: `unreadable:${index}`, atMs: null, priority: null, program: null, message: cut(text) };
  });
}

function readEvent(text: string): WindowsEvent | undefined {
  try {
    const event = readWindowsEvent(parseXml(Buffer.from(text, "utf8")));
    return event.kind === "event" ? event : undefined;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function lineOf({ channel, recordId, timeCreated, level, provider, eventId, message, data }: WindowsEvent): LogLine {
  const atMs = Date.parse(timeCreated);
  const values = data.map(({ name, value }) => `${name}: ${value}`).join("; ");
  return {
    id: `${channel}:${recordId}`,
    atMs: Number.isFinite(atMs) ? atMs : null,
    priority: PRIORITIES[level] ?? null,
    program: provider,
    message: cut(message || [`event ${eventId}`, values].filter(Boolean).join(": ")),
  };
}

function cut(text: string): string {
  return text.slice(0, LOG_MESSAGE_MAX);
}
