import type { CimClass } from "../../cim/cim-class.ts";
import type { ObjectManager } from "../../cim/object-manager.ts";
import type { ObjectPath } from "../../cim/object-path.ts";
import { refuse } from "./fault.ts";
import type { UriContext } from "./instance-codec.ts";
import { ANONYMOUS_ROLE } from "./names.ts";
import type { RequestHeaders } from "./request-headers.ts";
import { parseResourceUri } from "./resource-uri.ts";
import { pathOfSelectors } from "./selectors.ts";

/** Where classes are looked for when neither the URI nor a selector says so. */
const DEFAULT_NAMESPACE = "root/cimv2";

/** What a request is about: a class of a namespace, or all classes. */
export interface Target {
  readonly namespace: string;
  readonly cimClass: CimClass | undefined;
  readonly uris: UriContext;
}

/** @throws Fault for a resource that we do not have; CimError for a class that we do not have. */
export function targetOf(objects: ObjectManager, headers: Pick<RequestHeaders, "resourceUri" | "namespace">): Target {
  const uri = parseResourceUri(headers.resourceUri);
  if (uri === undefined) {
    refuse("destinationUnreachable", headers.resourceUri.slice(0, 200) || "no ResourceURI", {
      detail: "InvalidResourceURI",
    });
  }
  const namespace = objects.resolveNamespace(headers.namespace ?? uri.namespace ?? DEFAULT_NAMESPACE);
  return {
    namespace,
    cimClass: uri.className === undefined ? undefined : objects.getClass({ namespace, className: uri.className }),
    uris: { prefix: uri.prefix, address: ANONYMOUS_ROLE },
  };
}

/** A class, where all classes would make no sense. @throws Fault. */
export function classOf({ cimClass }: Target): CimClass {
  return (
    cimClass ?? refuse("destinationUnreachable", "all classes are for queries only", { detail: "InvalidResourceURI" })
  );
}

/** The instance that a request is about. @throws Fault. */
export function instanceOf(target: Target, { selectors }: Pick<RequestHeaders, "selectors">): ObjectPath {
  return pathOfSelectors(classOf(target), selectors, target.namespace);
}
