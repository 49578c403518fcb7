import type { CimClass } from "../../cim/cim-class.ts";

/** What GetClass and EnumerateClasses may leave out (DSP0200 §5.3.2.1). */
export interface ClassShape {
  /** Only what the class itself adds or changes. */
  readonly localOnly: boolean;
  readonly includeQualifiers: boolean;
  readonly includeClassOrigin: boolean;
  /** Null for all; names that are no properties are passed over. */
  readonly propertyList?: readonly string[] | null;
}

export function shapeClass(
  cimClass: CimClass,
  { localOnly, includeQualifiers, includeClassOrigin, propertyList = null }: ClassShape,
): CimClass {
  const wanted = propertyList === null ? undefined : new Set(propertyList.map((name) => name.toLowerCase()));
  const own = <T extends { readonly propagated: boolean }>(each: T) => !localOnly || !each.propagated;
  const shaped = <T extends { readonly qualifiers: CimClass["qualifiers"]; readonly classOrigin: string }>(
    each: T,
  ) => ({
    ...each,
    qualifiers: includeQualifiers ? each.qualifiers : [],
    classOrigin: includeClassOrigin ? each.classOrigin : "",
  });
  return {
    name: cimClass.name,
    superclassName: cimClass.superclassName,
    qualifiers: includeQualifiers ? cimClass.qualifiers : [],
    properties: cimClass.properties
      .filter((property) => own(property) && (wanted?.has(property.name.toLowerCase()) ?? true))
      .map(shaped),
    methods: cimClass.methods.filter(own).map((method) => ({
      ...shaped(method),
      parameters: includeQualifiers
        ? method.parameters
        : method.parameters.map((each) => ({ ...each, qualifiers: [] })),
    })),
  };
}
