import { WireError } from "../runtime/errors.ts";
import { DISALLOWED_CHARACTER, isSpace, mayBeInName } from "./xml-characters.ts";
import { XmlFinder, XmlPlace } from "./xml-cursor.ts";
import { type XmlName, XmlNames } from "./xml-names.ts";
import { resolveReferences } from "./xml-references.ts";

// Takes the text of a document apart (XML 1.0 fifth edition), piece by piece and cut anywhere. It searches for what ends
// a token rather than looking at each character. A token that is not whole waits until there is twice as much of it, so
// that time stays linear however small the pieces are. Document types are refused, and with them all but five entities.

/** What a document consists of, in its order. Names are qualified, prefixes not resolved. */
export interface XmlEvents {
  declaration(encoding: string | undefined): void;
  /** A comment or a processing instruction, passed over. */
  passedOver(): void;
  startTag(name: XmlName, attributes: readonly XmlTagAttribute[]): void;
  endTag(): void;
  text(data: string): void;
}

export interface XmlTagAttribute {
  readonly name: XmlName;
  readonly value: string;
}

const QUESTION = 0x3f;
const SLASH = 0x2f;
const BANG = 0x21;
const LESS = 0x3c;
const EQUAL = 0x3d;
const GREATER = 0x3e;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
/** Instead of the place where a token ends: it needs more text. */
const WAIT = -1;
const NO_ATTRIBUTES: readonly XmlTagAttribute[] = [];

const COMMENT = "<!--";
const CDATA = "<![CDATA[";
const DOCTYPE = "<!DOCTYPE";

/** XMLDecl of §2.8. */
const DECLARATION =
  /^<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*(?:"1\.[0-9]+"|'1\.[0-9]+')(?:[ \t\n]+encoding[ \t\n]*=[ \t\n]*(?:"([A-Za-z][\w.-]*)"|'([A-Za-z][\w.-]*)'))?(?:[ \t\n]+standalone[ \t\n]*=[ \t\n]*(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\n]*\?>$/;

export class XmlScanner {
  readonly #events: XmlEvents;
  readonly #nameMax: number;
  readonly #attributesMax: number;
  readonly #names = new XmlNames();
  readonly #place = new XmlPlace();
  readonly #less = new XmlFinder("<");
  readonly #ampersand = new XmlFinder("&");
  readonly #cdataEnd = new XmlFinder("]]>");
  readonly #tab = new XmlFinder("\t");
  readonly #newline = new XmlFinder("\n");
  /** What has come and is not taken apart yet. */
  #text = "";
  /** How long the text has to be before it is worth another look. */
  #wanted = 0;
  /** The last piece ended with a carriage return: whether a line feed belongs to it is not known yet. */
  #endedInReturn = false;
  #atStart = true;
  #sawRoot = false;
  /** The names of the elements that are open. */
  readonly #open: XmlName[] = [];

  constructor(events: XmlEvents, { nameMax, attributesMax }: { nameMax: number; attributesMax: number }) {
    this.#events = events;
    this.#nameMax = nameMax;
    this.#attributesMax = attributesMax;
  }

  get line(): number {
    return this.#place.line;
  }

  get column(): number {
    return this.#place.column;
  }

  /** `piece` holds no lone surrogates. Throws WireError, `path` is `line:column`. */
  write(piece: string): void {
    const disallowed = piece.search(DISALLOWED_CHARACTER);
    if (disallowed === -1) {
      this.#text += this.#withNewlines(piece);
      if (this.#text.length >= this.#wanted) this.#scan();
    } else {
      this.#text += this.#withNewlines(piece.slice(0, disallowed));
      this.#scan();
      this.#refuse("disallowed character", this.#text.length);
    }
  }

  /** Throws WireError where the document is not whole. */
  end(): void {
    if (this.#endedInReturn) this.#text += "\n";
    this.#scan();
    const unclosed = this.#open.at(-1);
    if (unclosed !== undefined) this.#refuse(`unclosed tag: ${unclosed.whole}`, this.#text.length);
    if (this.#text !== "") this.#refuse("unexpected end", this.#text.length);
    if (!this.#sawRoot) this.#refuse("document must contain a root element", 0);
  }

  /** Throws WireError for a place in the text at hand. */
  #refuse(problem: string, index: number): never {
    this.#place.moveTo(index);
    throw new WireError(`${this.line}:${this.column}`, problem);
  }

  /** Lines end with a line feed (§2.11). */
  #withNewlines(piece: string): string {
    if (piece === "" || !(this.#endedInReturn || piece.includes("\r"))) return piece;
    const whole = this.#endedInReturn ? `\r${piece}` : piece;
    this.#endedInReturn = whole.endsWith("\r");
    return (this.#endedInReturn ? whole.slice(0, -1) : whole).replace(/\r\n?/g, "\n");
  }

  #scan(): void {
    const text = this.#text;
    for (const finder of [this.#less, this.#ampersand, this.#cdataEnd, this.#tab, this.#newline]) finder.begin(text);
    let at = 0;
    this.#place.begin(text, 0);
    while (at < text.length) {
      const end = text.charCodeAt(at) === LESS ? this.#markup(at) : this.#characters(at);
      if (end === WAIT) break;
      at = end;
      this.#atStart = false;
    }
    this.#text = text.slice(at);
    this.#place.begin(this.#text, at);
    this.#wanted = this.#text.length * 2;
  }

  // Each of the following takes the place where a token starts and gives the one after it, or WAIT.

  #characters(from: number): number {
    const text = this.#text;
    const end = this.#less.from(from);
    if (this.#open.length === 0) {
      const at = this.#afterSpaces(from);
      return at < end ? this.#refuse("text data outside of root node", at) : end;
    }
    const cdataEnd = this.#cdataEnd.from(from);
    if (cdataEnd < end) this.#refuse('the string "]]>" is disallowed in character data', cdataEnd);
    if (end === text.length) return WAIT;
    const data = text.slice(from, end);
    this.#events.text(this.#ampersand.from(from) < end ? this.#resolve(data, from) : data);
    return end;
  }

  #markup(from: number): number {
    const next = this.#text.charCodeAt(from + 1);
    if (next === SLASH) return this.#endTag(from);
    if (next === BANG) return this.#declared(from);
    if (next === QUESTION) return this.#instruction(from);
    return this.#startTag(from);
  }

  #startTag(from: number): number {
    const text = this.#text;
    let at = this.#nameEnd(from + 1);
    if (at === text.length) return WAIT;
    const name = this.#name(from + 1, at, "tag name");
    if (this.#sawRoot && this.#open.length === 0) this.#refuse("documents may contain only one root", from);
    let attributes: XmlTagAttribute[] | undefined;
    for (;;) {
      const gap = at;
      at = this.#afterSpaces(at);
      const unit = text.charCodeAt(at);
      if (unit === GREATER) return this.#started(name, attributes, at + 1);
      if (unit === SLASH) {
        if (text.charCodeAt(at + 1) !== GREATER) return this.#unexpected(at + 1, "a slash in a tag without > after it");
        this.#started(name, attributes, at + 2);
        return this.#ended(at + 2);
      }
      if (at === gap) return this.#unexpected(at, "no white space before an attribute");

      const nameEnd = this.#nameEnd(at);
      if (nameEnd === text.length) return WAIT;
      const attribute = this.#name(at, nameEnd, "attribute name");
      const equal = this.#afterSpaces(nameEnd);
      if (text.charCodeAt(equal) !== EQUAL) return this.#unexpected(equal, "attribute without value");
      const quote = this.#afterSpaces(equal + 1);
      const mark = text.charCodeAt(quote);
      if (mark !== DOUBLE_QUOTE && mark !== SINGLE_QUOTE) return this.#unexpected(quote, "unquoted attribute value");
      const end = text.indexOf(mark === DOUBLE_QUOTE ? '"' : "'", quote + 1);
      const less = this.#less.from(quote + 1);
      if (less < (end === -1 ? text.length : end)) this.#refuse("< in an attribute value", less);
      if (end === -1) return WAIT;
      if (attributes === undefined) attributes = [];
      else if (attributes.length >= this.#attributesMax)
        this.#refuse(`more than ${this.#attributesMax} attributes`, at);
      attributes.push({ name: attribute, value: this.#value(quote + 1, end) });
      at = end + 1;
    }
  }

  #started(name: XmlName, attributes: readonly XmlTagAttribute[] = NO_ATTRIBUTES, end: number): number {
    this.#sawRoot = true;
    this.#open.push(name);
    this.#place.moveTo(end);
    this.#events.startTag(name, attributes);
    return end;
  }

  #endTag(from: number): number {
    const text = this.#text;
    const end = text.indexOf(">", from);
    if (end === -1) return WAIT;
    const name = this.#open.at(-1);
    if (name === undefined) return this.#refuse("a close tag outside of root node", from);
    const nameEnd = from + 2 + name.whole.length;
    if (!text.startsWith(name.whole, from + 2) || this.#afterSpaces(nameEnd) !== end)
      this.#refuse(`unexpected close tag, not of ${name.whole}`, from);
    return this.#ended(end + 1);
  }

  #ended(end: number): number {
    this.#open.pop();
    this.#events.endTag();
    return end;
  }

  /** What starts with `<!`. */
  #declared(from: number): number {
    const text = this.#text;
    if (text.startsWith(COMMENT, from)) {
      const end = text.indexOf("--", from + COMMENT.length);
      if (end === -1) return WAIT;
      if (text.charCodeAt(end + 2) !== GREATER) return this.#unexpected(end + 2, "-- within a comment");
      return this.#passed(end + 3);
    }
    if (text.startsWith(CDATA, from)) {
      if (this.#open.length === 0) this.#refuse("text data outside of root node", from);
      const end = this.#cdataEnd.from(from + CDATA.length);
      if (end === text.length) return WAIT;
      this.#events.text(text.slice(from + CDATA.length, end));
      return end + 3;
    }
    const start = text.slice(from, from + DOCTYPE.length);
    if (start === DOCTYPE) this.#refuse("a document type is not taken", from);
    return [COMMENT, CDATA, DOCTYPE].some((known) => known.startsWith(start))
      ? WAIT
      : this.#refuse("incorrect syntax", from);
  }

  #instruction(from: number): number {
    const text = this.#text;
    const at = this.#nameEnd(from + 2);
    if (at === text.length) return WAIT;
    const { whole: target, prefix } = this.#name(from + 2, at, "processing instruction name");
    if (prefix !== "") this.#refuse("a colon in a processing instruction name", from);
    const end = text.indexOf("?>", at);
    if (end !== at && !isSpace(text.charCodeAt(at)) && !(end === -1 && text.charCodeAt(at) === QUESTION))
      return this.#refuse("no white space after a processing instruction name", at);
    if (target === "xml" && this.#atStart) return end === -1 ? WAIT : this.#declaration(end + 2);
    if (target.toLowerCase() === "xml") this.#refuse("an XML declaration must be at the start of the document", from);
    return end === -1 ? WAIT : this.#passed(end + 2);
  }

  #declaration(end: number): number {
    const parts = DECLARATION.exec(this.#text.slice(0, end));
    if (parts === null) return this.#refuse("malformed XML declaration", end);
    this.#place.moveTo(end);
    this.#events.declaration(parts[1] ?? parts[2]);
    return end;
  }

  #passed(end: number): number {
    this.#place.moveTo(end);
    this.#events.passedOver();
    return end;
  }

  // Parts of tokens.

  #nameEnd(from: number): number {
    const text = this.#text;
    let at = from;
    while (mayBeInName(text.charCodeAt(at))) at += 1;
    if (at - from > this.#nameMax) this.#refuse(`a name longer than ${this.#nameMax} characters`, from);
    return at;
  }

  #name(from: number, end: number, what: string): XmlName {
    if (from === end) this.#refuse(`disallowed character in ${what}`, from);
    const text = this.#text.slice(from, end);
    return this.#names.get(text) ?? this.#refuse(`malformed ${what} ${JSON.stringify(text.slice(0, 40))}`, from);
  }

  #afterSpaces(from: number): number {
    let at = from;
    while (isSpace(this.#text.charCodeAt(at))) at += 1;
    return at;
  }

  /** The value of an attribute, its white space made spaces (§3.3.3). */
  #value(from: number, end: number): string {
    const text = this.#text.slice(from, end);
    const broken = this.#tab.from(from) < end || this.#newline.from(from) < end;
    const spaced = broken ? text.replace(/[\t\n]/g, " ") : text;
    return this.#ampersand.from(from) < end ? this.#resolve(spaced, from) : spaced;
  }

  #resolve(text: string, from: number): string {
    return resolveReferences(text, (problem, index) => this.#refuse(problem, from + index));
  }

  /** At the end of the text something else may follow still. */
  #unexpected(at: number, problem: string): number {
    return at >= this.#text.length ? WAIT : this.#refuse(problem, at);
  }
}
