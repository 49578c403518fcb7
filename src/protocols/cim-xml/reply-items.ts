import type { CimClass, CimQualifierDeclaration } from "../../cim/cim-class.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import type { CimType, CimValue } from "../../cim/cim-type.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import { typedValue } from "./instance-elements.ts";
import type { IMethodResponse, ParamValue, ReturnItem } from "./message-elements.ts";
import type { RawValue } from "./value-elements.ts";

// What a server answered, as values: each item as what was asked for, or a WireError. Names are put into the namespace that
// was asked where the answer leaves it out.

export function contextOf({ parameters }: IMethodResponse): string | null {
  const text = (name: string) => {
    const value = parameters.find((each) => each.name.toLowerCase() === name)?.value;
    return value?.kind === "value" && value.value.kind === "text" ? value.value.value : undefined;
  };
  if (text("endofsequence")?.trim().toLowerCase() === "true") return null;
  const context = text("enumerationcontext");
  if (context === undefined || context === "")
    throw new WireError("EnumerationContext", "is missing, and it is not the end");
  return context;
}

function placed(path: ObjectPath, namespace: string): ObjectPath {
  return path.namespace === null ? path.within(namespace) : path;
}

export function instanceOf(item: ReturnItem, namespace: string): CimInstance {
  const { kind, value } = item;
  if (kind === "instance") return value;
  if (kind === "namedInstance" || kind === "instanceWithPath" || kind === "objectWithLocalPath")
    return value.withPath(value.path === null ? null : placed(value.path, namespace));
  if ((kind === "objectWithPath" || kind === "object") && value.kind === "instance") return value.value;
  throw new WireError("IRETURNVALUE", `${kind} instead of an instance`);
}

export function pathOf(item: ReturnItem, namespace: string): ObjectPath {
  const { kind, value } = item;
  if (kind === "instanceName" || kind === "instancePath" || kind === "objectPath" || kind === "className")
    return placed(value, namespace);
  // A reference as a value: what some servers answer to AssociatorNames.
  if (kind === "value" && value.kind === "reference") return placed(value.value, namespace);
  throw new WireError("IRETURNVALUE", `${kind} instead of a name`);
}

export function classOf(item: ReturnItem): CimClass {
  if (item.kind === "class") return item.value;
  throw new WireError("IRETURNVALUE", `${item.kind} instead of a class`);
}

export function qualifierOf(item: ReturnItem): CimQualifierDeclaration {
  if (item.kind === "qualifierDeclaration") return item.value;
  throw new WireError("IRETURNVALUE", `${item.kind} instead of a qualifier`);
}

export function outputOf({ name, type, value }: ParamValue): CimValue {
  if (value === undefined) return null;
  if (value.kind === "value") return valueOfAnswer(name, type, value.value);
  if (value.kind === "class") throw new WireError(name, "a class as a value");
  return value.value;
}

/** Servers leave PARAMTYPE out, too: then a text stays text, and what is written as a reference is one. */
export function valueOfAnswer(name: string, type: CimType | undefined, raw: RawValue | undefined): CimValue {
  const isReference = raw?.kind === "reference" || raw?.kind === "references";
  const isArray = raw?.kind === "array" || raw?.kind === "references";
  const shape = { type: isReference ? "reference" : (type ?? "string"), isArray, embedded: "object" } as const;
  return typedValue(raw, shape, {
    refuse(problem): never {
      throw new WireError(name, problem);
    },
  });
}
