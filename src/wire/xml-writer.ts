import { assert } from "../runtime/errors.ts";

/** Attribute names with their values; null and undefined leave the attribute out. */
export type XmlAttributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** What one XmlWriter wrote, to be put into another: the only text that goes out without being escaped again. */
export class XmlFragment {
  readonly #text: string;
  constructor(writer: XmlWriter) {
    this.#text = writer.take();
  }
  toString(): string {
    return this.#text;
  }
}

// XML 1.0 §2.3 and Namespaces in XML 1.0 §4: a name, with a prefix or without.
const NAME_START =
  "A-Z_a-z\\u00c0-\\u00d6\\u00d8-\\u00f6\\u00f8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd";
const NC_NAME = `[${NAME_START}][-.0-9\\u00b7${NAME_START}\\u0300-\\u036f\\u203f-\\u2040]*`;
const NAME = new RegExp(`^${NC_NAME}(?::${NC_NAME})?$`);

/** Whether `name` may be the name of an element or attribute, with a prefix or without. */
export function isXmlName(name: string): boolean {
  return NAME.test(name);
}

/**
 * Writes a document or a part of one; everything that is not a name is escaped. Prefixes are the caller's to declare.
 * XML 1.0 cannot carry the control characters below space but tab and line ends, U+FFFE, U+FFFF and half surrogates, not
 * even escaped: each becomes U+FFFD, since one strange command line must not cost a whole list of processes.
 */
export class XmlWriter {
  #text = "";
  readonly #open: string[] = [];
  /** The last start tag is not closed yet, since it may turn out to be empty. */
  #pending = false;

  /** Begins an element. A name that is none is our mistake: names that people or peers give are checked before. */
  open(name: string, attributes?: XmlAttributes): this {
    assert(isXmlName(name), `${JSON.stringify(name)} is not the name of an element`);
    this.#settle();
    this.#text += `<${name}`;
    if (attributes !== undefined) {
      for (const key in attributes) {
        const value = attributes[key];
        if (value === null || value === undefined) continue;
        assert(isXmlName(key), `${JSON.stringify(key)} is not the name of an attribute`);
        this.#text += ` ${key}="${escapeAttribute(String(value))}"`;
      }
    }
    this.#open.push(name);
    this.#pending = true;
    return this;
  }

  /** Ends the element begun last. */
  close(): this {
    const name = this.#open.pop();
    assert(name !== undefined, "no element is open");
    if (this.#pending) this.#text += "/>";
    else this.#text += `</${name}>`;
    this.#pending = false;
    return this;
  }

  text(value: string): this {
    if (value === "") return this;
    this.#settle();
    this.#text += escapeText(value);
    return this;
  }

  /** Ends the start tag: an element without content then gets an end tag of its own, since some readers know no other. */
  content(): this {
    this.#settle();
    return this;
  }

  /** A whole element that has text, or nothing, inside. */
  leaf(name: string, text = "", attributes?: XmlAttributes): this {
    return this.open(name, attributes).text(text).close();
  }

  fragment(part: XmlFragment): this {
    const text = part.toString();
    if (text === "") return this;
    this.#settle();
    this.#text += text;
    return this;
  }

  /** Runs `inside` between the start and the end of an element. */
  element(name: string, attributes: XmlAttributes, inside: () => void): this {
    this.open(name, attributes);
    inside();
    return this.close();
  }

  /** Characters so far: to end a batch before its bound. */
  get length(): number {
    return this.#text.length;
  }

  /** What was written; everything must be closed. */
  take(): string {
    assert(this.#open.length === 0, `<${this.#open.at(-1)}> is still open`);
    return this.#text;
  }

  /** A whole document in UTF-8, with its declaration. */
  document(): Buffer {
    return Buffer.from(`<?xml version="1.0" encoding="utf-8"?>\n${this.take()}`, "utf8");
  }

  #settle(): void {
    if (!this.#pending) return;
    this.#text += ">";
    this.#pending = false;
  }
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot carry.
const NOT_CARRIED = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above, and what must be escaped; most text has none.
const TEXT_SPECIAL = /[\u0000-\u0008\u000b-\u001f&<>\ud800-\udfff\ufffe\uffff]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
const ATTRIBUTE_SPECIAL = /[\u0000-\u001f&<>"\ud800-\udfff\ufffe\uffff]/;

/** `>` too, so that `]]>` cannot come about; a carriage return would come back as a line feed (XML 1.0 §2.11). */
export function escapeText(value: string): string {
  if (!TEXT_SPECIAL.test(value)) return value;
  return value
    .replace(NOT_CARRIED, "\ufffd")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}

/** For double quotes; white space as references, since a reader makes spaces of it (XML 1.0 §3.3.3). */
export function escapeAttribute(value: string): string {
  if (!ATTRIBUTE_SPECIAL.test(value)) return value;
  return escapeText(value).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;");
}
