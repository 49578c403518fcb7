import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import type { IMethodCall, IParamValue } from "./message-elements.ts";

// Parameters of intrinsic methods (DSP0200 §5.3.2): read by their declared kinds, each at most once, unknown ones refused
// (CIM_ERR_INVALID_PARAMETER), names in any case as clients write them.

/** How a parameter is read; `absent` is what it is where the call leaves it out, or throws where it must be there. */
interface ParameterKind<T> {
  read(value: NonNullable<IParamValue["value"]>, name: string): T;
  absent(name: string): T;
}

type Kinds = Readonly<Record<string, ParameterKind<unknown>>>;
export type ParametersOf<K> =
  K extends Readonly<Record<string, unknown>>
    ? { readonly [N in keyof K]: K[N] extends ParameterKind<infer T> ? T : never }
    : never;

export function readParameters<const K extends Kinds>(kinds: K, call: IMethodCall): ParametersOf<K> {
  const given = new Map<string, IParamValue["value"]>();
  for (const { name, value } of call.parameters) {
    const key = name.toLowerCase();
    if (given.has(key)) throw invalid(name, "given more than once");
    if (!Object.keys(kinds).some((known) => known.toLowerCase() === key)) throw invalid(name, `${call.name} has none`);
    given.set(key, value);
  }
  const entries = Object.entries(kinds).map(([name, kind]) => {
    const value = given.get(name.toLowerCase());
    return [name, value === undefined ? kind.absent(name) : kind.read(value, name)];
  });
  return Object.fromEntries(entries) as ParametersOf<K>;
}

function invalid(name: string, problem: string): CimError {
  return new CimError("INVALID_PARAMETER", `parameter ${name.slice(0, 256)}: ${problem}`);
}

function missing(name: string): never {
  throw invalid(name, "is missing");
}

/** The same, but undefined becomes `fallback` instead of an error. */
export function optional<T, F>(kind: ParameterKind<T>, fallback: F): ParameterKind<T | F> {
  return { read: kind.read, absent: () => fallback };
}

export const className: ParameterKind<string> = {
  read: (value, name) => {
    // §5.3.2.3 writes a CLASSNAME; some clients write the name as a plain value.
    if (value.kind === "className") return value.value.className;
    return text.read(value, name);
  },
  absent: missing,
};

export const text: ParameterKind<string> = {
  read(value, name) {
    if (value.kind === "value" && value.value.kind === "text") return value.value.value;
    throw invalid(name, "is not one value");
  },
  absent: missing,
};

export const flag: ParameterKind<boolean> = {
  read(value, name) {
    const word = text.read(value, name).trim().toLowerCase();
    if (word !== "true" && word !== "false") throw invalid(name, `${JSON.stringify(word.slice(0, 20))} is no boolean`);
    return word === "true";
  },
  absent: missing,
};

/** uint32. */
export const count: ParameterKind<number> = {
  read(value, name) {
    const word = text.read(value, name).trim();
    const number = Number(word);
    if (!/^\d{1,10}$/.test(word) || number > 0xffff_ffff)
      throw invalid(name, `${JSON.stringify(word.slice(0, 20))} is no uint32`);
    return number;
  },
  absent: missing,
};

/** A list of names; null means all, an empty list none (§5.3.2.3). */
export const propertyList: ParameterKind<readonly string[] | null> = {
  read(value, name) {
    if (value.kind !== "value" || value.value.kind !== "array") throw invalid(name, "is not an array");
    return value.value.value.filter((each) => each !== null);
  },
  absent: () => null,
};

export const instanceName: ParameterKind<ObjectPath> = {
  read(value, name) {
    if (value.kind === "instanceName") return value.value;
    throw invalid(name, "is not the name of an instance");
  },
  absent: missing,
};

/** The name of an instance or a class: what associations are asked for. */
export const objectName: ParameterKind<ObjectPath> = {
  read(value, name) {
    if (value.kind === "instanceName" || value.kind === "className") return value.value;
    throw invalid(name, "is neither the name of an instance nor of a class");
  },
  absent: missing,
};

export const newInstance: ParameterKind<CimInstance> = {
  read(value, name) {
    if (value.kind === "instance" || value.kind === "namedInstance") return value.value;
    throw invalid(name, "is not an instance");
  },
  absent: missing,
};

export const namedInstance: ParameterKind<CimInstance & { readonly path: ObjectPath }> = {
  read(value, name) {
    if (value.kind === "namedInstance" && value.value.path !== null)
      return value.value as CimInstance & { readonly path: ObjectPath };
    throw invalid(name, "is not an instance with its name");
  },
  absent: missing,
};

/** NewValue of SetProperty, untyped as it came; null where it is left out. */
export const anyValue: ParameterKind<NonNullable<IParamValue["value"]> | null> = {
  read: (value) => value,
  absent: () => null,
};

/** A key that stands without its name is the only key of its class. */
export function withKeyNames(path: ObjectPath, keyNames: () => readonly string[]): ObjectPath {
  const [first] = path.keys ?? [];
  if (first === undefined || first.name !== "") return path;
  const names = keyNames();
  const [name] = names;
  if (names.length !== 1 || name === undefined)
    throw new CimError("INVALID_PARAMETER", `${path.className} has ${names.length} keys: name them`);
  return new ObjectPath({ ...path, className: path.className, keys: [{ name, value: first.value }] });
}
