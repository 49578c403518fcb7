import type { CimInstance } from "../../cim/cim-instance.ts";
import type { ClassDeclaration, InstanceOf } from "../../cim/class-declaration.ts";
import { createInstance } from "../../cim/instance-of-class.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import type { ClassProvider, ProviderContext } from "../../cim/provider.ts";

/**
 * The association of all that a provider gives with one thing that has them all: devices of the system, processes of the
 * operating system. It has the provider's own time, so that a slow source is left out alone.
 */
export function membership(
  declaration: ClassDeclaration,
  {
    whole,
    wholeRole,
    part,
    partRole,
    more = () => ({}),
  }: {
    readonly whole: ObjectPath;
    readonly wholeRole: string;
    readonly part: ClassProvider;
    readonly partRole: string;
    /** Further properties of the association. */
    readonly more?: (instance: CimInstance) => Readonly<Record<string, unknown>>;
  },
): ClassProvider {
  const { namespace, timeoutMs } = part;
  const tie = (instance: CimInstance) =>
    createInstance(
      declaration,
      { ...more(instance), [wholeRole]: whole, [partRole]: instance.path } as InstanceOf<ClassDeclaration>,
      namespace,
    );
  async function* instances(context: ProviderContext) {
    for await (const batch of part.instances(context)) yield batch.map(tie);
  }
  async function* references(path: ObjectPath, context: ProviderContext) {
    if (path.identity === whole.identity) yield* instances(context);
    else if (path.className !== part.declaration.name) return;
    else if (part.instance !== undefined) {
      const found = await part.instance(path, context);
      if (found !== null) yield [tie(found)];
    } else {
      for await (const batch of part.instances(context)) {
        const found = batch.find((instance) => instance.path?.identity === path.identity);
        if (found === undefined) continue;
        yield [tie(found)];
        return;
      }
    }
  }
  return { declaration, namespace, timeoutMs, instances, references };
}
