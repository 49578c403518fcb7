import { WireError } from "../../runtime/errors.ts";
import type { XmlElement } from "../../wire/xml-element.ts";
import type { XmlAttributes, XmlWriter } from "../../wire/xml-writer.ts";

// Elements as values: an element of DSP0201 is a const built from the combinators below, its TypeScript type is inferred
// from it, and reading and writing both come from it. Reading takes what is valid and, as DSP0201 §5.1 allows ("loosely
// valid"), attributes that it does not know; an element that it does not know is refused, since what was meant by it
// would be lost. All throw WireError with line and column.

/** How one type of value stands as an element. */
export interface ElementCodec<T> {
  /** The element's name, or the names of all that it may be. */
  readonly names: readonly string[];
  read(element: XmlElement): T;
  write(writer: XmlWriter, value: T): void;
}

/** The TypeScript type of the values of a codec or field. */
export type Decoded<C> = C extends { read(element: XmlElement): infer T } ? T : never;

/** A part of an element: an attribute, its text, or children. */
interface Field<T> {
  /** Names of the children that belong to it. */
  readonly claims: readonly string[];
  read(element: XmlElement): T;
  /** What it adds to the start tag. */
  attributes?(value: T): XmlAttributes;
  write?(writer: XmlWriter, value: T): void;
}

/** How an attribute's or an element's text is a value. `parse` gives undefined where it is none. */
export interface TextKind<T> {
  readonly expected: string;
  parse(text: string): T | undefined;
  format(value: T): string;
}

export const anyText: TextKind<string> = { expected: "text", parse: (text) => text, format: (value) => value };

/** DSP0201 §4.1.1: `true` and `false`, in any case. */
export const booleanText: TextKind<boolean> = {
  expected: "true or false",
  parse: (text) => ({ true: true, false: false })[text.trim().toLowerCase()],
  format: (value) => (value ? "true" : "false"),
};

export const countText: TextKind<number> = {
  expected: "a whole number",
  parse: (text) => (/^\s*\d{1,15}\s*$/.test(text) ? Number(text) : undefined),
  format: (value) => String(value),
};

export function oneOfTexts<const T extends string>(...texts: readonly T[]): TextKind<T> {
  return {
    expected: `one of ${texts.join(", ")}`,
    parse: (text) => texts.find((each) => each === text.trim()),
    format: (value) => value,
  };
}

function parse<T>(kind: TextKind<T>, element: XmlElement, what: string, text: string): T {
  const value = kind.parse(text);
  if (value === undefined)
    element.refuse(`${what} is ${JSON.stringify(text.slice(0, 100))}: expected ${kind.expected}`);
  return value as T;
}

/** An attribute that must be there. */
export function attribute<T>(name: string, kind: TextKind<T>): Field<T> {
  return {
    claims: [],
    read: (element) => parse(kind, element, name, element.requiredAttribute(name)),
    attributes: (value) => ({ [name]: kind.format(value) }),
  };
}

/** An attribute that may be missing, and then is undefined. */
export function optionalAttribute<T>(name: string, kind: TextKind<T>): Field<T | undefined> {
  return {
    claims: [],
    read(element) {
      const text = element.attribute(name);
      return text === undefined ? undefined : parse(kind, element, name, text);
    },
    attributes: (value): XmlAttributes => (value === undefined ? {} : { [name]: kind.format(value) }),
  };
}

/** An attribute that means `fallback` where it is missing, and is left out where it would say that. */
export function defaultAttribute<T>(name: string, kind: TextKind<T>, fallback: T): Field<T> {
  const field = optionalAttribute(name, kind);
  return {
    claims: [],
    read: (element) => field.read(element) ?? fallback,
    attributes: (value): XmlAttributes => (value === fallback ? {} : { [name]: kind.format(value) }),
  };
}

/** The element's own text. */
export const ownText: Field<string> = {
  claims: [],
  read: (element) => element.text,
  write: (writer, value) => void writer.text(value),
};

/** Exactly one child. */
export function child<T>(codec: ElementCodec<T>): Field<T> {
  const optional = optionalChild(codec);
  return {
    claims: codec.names,
    read: (element) => optional.read(element) ?? element.refuse(`no <${codec.names.join(">, <")}>`),
    write: (writer, value) => codec.write(writer, value),
  };
}

/** One child or none. */
export function optionalChild<T>(codec: ElementCodec<T>): Field<T | undefined> {
  return {
    claims: codec.names,
    read(element) {
      const found = claimed(element, codec.names);
      if (found.length > 1) element.refuse(`more than one <${codec.names.join(">, <")}>`);
      return found[0] === undefined ? undefined : codec.read(found[0]);
    },
    write(writer, value) {
      if (value !== undefined) codec.write(writer, value);
    },
  };
}

/** Any number of children, in their order. The whole document is bounded, so their number is. */
export function children<T>(codec: ElementCodec<T>): Field<readonly T[]> {
  return {
    claims: codec.names,
    read: (element) => claimed(element, codec.names).map((each) => codec.read(each)),
    write(writer, values) {
      for (const value of values) codec.write(writer, value);
    },
  };
}

function claimed(element: XmlElement, names: readonly string[]): XmlElement[] {
  return element.children.filter(({ name }) => names.includes(name));
}

// biome-ignore lint/suspicious/noExplicitAny: the only way to say "a field of whatever type", which is then inferred.
type Fields = Readonly<Record<string, Field<any>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: Decoded<F[K]> };

/** An element with these fields, children written in the order of their declaration. */
export function element<const F extends Fields>(name: string, fields: F): ElementCodec<Values<F>> {
  const entries = Object.entries(fields) as [keyof F & string, Field<unknown>][];
  const claims = new Set(entries.flatMap(([, field]) => field.claims));
  const hasContent = entries.some(([, field]) => field.write !== undefined);
  return {
    names: [name],
    read(from) {
      for (const each of from.children) if (!claims.has(each.name)) each.refuse(`is not expected in <${name}>`);
      // One shape for all of a codec's values, which engines keep as fields; from entries they would be tables.
      const values: Record<string, unknown> = {};
      for (const [key, field] of entries) values[key] = field.read(from);
      return values as Values<F>;
    },
    write(writer, value) {
      const attributes = Object.assign({}, ...entries.map(([key, field]) => field.attributes?.(value[key])));
      writer.element(name, attributes, () => {
        // wbemcli takes `<PROPERTY …></PROPERTY>` and no `<PROPERTY …/>`; only what is EMPTY in the DTD ends at once.
        if (hasContent) writer.content();
        for (const [key, field] of entries) field.write?.(writer, value[key]);
      });
    },
  };
}

/** An element that is its text and nothing else. */
export function textElement(name: string): ElementCodec<string> {
  return {
    names: [name],
    read(from) {
      from.children[0]?.refuse(`is not expected in <${name}>`);
      return from.text;
    },
    write(writer, value) {
      writer.element(name, {}, () => {
        writer.content(); // As `element` does it, for wbemcli.
        writer.text(value);
      });
    },
  };
}

/** The same element for a type of ours: `toValue` may throw WireError, or use `from.refuse`. */
export function mapped<T, U>(
  codec: ElementCodec<T>,
  { toValue, fromValue }: { toValue(raw: T, from: XmlElement): U; fromValue(value: U): T },
): ElementCodec<U> {
  return {
    names: codec.names,
    read: (from) => toValue(codec.read(from), from),
    write: (writer, value) => codec.write(writer, fromValue(value)),
  };
}

type Choices = Readonly<Record<string, ElementCodec<never>>>;
// biome-ignore lint/suspicious/noExplicitAny: as above.
type AnyChoices = Readonly<Record<string, ElementCodec<any>>>;
/** One of several elements: `{ kind, value }`. */
export type Choice<C extends AnyChoices> = {
  [K in keyof C & string]: { readonly kind: K; readonly value: Decoded<C[K]> };
}[keyof C & string];

export function choice<const C extends AnyChoices>(choices: C): ElementCodec<Choice<C>> {
  const byName = new Map<string, [string, ElementCodec<unknown>]>();
  for (const [kind, codec] of Object.entries(choices as unknown as Choices) as [string, ElementCodec<unknown>][])
    for (const name of codec.names) byName.set(name, [kind, codec]);
  return {
    names: [...byName.keys()],
    read(from) {
      const [kind, codec] = byName.get(from.name) ?? from.refuse("is not expected here");
      return { kind, value: codec.read(from) } as Choice<C>;
    },
    write(writer, { kind, value }) {
      (choices[kind] as ElementCodec<unknown>).write(writer, value);
    },
  };
}

/** An element that is declared later: for elements that hold themselves. */
export function lazy<T>(names: readonly string[], codec: () => ElementCodec<T>): ElementCodec<T> {
  return {
    names,
    read: (from) => codec().read(from),
    write: (writer, value) => codec().write(writer, value),
  };
}

/** Runs `work` and names the element in which it went wrong. */
export function within<T>(element: Pick<XmlElement, "refuse">, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof WireError && error.path === "") return element.refuse(error.problem);
    throw error;
  }
}
