import type { CimInstance } from "./cim-instance.ts";
import { isA } from "./class-repository.ts";
import { ObjectPath } from "./object-path.ts";

/** One end of an association, seen from the other: which property of it holds the path asked about. */
export interface Ends {
  readonly role: string;
  readonly others: readonly { readonly role: string; readonly path: ObjectPath }[];
}

/**
 * What an association instance ties to `source` (by identity), under the filters of DSP0200 §5.3.2.7: undefined when
 * `source` takes no part in it, or not in the role asked for.
 */
export function endsOf(instance: CimInstance, source: string, role: string | null): Ends | undefined {
  const references = instance.properties.filter(({ value }) => value instanceof ObjectPath);
  const own = references.find(
    ({ name, value }) =>
      (role === null || name.toLowerCase() === role.toLowerCase()) && (value as ObjectPath).identity === source,
  );
  if (own === undefined) return undefined;
  const others = references.filter((each) => each !== own);
  return { role: own.name, others: others.map(({ name, value }) => ({ role: name, path: value as ObjectPath })) };
}

/** Whether instances of an association class can have an instance of `sourceClass` in that role at all. */
export function canRefer(
  association: Parameters<typeof isA>[0],
  sourceClass: Parameters<typeof isA>[0],
  role: string | null,
): boolean {
  return association.properties.some(
    ({ name, type, referenceClass }) =>
      type === "reference" &&
      referenceClass !== undefined &&
      (role === null || name.toLowerCase() === role.toLowerCase()) &&
      // Either way round: an association may be narrower than the class of the path.
      isA(sourceClass, referenceClass),
  );
}
