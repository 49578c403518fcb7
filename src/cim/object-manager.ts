import type { CimClass, CimQualifierDeclaration } from "./cim-class.ts";
import type { CimError } from "./cim-error.ts";
import type { CimInstance } from "./cim-instance.ts";
import type { CimValue } from "./cim-type.ts";
import type { ObjectPath } from "./object-path.ts";

// The operations of DSP0200 §5.3 (and DSP0223) without a wire: what the servers of cim-xml and wsman are given. All
// throw CimError. Results come one by one, so that an answer may be cut into envelopes while providers still read.

/** Where and for how long. Namespaces are taken in any case, with `root/` or an alias. */
export interface CimOperation {
  readonly namespace: string;
  /** Ends the operation early: the caller has gone, or its own time is over. */
  readonly signal: AbortSignal;
  /** Told of each provider that could not be read and is therefore missing from the answer. */
  readonly onProblem?: (problem: CimError) => void;
}

export interface EnumerateOperation extends CimOperation {
  readonly className: string;
  /** Null for all. */
  readonly propertyList?: readonly string[] | null;
  /**
   * True (as in DSP0200, where it is the default of the wire) gives instances of subclasses with all their properties;
   * false only with those of the class asked for. Instances of subclasses come in any case.
   */
  readonly deepInheritance?: boolean;
  /** WS-Man's PolymorphismMode None: only instances of exactly this class. */
  readonly exactClass?: boolean;
}

export interface InstanceOperation extends CimOperation {
  readonly path: ObjectPath;
  readonly propertyList?: readonly string[] | null;
}

/** DSP0200 §5.3.2.7 to §5.3.2.10. Null or absent filters let everything pass; roles are names of reference properties. */
export interface AssociationOperation extends CimOperation {
  readonly path: ObjectPath;
  readonly assocClass?: string | null;
  readonly resultClass?: string | null;
  readonly role?: string | null;
  readonly resultRole?: string | null;
  readonly propertyList?: readonly string[] | null;
}

export interface QueryOperation extends CimOperation {
  /** `WQL`, `DMTF:CQL`, `CIM:CQL`, `CQL`, or WS-Man's dialect addresses of them. */
  readonly language: string;
  readonly query: string;
}

export interface InvokeOperation extends CimOperation {
  /** Without keys for a static method. */
  readonly path: ObjectPath;
  readonly method: string;
  /** By name in any case; values are of the declared types, see `methodOf`. */
  readonly parameters: Readonly<Record<string, CimValue>>;
}

export interface InvokeResult {
  readonly returnValue: CimValue;
  readonly output: Readonly<Record<string, CimValue>>;
}

export interface ClassOperation {
  readonly namespace: string;
  readonly className: string;
}

export interface ObjectManager {
  /** `root/cimv2` and `root/interop`. */
  readonly namespaces: readonly string[];
  /** The namespace's own spelling. Throws INVALID_NAMESPACE. */
  resolveNamespace(name: string): string;

  /** Classes are known at once. `className` null begins at the top; `deep` goes below the direct subclasses. */
  enumerateClasses(operation: {
    readonly namespace: string;
    readonly className?: string | null;
    readonly deep?: boolean;
  }): CimClass[];
  /** Throws INVALID_CLASS where there is none of this name (GetClass says NOT_FOUND instead: the server's to map). */
  getClass(operation: ClassOperation): CimClass;
  /** Whether `className` is `ancestor` or below it. */
  isSubclass(operation: ClassOperation & { readonly ancestor: string }): boolean;
  enumerateQualifiers(namespace: string): readonly CimQualifierDeclaration[];

  /** Instances carry their paths, with namespace. Subclasses included. */
  enumerateInstances(operation: EnumerateOperation): AsyncIterable<CimInstance>;
  enumerateInstanceNames(operation: EnumerateOperation): AsyncIterable<ObjectPath>;
  getInstance(operation: InstanceOperation): Promise<CimInstance>;
  /** The properties in `propertyList` (null: all of the instance that may be written) become those of the instance. */
  modifyInstance(operation: InstanceOperation & { readonly instance: CimInstance }): Promise<void>;
  createInstance(operation: CimOperation & { readonly instance: CimInstance }): Promise<ObjectPath>;
  deleteInstance(operation: InstanceOperation): Promise<void>;

  associators(operation: AssociationOperation): AsyncIterable<CimInstance>;
  associatorNames(operation: AssociationOperation): AsyncIterable<ObjectPath>;
  references(operation: AssociationOperation): AsyncIterable<CimInstance>;
  referenceNames(operation: AssociationOperation): AsyncIterable<ObjectPath>;

  execQuery(operation: QueryOperation): AsyncIterable<CimInstance>;
  invokeMethod(operation: InvokeOperation): Promise<InvokeResult>;
}
