import { type CimMethodDeclaration, type CimPropertyDeclaration, isMarked } from "./cim-class.ts";
import { CimError } from "./cim-error.ts";
import type { CimInstance } from "./cim-instance.ts";
import { type CimScalar, type CimValue, misfitOf } from "./cim-type.ts";
import type { ClassDeclaration } from "./class-declaration.ts";
import { ObjectPath } from "./object-path.ts";

/** The parameters by their declared names. Throws INVALID_PARAMETER, TYPE_MISMATCH. */
export function checkParameters(
  method: CimMethodDeclaration,
  given: Readonly<Record<string, CimValue>>,
): Record<string, CimValue> {
  const checked: Record<string, CimValue> = {};
  for (const [name, value] of Object.entries(given)) {
    const parameter = method.parameters.find((each) => each.name.toLowerCase() === name.toLowerCase());
    if (parameter === undefined || !isMarked(parameter, "In"))
      throw new CimError("INVALID_PARAMETER", `${method.name}: ${name.slice(0, 256)} is no parameter to give`);
    checkType(parameter, value);
    checked[parameter.name] = value;
  }
  const missing = method.parameters.find((each) => isMarked(each, "Required") && (checked[each.name] ?? null) === null);
  if (missing !== undefined && isMarked(missing, "In"))
    throw new CimError("INVALID_PARAMETER", `${method.name}: ${missing.name} is missing`);
  return checked;
}

/** The declared names of the properties that are to change. Throws NO_SUCH_PROPERTY, NOT_SUPPORTED, TYPE_MISMATCH. */
export function checkChange(
  declaration: ClassDeclaration,
  before: CimInstance,
  instance: CimInstance,
  propertyList: readonly string[] | null,
): string[] {
  const wanted = propertyList?.map((name) => name.toLowerCase()) ?? null;
  for (const name of [...(propertyList ?? []), ...instance.properties.map((each) => each.name)])
    if (find(declaration, name) === undefined)
      throw new CimError("NO_SUCH_PROPERTY", `${declaration.name} has no property ${name.slice(0, 256)}`);
  const changed: string[] = [];
  for (const property of declaration.properties) {
    const value = instance.get(property.name);
    // Without a list exactly the properties that are in the instance change (DSP0200 §5.3.2.6).
    if (value === undefined || (wanted !== null && !wanted.includes(property.name.toLowerCase()))) continue;
    if (sameValue(value, before.get(property.name) ?? null)) continue;
    // A client that changes one property mostly sends back the whole instance: what cannot be written is passed over
    // then, and refused only where it was named.
    if (!isMarked(property, "Write") || isMarked(property, "Key")) {
      if (wanted === null) continue;
      throw new CimError("NOT_SUPPORTED", `${declaration.name}.${property.name} cannot be written`);
    }
    checkType(property, value);
    changed.push(property.name);
  }
  return changed;
}

/** Throws INVALID_CLASS, NO_SUCH_PROPERTY, TYPE_MISMATCH. */
export function checkNew(declaration: ClassDeclaration, instance: CimInstance): void {
  if (declaration.abstract) throw new CimError("INVALID_CLASS", `${declaration.name} is abstract`);
  for (const { name, value } of instance.properties) {
    const property = find(declaration, name);
    if (property === undefined)
      throw new CimError("NO_SUCH_PROPERTY", `${declaration.name} has no property ${name.slice(0, 256)}`);
    checkType(property, value);
  }
}

function find({ properties }: ClassDeclaration, name: string): CimPropertyDeclaration | undefined {
  const lower = name.toLowerCase();
  return properties.find((property) => property.name.toLowerCase() === lower);
}

function checkType(
  { name, type, isArray }: Pick<CimPropertyDeclaration, "name" | "type" | "isArray">,
  value: CimValue,
) {
  if (value === null) return;
  if (Array.isArray(value) !== isArray)
    throw new CimError("TYPE_MISMATCH", `${name}: ${isArray ? "one value instead of an array" : "an array"}`);
  for (const each of isArray ? (value as readonly (CimScalar | null)[]) : [value as CimScalar]) {
    const problem = each === null ? null : misfitOf(type, each);
    if (problem !== null) throw new CimError("TYPE_MISMATCH", `${name}: ${problem}`);
  }
}

function sameValue(one: CimValue, other: CimValue): boolean {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => sameValue(each, other[index] ?? null));
  if (one instanceof ObjectPath && other instanceof ObjectPath) return one.identity === other.identity;
  return one === other || (one !== null && other !== null && String(one) === String(other));
}
