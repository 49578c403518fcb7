import { WireError } from "../runtime/errors.ts";

export interface XmlAttribute {
  /** Local name, without a prefix. */
  readonly name: string;
  /** Empty for an attribute without a prefix: a default namespace does not reach attributes. */
  readonly namespace: string;
  readonly value: string;
}

const NO_CHILDREN: readonly XmlElement[] = [];

/** Which prefix means which namespace in one place of a document. */
export class XmlScope {
  readonly #bindings: Readonly<Record<string, string>>;
  readonly #outer: XmlScope | undefined;

  constructor(bindings: Readonly<Record<string, string>>, outer?: XmlScope) {
    this.#bindings = bindings;
    this.#outer = outer;
  }

  /** The namespace of a prefix, the default one of the empty prefix; undefined for a prefix that is not declared. */
  namespaceOf(prefix: string): string | undefined {
    if (Object.hasOwn(this.#bindings, prefix)) return this.#bindings[prefix];
    return this.#outer === undefined ? (prefix === "" ? "" : undefined) : this.#outer.namespaceOf(prefix);
  }
}

/**
 * One element of a document that was read (Namespaces in XML 1.0). Names are local names; a namespace that is left out
 * of a question means any, which is how a lenient reader asks.
 */
export class XmlElement {
  readonly name: string;
  readonly namespace: string;
  /** Without the declarations of namespaces. */
  readonly attributes: readonly XmlAttribute[];
  /** Where its start tag ends. */
  readonly line: number;
  readonly column: number;
  /** What prefixes mean within it. */
  readonly scope: XmlScope;
  /** None of its own where there are no children, as in most elements. */
  #children: XmlElement[] | undefined;
  #text = "";

  constructor({
    name,
    namespace,
    attributes,
    scope,
    line,
    column,
  }: {
    readonly name: string;
    readonly namespace: string;
    readonly attributes: readonly XmlAttribute[];
    readonly scope: XmlScope;
    readonly line: number;
    readonly column: number;
  }) {
    this.name = name;
    this.namespace = namespace;
    this.attributes = attributes;
    this.line = line;
    this.column = column;
    this.scope = scope;
  }

  get children(): readonly XmlElement[] {
    return this.#children ?? NO_CHILDREN;
  }

  /** Its own character data, in one piece: that of its children and all comments left out, white space kept. */
  get text(): string {
    return this.#text;
  }

  append(child: XmlElement): void {
    if (this.#children === undefined) this.#children = [child];
    else this.#children.push(child);
  }

  appendText(text: string): void {
    this.#text += text;
  }

  /** The value of an attribute; without a namespace the one of that local name in none, or else in any. */
  attribute(name: string, namespace?: string): string | undefined {
    let found: string | undefined;
    for (const each of this.attributes) {
      if (each.name !== name) continue;
      if (each.namespace === (namespace ?? "")) return each.value;
      if (namespace === undefined) found ??= each.value;
    }
    return found;
  }

  is(name: string, namespace?: string): boolean {
    return this.name === name && (namespace === undefined || this.namespace === namespace);
  }

  /** The first child of that name. */
  child(name: string, namespace?: string): XmlElement | undefined {
    return this.children.find((child) => child.is(name, namespace));
  }

  childrenNamed(name: string, namespace?: string): XmlElement[] {
    return this.children.filter((child) => child.is(name, namespace));
  }

  /** The text of a child without the white space around it. */
  childText(name: string, namespace?: string): string | undefined {
    return this.child(name, namespace)?.text.trim();
  }

  /** Throws WireError, with the place of this element, where the child is missing. */
  requiredChild(name: string, namespace?: string): XmlElement {
    return this.child(name, namespace) ?? this.refuse(`no <${name}>`);
  }

  /** Throws WireError, with the place of this element, where the attribute is missing. */
  requiredAttribute(name: string, namespace?: string): string {
    return this.attribute(name, namespace) ?? this.refuse(`no attribute ${name}`);
  }

  /** Namespace and local name of a value like `wsa:DestinationUnreachable`; namespace undefined for an unknown prefix. */
  qualifiedName(value: string): { readonly namespace: string | undefined; readonly name: string } {
    const [prefix, ...rest] = value.trim().split(":");
    return rest.length === 0
      ? { namespace: this.scope.namespaceOf(""), name: prefix ?? "" }
      : { namespace: this.scope.namespaceOf(prefix ?? ""), name: rest.join(":") };
  }

  /** Throws the WireError that names this element and its place. */
  refuse(problem: string): never {
    throw new WireError(`${this.line}:${this.column}`, `<${this.name}>: ${problem}`);
  }
}
