import type {
  CimClass,
  CimMethodDeclaration,
  CimParameter,
  CimPropertyDeclaration,
  CimQualifierDeclaration,
  QualifierScope,
} from "../../cim/cim-class.ts";
import { qualifierOf } from "../../cim/cim-class.ts";
import {
  anyText,
  attribute,
  booleanText,
  child,
  children,
  choice,
  countText,
  defaultAttribute,
  type ElementCodec,
  element,
  mapped,
  optionalAttribute,
  optionalChild,
} from "./element-codec.ts";
import { Property, type PropertyElement, Qualifier, rawValue, typedValue, typeText } from "./instance-elements.ts";
import { ClassPath } from "./path-elements.ts";
import { AnyValue } from "./value-elements.ts";

// Classes and qualifier types (DSP0201 §5.2.2, §5.3).

const named = { name: attribute("NAME", anyText), qualifiers: children(Qualifier) } as const;
const typedName = { type: attribute("TYPE", typeText), ...named } as const;
const referenceClass = optionalAttribute("REFERENCECLASS", anyText);
const arraySize = optionalAttribute("ARRAYSIZE", countText);

const Parameter: ElementCodec<CimParameter> = mapped(
  choice({
    single: element("PARAMETER", typedName),
    array: element("PARAMETER.ARRAY", { arraySize, ...typedName }),
    reference: element("PARAMETER.REFERENCE", { referenceClass, ...named }),
    references: element("PARAMETER.REFARRAY", { referenceClass, arraySize, ...named }),
  }),
  {
    toValue: ({ kind, value }): CimParameter => {
      const { name, qualifiers } = value;
      const isArray = kind === "array" || kind === "references";
      if ("type" in value) {
        const isInstance = qualifierOf(value, "EmbeddedInstance") !== undefined;
        const embedded = isInstance ? "instance" : qualifierOf(value, "EmbeddedObject") === true ? "object" : undefined;
        return { name, type: value.type, isArray, qualifiers, ...(embedded === undefined ? {} : { embedded }) };
      }
      const points = value.referenceClass === undefined ? {} : { referenceClass: value.referenceClass };
      return { name, type: "reference", isArray, qualifiers, ...points };
    },
    fromValue: ({ name, type, isArray, referenceClass: points, qualifiers }) => {
      if (type !== "reference")
        return isArray
          ? ({ kind: "array", value: { name, type, qualifiers, arraySize: undefined } } as const)
          : ({ kind: "single", value: { name, type, qualifiers } } as const);
      const value = { name, qualifiers, referenceClass: points };
      return isArray
        ? ({ kind: "references", value: { ...value, arraySize: undefined } } as const)
        : ({ kind: "reference", value } as const);
    },
  },
);

/** Where a method or property was declared, as far as the document says it. */
const origin = {
  classOrigin: optionalAttribute("CLASSORIGIN", anyText),
  propagated: defaultAttribute("PROPAGATED", booleanText, false),
} as const;

interface MethodElement extends Omit<CimMethodDeclaration, "classOrigin"> {
  readonly classOrigin: string | undefined;
}

const Method: ElementCodec<MethodElement> = mapped(
  element("METHOD", {
    name: attribute("NAME", anyText),
    // Old schemas have methods that return nothing; CIM has no such type any more (DSP0004 §5.1.2.8).
    returnType: defaultAttribute("TYPE", typeText, "uint32"),
    ...origin,
    qualifiers: children(Qualifier),
    parameters: children(Parameter),
  }),
  { toValue: (value) => value, fromValue: (value) => value },
);
// `defaultAttribute` would leave the commonest type out, and DSP0201 §5.2.2.10 wants it written.
const WrittenMethod: ElementCodec<MethodElement> = {
  ...Method,
  write(writer, { name, returnType, classOrigin, propagated, qualifiers, parameters }) {
    const attributes = { NAME: name, TYPE: returnType, CLASSORIGIN: classOrigin, PROPAGATED: propagated || undefined };
    writer.element("METHOD", attributes, () => {
      for (const each of qualifiers) Qualifier.write(writer, each);
      for (const each of parameters) Parameter.write(writer, each);
    });
  },
};

export const Class: ElementCodec<CimClass> = mapped(
  element("CLASS", {
    name: attribute("NAME", anyText),
    superclassName: optionalAttribute("SUPERCLASS", anyText),
    qualifiers: children(Qualifier),
    properties: children(Property),
    methods: children(WrittenMethod),
  }),
  {
    toValue: ({ name, superclassName = null, qualifiers, properties, methods }) => ({
      name,
      superclassName,
      qualifiers,
      properties: properties.map((property) => declarationOf(property, name)),
      methods: methods.map((method) => ({ ...method, classOrigin: method.classOrigin ?? name })),
    }),
    // An empty origin is one that was not asked for (IncludeClassOrigin).
    fromValue: ({ name, superclassName, qualifiers, properties, methods }) => ({
      ...{ name, qualifiers, superclassName: superclassName ?? undefined },
      properties: properties.map(({ classOrigin, ...rest }) => (classOrigin === "" ? rest : { ...rest, classOrigin })),
      methods: methods.map(({ classOrigin, ...rest }) => ({ ...rest, classOrigin: classOrigin || undefined })),
    }),
  },
);

function declarationOf(property: PropertyElement, className: string): CimPropertyDeclaration {
  const { qualifiers = [], classOrigin = className, propagated = false, ...shape } = property;
  return { ...shape, qualifiers, classOrigin, propagated };
}

const SCOPES = ["CLASS", "ASSOCIATION", "REFERENCE", "PROPERTY", "METHOD", "PARAMETER", "INDICATION"] as const;

const Scope: ElementCodec<readonly QualifierScope[]> = {
  names: ["SCOPE"],
  read: (from) =>
    SCOPES.filter((scope) => from.attribute(scope)?.toLowerCase() === "true").map(
      (scope) => scope.toLowerCase() as QualifierScope,
    ),
  write(writer, scopes) {
    const attributes = SCOPES.filter((scope) => scopes.includes(scope.toLowerCase() as QualifierScope));
    writer.leaf("SCOPE", "", Object.fromEntries(attributes.map((scope) => [scope, "true"])));
  },
};

export const QualifierDeclaration: ElementCodec<CimQualifierDeclaration> = mapped(
  element("QUALIFIER.DECLARATION", {
    name: attribute("NAME", anyText),
    type: attribute("TYPE", typeText),
    isArray: defaultAttribute("ISARRAY", booleanText, false),
    arraySize,
    overridable: defaultAttribute("OVERRIDABLE", booleanText, true),
    toSubclass: defaultAttribute("TOSUBCLASS", booleanText, true),
    toInstance: defaultAttribute("TOINSTANCE", booleanText, false),
    translatable: defaultAttribute("TRANSLATABLE", booleanText, false),
    scopes: optionalChild(Scope),
    value: optionalChild(AnyValue),
  }),
  {
    toValue: ({ arraySize: _, toInstance: __, scopes = [], value, ...rest }, from) => ({
      ...rest,
      scopes,
      value: typedValue(value, rest, from),
    }),
    fromValue: ({ value, ...rest }) => ({ ...rest, value: rawValue(value), arraySize: undefined, toInstance: false }),
  },
);

/** A class behind its whole name: what Associators and References of a class answer. */
export const ClassWithPath = element("VALUE.OBJECTWITHPATH", { path: child(ClassPath), class: child(Class) });
