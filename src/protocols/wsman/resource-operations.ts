// Get, Put, Create, Delete (DSP0226 §7, DSP0227 §7) and the invocation of methods (DSP0227 §9): operations on one resource.

import { type CimClass, type CimMethodDeclaration, isMarked } from "../../cim/cim-class.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import type { CimValue } from "../../cim/cim-type.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlWriter } from "../../wire/xml-writer.ts";
import { writeEndpointReference } from "./endpoint-reference.ts";
import { refuse } from "./fault.ts";
import type { FaultDetail, FaultName } from "./fault-table.ts";
import { readInstance, readProperties, referenceOf, type TypeOf, writeInstance } from "./instance-codec.ts";
import type { RequestHeaders } from "./request-headers.ts";
import { classUri } from "./resource-uri.ts";
import { classOf, instanceOf, type Target, targetOf } from "./target.ts";

export interface ResourceRequest {
  readonly objects: ObjectManager;
  readonly headers: RequestHeaders;
  readonly body: readonly XmlElement[];
  readonly signal: AbortSignal;
}

/** Writes the children of the answer's body. */
export type WriteBody = (writer: XmlWriter) => void;

export async function getResource({ objects, headers, signal }: ResourceRequest): Promise<WriteBody> {
  const target = targetOf(objects, headers);
  const { namespace, uris } = target;
  const instance = await objects.getInstance({ namespace, path: instanceOf(target, headers), signal });
  return (writer) => writeInstance(writer, instance, uris);
}

export async function putResource({ objects, headers, body, signal }: ResourceRequest): Promise<WriteBody> {
  const target = targetOf(objects, headers);
  const { namespace, uris } = target;
  const path = instanceOf(target, headers);
  const given = readRepresentation(body, target);
  for (const { name, value } of path.keys ?? []) {
    const inBody = given.get(name);
    if (inBody === undefined || inBody === null || String(inBody) === String(value) || value instanceof ObjectPath)
      continue;
    refuse("invalidRepresentation", `key ${name} cannot be changed`, { detail: "InvalidValues" });
  }
  const names = given.properties.map(({ name }) => name).filter((name) => path.key(name) === undefined);
  // Clients put back the whole of what they got: what may not be written stays as it is, as in DSP0227 §7.4.
  const writable = new Set(
    classOf(target)
      .properties.filter((property) => isMarked(property, "Write"))
      .map(({ name }) => name),
  );
  const propertyList = names.filter((name) => writable.has(name));
  if (propertyList.length === 0)
    refuse("actionNotSupported", `nothing of ${classOf(target).name} that was given may be written`);
  await objects.modifyInstance({ namespace, path, instance: given.withPath(path), propertyList, signal });
  const instance = await objects.getInstance({ namespace, path, signal });
  return (writer) => writeInstance(writer, instance, uris);
}

export async function createResource({ objects, headers, body, signal }: ResourceRequest): Promise<WriteBody> {
  const target = targetOf(objects, headers);
  const { namespace, uris } = target;
  const path = await objects.createInstance({ namespace, instance: readRepresentation(body, target), signal });
  const reference = referenceOf(path.namespace === null ? path.within(namespace) : path, uris);
  return (writer) => writeEndpointReference(writer, "wxf:ResourceCreated", reference);
}

export async function deleteResource({ objects, headers, signal }: ResourceRequest): Promise<WriteBody> {
  const target = targetOf(objects, headers);
  await objects.deleteInstance({ namespace: target.namespace, path: instanceOf(target, headers), signal });
  return () => {};
}

/** @throws Fault where the action names no method of the resource. */
export async function invokeMethod({ objects, headers, body, signal }: ResourceRequest): Promise<WriteBody> {
  const target = targetOf(objects, headers);
  const { namespace, uris } = target;
  const cimClass = classOf(target);
  const method = methodOf(cimClass, headers);
  const input = body[0];
  const isInput = input?.name.toLowerCase() === `${method.name}_INPUT`.toLowerCase();
  // A method without parameters may come with an empty body (DSP0227 §9.1).
  if (input !== undefined && !isInput)
    refuse("invalidParameter", `<${input.name.slice(0, 80)}> instead of <${method.name}_INPUT>`);
  const parameters = readParameters(method, input);
  const isStatic = isMarked(method, "Static") && headers.selectors.length === 0;
  const path = isStatic ? new ObjectPath({ namespace, className: cimClass.name }) : instanceOf(target, headers);
  const { returnValue, output } = await objects.invokeMethod({
    namespace,
    path,
    method: method.name,
    parameters,
    signal,
  });
  const outputs: CimProperty[] = Object.entries(output).map(([name, value]) => {
    const { type = "string", isArray = Array.isArray(value) } = parameterOf(method, name) ?? {};
    return { name, type, isArray, value };
  });
  outputs.push({ name: "ReturnValue", type: method.returnType, isArray: false, value: returnValue });
  const answer = new CimInstance({ className: cimClass.name, properties: outputs });
  return (writer) => writeInstance(writer, answer, uris, `${method.name}_OUTPUT`);
}

/** The method that `wsa:Action` names: the resource's URI, a slash, the method's name. */
function methodOf(cimClass: CimClass, { action, resourceUri }: RequestHeaders): CimMethodDeclaration {
  const slash = action.lastIndexOf("/");
  const [place, name] = [action.slice(0, slash), action.slice(slash + 1)];
  if (place.toLowerCase() !== resourceUri.toLowerCase()) {
    refuse("actionNotSupported", action.slice(0, 200), { detail: "ActionMismatch" });
  }
  const method = cimClass.methods.find((each) => each.name.toLowerCase() === name.toLowerCase());
  return method ?? refuse("actionNotSupported", `${cimClass.name} has no method ${name.slice(0, 80)}`);
}

function parameterOf({ parameters }: CimMethodDeclaration, name: string) {
  return parameters.find((parameter) => parameter.name.toLowerCase() === name.toLowerCase());
}

function readParameters(method: CimMethodDeclaration, input: XmlElement | undefined): Record<string, CimValue> {
  for (const { name } of input?.children ?? []) {
    if (parameterOf(method, name) !== undefined) continue;
    refuse("invalidParameter", `${method.name} has no parameter ${name.slice(0, 80)}`, { detail: "InvalidName" });
  }
  const properties = typed("invalidParameter", "TypeMismatch", () =>
    readProperties(input?.children ?? [], (name) => parameterOf(method, name)),
  );
  return Object.fromEntries(properties.map(({ name, value }) => [name, value]));
}

/** The representation in the body of Put and Create, typed by its class. @throws Fault `invalidRepresentation`. */
function readRepresentation(body: readonly XmlElement[], target: Target): CimInstance {
  const [element] = body;
  const cimClass = classOf(target);
  if (element === undefined || body.length > 1) {
    refuse("invalidRepresentation", "the body holds no instance, or several", { detail: "MissingValues" });
  }
  const expected = classUri(target.uris.prefix, cimClass.name);
  if (
    element.name.toLowerCase() !== cimClass.name.toLowerCase() ||
    element.namespace.toLowerCase() !== expected.toLowerCase()
  ) {
    refuse("invalidRepresentation", `not an element ${cimClass.name} of ${expected}`, { detail: "InvalidNamespace" });
  }
  const property: TypeOf = (name) => cimClass.properties.find((each) => each.name.toLowerCase() === name.toLowerCase());
  const unknown = element.children.find(({ name }) => property(name) === undefined);
  if (unknown !== undefined) {
    refuse("invalidRepresentation", `${cimClass.name} has no ${unknown.name.slice(0, 80)}`, {
      detail: "InvalidValues",
    });
  }
  const instance = typed("invalidRepresentation", "InvalidValues", () => readInstance(element, property));
  // In the class's own spelling.
  const properties = instance.properties.map((each) => ({
    ...each,
    name: cimClass.properties.find(({ name }) => name.toLowerCase() === each.name.toLowerCase())?.name ?? each.name,
  }));
  return new CimInstance({ className: cimClass.name, properties });
}

function typed<T>(fault: FaultName, detail: FaultDetail, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof WireError) refuse(fault, error.message, { detail });
    throw error;
  }
}
