// Instances of CIM as XML, after DSP0230 1.1 (WS-CIM mapping): an element of the class's name in the class's namespace,
// with a child for each property in alphabetical order; arrays repeat it, NULL is xsi:nil, references hold endpoint
// references, datetimes one of the elements of cim:cimDateTime.

import { CimDateTime } from "../../cim/cim-date-time.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { type CimScalar, type CimType, type CimValue, formatCimText, parseCimText } from "../../cim/cim-type.ts";
import { isCimName, type KeyBinding, ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { isXmlName, type XmlAttributes, XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import {
  type EndpointReference,
  readEndpointReference,
  type Selector,
  writeEndpointReference,
  writeReferenceContent,
} from "./endpoint-reference.ts";
import { NS } from "./names.ts";
import { classUri, parseResourceUri, resourceUriOf } from "./resource-uri.ts";

/** Properties of one instance that are read from a peer; the widest class of the schema has about 150. */
export const PROPERTIES_MAX = 1_024;
const EMBEDDED_DEPTH_MAX = 8;

/** How URIs of classes are written: `prefix` is of the request's family, `address` where our service is. */
export interface UriContext {
  readonly prefix: string;
  readonly address: string;
}

/** One instance as an item or body. */
export function instanceFragment(instance: CimInstance, context: UriContext): XmlFragment {
  const writer = new XmlWriter();
  writeInstance(writer, instance, context);
  return new XmlFragment(writer);
}

/** `element` is the class's name unless it is something else of the class's namespace, as `NAME_OUTPUT`. */
export function writeInstance(
  writer: XmlWriter,
  instance: CimInstance,
  context: UriContext,
  element: string = instance.className,
): void {
  writer.open(`p:${element}`, { "xmlns:p": classUri(context.prefix, instance.className) });
  writeProperties(writer, instance.properties, context);
  writer.close();
}

function writeProperties(writer: XmlWriter, properties: readonly CimProperty[], context: UriContext): void {
  const sorted = [...properties].sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const property of sorted) {
    if (!isXmlName(property.name)) continue; // A name of CIM may be one that XML cannot carry.
    const values = property.isArray && Array.isArray(property.value) ? property.value : [property.value as CimScalar];
    for (const value of values) writeValue(writer, `p:${property.name}`, value, context);
  }
}

function writeValue(writer: XmlWriter, element: string, value: CimScalar | null, context: UriContext): void {
  if (value === null) {
    writer.leaf(element, "", { "xsi:nil": "true" });
  } else if (value instanceof ObjectPath) {
    writer.open(element);
    writeReferenceContent(writer, referenceOf(value, context));
    writer.close();
  } else if (value instanceof CimInstance) {
    const attributes: XmlAttributes = {
      "xmlns:p": classUri(context.prefix, value.className),
      "xsi:type": `p:${value.className}_Type`,
    };
    // The element itself belongs to the outer class: its prefix is bound anew on its children only.
    writer.open(element);
    writer.open(`p:${value.className}`, attributes);
    writeProperties(writer, value.properties, context);
    writer.close().close();
  } else if (value instanceof CimDateTime) {
    writer.open(element);
    // XML Schema has no form for a time with asterisks.
    if (value.iso === null) writer.leaf("cim:CIM_DateTime", value.text);
    else writer.leaf(value.kind === "interval" ? "cim:Interval" : "cim:Datetime", value.iso);
    writer.close();
  } else {
    writer.leaf(element, formatCimText(value));
  }
}

/** The endpoint reference that names an instance. */
export function referenceOf(path: ObjectPath, { prefix, address }: UriContext): EndpointReference {
  const selectors: Selector[] = (path.keys ?? []).map(({ name, value }) => ({
    name,
    value: value instanceof ObjectPath ? referenceOf(value, { prefix, address }) : String(value),
  }));
  if (path.namespace !== null) selectors.push({ name: "__cimnamespace", value: path.namespace });
  return { address, resourceUri: classUri(prefix, path.className), selectors };
}

export function referenceFragment(path: ObjectPath, context: UriContext): XmlFragment {
  const writer = new XmlWriter();
  writeEndpointReference(writer, "wsa:EndpointReference", referenceOf(path, context));
  return new XmlFragment(writer);
}

/** The path that an endpoint reference names, all keys as text. @throws WireError. */
export function pathOfReference(reference: EndpointReference): ObjectPath {
  const uri = parseResourceUri(reference.resourceUri);
  if (uri?.className === undefined) throw new WireError("EndpointReference", "names no class");
  let namespace = uri.namespace ?? null;
  const keys: KeyBinding[] = [];
  for (const { name, value } of reference.selectors) {
    if (name.toLowerCase() === "__cimnamespace") namespace = typeof value === "string" ? value.trim() : namespace;
    else keys.push({ name, value: typeof value === "string" ? value : pathOfReference(value) });
  }
  return new ObjectPath({ namespace, className: uri.className, keys });
}

/** What is known of a property's type when it is read: all of it by a server, nothing by a client of anybody's server. */
export type TypeOf = (property: string) => { readonly type: CimType; readonly isArray: boolean } | undefined;

/**
 * Reads an instance. Without a type, text stays text, except datetimes in either form and references; properties that
 * come more than once are arrays. @throws WireError, whose path is the property's name.
 */
export function readInstance(
  element: XmlElement,
  typeOf: TypeOf = () => undefined,
  path: ObjectPath | null = null,
): CimInstance {
  return new CimInstance({
    className: element.name,
    path,
    properties: readProperties(element.children, typeOf),
  });
}

/** Reads properties without the element around them: openwsman sends an indication's like this. */
export function readProperties(
  elements: readonly XmlElement[],
  typeOf: TypeOf = () => undefined,
  depth = 0,
): CimProperty[] {
  const groups = new Map<string, XmlElement[]>();
  for (const element of elements) {
    const group = groups.get(element.name);
    if (group !== undefined) group.push(element);
    else if (groups.size >= PROPERTIES_MAX) throw new WireError(element.name, `more than ${PROPERTIES_MAX} properties`);
    else groups.set(element.name, [element]);
  }
  return [...groups].map(([name, group]) => {
    const known = typeOf(name);
    const values = group.map((element) => readValue(element, known?.type, depth));
    const type = known?.type ?? typeOfValue(values);
    const isArray = known?.isArray ?? group.length > 1;
    if (!isArray && values.length > 1) throw new WireError(name, "given more than once, and it is no array");
    const value: CimValue = isArray ? (values.length === 1 && values[0] === null ? null : values) : (values[0] ?? null);
    return { name, type, isArray, value };
  });
}

function typeOfValue(values: readonly (CimScalar | null)[]): CimType {
  const of = (kind: typeof CimDateTime | typeof ObjectPath) =>
    values.every((value) => value === null || value instanceof kind);
  if (values.every((value) => value === null)) return "string";
  if (of(CimDateTime)) return "datetime";
  return of(ObjectPath) ? "reference" : "string";
}

function readValue(element: XmlElement, type: CimType | undefined, depth: number): CimScalar | null {
  if (["true", "1"].includes(element.attribute("nil", NS.xsi)?.trim() ?? "")) return null;
  try {
    if (element.child("ReferenceParameters", NS.wsa) ?? element.child("ReferenceProperties", NS.wsa)) {
      if (type !== undefined && type !== "reference") throw new WireError("", `a reference instead of ${type}`);
      return pathOfReference(readEndpointReference(element));
    }
    const [inner] = element.children;
    if (inner !== undefined) {
      // DSP0230 §7.2.4: cim:Datetime, cim:Interval, cim:Date or cim:CIM_DateTime; Windows writes them, too.
      const isTime = inner.namespace === NS.cim && /^(Datetime|Interval|Date|CIM_DateTime)$/.test(inner.name);
      if (isTime && (type ?? "datetime") === "datetime") return parseCimText("datetime", inner.text);
      return readEmbedded(element, inner, type, depth);
    }
    if (type === "reference") throw new WireError("", "not an endpoint reference");
    if (type !== undefined) return parseCimText(type, element.text);
    return guessed(element.text);
  } catch (error) {
    if (error instanceof WireError) throw new WireError(element.name, error.problem);
    throw error;
  }
}

/** An embedded instance: inside an element of its own, or its properties at once with the class in xsi:type. */
function readEmbedded(element: XmlElement, inner: XmlElement, type: CimType | undefined, depth: number): CimInstance {
  if (type !== undefined && type !== "string") throw new WireError("", `an instance instead of ${type}`);
  if (depth >= EMBEDDED_DEPTH_MAX) throw new WireError("", "instances too deep inside one another");
  const declared = element
    .attribute("type", NS.xsi)
    ?.replace(/^.*:/, "")
    .replace(/_Type$/, "");
  const holder = declared === undefined && element.children.length === 1 ? inner : element;
  const className = declared ?? holder.name;
  if (!isCimName(className)) throw new WireError("", "not the name of a class");
  return new CimInstance({ className, properties: readProperties(holder.children, () => undefined, depth + 1) });
}

// OpenPegasus writes datetimes in ISO's form, openwsman passes CIM's 25 characters through; neither puts an element around.
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const CIM_TIME = /^\d{14}\.[\d*]{6}[+:-]\d{3}$/;

function guessed(text: string): CimScalar {
  const trimmed = text.trim();
  if (!ISO_TIME.test(trimmed) && !CIM_TIME.test(trimmed)) return text;
  try {
    return parseCimText("datetime", trimmed);
  } catch {
    return text; // It only looked like one.
  }
}

/** How a client writes references inside of what it sends: to the DMTF's classes, at the server's own address. */
export function clientUriContext({
  address,
  windowsNamespace,
}: {
  address: string;
  windowsNamespace?: string | undefined;
}): UriContext {
  const uri = resourceUriOf("CIM_X", windowsNamespace === undefined ? {} : { windowsNamespace });
  return { prefix: uri.slice(0, -"/CIM_X".length), address };
}
