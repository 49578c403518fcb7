// What `wsman:ResourceURI` names: a class, or all classes of a namespace for queries. Three families are known: the
// DMTF's (DSP0230 §5), vendors' of the same form with another host (openwsman's `vendor_namespaces`), and Windows' WMI
// (MS-WSMV §2.2.1), which carries the CIM namespace in the URI.

const DMTF = "http://schemas.dmtf.org/wbem/wscim/1";
const WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi";
const CLASS_NAME = /^[A-Za-z][A-Za-z0-9]*_[A-Za-z0-9_]+$|^__[A-Za-z][A-Za-z0-9]*$|^meta_class$/;
const WMI_NAMESPACE = /^[A-Za-z0-9_]+(\/[A-Za-z0-9_]+)*$/;

/** Longer ones are refused: no class of any schema comes near (DSP0226 §13.1 asks for 2,048). */
export const RESOURCE_URI_LENGTH_MAX = 2_048;

export interface ResourceUri {
  /** What precedes `/CLASS`. The family of the answer's URIs is that of the request. */
  readonly prefix: string;
  /** Undefined for all classes (`…/*`). */
  readonly className: string | undefined;
  /** The CIM namespace that the URI itself carries: WMI's only. */
  readonly namespace: string | undefined;
}

/** Undefined for what names neither a class nor all classes. */
export function parseResourceUri(text: string): ResourceUri | undefined {
  if (text.length > RESOURCE_URI_LENGTH_MAX) return undefined;
  const slash = text.lastIndexOf("/");
  const [place, last] = [text.slice(0, slash), text.slice(slash + 1)];
  const className = last === "*" ? undefined : last;
  if (className !== undefined && !CLASS_NAME.test(className)) return undefined;
  if (place.toLowerCase().startsWith(`${WMI}/`)) {
    const namespace = place.slice(WMI.length + 1);
    return WMI_NAMESPACE.test(namespace) ? { prefix: place, className, namespace } : undefined;
  }
  // DSP0227 §7.1: the URI of all classes stands above the schema's.
  if (place === DMTF && className === undefined) {
    return { prefix: `${DMTF}/cim-schema/2`, className, namespace: undefined };
  }
  if (!/^http:\/\/[A-Za-z0-9.-]+\/(?:[A-Za-z0-9._-]+\/)*cim-schema\/2$/.test(place)) return undefined;
  return { prefix: place, className, namespace: undefined };
}

/** The URI of a class, in the family of `prefix`. */
export function classUri(prefix: string, className: string): string {
  return `${prefix}/${className}`;
}

/** The URI that a client sends for a class: WMI's where `windowsNamespace` is given, otherwise the DMTF's. */
export function resourceUriOf(className: string, { windowsNamespace }: { windowsNamespace?: string } = {}): string {
  if (windowsNamespace !== undefined) return `${WMI}/${windowsNamespace}/${className}`;
  return className === "*" ? `${DMTF}/*` : `${DMTF}/cim-schema/2/${className}`;
}
