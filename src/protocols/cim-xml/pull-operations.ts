import { CimError } from "../../cim/cim-error.ts";
import type { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import {
  className,
  count,
  flag,
  instanceName,
  optional,
  type ParametersOf,
  propertyList,
  text,
} from "./call-parameters.ts";
import { EnumerationContexts, type OpenedEnumeration, type PulledKind } from "./enumeration-contexts.ts";
import { rawValue } from "./instance-elements.ts";
import { PULLED_OBJECTS_MAX } from "./limits.ts";
import { paramValue, type ReturnItem } from "./message-elements.ts";
import {
  associationFilters,
  associationOf,
  type Intrinsic,
  type IntrinsicAnswer,
  mapItems,
  NOTHING,
  operation,
  type Place,
  referenceFilters,
  wholePath,
} from "./operation.ts";

// Enumerations in parts (DSP0200 §5.3.2.24): Open begins one, Pull goes on with it, CloseEnumeration ends it early.

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

/** §5.3.2.24.4: what every Open takes beside its own. */
const opening = {
  FilterQueryLanguage: optional(text, null),
  FilterQuery: optional(text, null),
  OperationTimeout: optional(count, null),
  ContinueOnError: optional(flag, false),
  MaxObjectCount: optional(count, 0),
};
const pulling = { EnumerationContext: text, MaxObjectCount: count };

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

export const PULL_OPERATIONS: readonly Intrinsic[] = [
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
