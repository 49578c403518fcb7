// Bodies of WS-Enumeration with WS-Management's additions (DSP0226 §8, DSP0227 §8), read by the server and the client.

import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { formatDuration, parseDuration, parseExpiration } from "./duration.ts";
import { refuse } from "./fault.ts";
import { DIALECT, type Dialect, NS } from "./names.ts";

/** What each item of an enumeration is. */
export const ENUMERATION_MODES = {
  object: "EnumerateObject",
  epr: "EnumerateEPR",
  both: "EnumerateObjectAndEPR",
} as const;
export type EnumerationMode = keyof typeof ENUMERATION_MODES;

/** What happens to instances of subclasses (DSP0227 §8.2). */
export const POLYMORPHISM_MODES = {
  include: "IncludeSubClassProperties",
  exclude: "ExcludeSubClassProperties",
  none: "None",
} as const;
export type PolymorphismMode = keyof typeof POLYMORPHISM_MODES;

/** A filter as it was asked for; what is inside depends on the dialect. */
export interface FilterRequest {
  readonly dialect: Dialect;
  readonly element: XmlElement;
}

export interface EnumerateRequest {
  readonly expiresMs: number | undefined;
  readonly filter: FilterRequest | undefined;
  /** Whether items may come with the answer. */
  readonly optimize: boolean;
  readonly maxElements: number;
  readonly mode: EnumerationMode;
  readonly polymorphism: PolymorphismMode;
}

/** Items that one answer may hold, whatever is asked for; Windows asks for 32,000. */
export const PULL_ITEMS_MAX = 32_000;

/** @throws Fault. */
export function readEnumerate(body: XmlElement, nowMs: number): EnumerateRequest {
  const mode = body.childText("EnumerationMode", NS.wsman);
  const polymorphism = body.childText("PolymorphismMode", NS.wsmb);
  return {
    expiresMs: expires(body, nowMs),
    filter: readFilter(body, "enumeration"),
    optimize: body.child("OptimizeEnumeration", NS.wsman) !== undefined,
    maxElements:
      count(body.childText("MaxElements", NS.wsman) ?? body.childText("MaxElements", NS.wsen), "MaxElements") ?? 1,
    mode:
      keyOf(ENUMERATION_MODES, mode ?? ENUMERATION_MODES.object) ??
      refuse("unsupportedFeature", `EnumerationMode ${mode?.slice(0, 80)}`, { detail: "EnumerationMode" }),
    polymorphism:
      keyOf(POLYMORPHISM_MODES, polymorphism ?? POLYMORPHISM_MODES.include) ??
      refuse("polymorphismModeNotSupported", polymorphism?.slice(0, 80) ?? ""),
  };
}

/** The filter of an Enumerate or Subscribe; the faults differ in their namespace. @throws Fault. */
export function readFilter(body: XmlElement, of: "enumeration" | "subscription"): FilterRequest | undefined {
  const standard = of === "enumeration" ? NS.wsen : NS.wse;
  const filters = [...body.childrenNamed("Filter", NS.wsman), ...body.childrenNamed("Filter", standard)];
  const [element] = filters;
  if (element === undefined) return undefined;
  if (filters.length > 1) refuse("cannotProcessFilter", "more than one filter");
  const uri = element.attribute("Dialect")?.trim() ?? "no dialect";
  const dialect = keyOf(DIALECT, CQL_SPELLINGS.includes(uri) ? DIALECT.cql : uri);
  if (dialect === undefined || dialect === "windowsEventQuery") {
    const supported = Object.values(DIALECT).filter((each) => each !== DIALECT.windowsEventQuery);
    const fault = of === "enumeration" ? "filterDialectUnavailable" : "filteringUnavailable";
    refuse(fault, uri.slice(0, 200), { supported });
  }
  return { dialect, element };
}

// DSP0226 1.0 named CQL by this address, DSP0227 by the first of these, and clients send any of them.
const CQL_SPELLINGS: readonly string[] = [
  DIALECT.cql,
  "http://schemas.dmtf.org/wbem/cql/1/dsp0202.pdf",
  "http://schemas.dmtf.org/wbem/cql/1/dsp0202",
];

export interface PullRequest {
  readonly context: string;
  readonly maxTimeMs: number | undefined;
  readonly maxElements: number;
  readonly maxCharacters: number | undefined;
}

/** @throws Fault. */
export function readPull(body: XmlElement): PullRequest {
  const maxTime = body.childText("MaxTime", NS.wsen);
  const maxTimeMs = maxTime === undefined ? undefined : parseDuration(maxTime);
  if (maxTime !== undefined && (maxTimeMs === undefined || maxTimeMs < 0)) {
    refuse("schemaValidationError", `MaxTime ${maxTime.slice(0, 40)}`);
  }
  return {
    context: readContext(body) ?? refuse("invalidEnumerationContext", "none is given"),
    maxTimeMs,
    maxElements: count(body.childText("MaxElements", NS.wsen), "MaxElements") ?? 1,
    maxCharacters: count(body.childText("MaxCharacters", NS.wsen), "MaxCharacters"),
  };
}

/** The enumeration context in a request or an answer; undefined also for an empty one, as at the end of OpenPegasus' enumerations. */
export function readContext(body: XmlElement): string | undefined {
  const text = body.childText("EnumerationContext", NS.wsen);
  return text === undefined || text === "" ? undefined : text;
}

export interface EnumerateAnswer {
  readonly context: string | undefined;
  readonly expiresMs: number;
  /** Undefined where the request was not optimised. */
  readonly items: readonly XmlFragment[] | undefined;
}

/** `wsen:EnumerateResponse`; without a context all items are in it. */
export function writeEnumerateAnswer(writer: XmlWriter, { context, expiresMs, items }: EnumerateAnswer): void {
  writer.open("wsen:EnumerateResponse");
  if (context !== undefined) writer.leaf("wsen:Expires", formatDuration(expiresMs));
  // The schema requires the element; an ended enumeration has an empty one (DSP0226 §8.2.3).
  writer.leaf("wsen:EnumerationContext", context ?? "");
  if (items !== undefined) {
    writer.open("wsman:Items");
    for (const item of items) writer.fragment(item);
    writer.close();
    if (context === undefined) writer.leaf("wsman:EndOfSequence");
  }
  writer.close();
}

/** `wsen:PullResponse`; without a context it was the last. */
export function writePullAnswer(writer: XmlWriter, context: string | undefined, items: readonly XmlFragment[]): void {
  writer.open("wsen:PullResponse");
  if (context !== undefined) writer.leaf("wsen:EnumerationContext", context);
  writer.open("wsen:Items");
  for (const item of items) writer.fragment(item);
  writer.close();
  if (context === undefined) writer.leaf("wsen:EndOfSequence");
  writer.close();
}

/** Items and what follows, of either answer. The two differ in the namespace of Items (DSP0226 §8.2.3); we read both in both. */
export interface ItemsAnswer {
  readonly items: readonly XmlElement[];
  /** Undefined when there is nothing more to pull. */
  readonly context: string | undefined;
}

const OWN: readonly string[] = [NS.wsen, NS.wsman];

export function readItems(body: XmlElement): ItemsAnswer {
  const ended = body.child("EndOfSequence") !== undefined;
  // openwsman writes an event into PullResponse itself, without Items around it.
  const bare = body.is("PullResponse") ? body.children.filter((each) => !OWN.includes(each.namespace)) : [];
  return { items: body.child("Items")?.children ?? bare, context: ended ? undefined : readContext(body) };
}

function expires(body: XmlElement, nowMs: number): number | undefined {
  const text = body.childText("Expires", NS.wsen);
  if (text === undefined || text === "") return undefined;
  const ms = parseExpiration(text, nowMs);
  if (ms === undefined || ms <= 0) refuse("enumerationInvalidExpirationTime", text.slice(0, 40));
  return ms;
}

/** A positive number; undefined where none is given. @throws Fault. */
export function count(text: string | undefined, name: string): number | undefined {
  if (text === undefined || text === "") return undefined;
  if (!/^\d{1,15}$/.test(text) || Number(text) === 0) refuse("schemaValidationError", `${name} ${text.slice(0, 40)}`);
  return Number(text);
}

function keyOf<K extends string>(table: Readonly<Record<K, string>>, value: string): K | undefined {
  const keys = Object.keys(table) as K[];
  return keys.find((key) => table[key] === value);
}
