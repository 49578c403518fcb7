import type { CimInstance } from "./cim-instance.ts";
import type { CimValue } from "./cim-type.ts";
import type { ClassDeclaration, InstanceOf } from "./class-declaration.ts";
import { createInstance } from "./instance-of-class.ts";
import type { InvokeResult } from "./object-manager.ts";
import type { ObjectPath } from "./object-path.ts";

export const CIMV2 = "root/cimv2";
export const INTEROP = "root/interop";
export type CimNamespace = typeof CIMV2 | typeof INTEROP;

export interface ProviderContext {
  readonly namespace: string;
  /** Aborts when the caller has gone or the provider's time is over. */
  readonly signal: AbortSignal;
}

/** What gives the instances of one class, as the object manager sees it. */
export interface ClassProvider {
  /** The class of every instance it gives: never a superclass of it. */
  readonly declaration: ClassDeclaration;
  readonly namespace: CimNamespace;
  /** How long it may take for one operation, its callers' own time not counted. */
  readonly timeoutMs: number;
  /** In batches, so that ten thousand processes are never all in memory. */
  instances(context: ProviderContext): AsyncIterable<readonly CimInstance[]>;
  /** Faster than looking through all; null when there is none with these keys. Absent: all are looked through. */
  readonly instance?: (path: ObjectPath, context: ProviderContext) => Promise<CimInstance | null>;
  /** Of an association: only those in which `path` takes part. Absent: all are looked through. */
  readonly references?: (path: ObjectPath, context: ProviderContext) => AsyncIterable<readonly CimInstance[]>;
  readonly create?: (instance: CimInstance, context: ProviderContext) => Promise<CimInstance>;
  /** `names`: the properties that become those of `instance`; each is declared, writable and of the right type. */
  readonly modify?: (
    path: ObjectPath,
    instance: CimInstance,
    names: readonly string[],
    context: ProviderContext,
  ) => Promise<void>;
  readonly delete?: (path: ObjectPath, context: ProviderContext) => Promise<void>;
  /** By the names in the class's declaration. Parameters are checked already. */
  readonly methods?: Readonly<Record<string, ProviderMethod>>;
}

export type ProviderMethod = (
  path: ObjectPath,
  parameters: Readonly<Record<string, CimValue>>,
  context: ProviderContext,
) => Promise<InvokeResult>;

/** A healthy source answers within a few milliseconds; a child such as ipmitool needs seconds and says so itself. */
export const PROVIDER_TIMEOUT_MS = 5_000;

type Given<D extends ClassDeclaration> =
  | Promise<readonly InstanceOf<D>[]>
  | AsyncIterable<readonly InstanceOf<D>[]>
  | readonly InstanceOf<D>[];

/** A provider written with the class's own property names and types: `provide(CIM_Fan, { instances: async () => [...] })`. */
export function provide<D extends ClassDeclaration>(
  declaration: D,
  {
    namespace = CIMV2,
    timeoutMs = PROVIDER_TIMEOUT_MS,
    instances,
    instance,
    references,
    ...rest
  }: {
    readonly namespace?: CimNamespace;
    readonly timeoutMs?: number;
    readonly instances: (context: ProviderContext) => Given<D>;
    readonly instance?: (path: ObjectPath, context: ProviderContext) => Promise<InstanceOf<D> | null>;
    readonly references?: (path: ObjectPath, context: ProviderContext) => Given<D>;
  } & Pick<ClassProvider, "create" | "modify" | "delete" | "methods">,
): ClassProvider {
  const built = (values: InstanceOf<D>) => createInstance(declaration, values, namespace);
  async function* batches(given: Given<D>) {
    if (Symbol.asyncIterator in given) for await (const batch of given) yield batch.map(built);
    else yield (await given).map(built);
  }
  return {
    declaration,
    namespace,
    timeoutMs,
    instances: (context) => batches(instances(context)),
    ...(instance === undefined
      ? {}
      : {
          instance: async (path: ObjectPath, context: ProviderContext) => {
            const found = await instance(path, context);
            return found === null ? null : built(found);
          },
        }),
    ...(references === undefined
      ? {}
      : { references: (path: ObjectPath, context: ProviderContext) => batches(references(path, context)) }),
    ...rest,
  };
}
