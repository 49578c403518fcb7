import { keysOf } from "../../cim/cim-class.ts";
import { CimError } from "../../cim/cim-error.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { ObjectPath } from "../../cim/object-path.ts";
import { className, optional, type ParametersOf, readParameters, text, withKeyNames } from "./call-parameters.ts";
import type { EnumerationContexts } from "./enumeration-contexts.ts";
import type { IMethodCall, ParamValue, ReturnItem } from "./message-elements.ts";

// What the intrinsic methods have in common: what they are given, what they give back, how paths are taken and written.

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

export interface Intrinsic {
  readonly name: string;
  run(call: IMethodCall, context: OperationContext): Promise<IntrinsicAnswer>;
}

export type Run<K> = (
  parameters: ParametersOf<K>,
  context: OperationContext & { readonly namespace: string },
) => Promise<IntrinsicAnswer> | IntrinsicAnswer;

export function operation<const K extends Parameters<typeof readParameters>[0]>(
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

export const CHANGES = { changes: true } as const;
export const NOTHING: IntrinsicAnswer = { kind: "nothing" };

export async function* mapItems<T>(
  source: AsyncIterable<T>,
  item: (value: T) => ReturnItem,
): AsyncGenerator<ReturnItem> {
  for await (const value of source) yield item(value);
}

export type Place = OperationContext & { readonly namespace: string };

export function wholePath(path: ObjectPath, { hostName, namespace }: Place): ObjectPath {
  const { className: name, keys } = path;
  return new ObjectPath({ host: hostName, namespace: path.namespace ?? namespace, className: name, keys });
}

/** The path of an instance in the call's namespace, its one unnamed key named. */
export function localPath(path: ObjectPath, { manager, namespace }: Place): ObjectPath {
  return withKeyNames(path, () => keysOf(manager.getClass({ namespace, className: path.className }))).within(namespace);
}

export const referenceFilters = { ResultClass: optional(className, null), Role: optional(text, null) };
export const associationFilters = {
  ...{ AssocClass: optional(className, null), ResultClass: optional(className, null) },
  ...{ Role: optional(text, null), ResultRole: optional(text, null) },
};

export function instanceOfAssociation(path: ObjectPath, place: Place) {
  if (path.keys === null)
    throw new CimError("NOT_SUPPORTED", "associations of classes are not modelled: name an instance");
  return localPath(path, place);
}

export function associationOf(
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
