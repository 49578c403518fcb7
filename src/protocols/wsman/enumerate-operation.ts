// What an Enumerate yields (DSP0226 §8, DSP0227 §8 and §10): instances of a class, of a query, or around an instance.

import type { CimClass } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { XmlFragment, XmlWriter } from "../../wire/xml-writer.ts";
import { readEndpointReference, readSelectorSet, writeEndpointReference } from "./endpoint-reference.ts";
import type { EnumerateRequest, FilterRequest } from "./enumeration-messages.ts";
import { refuse } from "./fault.ts";
import { referenceOf, type UriContext, writeInstance } from "./instance-codec.ts";
import { DIALECT, NS } from "./names.ts";
import type { RequestHeaders } from "./request-headers.ts";
import { parseResourceUri } from "./resource-uri.ts";
import { pathOfSelectors } from "./selectors.ts";
import { classOf, type Target, targetOf } from "./target.ts";

/** Characters of a query. */
export const QUERY_LENGTH_MAX = 16_384;

/** The items, made as they are asked for. @throws Fault or CimError at once for what can be seen to be wrong. */
export function enumerateItems(
  objects: ObjectManager,
  headers: RequestHeaders,
  request: EnumerateRequest,
  signal: AbortSignal,
): AsyncIterator<XmlFragment> {
  const target = targetOf(objects, headers);
  if (headers.selectors.length > 0) {
    // Enumerate is about a class (DSP0227 §8.1); which instances, a filter says.
    refuse("invalidSelectors", "selectors choose no instances of an enumeration: use a filter", {
      detail: "UnexpectedSelectors",
    });
  }
  return itemsOf(instancesOf(objects, target, request, signal), request, target);
}

async function* itemsOf(
  instances: AsyncIterable<CimInstance>,
  { mode, polymorphism }: EnumerateRequest,
  { namespace, cimClass, uris }: Target,
): AsyncGenerator<XmlFragment, void> {
  for await (const instance of instances) {
    const path =
      instance.path === null
        ? null
        : instance.path.namespace === null
          ? instance.path.within(namespace)
          : instance.path;
    if (path === null && mode !== "object") {
      refuse("unsupportedFeature", "the results of this query have no references", { detail: "EnumerationMode" });
    }
    // DSP0227 §8.2.2: with its subclass's properties left out, an instance is shown as one of the class asked for.
    const shown =
      polymorphism === "exclude" && cimClass !== undefined
        ? new CimInstance({ className: cimClass.name, properties: instance.properties })
        : instance;
    yield itemFragment(mode === "epr" ? null : shown, mode === "object" ? null : path, uris);
  }
}

function itemFragment(instance: CimInstance | null, path: ObjectPath | null, uris: UriContext): XmlFragment {
  const writer = new XmlWriter();
  const both = instance !== null && path !== null;
  if (both) writer.open("wsman:Item");
  if (instance !== null) writeInstance(writer, instance, uris);
  if (path !== null) writeEndpointReference(writer, "wsa:EndpointReference", referenceOf(path, uris));
  if (both) writer.close();
  return new XmlFragment(writer);
}

function instancesOf(
  objects: ObjectManager,
  target: Target,
  { filter, polymorphism }: EnumerateRequest,
  signal: AbortSignal,
): AsyncIterable<CimInstance> {
  const { namespace, cimClass } = target;
  if (filter === undefined || filter.dialect === "selector") {
    if (cimClass === undefined)
      refuse("unsupportedFeature", "all classes need a query", { detail: "FilteringRequired" });
    const all = objects.enumerateInstances({
      namespace,
      className: cimClass.name,
      deepInheritance: polymorphism === "include",
      exactClass: polymorphism === "none",
      signal,
    });
    return filter === undefined ? all : withSelectors(all, filter.element, cimClass);
  }
  if (filter.dialect === "association") return associated(objects, target, filter.element, signal);
  return queried(objects.execQuery({ namespace, ...queryOf(filter), signal }));
}

/** What is wrong with a query is wrong with the filter, also where it names a class or property that is none. */
async function* queried(results: AsyncIterable<CimInstance>): AsyncGenerator<CimInstance> {
  try {
    yield* results;
  } catch (error) {
    const isQuery =
      error instanceof CimError && ["INVALID_CLASS", "NO_SUCH_PROPERTY", "INVALID_PARAMETER"].includes(error.code);
    if (isQuery) refuse("enumerationCannotProcessFilter", error.message);
    throw error;
  }
}

/** The text of a query with its language's address. @throws Fault. */
export function queryOf({ dialect, element }: FilterRequest): { readonly language: string; readonly query: string } {
  const query = element.text.trim();
  if (query === "" || query.length > QUERY_LENGTH_MAX) {
    refuse("cannotProcessFilter", query === "" ? "no query" : `longer than ${QUERY_LENGTH_MAX} characters`);
  }
  return { language: DIALECT[dialect], query };
}

/** Annex E of DSP0226: an instance passes when each selector's property has its value. */
async function* selected(
  all: AsyncIterable<CimInstance>,
  wanted: readonly (readonly [string, string])[],
): AsyncGenerator<CimInstance> {
  for await (const instance of all) {
    if (wanted.every(([name, text]) => textsOf(instance, name).includes(text))) yield instance;
  }
}

function withSelectors(
  all: AsyncIterable<CimInstance>,
  filter: XmlElement,
  cimClass: CimClass,
): AsyncIterable<CimInstance> {
  const set = filter.child("SelectorSet", NS.wsman);
  if (set === undefined) refuse("cannotProcessFilter", "the filter holds no SelectorSet");
  const wanted = readSelectorSet(set).map(({ name, value }) => {
    if (typeof value !== "string") return refuse("cannotProcessFilter", `${name}: references are not compared`);
    if (!cimClass.properties.some((property) => property.name.toLowerCase() === name.toLowerCase())) {
      return refuse("cannotProcessFilter", `${cimClass.name} has no ${name.slice(0, 80)}`);
    }
    return [name, value] as const;
  });
  return selected(all, wanted);
}

function textsOf(instance: CimInstance, name: string): string[] {
  const value = instance.get(name) ?? null;
  return (Array.isArray(value) ? value : [value]).map((each) => (each === null ? "" : String(each)));
}

/** DSP0227 §10.3: what an instance is associated with, or its associations. */
function associated(
  objects: ObjectManager,
  target: Target,
  filter: XmlElement,
  signal: AbortSignal,
): AsyncIterable<CimInstance> {
  const others = filter.child("AssociatedInstances", NS.wsmb);
  const links = filter.child("AssociationInstances", NS.wsmb);
  const choice = others ?? links;
  if (choice === undefined) refuse("cannotProcessFilter", "neither AssociatedInstances nor AssociationInstances");
  const object = choice.child("Object", NS.wsmb);
  if (object === undefined) refuse("cannotProcessFilter", "no Object");
  const text = (name: string) => choice.childText(name, NS.wsmb) || null;
  const included = choice.childrenNamed("IncludeResultProperty", NS.wsmb).map((each) => each.text.trim());
  const operation = {
    namespace: target.namespace,
    path: pathOfObject(objects, object, target),
    role: text("Role"),
    propertyList: included.length === 0 ? null : included,
    signal,
  };
  const resultClass = text("ResultClassName") ?? target.cimClass?.name ?? null;
  if (others === undefined) return objects.references({ ...operation, resultClass });
  return objects.associators({
    ...operation,
    resultClass,
    assocClass: text("AssociationClassName"),
    resultRole: text("ResultRole"),
  });
}

function pathOfObject(objects: ObjectManager, object: XmlElement, { namespace }: Target): ObjectPath {
  // Some clients put the reference into an element of its own, some its parts at once (DSP0227 §10.3.2 shows the latter).
  const reference = readEndpointReference(object.child("EndpointReference", NS.wsa) ?? object);
  const given = reference.selectors.find(({ name }) => name.toLowerCase() === "__cimnamespace")?.value;
  const at = targetOf(objects, {
    resourceUri: reference.resourceUri,
    namespace: typeof given === "string" ? given : (parseResourceUri(reference.resourceUri)?.namespace ?? namespace),
  });
  const keys = reference.selectors.filter(({ name }) => name.toLowerCase() !== "__cimnamespace");
  return pathOfSelectors(classOf(at), keys, at.namespace);
}
