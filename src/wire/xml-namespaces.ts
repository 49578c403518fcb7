import { type XmlAttribute, XmlScope } from "./xml-element.ts";
import type { XmlName } from "./xml-names.ts";
import type { XmlTagAttribute } from "./xml-scanner.ts";

export const XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace";
const DECLARATIONS = "http://www.w3.org/2000/xmlns/";
const NO_ATTRIBUTES: readonly XmlAttribute[] = [];

export interface XmlTag {
  readonly name: XmlName;
  readonly attributes: readonly XmlTagAttribute[];
  /** What holds around the element. */
  readonly outer: XmlScope;
}

/**
 * The namespaces of a start tag (Namespaces in XML 1.0): what holds within the element, its own namespace, and its
 * attributes without those that declare. `refuse` throws.
 */
export function readNamespaces(
  { name, attributes, outer }: XmlTag,
  refuse: (problem: string) => never,
): { readonly scope: XmlScope; readonly namespace: string; readonly attributes: readonly XmlAttribute[] } {
  const scope = attributes.length === 0 ? outer : innerScope(attributes, outer, refuse);
  const resolve = (prefix: string): string =>
    scope.namespaceOf(prefix) ?? refuse(`unbound namespace prefix: ${JSON.stringify(prefix)}`);
  if (name.prefix === "xmlns") refuse('tags may not have "xmlns" as prefix');
  const namespace = resolve(name.prefix);
  if (attributes.length === 0) return { scope, namespace, attributes: NO_ATTRIBUTES };

  const named: XmlAttribute[] = [];
  for (const { name: each, value } of attributes) {
    if (declaredPrefix(each) !== undefined) continue;
    const own = { name: each.local, namespace: each.prefix === "" ? "" : resolve(each.prefix), value };
    for (const other of named)
      if (other.name === own.name && other.namespace === own.namespace) refuse(`duplicate attribute: ${each.whole}`);
    named.push(own);
  }
  return { scope, namespace, attributes: named };
}

/** The prefix that an attribute declares, empty for the default namespace; undefined for any other attribute. */
function declaredPrefix({ prefix, local }: XmlName): string | undefined {
  if (prefix === "xmlns") return local;
  return prefix === "" && local === "xmlns" ? "" : undefined;
}

function innerScope(
  attributes: readonly XmlTagAttribute[],
  outer: XmlScope,
  refuse: (problem: string) => never,
): XmlScope {
  let bindings: Record<string, string> | undefined;
  for (const { name, value } of attributes) {
    const prefix = declaredPrefix(name);
    if (prefix === undefined) continue;
    bindings ??= Object.create(null) as Record<string, string>;
    if (Object.hasOwn(bindings, prefix)) refuse(`duplicate attribute: ${name.whole}`);
    const namespace = value.trim(); // White space is no part of any namespace's name.
    const problem = problemOfBinding(prefix, namespace);
    if (problem !== undefined) refuse(problem);
    bindings[prefix] = namespace;
  }
  return bindings === undefined ? outer : new XmlScope(bindings, outer);
}

/** §3 and §6.1 of Namespaces in XML 1.0. */
function problemOfBinding(prefix: string, namespace: string): string | undefined {
  if (prefix === "xmlns" || namespace === DECLARATIONS) return `nothing may be bound to ${DECLARATIONS}`;
  if ((prefix === "xml") !== (namespace === XML_NAMESPACE)) return `xml, and xml only, is bound to ${XML_NAMESPACE}`;
  return prefix !== "" && namespace === "" ? `prefix ${JSON.stringify(prefix)} may not be undone` : undefined;
}
