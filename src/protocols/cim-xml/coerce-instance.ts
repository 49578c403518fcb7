import type { CimClass } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import { type CimScalar, type CimType, type CimValue, formatCimText, parseCimText } from "../../cim/cim-type.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";

/**
 * An instance with its values as the class has them, whatever type the client gave them: wbemcli, and what is made of it,
 * knows only strings, booleans and `numeric`. Properties that the class does not have are left for the object manager to
 * refuse. Throws TYPE_MISMATCH where a value cannot be one of the declared type.
 */
export function coerceInstance(instance: CimInstance, { properties }: CimClass): CimInstance {
  const declared = new Map(properties.map((property) => [property.name.toLowerCase(), property]));
  const coerced = instance.properties.map((property): CimProperty => {
    const known = declared.get(property.name.toLowerCase());
    if (known === undefined || known.type === property.type) return property;
    return { ...property, type: known.type, value: coerce(property.value, known.type, property.name) };
  });
  return new CimInstance({ className: instance.className, path: instance.path, properties: coerced });
}

function coerce(value: CimValue, type: CimType, name: string): CimValue {
  if (value === null) return null;
  const one = (each: CimScalar): CimScalar => {
    if (each instanceof ObjectPath || each instanceof CimInstance) throw mismatch(name, `is no ${type}`);
    try {
      return parseCimText(type, formatCimText(each));
    } catch (error) {
      if (error instanceof WireError) throw mismatch(name, error.problem);
      throw error;
    }
  };
  if (!Array.isArray(value)) return one(value as CimScalar);
  return (value as readonly (CimScalar | null)[]).map((each) => (each === null ? null : one(each)));
}

function mismatch(name: string, problem: string): CimError {
  return new CimError("TYPE_MISMATCH", `${name}: ${problem}`);
}
