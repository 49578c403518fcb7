import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import {
  anyValue,
  className,
  flag,
  instanceName,
  namedInstance,
  newInstance,
  objectName,
  optional,
  type ParametersOf,
  propertyList,
  text,
} from "./call-parameters.ts";
import { type ClassShape, shapeClass } from "./class-shape.ts";
import { coerceInstance } from "./coerce-instance.ts";
import { rawValue, typedValue } from "./instance-elements.ts";
import type { IMethodCall, ReturnItem } from "./message-elements.ts";
import {
  associationFilters,
  associationOf,
  CHANGES,
  type Intrinsic,
  type IntrinsicAnswer,
  localPath,
  mapItems,
  NOTHING,
  type OperationContext,
  operation,
  type Place,
  referenceFilters,
  wholePath,
} from "./operation.ts";
import { PULL_OPERATIONS } from "./pull-operations.ts";

// The intrinsic methods of DSP0200 §5.3.2 and §5.3.3, each as its parameters and what it does with the object manager.

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
];

const BY_NAME = new Map([...OPERATIONS, ...PULL_OPERATIONS].map((each) => [each.name.toLowerCase(), each]));

export function runIntrinsic(call: IMethodCall, context: OperationContext): Promise<IntrinsicAnswer> {
  const found = BY_NAME.get(call.name.toLowerCase());
  // §5.3.1: classes and qualifiers are part of the program here, so that what changes them is not supported.
  if (found === undefined) throw new CimError("NOT_SUPPORTED", `${call.name.slice(0, 256)} is not served here`);
  return found.run(call, context);
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
