import type { CimType, CimValue } from "./cim-type.ts";

// A class as data: what GetClass answers. Our own are made by `declareClass`, others' by a client.

/** One qualifier of a class, property, method or parameter (DSP0004 §5.6.3). */
export interface CimQualifier {
  readonly name: string;
  readonly type: CimType;
  readonly value: CimValue;
  /** True when it came from a superclass. */
  readonly propagated?: boolean;
}

/** A property, a reference (type `reference`) or a parameter, all alike. */
export interface CimPropertyDeclaration {
  readonly name: string;
  readonly type: CimType;
  readonly isArray: boolean;
  /** The class that a reference points to. */
  readonly referenceClass?: string;
  readonly embedded?: "instance" | "object";
  /** The default value. */
  readonly value: CimValue;
  readonly qualifiers: readonly CimQualifier[];
  /** The class that declared it first. */
  readonly classOrigin: string;
  /** True when it was inherited without a change. */
  readonly propagated: boolean;
}

export type CimParameter = Pick<
  CimPropertyDeclaration,
  "name" | "type" | "isArray" | "referenceClass" | "embedded" | "qualifiers"
>;

export interface CimMethodDeclaration {
  readonly name: string;
  readonly returnType: CimType;
  readonly parameters: readonly CimParameter[];
  readonly qualifiers: readonly CimQualifier[];
  readonly classOrigin: string;
  readonly propagated: boolean;
}

export interface CimClass {
  readonly name: string;
  /** Null for a class at the top. */
  readonly superclassName: string | null;
  readonly qualifiers: readonly CimQualifier[];
  /** All, those of superclasses too. */
  readonly properties: readonly CimPropertyDeclaration[];
  readonly methods: readonly CimMethodDeclaration[];
}

/** A qualifier type: what EnumerateQualifiers and GetQualifier answer (DSP0004 §5.6.1.2). */
export interface CimQualifierDeclaration {
  readonly name: string;
  readonly type: CimType;
  readonly isArray: boolean;
  readonly value: CimValue;
  readonly scopes: readonly QualifierScope[];
  readonly overridable: boolean;
  readonly toSubclass: boolean;
  readonly translatable: boolean;
}

export type QualifierScope = "class" | "association" | "indication" | "property" | "reference" | "method" | "parameter";

export function qualifierOf(
  { qualifiers }: { readonly qualifiers: readonly CimQualifier[] },
  name: string,
): CimValue | undefined {
  const lower = name.toLowerCase();
  return qualifiers.find((qualifier) => qualifier.name.toLowerCase() === lower)?.value;
}

/** Whether a qualifier of type boolean is there and true. */
export function isMarked(
  element: { readonly qualifiers: readonly CimQualifier[] },
  name: "Abstract" | "Association" | "Indication" | "Key" | "Required" | "Write" | "In" | "Out" | "Static",
): boolean {
  return qualifierOf(element, name) === true;
}

/** Names of the keys, in the class's order. */
export function keysOf(cimClass: CimClass): string[] {
  return cimClass.properties.filter((property) => isMarked(property, "Key")).map(({ name }) => name);
}
