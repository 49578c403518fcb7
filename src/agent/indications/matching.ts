import { CimError } from "../../cim/cim-error.ts";
import { CimInstance } from "../../cim/cim-instance.ts";
import { evaluate, type IsSubclass } from "../../cim/query/evaluate.ts";
import { parseQuery } from "../../cim/query/parse-query.ts";
import type { Query } from "../../cim/query/query.ts";
import { languageOf } from "../../cim/query/query-language.ts";

/** The query of a filter. Throws QUERY_LANGUAGE_NOT_SUPPORTED, or INVALID_QUERY where it is not about indications. */
export function compileFilter(
  { query, language }: { readonly query: string; readonly language: string },
  isSubclass: IsSubclass,
): Query {
  const compiled = parseQuery(query, languageOf(language));
  if (!isSubclass(compiled.from, "CIM_Indication"))
    throw new CimError("INVALID_QUERY", `${compiled.from.slice(0, 256)} is not a class of indications`);
  return compiled;
}

/** The indication as the filter's query wants it, or undefined where it does not fit. */
export function matchIndication(
  { select, from, where }: Query,
  filterName: string,
  indication: CimInstance,
  isSubclass: IsSubclass,
): CimInstance | undefined {
  if (!isSubclass(indication.className, from)) return undefined;
  if (where !== null && !evaluate(where, indication, isSubclass)) return undefined;
  const picked = indication.pick(select);
  // DSP1054 §8.1: which filter it was for, whatever was selected.
  const named = { name: "IndicationFilterName", type: "string", isArray: false, value: filterName } as const;
  const rest = picked.properties.filter(({ name }) => name !== named.name);
  return new CimInstance({ className: indication.className, properties: [...rest, named] });
}
