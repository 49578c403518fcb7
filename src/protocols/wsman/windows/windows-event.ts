// An event of a Windows event log as XML (the schema of http://schemas.microsoft.com/win/2004/08/events/event, MS-EVEN6
// §2.2.13) as facts. Everything is bounded: a message may be of any length, and so may the names of its data.

import { WireError } from "../../../runtime/errors.ts";
import type { XmlElement } from "../../../wire/xml-element.ts";
import { parseXml } from "../../../wire/xml-reader.ts";

/** Characters of the message and of each value, of each name, and how many values of one event are kept. */
export const WINDOWS_EVENT_LIMITS = { messageMax: 8_192, valueMax: 4_096, nameMax: 256, dataMax: 64 } as const;

export interface WindowsEvent {
  readonly kind: "event";
  readonly provider: string;
  readonly eventId: number;
  /** 1 critical, 2 error, 3 warning, 4 information, 5 verbose; 0 where the event has none, as audit records. */
  readonly level: number;
  readonly channel: string;
  /** Grows with each event of one channel on one computer: what comes twice has the same. Empty where it is missing. */
  readonly recordId: string;
  readonly computer: string;
  /** By the computer's clock, as it was sent (`2026-11-22T07:03:15.1234567Z`). */
  readonly timeCreated: string;
  /** Security ids and processes are told where they are there. */
  readonly userSid: string;
  readonly processId: string;
  readonly task: string;
  readonly opcode: string;
  /** Bits, as text; audit success is 0x8020000000000000, audit failure 0x8010000000000000. */
  readonly keywords: string;
  /** As Windows put it into words; empty where it could not, or was not asked to. */
  readonly message: string;
  readonly levelText: string;
  /** The event's own values, named or counted from 1. */
  readonly data: readonly { readonly name: string; readonly value: string }[];
}

/** One that cannot be read must not hold up the others of its batch, nor be lost without a word. */
export interface UnreadableEvent {
  readonly kind: "unreadable";
  readonly reason: string;
  readonly text: string;
}

/** `element` is `<Event>`, or what holds its text: with the option CDATA Windows sends each event as text. */
export function readWindowsEvent(element: XmlElement): WindowsEvent | UnreadableEvent {
  try {
    return factsOf(element.name === "Event" && element.child("System") !== undefined ? element : inner(element));
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { kind: "unreadable", reason: error.message, text: element.text.slice(0, WINDOWS_EVENT_LIMITS.messageMax) };
  }
}

function inner(element: XmlElement): XmlElement {
  const child = element.child("Event");
  return child ?? parseXml(Buffer.from(element.text.trim()));
}

function factsOf(event: XmlElement): WindowsEvent {
  const system = event.requiredChild("System");
  const { nameMax, messageMax, dataMax } = WINDOWS_EVENT_LIMITS;
  const text = (name: string) => (system.childText(name) ?? "").slice(0, nameMax);
  const attribute = (child: string, name: string) => (system.child(child)?.attribute(name) ?? "").slice(0, nameMax);
  const rendering = event.child("RenderingInfo");
  const rendered = (name: string) => (rendering?.childText(name) ?? "").slice(0, nameMax);
  const eventId = text("EventID");
  if (!/^\d{1,10}$/.test(eventId))
    throw new WireError("EventID", `${JSON.stringify(eventId.slice(0, 40))} is no number`);
  const level = text("Level");
  return {
    kind: "event",
    provider: attribute("Provider", "Name") || attribute("Provider", "EventSourceName"),
    eventId: Number(eventId),
    level: /^\d{1,3}$/.test(level) ? Number(level) : 0,
    channel: text("Channel"),
    recordId: /^\d{1,20}$/.test(text("EventRecordID")) ? text("EventRecordID") : "",
    computer: text("Computer"),
    timeCreated: attribute("TimeCreated", "SystemTime"),
    userSid: attribute("Security", "UserID"),
    processId: attribute("Execution", "ProcessID"),
    task: rendered("Task") || text("Task"),
    opcode: rendered("Opcode") || text("Opcode"),
    keywords: text("Keywords"),
    message: (rendering?.childText("Message") ?? "").slice(0, messageMax),
    levelText: rendered("Level"),
    data: dataOf(event).slice(0, dataMax),
  };
}

/** EventData has values with names; UserData and old events have what their makers liked. */
function dataOf(event: XmlElement): { name: string; value: string }[] {
  const { nameMax, valueMax, dataMax } = WINDOWS_EVENT_LIMITS;
  const data = event.child("EventData") ?? event.child("UserData")?.children[0];
  return (data?.children ?? []).slice(0, dataMax).map((each, index) => ({
    name: (each.attribute("Name") ?? (each.name === "Data" ? String(index + 1) : each.name)).slice(0, nameMax),
    value: each.text.trim().slice(0, valueMax),
  }));
}
