import { isName, isNameStart } from "./xml-characters.ts";

/** How many different names are remembered: the vocabulary of a protocol; a sender of more only reads more slowly. */
const XML_NAMES_MAX = 1_024;

/** A name of an element or attribute, taken apart at its colon (Namespaces in XML 1.0 §4). */
export interface XmlName {
  readonly whole: string;
  /** Empty where there is none. */
  readonly prefix: string;
  readonly local: string;
}

/** The names of one document: each is checked and taken apart once, and is one string however often it occurs. */
export class XmlNames {
  readonly #known = new Map<string, XmlName>();

  /** Undefined for what is no qualified name. */
  get(text: string): XmlName | undefined {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const name = parseName(text);
    if (name !== undefined && this.#known.size < XML_NAMES_MAX) this.#known.set(name.whole, name);
    return name;
  }
}

function parseName(whole: string): XmlName | undefined {
  if (!isName(whole)) return undefined;
  const colon = whole.indexOf(":");
  if (colon === -1) return { whole, prefix: "", local: whole };
  const local = whole.slice(colon + 1);
  if (colon === 0 || local.includes(":") || !isNameStart(local.codePointAt(0) ?? 0)) return undefined;
  return { whole, prefix: whole.slice(0, colon), local };
}
