import { assert } from "../runtime/errors.ts";
import type {
  CimClass,
  CimMethodDeclaration,
  CimParameter,
  CimPropertyDeclaration,
  CimQualifier,
} from "./cim-class.ts";
import type { CimInstance } from "./cim-instance.ts";
import type { CimScalars, CimType } from "./cim-type.ts";
import { QUALIFIER_DECLARATIONS } from "./qualifier-declarations.ts";

// A class is a const value: the TypeScript type of its instances, the answer to GetClass and the documentation
// (docs/cim.md) all come from it. Names, types, keys, units and value maps are those of the DMTF schema.

/** Whatever is said of a property beyond its type; each is a qualifier of the same name in CIM. */
export interface PropertyOptions {
  readonly array?: true;
  readonly key?: true;
  /** Never NULL. */
  readonly required?: true;
  /** May be changed by ModifyInstance. */
  readonly write?: true;
  readonly maxLen?: number;
  /** ValueMap and Values in one: `{ 2: "OK", "..": "DMTF Reserved" }`. */
  readonly values?: Readonly<Record<string | number, string>>;
  /** The programmatic unit (DSP0004 annex C), such as `byte * 2^10`. */
  readonly pUnit?: string;
  readonly counter?: true;
  readonly gauge?: true;
  /** The class of the instance that the string holds. */
  readonly embeddedInstance?: string;
  /** The string holds any instance or class. */
  readonly embeddedObject?: true;
  /** What the schema has instead of it now; clients still ask for it. */
  readonly deprecated?: readonly string[];
  /** It refines the superclass's property of the same name. */
  readonly override?: true;
  readonly description?: string;
  /** Of parameters only: whether it is given (as it is unless `out`), and whether it comes back. */
  readonly in?: boolean;
  readonly out?: true;
}

export interface PropertyKind extends PropertyOptions {
  readonly type: CimType;
  readonly referenceClass?: string;
}
type Properties = Readonly<Record<string, PropertyKind>>;

function kind<const T extends CimType>(type: T) {
  return <const O extends PropertyOptions = Record<never, never>>(options?: O): { readonly type: T } & O =>
    ({ type, ...options }) as { readonly type: T } & O;
}
export const boolean = kind("boolean");
export const string = kind("string");
export const datetime = kind("datetime");
export const uint8 = kind("uint8");
export const uint16 = kind("uint16");
export const uint32 = kind("uint32");
export const uint64 = kind("uint64");
export const sint8 = kind("sint8");
export const sint16 = kind("sint16");
export const sint32 = kind("sint32");
export const sint64 = kind("sint64");
export const real32 = kind("real32");
export const real64 = kind("real64");

/** A reference to an instance of a class; given by name, since associations point in circles. */
export function reference<const O extends PropertyOptions & { readonly min?: number; readonly max?: number }>(
  referenceClass: string,
  options?: O,
): { readonly type: "reference"; readonly referenceClass: string } & O {
  return { type: "reference", referenceClass, ...options } as {
    readonly type: "reference";
    readonly referenceClass: string;
  } & O;
}

export interface MethodKind {
  readonly returns: CimType;
  readonly values?: Readonly<Record<string | number, string>>;
  readonly parameters?: Readonly<Record<string, PropertyKind>>;
  readonly static?: true;
  readonly deprecated?: readonly string[];
  readonly description?: string;
}

type One<P extends PropertyKind> = P extends { readonly embeddedInstance: string } | { readonly embeddedObject: true }
  ? CimInstance
  : P["type"] extends "string"
    ? string
    : CimScalars[P["type"]];
type ValueOf<P extends PropertyKind> = P extends { readonly array: true } ? readonly One<P>[] : One<P>;

/** The properties of an instance of a declared class: what a provider gives. What is left out is NULL, and so is null. */
export type InstanceOf<D> =
  D extends ClassDeclaration<infer P> ? { readonly [K in keyof P]?: ValueOf<P[K]> | null } : never;

// biome-ignore lint/suspicious/noExplicitAny: the properties of whatever class; `Properties` would lose the inference.
export interface ClassDeclaration<P extends Properties = any> extends CimClass {
  readonly superclass: ClassDeclaration | null;
  /** All properties by name, those of superclasses too. */
  readonly propertyKinds: P;
  readonly abstract: boolean;
  readonly association: boolean;
  readonly indication: boolean;
  /** The version of the schema that changed it last, such as `2.41.0`. */
  readonly version: string;
  readonly description: string;
}

/** Makes a class of what it adds to its superclass. */
export function declareClass<
  const P extends Properties = Record<never, never>,
  Q extends Properties = Record<never, never>,
>({
  name,
  extends: superclass = null,
  abstract = false,
  association = false,
  indication = false,
  version,
  deprecated,
  description,
  properties = {} as P,
  methods = {},
}: {
  readonly name: string;
  readonly extends?: ClassDeclaration<Q> | null;
  readonly abstract?: boolean;
  readonly association?: boolean;
  readonly indication?: boolean;
  readonly version: string;
  /** What the schema has instead of it now; old clients still ask for it. */
  readonly deprecated?: readonly string[];
  readonly description: string;
  readonly properties?: P;
  readonly methods?: Readonly<Record<string, MethodKind>>;
}): ClassDeclaration<Omit<Q, keyof P> & P> {
  const own = Object.entries(properties).map(([property, each]) => declareProperty(name, property, each, superclass));
  const inherited = (superclass?.properties ?? []).map((property) => {
    const refined = own.find((other) => other.name === property.name);
    return refined ?? passedOn(property);
  });
  const added = own.filter((property) => superclass?.properties.every((other) => other.name !== property.name) ?? true);
  const ownMethods = Object.entries(methods).map(([method, each]) => declareMethod(name, method, each, superclass));
  const inheritedMethods = (superclass?.methods ?? [])
    .filter((method) => ownMethods.every((other) => other.name !== method.name))
    .map(passedOn);
  return {
    name,
    superclass,
    superclassName: superclass?.name ?? null,
    abstract,
    association: association || (superclass?.association ?? false),
    indication: indication || (superclass?.indication ?? false),
    version,
    description,
    propertyKinds: { ...superclass?.propertyKinds, ...properties } as Omit<Q, keyof P> & P,
    properties: [...inherited, ...added],
    methods: [...inheritedMethods, ...ownMethods],
    qualifiers: merged(superclass?.qualifiers ?? [], [
      ...marks({ Abstract: abstract, Association: association, Indication: indication }),
      { name: "Version", type: "string", value: version },
      ...deprecation({ deprecated }),
      { name: "Description", type: "string", value: description },
    ]),
  };
}

function declareProperty(
  className: string,
  name: string,
  each: PropertyKind,
  superclass: ClassDeclaration | null,
): CimPropertyDeclaration {
  const before = superclass?.properties.find((property) => property.name === name);
  assert((before !== undefined) === (each.override === true), `${className}.${name}: \`override\` does not fit`);
  assert(before === undefined || before.type === each.type, `${className}.${name}: another type than before`);
  return {
    ...shapeOf(name, each),
    value: null,
    qualifiers: merged(before?.qualifiers ?? [], qualifiersOf(name, each)),
    classOrigin: before?.classOrigin ?? className,
    propagated: false,
  };
}

function declareMethod(
  className: string,
  name: string,
  each: MethodKind,
  superclass: ClassDeclaration | null,
): CimMethodDeclaration {
  const before = superclass?.methods.find((method) => method.name === name);
  const parameters = Object.entries(each.parameters ?? {}).map(
    ([parameter, kindOf]): CimParameter => ({
      ...shapeOf(parameter, kindOf),
      qualifiers: [
        { name: "In", type: "boolean", value: kindOf.in ?? kindOf.out !== true },
        ...marks({ Out: kindOf.out }),
        ...qualifiersOf(parameter, kindOf),
      ],
    }),
  );
  return {
    name,
    returnType: each.returns,
    parameters,
    qualifiers: [...marks({ Static: each.static }), ...deprecation(each), ...valueMap(each), ...described(each)],
    classOrigin: before?.classOrigin ?? className,
    propagated: false,
  };
}

function shapeOf(name: string, each: PropertyKind): Omit<CimParameter, "qualifiers"> {
  const { type, referenceClass } = each;
  const embedded =
    each.embeddedInstance !== undefined ? "instance" : each.embeddedObject === true ? "object" : undefined;
  return {
    name,
    type,
    isArray: each.array === true,
    ...(referenceClass === undefined ? {} : { referenceClass }),
    ...(embedded === undefined ? {} : { embedded }),
  };
}

function qualifiersOf(name: string, each: PropertyKind): CimQualifier[] {
  const { key, required, write, counter, gauge, embeddedObject } = each;
  const bounds = each as { readonly min?: number; readonly max?: number };
  return [
    ...marks({ Key: key, Required: required, Write: write, Counter: counter, Gauge: gauge }),
    ...marks({ EmbeddedObject: embeddedObject }),
    ...valued("EmbeddedInstance", "string", each.embeddedInstance),
    ...valued("Override", "string", each.override === true ? name : undefined),
    ...valued("MaxLen", "uint32", each.maxLen),
    ...valued("Min", "uint32", bounds.min),
    ...valued("Max", "uint32", bounds.max),
    ...valued("PUnit", "string", each.pUnit),
    ...deprecation(each),
    ...valueMap(each),
    ...described(each),
  ];
}

/** An element as a subclass has it that does not touch it. */
function passedOn<T extends { readonly qualifiers: readonly CimQualifier[] }>(element: T): T & { propagated: true } {
  return { ...element, qualifiers: merged(element.qualifiers, []), propagated: true };
}

/** What was said of an element goes on to subclasses, but for restricted qualifiers and what is said anew (DSP0004 §5.6.3). */
function merged(before: readonly CimQualifier[], now: readonly CimQualifier[]): readonly CimQualifier[] {
  const kept = before.filter((each) => isInherited(each) && now.every((other) => other.name !== each.name));
  return [...kept.map((each) => ({ ...each, propagated: true })), ...now];
}

function isInherited({ name }: CimQualifier): boolean {
  return QUALIFIER_DECLARATIONS.find((each) => each.name === name)?.toSubclass ?? true;
}

function marks(named: Readonly<Record<string, boolean | undefined>>): CimQualifier[] {
  return Object.entries(named).flatMap(([name, value]) =>
    value === true ? [{ name, type: "boolean" as const, value: true }] : [],
  );
}

function valued(name: string, type: CimType, value: string | number | undefined): CimQualifier[] {
  return value === undefined ? [] : [{ name, type, value }];
}

function valueMap({ values }: { readonly values?: Readonly<Record<string | number, string>> }): CimQualifier[] {
  if (values === undefined) return [];
  return [
    { name: "ValueMap", type: "string", value: Object.keys(values) },
    { name: "Values", type: "string", value: Object.values(values) },
  ];
}

function deprecation({ deprecated }: { readonly deprecated?: readonly string[] | undefined }): CimQualifier[] {
  return deprecated === undefined ? [] : [{ name: "Deprecated", type: "string", value: deprecated }];
}

function described({ description }: { readonly description?: string }): CimQualifier[] {
  return valued("Description", "string", description);
}
