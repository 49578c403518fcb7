import { type CimClass, isMarked } from "../../cim/cim-class.ts";
import { type CimType, parseCimText } from "../../cim/cim-type.ts";
import { type KeyBinding, ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { Selector } from "./endpoint-reference.ts";
import { refuse } from "./fault.ts";
import { pathOfReference } from "./instance-codec.ts";

/**
 * The path of the instance that selectors name (DSP0227 §6.3): all keys of the class and nothing else, names in any case.
 * @throws Fault `invalidSelectors`.
 */
export function pathOfSelectors(cimClass: CimClass, selectors: readonly Selector[], namespace: string): ObjectPath {
  const declared = cimClass.properties.filter((property) => isMarked(property, "Key"));
  const unexpected = selectors.filter(
    ({ name }) => !declared.some((key) => key.name.toLowerCase() === name.toLowerCase()),
  );
  if (unexpected.length > 0) {
    const names = unexpected.map(({ name }) => name.slice(0, 80)).join(", ");
    refuse("invalidSelectors", `not a key of ${cimClass.name}: ${names}`, { detail: "UnexpectedSelectors" });
  }
  const keys: KeyBinding[] = declared.map((key) => {
    const selector = selectors.find(({ name }) => name.toLowerCase() === key.name.toLowerCase());
    if (selector === undefined) {
      refuse("invalidSelectors", `key ${key.name} is missing`, { detail: "InsufficientSelectors" });
    }
    return { name: key.name, value: keyValue(selector, key.type) };
  });
  return new ObjectPath({ namespace, className: cimClass.name, keys });
}

function keyValue({ name, value }: Selector, type: CimType): KeyBinding["value"] {
  const mismatch = (problem: string) => refuse("invalidSelectors", `${name}: ${problem}`, { detail: "TypeMismatch" });
  try {
    if (typeof value !== "string") return type === "reference" ? pathOfReference(value) : mismatch(`not a ${type}`);
    if (type === "reference") return mismatch("not an endpoint reference");
    if (type === "datetime") return String(parseCimText(type, value)); // A datetime stands as text in a key.
    const parsed = parseCimText(type, value);
    if (typeof parsed === "number") return Number.isInteger(parsed) ? BigInt(parsed) : parsed;
    return typeof parsed === "object" ? String(parsed) : parsed;
  } catch (error) {
    if (error instanceof WireError) return mismatch(error.problem);
    throw error;
  }
}
