import { keysOf } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import {
  anyValue,
  className,
  count,
  flag,
  instanceName,
  namedInstance,
  newInstance,
  objectName,
  optional,
  type ParametersOf,
  propertyList,
  readParameters,
  text,
  withKeyNames,
} from "./call-parameters.ts";
import { type ClassShape, shapeClass } from "./class-shape.ts";
import { coerceInstance } from "./coerce-instance.ts";
import { EnumerationContexts, type OpenedEnumeration, type PulledKind } from "./enumeration-contexts.ts";
import { rawValue, typedValue } from "./instance-elements.ts";
import { PULLED_OBJECTS_MAX } from "./limits.ts";
import { type IMethodCall, type ParamValue, paramValue, type ReturnItem } from "./message-elements.ts";

// The intrinsic methods of DSP0200 §5.3.2 and §5.3.3, each as its parameters and what it does with the object manager.

export interface OperationContext {
  readonly manager: ObjectManager;
  /** Who asks, and whether this user may change anything. */
  readonly user: string;
  readonly mayChange: boolean;
  /** How this computer is named in whole paths. */
  readonly hostName: string;
  readonly enumerations: EnumerationContexts<ReturnItem>;
  /** Aborts when the client has gone, or the operation's time is over. */
  readonly signal: AbortSignal;
}

/** What an operation gives back: items one by one, or a part of an enumeration that goes on. */
export type IntrinsicAnswer =
  | { readonly kind: "items"; readonly items: AsyncIterable<ReturnItem> | Iterable<ReturnItem> }
  | { readonly kind: "pulled"; readonly items: readonly ReturnItem[]; readonly parameters: readonly ParamValue[] }
  | { readonly kind: "nothing" };

interface Intrinsic {
  readonly name: string;
  run(call: IMethodCall, context: OperationContext): Promise<IntrinsicAnswer>;
}

type Run<K> = (
  parameters: ParametersOf<K>,
  context: OperationContext & { readonly namespace: string },
) => Promise<IntrinsicAnswer> | IntrinsicAnswer;

function operation<const K extends Parameters<typeof readParameters>[0]>(
  name: string,
  kinds: K,
  run: Run<K>,
  { changes = false } = {},
): Intrinsic {
  return {
    name,
    async run(call, context) {
      const namespace = context.manager.resolveNamespace(call.namespace);
      if (changes && !context.mayChange) throw new CimError("ACCESS_DENIED", `${context.user} may read, not change`);
      return run(readParameters(kinds, call) as ParametersOf<K>, { ...context, namespace });
    },
  };
}

const CHANGES = { changes: true } as const;
const NOTHING: IntrinsicAnswer = { kind: "nothing" };

async function* mapItems<T>(source: AsyncIterable<T>, item: (value: T) => ReturnItem): AsyncGenerator<ReturnItem> {
  for await (const value of source) yield item(value);
}

type Place = OperationContext & { readonly namespace: string };

function wholePath(path: ObjectPath, { hostName, namespace }: Place): ObjectPath {
  const { className: name, keys } = path;
  return new ObjectPath({ host: hostName, namespace: path.namespace ?? namespace, className: name, keys });
}

/** The path of an instance in the call's namespace, its one unnamed key named. */
function localPath(path: ObjectPath, { manager, namespace }: Place): ObjectPath {
  return withKeyNames(path, () => keysOf(manager.getClass({ namespace, className: path.className }))).within(namespace);
}

const namedItem = (value: CimInstance): ReturnItem => ({ kind: "namedInstance", value });
const wholeInstance =
  (place: Place) =>
  (value: CimInstance): ReturnItem => ({
    kind: "objectWithPath",
    value: { kind: "instance", value: value.withPath(value.path === null ? null : wholePath(value.path, place)) },
  });
const wholeName =
  (place: Place) =>
  (value: ObjectPath): ReturnItem => ({
    kind: "objectPath",
    value: wholePath(value, place),
  });
const pulledInstance =
  (place: Place) =>
  (value: CimInstance): ReturnItem => ({
    kind: "instanceWithPath",
    value: value.withPath(value.path === null ? null : wholePath(value.path, place)),
  });
const pulledPath =
  (place: Place) =>
  (value: ObjectPath): ReturnItem => ({
    kind: "instancePath",
    value: wholePath(value, place),
  });

/** Deprecated everywhere, taken and passed over: servers may (§5.3.2.3: LocalOnly, IncludeQualifiers, IncludeClassOrigin). */
const ignored = {
  LocalOnly: optional(flag, false),
  IncludeQualifiers: optional(flag, false),
  IncludeClassOrigin: optional(flag, false),
};

const classShape = {
  LocalOnly: optional(flag, true),
  IncludeQualifiers: optional(flag, true),
  IncludeClassOrigin: optional(flag, false),
};
function shapeOf(p: ParametersOf<typeof classShape>): ClassShape {
  return { localOnly: p.LocalOnly, includeQualifiers: p.IncludeQualifiers, includeClassOrigin: p.IncludeClassOrigin };
}

const referenceFilters = { ResultClass: optional(className, null), Role: optional(text, null) };
const associationFilters = {
  ...{ AssocClass: optional(className, null), ResultClass: optional(className, null) },
  ...{ Role: optional(text, null), ResultRole: optional(text, null) },
};

/** §5.3.2.24.4: what every Open takes beside its own. */
const opening = {
  FilterQueryLanguage: optional(text, null),
  FilterQuery: optional(text, null),
  OperationTimeout: optional(count, null),
  ContinueOnError: optional(flag, false),
  MaxObjectCount: optional(count, 0),
};
const pulling = { EnumerationContext: text, MaxObjectCount: count };

function instanceOfAssociation(path: ObjectPath, place: Place) {
  if (path.keys === null)
    throw new CimError("NOT_SUPPORTED", "associations of classes are not modelled: name an instance");
  return localPath(path, place);
}

async function open(
  p: ParametersOf<typeof opening>,
  place: Place,
  kind: PulledKind,
  items: (signal: AbortSignal) => AsyncIterable<ReturnItem>,
): Promise<IntrinsicAnswer> {
  // A filter of a query is OpenQueryInstances' own; the language of the others (DSP0212) is not known here.
  if (p.FilterQuery !== null || p.FilterQueryLanguage !== null)
    throw new CimError(
      "FILTERED_ENUMERATION_NOT_SUPPORTED",
      "filters of enumerations are not supported: use ExecQuery",
    );
  return openUnfiltered(p, place, kind, items);
}

async function openUnfiltered(
  p: Pick<ParametersOf<typeof opening>, "OperationTimeout" | "ContinueOnError" | "MaxObjectCount">,
  place: Place,
  kind: PulledKind,
  items: (signal: AbortSignal) => AsyncIterable<ReturnItem>,
): Promise<IntrinsicAnswer> {
  if (p.ContinueOnError)
    throw new CimError("CONTINUATION_ON_ERROR_NOT_SUPPORTED", "an enumeration ends with its first error here");
  const seconds = EnumerationContexts.secondsOf(p.OperationTimeout);
  const abort = new AbortController();
  const opened: OpenedEnumeration<ReturnItem> = { kind, namespace: place.namespace, items: items(abort.signal), abort };
  const objectsMax = Math.min(p.MaxObjectCount, PULLED_OBJECTS_MAX);
  return pulledAnswer(await place.enumerations.open(place.user, opened, { seconds, objectsMax }));
}

async function pull(p: ParametersOf<typeof pulling>, place: Place, kind: PulledKind): Promise<IntrinsicAnswer> {
  const { user, namespace, enumerations } = place;
  const objectsMax = Math.min(p.MaxObjectCount, PULLED_OBJECTS_MAX);
  return pulledAnswer(await enumerations.pull(user, { context: p.EnumerationContext, kind, namespace }, objectsMax));
}

function pulledAnswer({ items, context }: { items: readonly ReturnItem[]; context: string | null }): IntrinsicAnswer {
  return {
    kind: "pulled",
    items,
    parameters: [
      paramValue("EnumerationContext", "string", context === null ? undefined : rawValue(context)),
      paramValue("EndOfSequence", "boolean", rawValue(context === null)),
    ],
  };
}

const OPERATIONS: readonly Intrinsic[] = [
  operation("GetClass", { ClassName: className, ...classShape, PropertyList: propertyList }, (p, place) => {
    const found = findClass(p.ClassName, place);
    return {
      kind: "items",
      items: [{ kind: "class", value: shapeClass(found, { ...shapeOf(p), propertyList: p.PropertyList }) }],
    };
  }),
  operation(
    "EnumerateClasses",
    { ClassName: optional(className, null), DeepInheritance: optional(flag, false), ...classShape },
    (p, { manager, namespace }) => ({
      kind: "items",
      items: manager
        .enumerateClasses({ namespace, className: p.ClassName, deep: p.DeepInheritance })
        .map((each) => ({ kind: "class", value: shapeClass(each, shapeOf(p)) })),
    }),
  ),
  operation(
    "EnumerateClassNames",
    { ClassName: optional(className, null), DeepInheritance: optional(flag, false) },
    (p, { manager, namespace }) => ({
      kind: "items",
      items: manager
        .enumerateClasses({ namespace, className: p.ClassName, deep: p.DeepInheritance })
        .map(({ name }) => ({ kind: "className", value: new ObjectPath({ className: name }) })),
    }),
  ),
  operation("EnumerateQualifiers", {}, (_, { manager, namespace }) => ({
    kind: "items",
    items: manager.enumerateQualifiers(namespace).map((value) => ({ kind: "qualifierDeclaration", value })),
  })),
  operation("GetQualifier", { QualifierName: text }, (p, { manager, namespace }) => {
    const wanted = p.QualifierName.toLowerCase();
    const found = manager.enumerateQualifiers(namespace).find(({ name }) => name.toLowerCase() === wanted);
    if (found === undefined) throw new CimError("NOT_FOUND", `no qualifier ${p.QualifierName.slice(0, 256)}`);
    return { kind: "items", items: [{ kind: "qualifierDeclaration", value: found }] };
  }),

  operation(
    "EnumerateInstances",
    { ClassName: className, ...ignored, DeepInheritance: optional(flag, true), PropertyList: propertyList },
    (p, { manager, namespace, signal }) => ({
      kind: "items",
      items: mapItems(
        manager.enumerateInstances({
          ...{ namespace, signal, className: p.ClassName },
          ...{ deepInheritance: p.DeepInheritance, propertyList: p.PropertyList },
        }),
        namedItem,
      ),
    }),
  ),
  operation("EnumerateInstanceNames", { ClassName: className }, (p, { manager, namespace, signal }) => ({
    kind: "items",
    items: mapItems(manager.enumerateInstanceNames({ namespace, signal, className: p.ClassName }), (value) => ({
      kind: "instanceName",
      value,
    })),
  })),
  operation("GetInstance", { InstanceName: instanceName, ...ignored, PropertyList: propertyList }, async (p, place) => {
    const { manager, namespace, signal } = place;
    const path = localPath(p.InstanceName, place);
    const value = await manager.getInstance({ namespace, signal, path, propertyList: p.PropertyList });
    return { kind: "items", items: [{ kind: "instance", value }] };
  }),
  operation(
    "CreateInstance",
    { NewInstance: newInstance },
    async (p, { manager, namespace, signal }) => {
      const cimClass = manager.getClass({ namespace, className: p.NewInstance.className });
      const instance = coerceInstance(p.NewInstance, cimClass);
      const value = await manager.createInstance({ namespace, signal, instance });
      return { kind: "items", items: [{ kind: "instanceName", value }] };
    },
    CHANGES,
  ),
  operation(
    "ModifyInstance",
    { ModifiedInstance: namedInstance, IncludeQualifiers: optional(flag, false), PropertyList: propertyList },
    async (p, place) => {
      const { manager, namespace, signal } = place;
      const path = localPath(p.ModifiedInstance.path, place);
      const instance = coerceInstance(p.ModifiedInstance, manager.getClass({ namespace, className: path.className }));
      await manager.modifyInstance({ namespace, signal, path, instance, propertyList: p.PropertyList });
      return NOTHING;
    },
    CHANGES,
  ),
  operation(
    "DeleteInstance",
    { InstanceName: instanceName },
    async (p, place) => {
      const { manager, namespace, signal } = place;
      await manager.deleteInstance({ namespace, signal, path: localPath(p.InstanceName, place) });
      return NOTHING;
    },
    CHANGES,
  ),
  // Deprecated, and still what some clients use for one property.
  operation("GetProperty", { InstanceName: instanceName, PropertyName: text }, async (p, place) => {
    const { manager, namespace, signal } = place;
    const path = localPath(p.InstanceName, place);
    const instance = await manager.getInstance({ namespace, signal, path });
    const property = instance.property(p.PropertyName);
    if (property === undefined)
      throw new CimError("NO_SUCH_PROPERTY", `${path.className} has no ${p.PropertyName.slice(0, 256)}`);
    const raw = rawValue(property.value);
    return { kind: "items", items: raw === undefined ? [] : [{ kind: "value", value: raw }] };
  }),
  operation(
    "SetProperty",
    { InstanceName: instanceName, PropertyName: text, NewValue: anyValue },
    async (p, place) => {
      const { manager, namespace, signal } = place;
      const path = localPath(p.InstanceName, place);
      const wanted = p.PropertyName.toLowerCase();
      const declared = findClass(path.className, place).properties.find(({ name }) => name.toLowerCase() === wanted);
      if (declared === undefined)
        throw new CimError("NO_SUCH_PROPERTY", `${path.className} has no ${p.PropertyName.slice(0, 256)}`);
      if (p.NewValue !== null && p.NewValue.kind !== "value")
        throw new CimError("TYPE_MISMATCH", "NewValue is no value");
      const { name, type, isArray } = declared;
      const refuse = (problem: string): never => {
        throw new CimError("TYPE_MISMATCH", `NewValue: ${problem}`);
      };
      const value = typedValue(p.NewValue?.value, declared, { refuse });
      const instance = new CimInstance({
        className: path.className,
        path,
        properties: [{ name, type, isArray, value }],
      });
      await manager.modifyInstance({ namespace, signal, path, instance, propertyList: [name] });
      return NOTHING;
    },
    CHANGES,
  ),

  operation(
    "Associators",
    { ObjectName: objectName, ...associationFilters, ...ignored, PropertyList: propertyList },
    (p, place) => ({
      kind: "items",
      items: mapItems(
        place.manager.associators({
          ...associationOf(p, place, place.signal),
          ...{ assocClass: p.AssocClass, resultRole: p.ResultRole, propertyList: p.PropertyList },
        }),
        wholeInstance(place),
      ),
    }),
  ),
  operation("AssociatorNames", { ObjectName: objectName, ...associationFilters }, (p, place) => ({
    kind: "items",
    items: mapItems(
      place.manager.associatorNames({
        ...associationOf(p, place, place.signal),
        ...{ assocClass: p.AssocClass, resultRole: p.ResultRole },
      }),
      wholeName(place),
    ),
  })),
  operation(
    "References",
    { ObjectName: objectName, ...referenceFilters, ...ignored, PropertyList: propertyList },
    (p, place) => ({
      kind: "items",
      items: mapItems(
        place.manager.references({ ...associationOf(p, place, place.signal), propertyList: p.PropertyList }),
        wholeInstance(place),
      ),
    }),
  ),
  operation("ReferenceNames", { ObjectName: objectName, ...referenceFilters }, (p, place) => ({
    kind: "items",
    items: mapItems(place.manager.referenceNames(associationOf(p, place, place.signal)), wholeName(place)),
  })),
  operation("ExecQuery", { QueryLanguage: text, Query: text }, (p, place) => {
    const { manager, namespace, signal } = place;
    const results = manager.execQuery({ namespace, signal, language: p.QueryLanguage, query: p.Query });
    return { kind: "items", items: mapItems(results, queried(place)) };
  }),

  operation(
    "OpenEnumerateInstances",
    {
      ...{ ClassName: className, DeepInheritance: optional(flag, true), IncludeClassOrigin: optional(flag, false) },
      ...{ PropertyList: propertyList, ...opening },
    },
    (p, place) =>
      open(p, place, "instancesWithPath", (signal) =>
        mapItems(
          place.manager.enumerateInstances({
            ...{ namespace: place.namespace, signal, className: p.ClassName },
            ...{ deepInheritance: p.DeepInheritance, propertyList: p.PropertyList },
          }),
          pulledInstance(place),
        ),
      ),
  ),
  operation("OpenEnumerateInstancePaths", { ClassName: className, ...opening }, (p, place) =>
    open(p, place, "paths", (signal) =>
      mapItems(
        place.manager.enumerateInstanceNames({ namespace: place.namespace, signal, className: p.ClassName }),
        pulledPath(place),
      ),
    ),
  ),
  operation(
    "OpenAssociatorInstances",
    {
      ...{ InstanceName: instanceName, ...associationFilters, IncludeClassOrigin: optional(flag, false) },
      ...{ PropertyList: propertyList, ...opening },
    },
    (p, place) =>
      open(p, place, "instancesWithPath", (signal) =>
        mapItems(
          place.manager.associators({
            ...associationOf({ ...p, ObjectName: p.InstanceName }, place, signal),
            ...{ assocClass: p.AssocClass, resultRole: p.ResultRole, propertyList: p.PropertyList },
          }),
          pulledInstance(place),
        ),
      ),
  ),
  operation(
    "OpenAssociatorInstancePaths",
    { InstanceName: instanceName, ...associationFilters, ...opening },
    (p, place) =>
      open(p, place, "paths", (signal) =>
        mapItems(
          place.manager.associatorNames({
            ...associationOf({ ...p, ObjectName: p.InstanceName }, place, signal),
            ...{ assocClass: p.AssocClass, resultRole: p.ResultRole },
          }),
          pulledPath(place),
        ),
      ),
  ),
  operation(
    "OpenReferenceInstances",
    {
      ...{ InstanceName: instanceName, ...referenceFilters, IncludeClassOrigin: optional(flag, false) },
      ...{ PropertyList: propertyList, ...opening },
    },
    (p, place) =>
      open(p, place, "instancesWithPath", (signal) =>
        mapItems(
          place.manager.references({
            ...associationOf({ ...p, ObjectName: p.InstanceName }, place, signal),
            propertyList: p.PropertyList,
          }),
          pulledInstance(place),
        ),
      ),
  ),
  operation("OpenReferenceInstancePaths", { InstanceName: instanceName, ...referenceFilters, ...opening }, (p, place) =>
    open(p, place, "paths", (signal) =>
      mapItems(
        place.manager.referenceNames(associationOf({ ...p, ObjectName: p.InstanceName }, place, signal)),
        pulledPath(place),
      ),
    ),
  ),
  operation(
    "OpenQueryInstances",
    { ...opening, FilterQueryLanguage: text, FilterQuery: text, ReturnQueryResultClass: optional(flag, false) },
    (p, place) => {
      if (p.ReturnQueryResultClass)
        throw new CimError("NOT_SUPPORTED", "the class of a query's result is not modelled");
      const { manager, namespace } = place;
      return openUnfiltered(p, place, "instances", (signal) =>
        mapItems(
          manager.execQuery({ namespace, signal, language: p.FilterQueryLanguage, query: p.FilterQuery }),
          (value) => ({ kind: "instance", value }),
        ),
      );
    },
  ),
  operation("PullInstancesWithPath", pulling, (p, place) => pull(p, place, "instancesWithPath")),
  operation("PullInstancePaths", pulling, (p, place) => pull(p, place, "paths")),
  operation("PullInstances", pulling, (p, place) => pull(p, place, "instances")),
  operation("CloseEnumeration", { EnumerationContext: text }, (p, { user, enumerations }) => {
    enumerations.close(user, p.EnumerationContext);
    return NOTHING;
  }),
];

const BY_NAME = new Map(OPERATIONS.map((each) => [each.name.toLowerCase(), each]));

/** Names of all that is served, for documentation and tests. */
export const INTRINSIC_NAMES = OPERATIONS.map(({ name }) => name);

export function runIntrinsic(call: IMethodCall, context: OperationContext): Promise<IntrinsicAnswer> {
  const found = BY_NAME.get(call.name.toLowerCase());
  // §5.3.1: classes and qualifiers are part of the program here, so that what changes them is not supported.
  if (found === undefined) throw new CimError("NOT_SUPPORTED", `${call.name.slice(0, 256)} is not served here`);
  return found.run(call, context);
}

function associationOf(
  p: { readonly ObjectName: ObjectPath; readonly ResultClass: string | null; readonly Role: string | null },
  place: Place,
  signal: AbortSignal,
) {
  const { namespace } = place;
  return {
    namespace,
    signal,
    path: instanceOfAssociation(p.ObjectName, place),
    resultClass: p.ResultClass,
    role: p.Role,
  };
}

/** GetClass says NOT_FOUND where others say INVALID_CLASS (§5.3.2.1). */
function findClass(name: string, { manager, namespace }: Place) {
  try {
    return manager.getClass({ namespace, className: name });
  } catch (error) {
    if (error instanceof CimError && error.code === "INVALID_CLASS") throw new CimError("NOT_FOUND", error.message);
    throw error;
  }
}

/** §5.3.2.17: an object with its path, or without one where only some properties were selected. */
const queried =
  (place: Place) =>
  (value: CimInstance): ReturnItem =>
    value.path === null || value.path.keys === null
      ? { kind: "object", value: { kind: "instance", value } }
      : wholeInstance(place)(value);
