import type { CimInstance } from "../../cim/cim-instance.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import { evaluate } from "../../cim/query/evaluate.ts";
import { parseQuery } from "../../cim/query/parse-query.ts";
import { languageOf } from "../../cim/query/query-language.ts";
import type { EventFilter } from "./event-storage.ts";

/** The instance as the subscriber gets it, or undefined where it is not wanted. */
export type EventMatcher = (instance: CimInstance, namespace: string) => CimInstance | undefined;

/** @throws CimError for a query or class that makes no sense. */
export function createEventMatcher(objects: ObjectManager, { namespace, className, query }: EventFilter): EventMatcher {
  const parsed = query === undefined ? undefined : parseQuery(query.text, languageOf(query.language));
  const isSubclass = (name: string, ancestor: string) => objects.isSubclass({ namespace, className: name, ancestor });
  for (const name of [className, parsed?.from])
    if (name !== undefined) objects.getClass({ namespace, className: name });
  return (instance, at) => {
    if (at !== namespace) return undefined;
    if (className !== undefined && !isSubclass(instance.className, className)) return undefined;
    if (parsed === undefined) return instance;
    if (!isSubclass(instance.className, parsed.from)) return undefined;
    const fits = parsed.where === null || evaluate(parsed.where, instance, isSubclass);
    return fits ? instance.pick(parsed.select) : undefined;
  };
}
