// Filters as a client asks for them (DSP0226 §8.3 and annex E, DSP0227 §10).

import type { ObjectPath } from "../../cim/object-path.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { writeReferenceContent } from "./endpoint-reference.ts";
import { referenceOf, type UriContext } from "./instance-codec.ts";
import { DIALECT } from "./names.ts";

export type ClientFilter = QueryFilter | SelectorFilter | AssociationFilter;

export interface QueryFilter {
  readonly dialect: "wql" | "cql";
  readonly query: string;
}

/** Instances whose properties have these values. */
export interface SelectorFilter {
  readonly dialect: "selector";
  readonly selectors: Readonly<Record<string, string>>;
}

export interface AssociationFilter {
  readonly dialect: "association";
  readonly of: ObjectPath;
  /** Whether the associations themselves are wanted instead of what is at their other end. */
  readonly links?: boolean;
  readonly resultClass?: string;
  readonly assocClass?: string;
  readonly role?: string;
  readonly resultRole?: string;
}

export function writeFilter(writer: XmlWriter, filter: ClientFilter, uris: UriContext): void {
  writer.open("wsman:Filter", { Dialect: DIALECT[filter.dialect] });
  if (filter.dialect === "association") writeAssociation(writer, filter, uris);
  else if (filter.dialect === "selector") {
    writer.open("wsman:SelectorSet");
    for (const [name, value] of Object.entries(filter.selectors)) writer.leaf("wsman:Selector", value, { Name: name });
    writer.close();
  } else writer.text(filter.query);
  writer.close();
}

/** The order is that of the schema in DSP0227 §10.3. */
function writeAssociation(writer: XmlWriter, filter: AssociationFilter, uris: UriContext): void {
  const leaf = (name: string, text: string | undefined) => {
    if (text !== undefined) writer.leaf(`wsmb:${name}`, text);
  };
  writer.open(filter.links === true ? "wsmb:AssociationInstances" : "wsmb:AssociatedInstances").open("wsmb:Object");
  writeReferenceContent(writer, referenceOf(filter.of, uris));
  writer.close();
  leaf("AssociationClassName", filter.assocClass);
  leaf("Role", filter.role);
  leaf("ResultClassName", filter.resultClass);
  leaf("ResultRole", filter.resultRole);
  writer.close();
}
