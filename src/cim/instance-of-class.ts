import { assert } from "../runtime/errors.ts";
import { type CimClass, keysOf } from "./cim-class.ts";
import { CimInstance } from "./cim-instance.ts";
import { type CimScalar, type CimType, type CimValue, isNumericType, misfitOf } from "./cim-type.ts";
import type { ClassDeclaration, InstanceOf } from "./class-declaration.ts";
import { type KeyValue, ObjectPath } from "./object-path.ts";

/**
 * An instance of a declared class from a provider's values: every property of the class, NULL where the provider said
 * nothing, or a number that its type cannot carry: what a machine says of itself may be anything, and one strange counter
 * must not cost the rest. A value of another type is our bug, and named.
 */
export function createInstance<D extends ClassDeclaration>(
  declaration: D,
  values: InstanceOf<D>,
  namespace: string | null = null,
): CimInstance {
  const given = values as Readonly<Record<string, CimValue | undefined>>;
  const properties = declaration.properties.map(({ name, type, isArray, referenceClass, embedded, value }) => {
    const found = carried(type, given[name] ?? value);
    const problem = misfit(found, isArray, (each) => misfitOf(type, each));
    assert(problem === null, `${declaration.name}.${name}: ${problem}`);
    return {
      name,
      type,
      isArray,
      value: found,
      ...(referenceClass === undefined ? {} : { referenceClass }),
      ...(embedded === undefined ? {} : { embedded }),
    };
  });
  const path = namespace === null ? null : pathFrom(declaration, given, namespace);
  return new CimInstance({ className: declaration.name, path, properties });
}

/** By the keys of the class; asserts that none is NULL. */
function pathFrom(
  cimClass: CimClass,
  given: Readonly<Record<string, CimValue | undefined>>,
  namespace: string,
): ObjectPath {
  const keys = cachedKeys(cimClass).map((name) => {
    const value = given[name];
    assert(value !== null && value !== undefined, `${cimClass.name}: its key ${name} is NULL`);
    return { name, value: keyOf(value) };
  });
  return new ObjectPath({ namespace, className: cimClass.name, keys });
}

/** Classes live as long as the program: what their keys are is asked once. */
const KEYS = new WeakMap<CimClass, readonly string[]>();

function cachedKeys(cimClass: CimClass): readonly string[] {
  const known = KEYS.get(cimClass) ?? keysOf(cimClass);
  KEYS.set(cimClass, known);
  return known;
}

function carried(type: CimType, value: CimValue): CimValue {
  if (typeof value !== "number" && typeof value !== "bigint") return value;
  const isRightKind = (type === "uint64" || type === "sint64") === (typeof value === "bigint");
  return isRightKind && misfitOf(type, value) !== null && isNumericType(type) ? null : value;
}

function keyOf(value: CimValue): KeyValue {
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (value instanceof ObjectPath || typeof value !== "object") return value;
  return String(value); // A datetime stands as text in a key.
}

function misfit(value: CimValue, isArray: boolean, judge: (each: CimScalar) => string | null): string | null {
  if (value === null) return null;
  if (!isArray) return Array.isArray(value) ? "an array instead of one value" : judge(value as CimScalar);
  if (!Array.isArray(value)) return "one value instead of an array";
  for (const each of value as readonly (CimScalar | null)[]) {
    const problem = each === null ? null : judge(each);
    if (problem !== null) return problem;
  }
  return null;
}
