import type { CimPropertyDeclaration, CimQualifier } from "../../cim/cim-class.ts";
import { CimInstance, type CimProperty } from "../../cim/cim-instance.ts";
import {
  type CimScalar,
  type CimType,
  type CimValue,
  formatCimText,
  isCimType,
  parseCimText,
} from "../../cim/cim-type.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import { parseXml } from "../../wire/xml-reader.ts";
import { XmlWriter } from "../../wire/xml-writer.ts";
import {
  anyText,
  attribute,
  booleanText,
  child,
  children,
  choice,
  countText,
  type Decoded,
  defaultAttribute,
  type ElementCodec,
  element,
  mapped,
  optionalAttribute,
  optionalChild,
  type TextKind,
  within,
} from "./element-codec.ts";
import { InstanceName, InstancePath, LocalInstancePath } from "./path-elements.ts";
import { AnyValue, type RawValue } from "./value-elements.ts";

// Instances, properties and qualifiers (DSP0201 §5.2.2, §5.2.4, §5.3).

/** Embedded instances inside embedded instances: an alert that holds an error that holds an element has three. */
export const EMBEDDED_DEPTH_MAX = 8;
let embeddedDepth = 0;

export interface ValueShape {
  readonly type: CimType;
  readonly isArray: boolean;
  readonly embedded?: "instance" | "object" | undefined;
}

/** The value that a raw one is for its type. WireError where it is none; where, the caller says with `within`. */
export function typedValue(raw: RawValue | undefined, shape: ValueShape, from: Pick<XmlElement, "refuse">): CimValue {
  if (raw === undefined) return null;
  const { type, isArray } = shape;
  if (raw.kind === "reference")
    return type === "reference" && !isArray ? raw.value : from.refuse(`no ${nameOf(shape)}`);
  if (raw.kind === "references")
    return type === "reference" && isArray ? raw.value : from.refuse(`no ${nameOf(shape)}`);
  const scalar = (text: string): CimScalar | null => within(from, () => typedText(text, shape));
  if (raw.kind === "array") {
    if (!isArray) from.refuse(`an array instead of one ${type}`);
    return raw.value.map((text) => (text === null ? null : scalar(text)));
  }
  if (isArray) from.refuse(`one value instead of an array of ${type}`);
  return scalar(raw.value);
}

function nameOf({ type, isArray }: ValueShape): string {
  return isArray ? `array of ${type}` : type;
}

function typedText(text: string, { type, embedded }: ValueShape): CimScalar | null {
  if (embedded !== undefined && /^\s*<(?:\?xml|INSTANCE[\s>])/.test(text)) return embeddedInstance(text);
  // `<VALUE/>` of a number, boolean or datetime: servers write it for NULL (sfcb's empty return values among them).
  if (type !== "string" && type !== "char16" && text.trim() === "") return null;
  return parseCimText(type, text);
}

/** §5.3.1.1: the text of the value is itself an INSTANCE. A CLASS, which EmbeddedObject allows, stays the text it is. */
function embeddedInstance(text: string): CimInstance {
  if (embeddedDepth >= EMBEDDED_DEPTH_MAX)
    throw new WireError("", `more than ${EMBEDDED_DEPTH_MAX} instances in one another`);
  embeddedDepth += 1;
  try {
    return Instance.read(parseXml(Buffer.from(text, "utf8")));
  } finally {
    embeddedDepth -= 1;
  }
}

/** A value as it stands in the document; undefined for NULL. */
export function rawValue(value: CimValue): RawValue | undefined {
  if (value === null) return undefined;
  if (value instanceof ObjectPath) return { kind: "reference", value };
  if (!isArray(value)) return { kind: "text", value: textOf(value) };
  if (value.some((each) => each instanceof ObjectPath))
    return { kind: "references", value: value as readonly (ObjectPath | null)[] };
  return { kind: "array", value: value.map((each) => (each === null ? null : textOf(each))) };
}

function isArray(value: CimValue): value is readonly (CimScalar | null)[] {
  return Array.isArray(value);
}

function textOf(value: CimScalar): string {
  if (value instanceof ObjectPath) return value.toString();
  if (!(value instanceof CimInstance)) return formatCimText(value);
  const writer = new XmlWriter();
  Instance.write(writer, value);
  return writer.take();
}

export const typeText: TextKind<CimType> = {
  expected: "a type of CIM",
  // wbemcli calls a number `numeric`: it stays text until the class says what it is (coerce-instance.ts).
  parse: (text) => (isCimType(text) ? text : text === "numeric" ? "string" : undefined),
  format: (type) => type,
};

const embeddedText: TextKind<"instance" | "object"> = {
  expected: "instance or object",
  parse: (text) => (({ instance: "instance", object: "object" }) as const)[text.toLowerCase()],
  format: (value) => value,
};

/** §5.2.2: EmbeddedObject; some servers write the attribute in capitals, as an early draft had it. */
const embeddedAttribute = {
  ...optionalAttribute("EmbeddedObject", embeddedText),
  read(from: XmlElement): "instance" | "object" | undefined {
    const text = from.attribute("EmbeddedObject") ?? from.attribute("EMBEDDEDOBJECT");
    return text === undefined ? undefined : embeddedText.parse(text);
  },
};

export const Qualifier: ElementCodec<CimQualifier> = mapped(
  element("QUALIFIER", {
    name: attribute("NAME", anyText),
    type: attribute("TYPE", typeText),
    propagated: defaultAttribute("PROPAGATED", booleanText, false),
    value: optionalChild(AnyValue),
  }),
  {
    toValue: ({ name, type, propagated, value: raw }, from) => {
      const value = typedValue(raw, { type, isArray: raw?.kind === "array" }, from);
      return { name, type, value, ...(propagated ? { propagated } : {}) };
    },
    fromValue: ({ name, type, propagated = false, value }) => ({ name, type, propagated, value: rawValue(value) }),
  },
);

/** A property of an instance, or its declaration in a class: one element for both. */
export type PropertyElement = CimProperty &
  Partial<Pick<CimPropertyDeclaration, "qualifiers" | "classOrigin" | "propagated">>;

const shared = {
  name: attribute("NAME", anyText),
  classOrigin: optionalAttribute("CLASSORIGIN", anyText),
  propagated: defaultAttribute("PROPAGATED", booleanText, false),
  qualifiers: children(Qualifier),
  value: optionalChild(AnyValue),
} as const;
const typed = { type: attribute("TYPE", typeText), embedded: embeddedAttribute } as const;

const AnyProperty = choice({
  single: element("PROPERTY", { ...typed, ...shared }),
  array: element("PROPERTY.ARRAY", { arraySize: optionalAttribute("ARRAYSIZE", countText), ...typed, ...shared }),
  reference: element("PROPERTY.REFERENCE", { referenceClass: optionalAttribute("REFERENCECLASS", anyText), ...shared }),
});

type FoundProperty = Decoded<typeof AnyProperty>;

/** Of the one shape for nearly all, which engines keep as fields. */
function propertyOf({ kind, value: found }: FoundProperty, from: XmlElement): CimProperty {
  const { name, value: raw } = found;
  const isArray = kind === "array";
  if (kind === "reference") {
    const { referenceClass } = found;
    const value = typedValue(raw, { type: "reference", isArray }, from);
    return { name, type: "reference", isArray, value, ...(referenceClass === undefined ? {} : { referenceClass }) };
  }
  const { type, embedded } = found;
  const value = typedValue(raw, { type, isArray, embedded }, from);
  return embedded === undefined ? { name, type, isArray, value } : { name, type, isArray, value, embedded };
}

export const Property: ElementCodec<PropertyElement> = mapped(AnyProperty, {
  toValue: (read, from): PropertyElement => {
    const { classOrigin, propagated, qualifiers } = read.value;
    return {
      ...propertyOf(read, from),
      ...(classOrigin === undefined ? {} : { classOrigin }),
      ...(propagated ? { propagated } : {}),
      ...(qualifiers.length === 0 ? {} : { qualifiers }),
    };
  },
  fromValue: ({
    name,
    type,
    isArray,
    value,
    referenceClass,
    embedded,
    classOrigin,
    propagated = false,
    qualifiers = [],
  }) => {
    const common = { name, classOrigin, propagated, qualifiers, value: rawValue(value) };
    if (type === "reference" && !isArray) return { kind: "reference", value: { ...common, referenceClass } } as const;
    if (isArray) return { kind: "array", value: { ...common, type, embedded, arraySize: undefined } } as const;
    return { kind: "single", value: { ...common, type, embedded } } as const;
  },
});

/** Where a property comes from, and its qualifiers, nobody needs in an instance. */
const InstanceProperty: ElementCodec<CimProperty> = {
  ...Property,
  read: (from) => propertyOf(AnyProperty.read(from), from),
};

export const Instance: ElementCodec<CimInstance> = mapped(
  element("INSTANCE", {
    className: attribute("CLASSNAME", anyText),
    // Deprecated in instances.
    qualifiers: children(Qualifier),
    properties: children(InstanceProperty),
  }),
  {
    toValue: ({ className, properties }) => new CimInstance({ className, properties }),
    fromValue: ({ className, properties }) => ({ className, qualifiers: [], properties }),
  },
);

/** An instance behind its name, in three forms that differ in how much of the place they say. */
function namedInstance(elementName: string, name: ElementCodec<ObjectPath>): ElementCodec<CimInstance> {
  return mapped(element(elementName, { path: child(name), instance: child(Instance) }), {
    toValue: ({ path, instance }) => instance.withPath(path),
    fromValue: (instance) => ({
      path: instance.path ?? new ObjectPath({ className: instance.className, keys: [] }),
      instance,
    }),
  });
}

export const ValueNamedInstance = namedInstance("VALUE.NAMEDINSTANCE", InstanceName);
export const ValueInstanceWithPath = namedInstance("VALUE.INSTANCEWITHPATH", InstancePath);
export const ValueInstanceWithLocalPath = namedInstance("VALUE.OBJECTWITHLOCALPATH", LocalInstancePath);
