// Endpoint references of WS-Addressing 2004/08 in the form of WS-Management's default addressing model (DSP0226 §5.1.2):
// an address, a resource URI and selectors.

import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { refuse } from "./fault.ts";
import { ANONYMOUS_ROLE, NS } from "./names.ts";

/** A key of an instance: text, or a reference to another instance. Names are compared without regard to case (DSP0227 §6.3). */
export interface Selector {
  readonly name: string;
  readonly value: string | EndpointReference;
}

export interface EndpointReference {
  readonly address: string;
  readonly resourceUri: string;
  readonly selectors: readonly Selector[];
}

/** Selectors of one reference: an association has as many as its ends have keys. */
export const SELECTORS_MAX = 64;
/** References within references; more than one level means a key that is a reference of a reference. */
const REFERENCE_DEPTH_MAX = 4;

/** `wsman:SelectorSet`. */
export function writeSelectorSet(writer: XmlWriter, selectors: readonly Selector[]): void {
  writer.open("wsman:SelectorSet");
  for (const { name, value } of selectors) {
    if (typeof value === "string") writer.leaf("wsman:Selector", value, { Name: name });
    else {
      writer.open("wsman:Selector", { Name: name });
      writeEndpointReference(writer, "wsa:EndpointReference", value);
      writer.close();
    }
  }
  writer.close();
}

/** An element of type wsa:EndpointReferenceType. */
export function writeEndpointReference(writer: XmlWriter, element: string, reference: EndpointReference): void {
  writer.open(element);
  writeReferenceContent(writer, reference);
  writer.close();
}

/** What such an element holds. */
export function writeReferenceContent(writer: XmlWriter, { address, resourceUri, selectors }: EndpointReference): void {
  writer.leaf("wsa:Address", address).open("wsa:ReferenceParameters").leaf("wsman:ResourceURI", resourceUri);
  if (selectors.length > 0) writeSelectorSet(writer, selectors);
  writer.close();
}

/** @throws Fault for too many, doubled or nameless selectors. */
export function readSelectorSet(element: XmlElement, depth = 0): Selector[] {
  const selectors: Selector[] = [];
  const seen = new Set<string>();
  for (const each of element.childrenNamed("Selector", NS.wsman)) {
    const name = each.attribute("Name")?.trim() ?? "";
    if (name === "") refuse("invalidSelectors", "a selector has no name");
    const key = name.toLowerCase();
    if (seen.has(key)) refuse("invalidSelectors", `${name} is given twice`, { detail: "DuplicateSelectors" });
    seen.add(key);
    if (selectors.length >= SELECTORS_MAX) {
      refuse("encodingLimit", `more than ${SELECTORS_MAX} selectors`, { detail: "SelectorLimit" });
    }
    const reference = each.child("EndpointReference", NS.wsa);
    selectors.push({ name, value: reference === undefined ? each.text : readEndpointReference(reference, depth + 1) });
  }
  return selectors;
}

/** Reads the content of an element of type wsa:EndpointReferenceType. @throws Fault. */
export function readEndpointReference(element: XmlElement, depth = 0): EndpointReference {
  if (depth > REFERENCE_DEPTH_MAX) refuse("schemaValidationError", "references too deep inside one another");
  // Windows up to 2012 wrote ReferenceProperties, as in the first draft of WS-Addressing 2004/08.
  const parameters = element.child("ReferenceParameters", NS.wsa) ?? element.child("ReferenceProperties", NS.wsa);
  const set = parameters?.child("SelectorSet", NS.wsman);
  return {
    address: element.childText("Address", NS.wsa) ?? ANONYMOUS_ROLE,
    resourceUri: parameters?.childText("ResourceURI", NS.wsman) ?? "",
    selectors: set === undefined ? [] : readSelectorSet(set, depth),
  };
}
