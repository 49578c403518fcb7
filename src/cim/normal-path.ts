import { WireError } from "../runtime/errors.ts";
import { keysOf } from "./cim-class.ts";
import { CimError } from "./cim-error.ts";
import { type CimType, parseCimText } from "./cim-type.ts";
import type { ClassDeclaration } from "./class-declaration.ts";
import { type KeyValue, OBJECT_PATH_DEPTH_MAX, ObjectPath } from "./object-path.ts";

/** Finds a class in a namespace; undefined where either is unknown. */
export type FindClass = (namespace: string, className: string) => ClassDeclaration | undefined;

/**
 * A path as the class declares it: the class's spelling, all its keys, in its order and of its types, whatever the wire
 * made of them (WS-Man's selectors are text, CIM-XML's numbers have no size). Throws INVALID_PARAMETER, NOT_FOUND where a
 * key's value cannot be one.
 */
export function normalPath(path: ObjectPath, namespace: string, findClass: FindClass): ObjectPath {
  return normal(path, namespace, findClass, 0);
}

function normal(path: ObjectPath, outer: string, findClass: FindClass, depth: number): ObjectPath {
  if (depth > OBJECT_PATH_DEPTH_MAX) throw new CimError("INVALID_PARAMETER", "references too deep inside references");
  const namespace = path.namespace ?? outer;
  const declaration = findClass(namespace, path.className);
  // What an association elsewhere refers to may be of a class that is not known here.
  if (declaration === undefined) return path.within(namespace);
  const names = keysOf(declaration);
  const given = path.keys ?? [];
  const strange = given.find(({ name }) => names.every((other) => other.toLowerCase() !== name.toLowerCase()));
  if (strange !== undefined)
    throw new CimError("INVALID_PARAMETER", `${declaration.name}: ${strange.name.slice(0, 256)} is not a key of it`);
  const keys = names.map((name) => {
    const value = path.key(name);
    if (value === undefined)
      throw new CimError("INVALID_PARAMETER", `${declaration.name}: its key ${name} is missing from the path`);
    const type = declaration.properties.find((property) => property.name === name)?.type ?? "string";
    try {
      return { name, value: normalKey(type, value, namespace, findClass, depth) };
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw new CimError("NOT_FOUND", `${declaration.name}.${name}: ${error.message}`);
    }
  });
  return new ObjectPath({ namespace, className: declaration.name, keys });
}

function normalKey(type: CimType, value: KeyValue, namespace: string, findClass: FindClass, depth: number): KeyValue {
  if (type === "reference") {
    const path = value instanceof ObjectPath ? value : ObjectPath.parse(String(value));
    return normal(path, namespace, findClass, depth + 1);
  }
  if (type === "string" || type === "char16" || type === "datetime") return String(value);
  if (value instanceof ObjectPath) throw new WireError("", `a reference instead of ${type}`);
  const parsed = parseCimText(type, String(value));
  return typeof parsed === "number" && Number.isInteger(parsed) ? BigInt(parsed) : (parsed as KeyValue);
}
